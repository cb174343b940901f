"""The teacher's own pages: what a press would do, her recordings and what happens to them, her yes and her no."""

from device.web.teacher import account, agreement, booking, claims, film, home, moments, recordings
from device.web.teacher.blueprint import teacher

__all__ = ["account", "agreement", "booking", "claims", "film", "home", "moments", "recordings", "teacher"]
