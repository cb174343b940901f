"""The register as lines of text: each holds the hash of the line before it, so that none can be changed or lost.

A line is one JSON object: ``number``, ``at`` (UTC wall time), ``clock_trusted``, ``by`` (who decided), ``kind``
and ``what`` (the decision), and ``before``: the SHA-256 of the line before, without its newline.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from device.domain.errors import Permanent
from device.domain.register.decisions import Decision
from device.domain.register.text import read_decision, write_decision
from device.domain.strict import Fields, canonical_json, parse_object

START = "0" * 64
_TIME = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class Head:
    """How many lines there are, and the SHA-256 of the last one (hexadecimal)."""

    number: int = 0
    sha256: str = START


@dataclass(frozen=True, slots=True)
class Entry:
    """A decision with who made it and when. ``by``: coach, it, device, or ``teacher:`` and the code."""

    number: int
    at: datetime
    clock_trusted: bool
    by: str
    decision: Decision


def write_line(
    head: Head, at: datetime, by: str, decision: Decision, *, clock_trusted: bool
) -> tuple[bytes, Head]:
    """Return the next line, without its newline, and the head that it makes."""
    kind, what = write_decision(decision)
    line = canonical_json(
        {
            "number": head.number + 1, "at": at.astimezone(UTC).strftime(_TIME), "clock_trusted": clock_trusted,
            "by": by, "kind": kind, "what": what, "before": head.sha256,
        }
    )  # fmt: skip
    return line, Head(head.number + 1, _hash(line))


def read_line(head: Head, line: bytes) -> tuple[Entry, Head]:
    """Read the line that follows ``head``; Permanent when it is damaged or does not follow."""
    where = f"line {head.number + 1} of the register"
    fields = Fields(parse_object(line, where), where)
    number, before = fields.take("number", int), fields.take("before", str)
    if (number, before) != (head.number + 1, head.sha256):
        raise Permanent(f"{where} does not follow the one before it: the register was changed")
    entry = Entry(
        number=number,
        at=_time(fields.take("at", str), where),
        clock_trusted=fields.take("clock_trusted", bool),
        by=fields.take("by", str),
        decision=read_decision(fields.take("kind", str), fields.take("what", dict)),
    )
    fields.done()
    # Every line has one form: also the last one, which no hash of a next line guards yet, has no room for play.
    again, after = write_line(head, entry.at, entry.by, entry.decision, clock_trusted=entry.clock_trusted)
    if again != line:
        raise Permanent(f"{where} is not as it was written: the register was changed")
    return entry, after


def read_lines(lines: Iterable[bytes], head: Head = Head()) -> Iterator[tuple[Entry, Head]]:  # frozen
    """Read lines that follow ``head``, each with the head after it; Permanent as :func:`read_line`."""
    for line in lines:
        entry, head = read_line(head, line)
        yield entry, head


def follow(lines: Iterable[bytes], head: Head = Head()) -> Head:  # frozen
    """Return the head after lines that follow ``head``; Permanent at the first that does not.

    Only the hashes are looked at, in a fraction of the time of :func:`read_lines`. That is all there is to know of
    lines that were read before: one hash stands for one text, and so does the head for every line up to it.
    """
    for line in lines:
        where = f"line {head.number + 1} of the register"
        if _before(line) != head.sha256:
            raise Permanent(f"{where} does not follow the one before it: the register was changed")
        head = Head(head.number + 1, _hash(line))
    return head


def _before(line: bytes) -> object:
    """Return the hash of the line before that a line holds; None when it holds none."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found.get("before") if isinstance(found, dict) else None


def _hash(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()


def _time(text: str, where: str) -> datetime:
    try:
        return datetime.strptime(text, _TIME).replace(tzinfo=UTC)
    except ValueError:
        raise Permanent(f"{where} has no time such as 2026-09-01T08:30:00Z, found {text[:40]!r}") from None
