"""Putting Leerblik on machines: units, the drop box's profile, set-up, and the demonstration."""
