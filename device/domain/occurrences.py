"""When bookings take place: from the register to windows of time, and to the end of a lesson that began in one."""

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
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time that a booking is for, in UTC; the end is not included. ``key`` names it, see ``schedule.Window``."""

    start: datetime
    end: datetime
    booking: Booking
    key: str


def occurrences(register: Register, since: datetime, until: datetime, zone: tzinfo) -> list[Occurrence]:
    """Return what is booked between two aware times, in order; ``zone`` is the school's."""
    return occurrences_of(register, near(register, since, until, zone), since, until, zone)


def next_of(register: Register, booking: Booking, now: datetime, zone: tzinfo) -> Occurrence | None:
    """Return the time of a booking that is now or comes next; None when there is none any more."""
    found = occurrences_of(register, [] if booking.cancelled else [booking], now, now + _FAR, zone)
    return next(iter(found), None)


def only_near(register: Register, since: datetime, until: datetime, zone: tzinfo) -> Register:
    """Return the register with the bookings that can count between two times, and no others.

    A school year has thousands: who looks at one week must not look through all of them for every lesson.
    """
    found = near(register, since, until, zone)
    return replace(register, bookings={each.made.booking: each for each in found})


def near(register: Register, since: datetime, until: datetime, zone: tzinfo) -> list[Booking]:
    """Return the bookings that can count between two times, cancelled ones left out."""
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


def occurrences_of(
    register: Register, bookings: Iterable[Booking], since: datetime, until: datetime, zone: tzinfo
) -> list[Occurrence]:
    """Return when these bookings take place between two times, in order; holidays are the register's."""
    by_name = {each.made.booking: each for each in bookings}
    rules = {name: rule for name, each in by_name.items() if (rule := rule_of(each, zone)) is not None}
    holidays = [Holiday(each.first, each.last, each.name) for each in register.holidays.values()]
    windows = windows_between(rules, holidays, since, until, zone)
    return [Occurrence(each.start, each.end, by_name[each.source], each.key) for each in windows]


def rule_of(booking: Booking, zone: tzinfo) -> Rule | None:
    """Return when a booking takes place; None: never, for the page would not have written such a one."""
    made = booking.made
    try:
        if made.repeat is Repeat.NEXT_PRESS:
            return Once(booking.at, booking.at + _HOUR)
        if made.repeat is Repeat.WEEKLY:
            return Weekly(made.first.weekday(), made.from_time, made.to_time, made.first, made.last)
        return _once(made, zone)
    except (Permanent, OverflowError):
        return None


def _once(made: BookingMade, zone: tzinfo) -> Once:
    start, end = (to_utc(datetime.combine(made.first, each), zone) for each in (made.from_time, made.to_time))
    return Once(start, end)


def lesson_end(
    register: Register, booking: str, now: datetime, zone: tzinfo, overrun: timedelta = timedelta()
) -> datetime | None:
    """Return when a lesson ends that begins now under a booking; None: only its maximum length ends it.

    A lesson has the time of its booking and, if it runs over, ``overrun`` more: what is said last is often what a
    coach and a teacher talk about, and a teacher who pressed late is not cut off after a minute. But the room may
    be somebody else's by then: what runs over ends when another booking begins, and where one has begun already,
    nothing runs over. "The next press" is for a lesson of any length.
    """
    mine = occurrence_now(register, booking, now, zone)
    if mine is None or mine.booking.made.repeat is Repeat.NEXT_PRESS:
        return None
    others = occurrences(register, mine.end, mine.end + overrun + _INSTANT, zone)
    begin = [each.start for each in others if each.booking is not mine.booking and _is_for_the_room(each)]
    return max(mine.end, min([mine.end + overrun, *begin]))


def occurrence_now(register: Register, booking: str, now: datetime, zone: tzinfo) -> Occurrence | None:
    """Return the time of a booking that is now; None when it is not, or when there is no such booking."""
    found = register.bookings.get(booking)
    mine = [] if found is None else occurrences_of(register, [found], now, now + _INSTANT, zone)
    return next(iter(mine), None)


def _is_for_the_room(occurrence: Occurrence) -> bool:
    """Tell whether somebody planned to be there: "the next press" says who presses next, not when."""
    return occurrence.booking.made.repeat is not Repeat.NEXT_PRESS
