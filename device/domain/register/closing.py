"""Trajectories that are over, and how far their end reaches: all that was recorded under them is destroyed then.

A trajectory is over when the coach closed it, or from the day after its last one (``device.recorder.last_days`` says
when that day is believed). Neither can be undone: a name is used once, and nobody changes a last day afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from device.domain.register.effects import Reached
from device.domain.register.state import Register, Trajectory

WARNED_BEFORE = timedelta(days=14)


def is_over(trajectory: Trajectory, today: date | None) -> bool:
    """Tell whether a trajectory is over; ``today`` is a day of the school, None while nobody is sure of it."""
    return trajectory.closed or (today is not None and today > trajectory.opened.closes_on)


def ends_soon(trajectory: Trajectory, today: date) -> bool:
    """Tell whether its recordings will be destroyed within two weeks because its last day comes."""
    return not is_over(trajectory, today) and trajectory.opened.closes_on - today <= WARNED_BEFORE


def over(register: Register, today: date | None) -> list[str]:
    """Return the trajectories that are over, in the order they were opened."""
    return [name for name, each in register.trajectories.items() if is_over(each, today)]


def recorded_under(register: Register, trajectories: Iterable[str]) -> dict[str, Reached]:
    """Return for each of these trajectories its bookings, its name, and the recordings that were claimed for it.

    The register is gone through once, however many trajectories there are.
    """
    bookings: dict[str, set[str]] = {name: set() for name in trajectories}
    claimed: dict[str, set[str]] = {name: set() for name in bookings}
    for name, booking in register.bookings.items():
        if booking.made.trajectory in bookings:
            bookings[booking.made.trajectory].add(name)
    for name, claim in register.claims.items():
        if claim.trajectory in claimed:
            claimed[claim.trajectory].add(name)
    return {
        name: Reached(frozenset(bookings[name]), frozenset(claimed[name]), trajectory=name)
        for name in bookings
    }
