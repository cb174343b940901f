"""Boxes of an MP4 (ISO/IEC 14496-12): taking apart and putting together, in memory."""

from __future__ import annotations

from collections.abc import Iterator

from device.domain.errors import Permanent

HEADER_BYTES = 8
Box = tuple[bytes, bytes]


def children(body: bytes) -> Iterator[Box]:
    """Yield the kind and the content of each box; Permanent when their sizes do not add up."""
    position = 0
    while position < len(body):
        size = int.from_bytes(body[position : position + 4], "big")
        if size < HEADER_BYTES or position + size > len(body):
            raise Permanent("a box of the film does not fit in the one around it")
        yield body[position + 4 : position + HEADER_BYTES], body[position + HEADER_BYTES : position + size]
        position += size


def find(body: bytes, *path: bytes) -> bytes:
    """Return the content of the first box on a path; Permanent when there is none."""
    found = find_optional(body, *path)
    if found is None:
        raise Permanent(f"the film has no box {b'/'.join(path).decode('latin-1')}")
    return found


def find_optional(body: bytes, *path: bytes) -> bytes | None:
    """Return the content of the first box on a path, or None."""
    found: bytes | None = body
    for wanted in path:
        if found is None:
            return None
        found = next((content for kind, content in children(found) if kind == wanted), None)
    return found


def box(kind: bytes, *parts: bytes) -> bytes:
    """Return a box."""
    body = b"".join(parts)
    return (HEADER_BYTES + len(body)).to_bytes(4, "big") + kind + body


def full_box(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    """Return a box that begins with a version and flags."""
    return box(kind, (version << 24 | flags).to_bytes(4, "big"), *parts)


def u32(body: bytes, at: int) -> int:
    """Return a number of four bytes; Permanent when the box is too short for it."""
    return _number(body, at, 4)


def u64(body: bytes, at: int) -> int:
    """Return a number of eight bytes; Permanent when the box is too short for it."""
    return _number(body, at, 8)


def _number(body: bytes, at: int, size: int) -> int:
    if at + size > len(body):
        raise Permanent("a box of the film is shorter than what it should hold")
    return int.from_bytes(body[at : at + size], "big")
