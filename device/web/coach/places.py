"""Where a recording is, for the coach: nothing of one that the teacher still holds, and nothing of one she discarded.

A teacher decides in the cooling-off without anybody looking on: that she threw something away is hers alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _

from device.domain.destruction import Reason
from device.domain.lifecycle import Status
from device.web.coach.machine import Row
from device.web.phrases import N_

# Not here: being recorded and held. Those are the teacher's.
_WORDS: Mapping[str, str] = {
    Status.RELEASED.value: N_("released, waits to be sent"),
    Status.UPLOADING.value: N_("is being sent"),
    Status.DELIVERED.value: N_("arrived on your machine"),
    Status.PURGED.value: N_("arrived on your machine, erased here"),
    Status.WITHDRAWN.value: N_("taken back: your machine is told to destroy it"),
    Status.DESTROYED.value: N_("taken back and destroyed on your machine, with a certificate"),
}
_WORDS_WHEN_OVER: Mapping[str, str] = {
    Status.WITHDRAWN.value: N_("the trajectory is over: your machine is told to destroy it"),
    Status.DESTROYED.value: N_("the trajectory is over: destroyed on your machine, with a certificate"),
}


@dataclass(frozen=True, slots=True)
class Place:
    """A recording that left the teacher's hands. ``since``: when it came where it is (None: unknown)."""

    recording: str
    trajectory: str
    teachers: tuple[str, ...]
    started_at: datetime | None
    words: str
    since: datetime | None
    gone: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many recordings of a trajectory wait for their teacher; "": nobody's yet."""

    trajectory: str
    number: int


def place_of(row: Row) -> Place | None:
    """Return where a recording is; None for one that the coach learns nothing of."""
    status = str(row.get("status"))
    if status not in _WORDS or row.get("discarded"):
        return None
    is_over = row.get("reason") == Reason.CLOSED.value
    words = _(_WORDS_WHEN_OVER.get(status, _WORDS[status]) if is_over else _WORDS[status])
    if status == Status.UPLOADING.value:
        words = _("%(place)s (%(percent)s%%)", place=words, percent=_percent(row))
    return Place(
        recording=str(row.get("id")),
        trajectory=str(row.get("trajectory") or ""),
        teachers=tuple(row.get("teachers") or ()),
        started_at=time_of(row.get("started_at")),
        words=words,
        since=next((time_of(step.get("at")) for step in reversed(row.get("history") or ())), None),
        gone=status in (Status.WITHDRAWN.value, Status.DESTROYED.value),
    )


def waiting(rows: Iterable[Row]) -> list[Waiting]:
    """Return how many recordings wait, by trajectory: number and trajectory, and nothing else."""
    held = [row for row in rows if row.get("status") == Status.HELD.value]
    counted = Counter("" if row.get("unclaimed") else str(row.get("trajectory") or "") for row in held)
    return [Waiting(name, number) for name, number in sorted(counted.items())]


def _percent(row: Row) -> int:
    size_bytes = int(row.get("size_bytes") or 0)
    return min(100, 100 * int(row.get("sent_bytes") or 0) // size_bytes) if size_bytes else 0


def time_of(text: object) -> datetime | None:
    """Return an aware time as the recorder writes it; None when it is none."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
