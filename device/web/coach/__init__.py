"""The coach's pages: the register, trajectories and bookings, what waits and what arrived; never held footage.

Importing the package puts every page on the blueprint.
"""

from __future__ import annotations

from device.web.coach import (
    audit,
    booking_form,
    bookings,
    certificates,
    groups,
    holidays,
    overview,
    recordings,
    school,
    spaces,
    teachers,
    trajectories,
    trajectory_form,
)
from device.web.coach.blueprint import coach

__all__ = [
    "audit",
    "booking_form",
    "bookings",
    "certificates",
    "coach",
    "groups",
    "holidays",
    "overview",
    "recordings",
    "school",
    "spaces",
    "teachers",
    "trajectories",
    "trajectory_form",
]
