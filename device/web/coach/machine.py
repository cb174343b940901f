"""What the coach's pages ask of the recorder, and that they go on when it does not answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from device.domain.errors import LeerblikError
from device.web.pressing import records_until
from device.web.services import services

Row = Mapping[str, Any]
MOST_ROWS = 100


@dataclass(frozen=True, slots=True)
class Machine:
    """How the recorder stands. ``answers``: False means that nobody knows.

    ``used``: bookings that something was recorded under lately. ``until``: see :func:`records_until`.
    """

    answers: bool = False
    coach_key: bool = True
    used: frozenset[str] = frozenset()
    until: tuple[datetime, bool] | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """Recordings, newest first; ``older``: where those before them begin, "" when there are none.

    ``answers``: False means that nobody knows.
    """

    rows: Sequence[Row] = ()
    older: str = ""
    answers: bool = False


def machine_now(rows: Rows) -> Machine:
    """Return what holds now; ``rows`` are the latest recordings."""
    status = ask("status")
    if status is None:
        return Machine()
    return Machine(
        answers=True,
        coach_key=bool(status.get("coach_key", True)),
        used=frozenset(str(row.get("booking", "")) for row in rows.rows),
        until=records_until(status),
    )


def recordings(limit: int = MOST_ROWS, *, before: str = "", teacher: str = "", status: str = "") -> Rows:
    """Return some recordings, older than ``before`` (a ULID), of one teacher or status if told; never all there are."""
    wanted = {"before": before, "teacher": teacher, "status": status}
    answer = ask("recordings", limit=limit, **{name: value for name, value in wanted.items() if value})
    if answer is None:
        return Rows()
    rows = answer.get("recordings", [])
    last = str(rows[-1].get("id")) if rows else ""
    return Rows(rows, str(answer.get("next", last)) if answer.get("more") else "", answers=True)


def ask(do: str, **values: Any) -> Mapping[str, Any] | None:
    """Return the recorder's answer; None when it has none."""
    try:
        return services().recorder.ask(do, **values)
    except LeerblikError:
        return None
