"""Who may look through the lens without recording."""

from __future__ import annotations

import time

from device.domain.consent import AimLeave
from device.domain.errors import Refused


def require_leave(leave: AimLeave) -> None:
    """Raise TypeError unless this is an AimLeave, Refused when its time is over."""
    if not isinstance(leave, AimLeave):
        raise TypeError(f"an AimLeave is needed to look through the lens, not {type(leave).__name__}")
    if time.monotonic_ns() >= leave.until_ns:
        raise Refused("the time for aiming is over; press the button at the device and try again")
