"""What a timetable comes down to: lessons, and sentences about what was left out. Crosses a pipe as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from device.domain.errors import Permanent
from device.domain.strict import Fields

MOST_CHARACTERS = 200
TOO_MUCH = "the timetable takes more time or memory than a timetable may; export fewer weeks of it"


@dataclass(frozen=True, slots=True, order=True)
class Lesson:
    """One lesson, in UTC; sorts by its start.

    ``key`` names the occurrence and stays when it is moved; it is a hash, because the name that the feed gives it
    may hold an address. ``label`` and ``location`` are no more than was asked for (see :class:`Limits`).
    """

    start: datetime
    end: datetime
    key: str
    label: str
    location: str
    cancelled: bool


@dataclass(frozen=True, slots=True)
class Expanded:
    """The lessons of a stretch of time, and what was left out of it: one sentence each."""

    lessons: tuple[Lesson, ...]
    skipped: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a feed may cost, and what is kept of it.

    A timetable may carry names of pupils and teachers. So a lesson keeps its title and its room up to so many
    characters (0: not at all), and nothing else of it is ever looked at: no description, organiser or attendee.
    """

    label_characters: int = 40
    location_characters: int = 20
    size_bytes: int = 2_000_000
    events: int = 5_000
    lessons: int = 5_000
    days: int = 400
    sentences: int = 20
    lesson_s: int = 12 * 3600
    # Of the processor, of memory (address space), and in all.
    series_cpu_s: float = 1.0
    cpu_s: int = 20
    memory_bytes: int = 384 * 1024 * 1024
    wall_s: float = 60.0


def to_dict(expanded: Expanded) -> dict[str, Any]:
    """Return what crosses the pipe."""
    lessons = [
        asdict(lesson) | {"start": lesson.start.isoformat(), "end": lesson.end.isoformat()}
        for lesson in expanded.lessons
    ]
    return {"lessons": lessons, "skipped": list(expanded.skipped)}


def from_dict(value: dict[str, Any]) -> Expanded:
    """Return what came through the pipe; Permanent when it is nothing that :func:`to_dict` says."""
    fields = Fields(value, "the timetable")
    lessons = tuple(_lesson(each, number) for number, each in enumerate(fields.take("lessons", list)))
    skipped = fields.take("skipped", list)
    fields.done()
    return Expanded(lessons, tuple(str(each) for each in skipped))


def _lesson(value: Any, number: int) -> Lesson:
    fields = Fields(value, f"the timetable's lesson {number}")
    lesson = Lesson(
        start=_moment(fields.take("start", str)),
        end=_moment(fields.take("end", str)),
        key=fields.take("key", str),
        label=fields.take("label", str)[:MOST_CHARACTERS],
        location=fields.take("location", str)[:MOST_CHARACTERS],
        cancelled=fields.take("cancelled", bool),
    )
    fields.done()
    return lesson


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Permanent(f"the timetable has a lesson at no time: '{text}'") from None
