"""ULIDs: names that sort by time and say nothing about a person (https://github.com/ulid/spec)."""

from __future__ import annotations

import re

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PATTERN = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")


def make_ulid(time_ms: int, randomness: bytes) -> str:
    """Return the 26-character ULID of a wall time in milliseconds and 10 random bytes."""
    if not 0 <= time_ms < 1 << 48:
        raise ValueError(f"time_ms must fit in 48 bits, got {time_ms}")
    if len(randomness) != 10:
        raise ValueError(f"a ULID needs 10 random bytes, got {len(randomness)}")
    value = time_ms << 80 | int.from_bytes(randomness, "big")
    return "".join(_ALPHABET[value >> shift & 31] for shift in range(125, -1, -5))


def is_ulid(text: str) -> bool:
    """Tell whether a text is a ULID as we write them; anything else never becomes a file name."""
    return _PATTERN.fullmatch(text) is not None
