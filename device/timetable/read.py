"""iCalendar to lessons. Runs only in the child process: a feed is somebody else's text, and may be hostile."""

from __future__ import annotations

import hashlib
import re
import signal
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta, tzinfo
from types import FrameType
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Calendar, Component, use_zoneinfo
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON
from recurring_ical_events import CalendarQuery

from device.domain.errors import Permanent
from device.domain.schedule import to_utc
from device.timetable.lessons import Expanded, Lesson, Limits
from device.timetable.sieve import sieve

# What these libraries raise for a feed that is wrong. Anything else ends the process, which is an answer, too.
_WRONG = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError, AssertionError)
_TOO_OFTEN = ("SECONDLY", "MINUTELY", "HOURLY")
_WITHIN_A_DAY = ("BYHOUR", "BYMINUTE", "BYSECOND")
# A rule that began this long ago is worked through from there: nothing that is taught today is that old.
_OLDEST_YEAR = 2000
# What is asked for on both sides, because a time without a zone is moved only afterwards.
_MARGIN = timedelta(days=2)
# How a title tells that a lesson is off, where STATUS does not: Zermelo's mark, Outlook's and Dutch words.
_OFF = re.compile(
    r"^\W*\[x\]|^\W*(uitval|uitgevallen|vervallen|vervalt|geannuleerd|cancell?ed)\b", re.IGNORECASE
)


class _TooLong(BaseException):
    """One series needs more time than a series may. No Exception: no library may think that it can handle it."""


class _Unusable(ValueError):
    """One series cannot be used; the message is the end of a sentence."""


def read(data: bytes, since: datetime, until: datetime, zone: tzinfo, limits: Limits) -> Expanded:
    """Return the lessons that overlap ``since`` to ``until`` (aware), sorted by start.

    Times without a zone are the school's (``zone``). Days without times (holidays, birthdays) are no lessons, nor
    is what lasts no time at all or longer than ``limits.lesson_s``. Permanent when it is no timetable.
    """
    return _Reading(since.astimezone(UTC), until.astimezone(UTC), zone, limits).of(data)


class _Reading:
    def __init__(self, since: datetime, until: datetime, zone: tzinfo, limits: Limits) -> None:
        if not timedelta(0) < until - since <= timedelta(days=limits.days):
            raise Permanent(f"a timetable is read for at most {limits.days} days at a time")
        self._since, self._until, self._zone, self._limits = since, until, zone, limits
        self._lessons: list[Lesson] = []
        self._skipped: list[str] = []

    def of(self, data: bytes) -> Expanded:
        for calendar in self._parse(data):
            method = str(calendar.get("METHOD", "")).upper()
            for uid, series in _series(calendar).items():
                self._add(calendar, uid, series, cancelled=method == "CANCEL")
        more = len(self._skipped) - self._limits.sentences
        skipped = self._skipped[: self._limits.sentences]
        if more > 0:
            skipped.append(f"{more} more entries could not be used")
        return Expanded(tuple(sorted(set(self._lessons))), tuple(skipped))

    def _parse(self, data: bytes) -> list[Component]:
        # Parsing makes the time zones, too, so it has the time of several series.
        use_zoneinfo()  # type: ignore[no-untyped-call]  # it also forgets the zones of the feed before
        kept = sieve(data, self._limits.size_bytes, self._limits.events)
        try:
            with _time_limit(self._limits.cpu_s / 2):
                return list(Calendar.from_ical(kept, multiple=True))
        except _TooLong:
            raise Permanent("the timetable takes too long to read; export fewer weeks of it") from None
        except _WRONG as error:
            raise Permanent(f"the timetable is damaged and cannot be read ({_short(error)})") from None

    def _add(self, calendar: Component, uid: str, series: list[Component], *, cancelled: bool) -> None:
        """Add the lessons of one series, or say why it has none."""
        try:
            starts = [_start(event) for event in series]
            if not any(isinstance(start, datetime) for start in starts):
                return  # whole days
            for event, start in zip(series, starts, strict=True):
                _check(event, start)
            with _time_limit(self._limits.series_cpu_s):
                found = list(self._expand(calendar, uid, series, cancelled=cancelled))
        except _TooLong:
            self._skip(series, "takes too long to work out")
        except _Unusable as error:
            self._skip(series, str(error))
        except _WRONG as error:
            self._skip(series, f"breaks the rules of iCalendar ({_short(error)})")
        else:
            self._lessons += found
            if len(self._lessons) > self._limits.lessons:
                raise Permanent(f"the timetable has more than {self._limits.lessons} lessons in this time")

    def _expand(
        self, calendar: Component, uid: str, series: list[Component], *, cancelled: bool
    ) -> Iterator[Lesson]:
        alone = Calendar()
        alone.subcomponents = series
        query = CalendarQuery(alone)
        repeats = any(name in event for event in series for name in ("RRULE", "RDATE", "RECURRENCE-ID"))
        for event in query.between(self._since - _MARGIN, self._until + _MARGIN):
            start, end = event["DTSTART"].dt, event["DTEND"].dt
            if not isinstance(start, datetime) or not isinstance(end, datetime):
                continue
            begins, ends = self._utc(start), self._utc(end)
            if begins >= self._until or ends <= self._since:
                continue
            if timedelta(0) < ends - begins <= timedelta(seconds=self._limits.lesson_s):
                which = self._utc(event["RECURRENCE-ID"].dt).isoformat() if repeats else ""
                yield self._lesson(event, begins, ends, _key(uid, which), cancelled=cancelled)

    def _lesson(
        self, event: Component, start: datetime, end: datetime, key: str, *, cancelled: bool
    ) -> Lesson:
        title = str(event.get("SUMMARY", ""))
        off = cancelled or str(event.get("STATUS", "")).upper() == "CANCELLED" or bool(_OFF.search(title))
        label = clean(title, self._limits.label_characters)
        return Lesson(
            start,
            end,
            key,
            label,
            clean(str(event.get("LOCATION", "")), self._limits.location_characters),
            off,
        )

    def _utc(self, moment: date) -> datetime:
        if not isinstance(moment, datetime):
            moment = datetime(moment.year, moment.month, moment.day)  # noqa: DTZ001 (the school's midnight)
        if moment.tzinfo is None:
            return to_utc(moment, self._zone)
        known = moment.tzinfo if isinstance(moment.tzinfo, ZoneInfo) else _windows_zone(moment.tzinfo)
        return moment.astimezone(UTC) if known is None else to_utc(moment.replace(tzinfo=None), known)

    def _skip(self, series: list[Component], why: str) -> None:
        title = clean(str(series[0].get("SUMMARY", "")), self._limits.label_characters)
        self._skipped.append(f"'{title or 'without a title'}' {why}")


