"""Lenses: each delivers H.264 access units to a sink."""
