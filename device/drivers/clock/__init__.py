"""Sources of time."""