def clean(text: str, most: int) -> str:
    """Return text on one line, without anything that steers a screen, cut to so many characters."""
    plain = "".join(" " if unicodedata.category(each)[0] in "CZ" else each for each in text[:4000])
    return " ".join(plain.split())[:most].strip()


def _windows_zone(zone: tzinfo) -> ZoneInfo | None:
    """Return the zone that a name of Windows means, whatever the feed says of it; it knows no skipped times."""
    name = WINDOWS_TO_OLSON.get(str(getattr(zone, "_tzid", "")))
    return ZoneInfo(name) if name else None


def _series(calendar: Component) -> dict[str, list[Component]]:
    """Return the events by their UID: one, or a series with its moved and cancelled occurrences."""
    series: defaultdict[str, list[Component]] = defaultdict(list)
    for number, event in enumerate(calendar.walk("VEVENT")):
        series[str(event.get("UID", f"without {number}"))].append(event)
    return series


def _start(event: Component) -> date:
    start: Any
    try:
        start = event.get("DTSTART").dt
    except _WRONG:
        start = None
    if not isinstance(start, date):
        raise _Unusable("has no start that is a time")
    return start


def _check(event: Component, start: date) -> None:
    """Raise _Unusable for what must not be worked out at all."""
    for name in ("DTSTART", "DTEND", "RECURRENCE-ID"):
        _check_zone(event.get(name))
    for rule in _all(event.get("RRULE")):
        frequency = str(rule.get("FREQ", [""])[0]).upper()
        if frequency in _TOO_OFTEN:
            raise _Unusable(f"repeats within a day ({frequency}), which no lesson does")
        if any(len(rule.get(part, [])) > 1 for part in _WITHIN_A_DAY):
            raise _Unusable("repeats within a day, which no lesson does")
        if start.year < _OLDEST_YEAR:
            raise _Unusable(f"repeats since {start.year}, which is too long ago")


def _check_zone(value: Any) -> None:
    """An hour in a zone that nobody knows would be filmed at another hour than was meant: better not at all."""
    params = getattr(value, "params", {})
    moment = getattr(value, "dt", None)
    if params.get("TZID") and isinstance(moment, datetime) and moment.tzinfo is None:
        raise _Unusable(f"is in a time zone that nobody knows ('{clean(str(params['TZID']), 40)}')")


def _all(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _key(uid: str, which: str) -> str:
    return hashlib.sha256(f"{uid}\n{which}".encode(errors="replace")).hexdigest()[:20]


def _short(error: BaseException) -> str:
    return clean(str(error), 100) or type(error).__name__


@contextmanager
def _time_limit(cpu_s: float) -> Iterator[None]:
    """Raise _TooLong in what takes more time of the processor; only in the main thread of a process of ours."""

    def ring(number: int, frame: FrameType | None) -> None:
        raise _TooLong

    before = signal.signal(signal.SIGVTALRM, ring)
    signal.setitimer(signal.ITIMER_VIRTUAL, cpu_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
