"""Puts chapters into a finished film as a ``chpl`` box, in room that was kept free for it.

libav writes chapters as a text track as well, which PyAV 14 cannot ask for and which ffprobe warns about.
The ``chpl`` box (VLC, mpv and everything on libav read it) stands in ``moov/udta``, ahead of the footage.
To move no byte of that, the film is written with a comment of the right length, the last thing in
``moov/udta/meta/ilst``; here it is cut off there and replaced by the box behind it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from device.domain.errors import Permanent
from server_sync.inbox.chapters import Chapter

_HEADER_BYTES = 8
_MAX_CHAPTERS = 255
_UNITS_PER_US = 10
_COMMENT = b"\xa9cmt"
# 'meta' is a full box: version and flags come before what it holds.
_PATH = ((b"moov", 0), (b"udta", 0), (b"meta", 4), (b"ilst", 0), (_COMMENT, 0))


def placeholder(chapters: Sequence[Chapter]) -> str:
    """Return the comment that keeps room for these chapters."""
    return "." * len(_chpl(chapters))


def put_chapters(film: Path, chapters: Sequence[Chapter]) -> None:
    """Replace the placeholder in a film by the chapters. Permanent when it is not where it belongs."""
    with film.open("r+b") as file:
        end = film.stat().st_size
        first, found = 0, []
        for kind, skip in _PATH:
            at, size = _find(file, first, end, kind)
            found.append((at, size))
            first, end = at + _HEADER_BYTES + skip, at + size
        room = found.pop()
        for at, size in found[2:]:
            if at + size != room[0] + room[1]:
                raise Permanent("the joined film keeps no room for chapters where it should")
            file.seek(at)
            file.write((size - room[1]).to_bytes(4, "big"))
        file.seek(room[0])
        file.write(_filled(_chpl(chapters), room[1]))


def _find(file: BinaryIO, first: int, end: int, wanted: bytes) -> tuple[int, int]:
    for at, size, kind in _boxes(file, first, end):
        if kind == wanted:
            return at, size
    raise Permanent(f"the joined film has no {wanted.decode('latin-1')} box where it should")


def _boxes(file: BinaryIO, first: int, end: int) -> Iterator[tuple[int, int, bytes]]:
    while first + _HEADER_BYTES <= end:
        file.seek(first)
        header = file.read(_HEADER_BYTES)
        size = int.from_bytes(header[:4], "big")
        if size < _HEADER_BYTES:
            return
        yield first, size, header[4:]
        first += size


def _filled(chpl: bytes, room: int) -> bytes:
    return chpl + _box(b"free", bytes(room - len(chpl) - _HEADER_BYTES))


def _chpl(chapters: Sequence[Chapter]) -> bytes:
    kept = chapters[:_MAX_CHAPTERS]
    body = b"\x01" + bytes(7) + bytes([len(kept)])
    for chapter in kept:
        title = chapter.title.encode()[:255]
        body += (chapter.from_us * _UNITS_PER_US).to_bytes(8, "big") + bytes([len(title)]) + title
    return _box(b"chpl", body)


def _box(kind: bytes, body: bytes) -> bytes:
    return (_HEADER_BYTES + len(body)).to_bytes(4, "big") + kind + body
