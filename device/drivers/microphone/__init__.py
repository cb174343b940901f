"""Sources of sound: each delivers counted samples to a sink."""
