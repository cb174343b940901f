"""What a school prints: the sheet for the door, the letter for parents, and the facts for the privacy officer."""

from device.web.prints.pages import prints

__all__ = ["prints"]
