"""A recording as the teacher's pages know it, out of what the recorder says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from device.domain.lifecycle import Status


@dataclass(frozen=True, slots=True)
class Step:
    """A status that a recording had, from when on."""

    status: Status
    at: datetime


@dataclass(frozen=True, slots=True)
class Recording:
    """One row. Lengths in seconds; ``left_s`` is the cooling-off, None when it is not held.

    ``reason`` is why it was taken back, ``destroyed_at`` what the coach's machine signed (None: it has not).
    ``sound``, ``watchable`` and the moments (microseconds of the film) are known of a single row only, not in lists.
    """

    id: str
    status: Status
    started_at: datetime
    length_s: float | None
    left_s: float | None
    trajectory: str
    teachers: tuple[str, ...]
    groups: tuple[str, ...]
    discarded: bool
    interrupted: bool
    unclaimed: bool
    untrusted_clock: bool
    sent_percent: int
    history: tuple[Step, ...]
    reason: str = ""
    destroyed_at: datetime | None = None
    sound: bool = False
    watchable: bool = False
    proud_us: tuple[int, ...] = ()
    improve_us: tuple[int, ...] = ()

    @property
    def is_here(self) -> bool:
        """Whether a no still reaches all of it: it has not begun to leave."""
        return self.status in (Status.HELD, Status.RELEASED)

    @property
    def is_held(self) -> bool:
        """Whether it waits for the teacher."""
        return self.status is Status.HELD

    @property
    def has_left(self) -> bool:
        """Whether somebody else has it, or is getting it, and it was not taken back."""
        gone = self.status in (Status.UPLOADING, Status.DELIVERED, Status.PURGED)
        return gone and not self.discarded

    @property
    def arrived_at(self) -> datetime | None:
        """When the coach's machine said that it has it."""
        return next((step.at for step in self.history if step.status is Status.DELIVERED), None)


def read_recording(row: Mapping[str, Any]) -> Recording:
    """Return a row of the recorder's answer as a recording."""
    size_bytes, reflection = row.get("size_bytes") or 0, row.get("reflection") or {}
    certificate = row.get("certificate")
    return Recording(
        id=row["id"],
        status=Status(row["status"]),
        started_at=_moment(row["started_at"]),
        length_s=row.get("duration_s"),
        left_s=row.get("cooling_off_left_s"),
        trajectory=row.get("trajectory") or "",
        teachers=tuple(row.get("teachers", ())),
        groups=tuple(row.get("groups", ())),
        discarded=bool(row.get("discarded")),
        interrupted=bool(row.get("interrupted")),
        unclaimed=bool(row.get("unclaimed")),
        untrusted_clock=bool(row.get("untrusted_clock")),
        sent_percent=min(99, 100 * (row.get("sent_bytes") or 0) // size_bytes) if size_bytes else 0,
        history=tuple(Step(Status(each["status"]), _moment(each["at"])) for each in row.get("history", ())),
        reason=str(row.get("reason") or ""),
        destroyed_at=_moment(certificate["destroyed_at"]) if certificate else None,
        sound=bool(row.get("sound")),
        watchable=bool(row.get("watchable")),
        proud_us=tuple(reflection.get("proud_us", ())),
        improve_us=tuple(reflection.get("improve_us", ())),
    )


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
