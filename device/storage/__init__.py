"""The catalogue, recovery after a crash, and retention."""
