"""When something is planned: weekly rules and single moments become windows of time.

Rules speak the school's wall time, windows speak UTC. An instant lies in a window when the school's clock shows
a time from ``from_time`` up to, not including, ``to_time`` on that day; so a lesson stays at its hour all year.
On the two nights of the year that a clock is changed this means:

* A time that is skipped (02:15 in spring) is the moment of the jump. 02:15-02:45 then falls out: no clock ever
  showed it. 02:30-03:15 becomes 03:00-03:15.
* A time that comes twice (02:15 in autumn) is its first pass. 02:15-02:45 happens once, not twice.

A window's key names the occurrence: the rule and its day (``booking-7@2026-09-14``). It survives a change of the
hour, so that what was cancelled for today stays so when somebody moves the lesson within the day.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from device.domain.errors import Permanent

_WEEK = timedelta(days=7)
_INSTANT = timedelta(microseconds=1)
LONGEST = timedelta(days=1)
# next_window looks this far unless told otherwise: past the longest holidays.
HORIZON = timedelta(days=70)


@dataclass(frozen=True, slots=True)
class Weekly:
    """Every week on one weekday (0 is Monday), between two wall times, from one date to another (None: on).

    Permanent when it could never be, or when its times are not plain wall times of one day.
    """

    weekday: int
    from_time: time
    to_time: time
    first: date
    last: date | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.weekday <= 6:
            raise Permanent(f"a weekday is 0 (Monday) to 6 (Sunday), found {self.weekday}")
        if self.from_time.tzinfo is not None or self.to_time.tzinfo is not None:
            raise Permanent("a weekly rule has wall times of the school, without a time zone of their own")
        if self.to_time <= self.from_time:
            raise Permanent(f"a lesson must end after it begins ({self.from_time:%H:%M}), on the same day")
        if self.last is not None and self.last < self.first:
            raise Permanent(f"a weekly rule that begins on {self.first} cannot end on {self.last}")


@dataclass(frozen=True, slots=True)
class Once:
    """One time, from an aware moment to another; at most a day. Holidays do not touch it."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise Permanent("a single moment needs a time zone")
        if not timedelta(0) < self.end.astimezone(UTC) - self.start.astimezone(UTC) <= LONGEST:
            raise Permanent("a single lesson must end after it begins, within a day")


Rule = Weekly | Once


@dataclass(frozen=True, slots=True)
class Holiday:
    """Days without lessons, both included."""

    first: date
    last: date
    name: str

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise Permanent(f"the holiday '{self.name}' ends before it begins")


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """A stretch of time in UTC, the end not included; sorts by its start. ``source`` is the rule's name."""

    start: datetime
    end: datetime
    key: str
    source: str


def windows_between(
    rules: Mapping[str, Rule], holidays: Sequence[Holiday], since: datetime, until: datetime, zone: tzinfo
) -> tuple[Window, ...]:
    """Return the windows that overlap ``since`` to ``until`` (aware, the end not included), sorted by start.

    ``zone`` is the school's.
    """
    found = (
        window
        for source, rule in rules.items()
        for window in _windows(source, rule, holidays, since, until, zone)
    )
    return tuple(sorted(found))


def window_at(
    rules: Mapping[str, Rule], holidays: Sequence[Holiday], now: datetime, zone: tzinfo
) -> Window | None:
    """Return the window that is open now; of several the one that opened first."""
    return next(iter(windows_between(rules, holidays, now, now + _INSTANT, zone)), None)


def next_window(
    rules: Mapping[str, Rule],
    holidays: Sequence[Holiday],
    now: datetime,
    zone: tzinfo,
    horizon: timedelta = HORIZON,
) -> Window | None:
    """Return the first window that opens after now, at most ``horizon`` ahead."""
    until = now + horizon
    found = (
        next((each for each in _windows(source, rule, holidays, now, until, zone) if each.start > now), None)
        for source, rule in rules.items()
    )
    return min((window for window in found if window is not None), default=None)


def to_utc(local: datetime, zone: tzinfo) -> datetime:
    """Return the instant of a naive wall time: its first pass, or the moment of the jump when it was skipped."""
    first, second = (local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    # Only of a skipped time is the second reading earlier: the two stand on both sides of the jump.
    return _jump(second, first, zone) if second < first else first


def _jump(before: datetime, after: datetime, zone: tzinfo) -> datetime:
    """Return the first whole second past ``before`` that has the offset of ``after``."""
    offset = after.astimezone(zone).utcoffset()
    low, high = int(before.timestamp()), int(after.timestamp())
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == offset:
            high = middle
        else:
            low = middle
    return datetime.fromtimestamp(high, UTC)


def _windows(
    source: str, rule: Rule, holidays: Sequence[Holiday], since: datetime, until: datetime, zone: tzinfo
) -> Iterator[Window]:
    """Yield a rule's windows that overlap this time, in order."""
    if isinstance(rule, Once):
        candidates: Iterable[Window] = (_single(source, rule, zone),)
    else:
        days = _days(rule, holidays, since.astimezone(zone).date(), until.astimezone(zone).date())
        candidates = (window for day in days if (window := _on(source, rule, day, zone)) is not None)
    return (window for window in candidates if window.start < until and window.end > since)


def _days(rule: Weekly, holidays: Sequence[Holiday], since: date, until: date) -> Iterator[date]:
    """Yield the rule's days from ``since`` to ``until``, both included, outside the holidays."""
    day = max(since, rule.first)
    last = until if rule.last is None else min(until, rule.last)
    day += timedelta(days=(rule.weekday - day.weekday()) % 7)
    while day <= last:
        if not any(holiday.first <= day <= holiday.last for holiday in holidays):
            yield day
        day += _WEEK


def _on(source: str, rule: Weekly, day: date, zone: tzinfo) -> Window | None:
    """Return the window of a day; None when the clock showed none of it."""
    start = to_utc(datetime.combine(day, rule.from_time), zone)
    end = to_utc(datetime.combine(day, rule.to_time), zone)
    return Window(start, end, f"{source}@{day}", source) if start < end else None


def _single(source: str, rule: Once, zone: tzinfo) -> Window:
    start = rule.start.astimezone(UTC)
    return Window(start, rule.end.astimezone(UTC), f"{source}@{start.astimezone(zone).date()}", source)
