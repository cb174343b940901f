"""How many recordings there are by where they are, and what was destroyed when; counted, never looked into."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from device.domain.errors import LeerblikError
from device.domain.lifecycle import Status
from device.web.services import Recorder

# So many at a time, and no more of them than this: the recorder has lessons to record.
_PAGE = 100
MOST = 500
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Deleted:
    """How often something was destroyed, and the last time as the recorder wrote it ("" for never)."""

    count: int = 0
    last: str = ""


@dataclass(frozen=True, slots=True)
class Tally:
    """``looked_at`` recordings were counted, the newest; ``complete``: there are no more.

    ``by_status`` is of all recordings when ``all_counted``, else of those that were looked at.
    """

    by_status: Mapping[str, int] = field(default_factory=dict)
    all_counted: bool = False
    looked_at: int = 0
    complete: bool = False
    unclaimed: int = 0
    thrown_away: Deleted = Deleted()
    cleared: Deleted = Deleted()
    called_back: Deleted = Deleted()
    destroyed: Deleted = Deleted()


def tally(recorder: Recorder, status: Mapping[str, Any]) -> Tally | None:
    """Count; None when the recorder does not answer. ``status`` is what it said of itself."""
    try:
        rows, complete = _rows(recorder)
    except LeerblikError:
        return None
    told = (status.get("counts") or {}).get("by_status")
    return Tally(
        by_status=dict(Counter(str(row.get("status")) for row in rows) if told is None else told),
        all_counted=told is not None or complete,
        looked_at=len(rows),
        complete=complete,
        unclaimed=sum(bool(row.get("unclaimed")) for row in rows),
        thrown_away=_count(rows, Status.PURGED, after=Status.DISCARDED),
        cleared=_count(rows, Status.PURGED, after=Status.DELIVERED),
        called_back=_count(rows, Status.WITHDRAWN),
        destroyed=_count(rows, Status.DESTROYED),
    )


def _rows(recorder: Recorder) -> tuple[list[Row], bool]:
    rows: list[Row] = []
    before = ""
    while len(rows) < MOST:
        answer = recorder.ask("recordings", limit=_PAGE, **({"before": before} if before else {}))
        found = answer.get("recordings") or []
        rows += found
        before = str(answer.get("next") or (found[-1].get("id") if found else ""))
        if not answer.get("more") or not before:
            return rows, True
    return rows, False


def _count(rows: Iterable[Row], status: Status, after: Status | None = None) -> Deleted:
    """Count the recordings that came to a status; ``after``: only those that were there before."""
    moments = [at for row in rows if (at := _moment(row, status)) and (after is None or _moment(row, after))]
    return Deleted(len(moments), max(moments, default=""))


def _moment(row: Row, status: Status) -> str:
    steps = row.get("history") or []
    return next((str(step.get("at")) for step in steps if step.get("status") == status.value), "")
