"""What became of one thing in the drop box."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from pathlib import Path

STILL_ARRIVING = "it does not open yet and may still be arriving"
MAX_PROBLEM_CHARACTERS = 400


class Result(enum.Enum):
    """What became of one thing in the drop box."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    WAITING = "waiting"
    IGNORED = "ignored"
    REMOVED = "removed"
    DESTROYED = "destroyed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One line of the log: the object's name, what became of it, the recording if known, and why."""

    name: str
    result: Result
    recording: str = ""
    problem: str = ""
    film: Path | None = None
