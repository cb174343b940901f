"""When bookings take place: the windows of time of a stretch of days, whatever else is in the register."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo

from device.domain.booking import NEXT_PRESS_S
from device.domain.errors import Permanent
from device.domain.register.decisions import BookingMade, Repeat
from device.domain.register.state import Booking, Register
from device.domain.schedule import Holiday, Once, Rule, Weekly, to_utc, windows_between

_FAR = timedelta(days=400)
_HOUR = timedelta(seconds=NEXT_PRESS_S)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time that a booking is for, in UTC; the end is not included."""

    start: datetime
    end: datetime
    booking: Booking


def occurrences(register: Register, since: datetime, until: datetime, zone: tzinfo) -> list[Occurrence]:
    """Return what is booked between two aware times, in order."""
    return _between(register, _near(register, since, until, zone), since, until, zone)


def next_of(register: Register, booking: Booking, now: datetime, zone: tzinfo) -> Occurrence | None:
    """Return the time of a booking that is now or comes next; None when there is none any more."""
    found = _between(register, [] if booking.cancelled else [booking], now, now + _FAR, zone)
    return next(iter(found), None)


def only_near(register: Register, since: datetime, until: datetime, zone: tzinfo) -> Register:
    """Return the register with the bookings that can count between two times, and no others.

    A school year has thousands: who looks at one week must not look through all of them for every lesson.
    """
    near = _near(register, since, until, zone)
    return replace(register, bookings={each.made.booking: each for each in near})


def _near(register: Register, since: datetime, until: datetime, zone: tzinfo) -> list[Booking]:
    first, last = since.astimezone(zone).date(), until.astimezone(zone).date()
    return [
        each
        for each in register.bookings.values()
        if not each.cancelled
        and (
            since - _HOUR <= each.at <= until
            if each.made.repeat is Repeat.NEXT_PRESS
            else each.made.first <= last and each.made.last >= first
        )
    ]


def _between(
    register: Register, bookings: Iterable[Booking], since: datetime, until: datetime, zone: tzinfo
) -> list[Occurrence]:
    by_name = {each.made.booking: each for each in bookings}
    rules = {name: rule for name, each in by_name.items() if (rule := _rule(each, zone)) is not None}
    holidays = [Holiday(each.first, each.last, each.name) for each in register.holidays.values()]
    windows = windows_between(rules, holidays, since, until, zone)
    return [Occurrence(window.start, window.end, by_name[window.source]) for window in windows]


def _rule(booking: Booking, zone: tzinfo) -> Rule | None:
    made = booking.made
    try:
        if made.repeat is Repeat.NEXT_PRESS:
            return Once(booking.at, booking.at + _HOUR)
        if made.repeat is Repeat.WEEKLY:
            return Weekly(made.first.weekday(), made.from_time, made.to_time, made.first, made.last)
        return _once(made, zone)
    except (Permanent, OverflowError):
        return None  # no such moment: nothing can be recorded under it either


def _once(made: BookingMade, zone: tzinfo) -> Once:
    start, end = (to_utc(datetime.combine(made.first, each), zone) for each in (made.from_time, made.to_time))
    return Once(start, end)
