"""Who may look through the lens without recording, and who may have the camera stand ready."""

from __future__ import annotations

import time

from device.domain.consent import AimLeave, WarmLeave
from device.domain.errors import Refused


def require_leave(leave: AimLeave) -> None:
    """Raise TypeError unless this is an AimLeave, Refused when its time is over."""
    if not isinstance(leave, AimLeave):
        raise TypeError(f"an AimLeave is needed to look through the lens, not {type(leave).__name__}")
    if time.monotonic_ns() >= leave.until_ns:
        raise Refused("the time for aiming is over; press the button at the device and try again")


def require_warm_leave(leave: WarmLeave) -> None:
    """Raise TypeError unless this is a WarmLeave, Refused when its time is over."""
    if not isinstance(leave, WarmLeave):
        raise TypeError(f"a WarmLeave is needed to hold the camera ready, not {type(leave).__name__}")
    if time.monotonic_ns() >= leave.until_ns:
        raise Refused("the booked time is over; the camera is held ready for a booking only")
