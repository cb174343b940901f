"""The recording appliance: from the press of a button to sealed, released footage."""

__version__ = "0.1.0"
