"""Which bytes of a film a request asks for (HTTP range requests, RFC 9110 section 14)."""

from __future__ import annotations

import re
from dataclasses import dataclass

# A film has fewer bytes than 18 digits can count. One range only: a player never asks for several.
_ONE_RANGE = re.compile(
    r"bytes[ \t]*=[ \t]*(?:([0-9]{1,18})-([0-9]{1,18})?|-([0-9]{1,18}))[ \t]*", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Whole:
    """Everything: nothing was asked, or something that may be ignored."""

    size_bytes: int
    status = 200

    @property
    def from_byte(self) -> int:
        """The first byte to send."""
        return 0

    @property
    def to_byte(self) -> int:
        """Up to where to send."""
        return self.size_bytes

    def headers(self) -> dict[str, str]:
        """Return the headers that belong to this answer."""
        return {"Accept-Ranges": "bytes", "Content-Length": str(self.size_bytes)}


@dataclass(frozen=True, slots=True)
class Range:
    """From one byte up to another, at least one, of so many."""

    from_byte: int
    to_byte: int
    size_bytes: int
    status = 206

    def headers(self) -> dict[str, str]:
        """Return the headers that belong to this answer."""
        return {
            "Accept-Ranges": "bytes",
            "Content-Length": str(self.to_byte - self.from_byte),
            "Content-Range": f"bytes {self.from_byte}-{self.to_byte - 1}/{self.size_bytes}",
        }


@dataclass(frozen=True, slots=True)
class NotSatisfiable:
    """Not one byte of what was asked for exists: the answer is empty."""

    size_bytes: int
    status = 416
    from_byte = 0
    to_byte = 0

    def headers(self) -> dict[str, str]:
        """Return the headers that belong to this answer."""
        return {
            "Accept-Ranges": "bytes",
            "Content-Length": "0",
            "Content-Range": f"bytes */{self.size_bytes}",
        }


Answer = Range | NotSatisfiable | Whole


def answer_range(header: str | None, size_bytes: int) -> Answer:
    """Return what to send for a ``Range`` header. Whatever stands in it, nothing is raised.

    A header that is not understood, that asks for several ranges, or for another unit than bytes, is
    ignored, as the RFC lets a server do: the answer is the whole.
    """
    asked = _ONE_RANGE.fullmatch(header) if header is not None else None
    if asked is None:
        return Whole(size_bytes)
    first, last, suffix = (int(each) if each else None for each in asked.groups())
    if first is None:
        from_byte, to_byte = size_bytes - min(suffix or 0, size_bytes), size_bytes
    else:
        if last is not None and last < first:
            return Whole(size_bytes)
        from_byte, to_byte = first, size_bytes if last is None else min(size_bytes, last + 1)
    return Range(from_byte, to_byte, size_bytes) if from_byte < to_byte else NotSatisfiable(size_bytes)
