"""A week of lessons, by day, with what a booking needs to know of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from device.domain.booking import is_holiday
from device.domain.register.state import Register
from device.domain.schedule import to_utc
from device.timetable.lessons import Lesson

WEEK = timedelta(days=7)
_SCHOOL_DAYS = 5


@dataclass(frozen=True, slots=True)
class Hour:
    """A lesson on the school's clock. ``booking`` are the fields of a booking for it; None: there can be none."""

    lesson: Lesson
    start: datetime
    end: datetime
    booking: Mapping[str, str] | None


@dataclass(frozen=True, slots=True)
class Day:
    """One day with its lessons; ``holiday``: by the school's own holidays, which a feed does not change."""

    day: date
    holiday: bool
    hours: Sequence[Hour]


def monday_of(day: date) -> date:
    """Return the Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def monday_in(name: str, today: date) -> date:
    """Return the Monday of a week such as 2026-W38; of today's for anything else."""
    try:
        found = datetime.strptime(f"{name}-1", "%G-W%V-%u").date()  # noqa: DTZ007  # a day has no zone
    except ValueError:
        return monday_of(today)
    return found if date(2000, 1, 3) <= found <= date(2999, 12, 1) else monday_of(today)


def name_of(monday: date) -> str:
    """Return the name of a week in an address."""
    year, week, _day = monday.isocalendar()
    return f"{year:04}-W{week:02}"


def bounds_of(monday: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return when a week of the school begins and ends, in UTC."""
    first, last = (datetime.combine(day, time.min) for day in (monday, monday + WEEK))
    return to_utc(first, zone), to_utc(last, zone)


def days_of(
    monday: date, lessons: Iterable[Lesson], register: Register, zone: ZoneInfo, now: datetime
) -> list[Day]:
    """Return the days of a week; those of the weekend only when something is taught then."""
    by_day: dict[date, list[Hour]] = {}
    for each in lessons:
        hour = _hour(each, zone, now)
        by_day.setdefault(hour.start.date(), []).append(hour)
    days = [monday + timedelta(days=ahead) for ahead in range(7)]
    shown = [day for day in days if day.weekday() < _SCHOOL_DAYS or day in by_day]
    return [Day(day, is_holiday(register, day), by_day.get(day, ())) for day in shown]


def _hour(lesson: Lesson, zone: ZoneInfo, now: datetime) -> Hour:
    start, end = lesson.start.astimezone(zone), lesson.end.astimezone(zone)
    bookable = not lesson.cancelled and lesson.end > now and start.date() == end.date()
    note = " · ".join(part for part in (lesson.label, lesson.location) if part)
    fields = {"day": start.date().isoformat(), "from": f"{start:%H:%M}", "to": f"{end:%H:%M}", "note": note}
    return Hour(lesson, start, end, fields if bookable else None)
