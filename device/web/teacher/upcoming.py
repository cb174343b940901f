"""When a teacher will be in view next: her bookings as moments, in the order in which they come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from device.domain.booking import NEXT_PRESS_S
from device.domain.occurrences import occurrences_of
from device.domain.register.decisions import BookingMade, Repeat
from device.domain.register.state import Booking, Register

AHEAD = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Coming:
    """A time at which a press is hers; aware times. ``is_next_press``: it counts from now on, until ``end``."""

    start: datetime
    end: datetime
    made: BookingMade
    is_next_press: bool = False


def coming(
    register: Register, bookings: Sequence[Booking], waiting: Sequence[Booking], now: datetime, zone: tzinfo
) -> list[Coming]:
    """Return what comes within two weeks, the first one first.

    ``waiting`` are those of the bookings for "the next press" that still count.
    """
    mine = {each.made.booking for each in bookings}
    planned = [each for each in bookings if each.made.repeat is not Repeat.NEXT_PRESS]
    windows = occurrences_of(register, planned, now, now + AHEAD, zone)
    presses = [
        Coming(each.at, each.at + timedelta(seconds=NEXT_PRESS_S), each.made, is_next_press=True)
        for each in waiting
        if each.made.booking in mine
    ]
    return [*presses, *(Coming(each.start, each.end, each.booking.made) for each in windows)]
