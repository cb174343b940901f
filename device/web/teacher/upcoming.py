"""When a teacher will be in view next: her bookings as moments, in the order in which they come."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from device.domain.booking import NEXT_PRESS_S
from device.domain.errors import Permanent
from device.domain.register.decisions import BookingMade, Repeat
from device.domain.register.state import Booking, Register
from device.domain.schedule import Holiday, Once, Rule, Weekly, to_utc, windows_between

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
    made = {each.made.booking: each.made for each in bookings}
    rules: dict[str, Rule] = {}
    for name, each in made.items():
        with suppress(Permanent):  # what can never be is no booking to look forward to
            rule = _rule(each, zone)
            if rule is not None:
                rules[name] = rule
    holidays = [Holiday(each.first, each.last, each.name) for each in register.holidays.values()]
    windows = windows_between(rules, holidays, now, now + AHEAD, zone)
    presses = [
        Coming(each.at, each.at + timedelta(seconds=NEXT_PRESS_S), each.made, is_next_press=True)
        for each in waiting
        if each.made.booking in made
    ]
    return [*presses, *(Coming(each.start, each.end, made[each.source]) for each in windows)]


def _rule(made: BookingMade, zone: tzinfo) -> Rule | None:
    if made.repeat is Repeat.WEEKLY:
        return Weekly(made.first.weekday(), made.from_time, made.to_time, made.first, made.last)
    if made.repeat is Repeat.ONCE:
        start, end = (
            to_utc(datetime.combine(made.first, each), zone) for each in (made.from_time, made.to_time)
        )
        return Once(start, end)
    return None
