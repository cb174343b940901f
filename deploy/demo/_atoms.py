"""The outermost atoms of an MP4 file: enough to tell whether it plays before it has been loaded."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

_HEADER = struct.Struct(">I4s")
_LARGE = struct.Struct(">Q")


def atoms(path: Path) -> tuple[str, ...]:
    """Return the names of the outermost atoms in order; empty for a file that is not MP4."""
    names = tuple(_walk(path))
    return names if names[:1] == ("ftyp",) else ()


def _walk(path: Path) -> Iterator[str]:
    size_bytes = path.stat().st_size
    at = 0
    with path.open("rb") as file:
        while at + _HEADER.size <= size_bytes:
            file.seek(at)
            length, name = _HEADER.unpack(file.read(_HEADER.size))
            yield name.decode("latin-1")
            if length == 1:
                (length,) = _LARGE.unpack(file.read(_LARGE.size).ljust(_LARGE.size, b"\0"))
            if length < _HEADER.size:  # 0 means "until the end"; less than a header is no atom
                return
            at += length


def is_faststart(names: tuple[str, ...]) -> bool | None:
    """Tell whether the index stands before the footage; None for what is not a complete MP4 file."""
    if "moov" not in names or "mdat" not in names:
        return None
    return names.index("moov") < names.index("mdat")
