"""What became of a wish for the network; written where the page's recorder reads it, without a secret."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from device.domain.strict import Fields, canonical_json, parse_object

FILE_NAME = "result.json"
_LONGEST = 300


class Outcome(enum.Enum):
    """How it ended."""

    UP = "up"
    PUT_BACK = "put_back"
    REFUSED = "refused"
    ABSENT = "absent"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Result:
    """``why`` is a program's own sentence, in English, or ""; ``shown`` is :meth:`Wish.shown` of what is in use."""

    outcome: Outcome
    at: str
    why: str = ""
    shown: Mapping[str, Any] = field(default_factory=dict)


def write_result(result: Result) -> bytes:
    """Return a result as it lies on the card."""
    why = " ".join(result.why.split())[:_LONGEST]
    return canonical_json(
        {"outcome": result.outcome.value, "at": result.at, "why": why, "shown": dict(result.shown)}
    )


def read_result(data: bytes) -> Result:
    """Return what :func:`write_result` wrote; Permanent when it is something else."""
    fields = Fields(parse_object(data, "the result"), "the result")
    outcome = Outcome(fields.choice("outcome", tuple(each.value for each in Outcome)))
    result = Result(outcome, fields.take("at", str), fields.take("why", str), fields.take("shown", dict))
    fields.done()
    return result
