"""The coach's page for pointing the camera and for drawing what nobody will ever see."""

from device.web.masks.pages import masks

__all__ = ["masks"]
