"""What is in a segment: the runs of samples of all its fragments, found without reading the pictures between."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass

from device.domain.errors import Permanent
from device.footage.seal import CHUNK_BYTES
from device.review.mp4 import HEADER_BYTES, children, find, u32, u64
from device.review.opening import Opening, read_opening
from device.review.sealed import SealedFile

_MAX_INDEX_BYTES = 4 << 20
_DURATION, _SIZE, _FLAGS, _COMPOSITION = 0x100, 0x200, 0x400, 0x800
_OFFSET, _FIRST_FLAGS = 0x1, 0x4
_BASE, _DESCRIPTION, _DEFAULT_DURATION, _DEFAULT_SIZE, _DEFAULT_FLAGS = 0x1, 0x2, 0x8, 0x10, 0x20
_BASE_IS_MOOF = 0x020000


@dataclass(slots=True)
class Run:
    """Samples that lie one after the other in the segment, from a byte and from a moment (ticks) on.

    Of each: how long it lasts, its size, its flags, and how much later it is shown. ``at_byte`` is None for
    silence, which lies nowhere.
    """

    at_ticks: int
    at_byte: int | None
    durations: array[int]
    sizes: array[int]
    flags: array[int]
    compositions: array[int]

    @property
    def end_ticks(self) -> int:
        """When the last sample ends."""
        return self.at_ticks + sum(self.durations)

    def columns(self) -> tuple[array[int], array[int], array[int], array[int]]:
        """Return what is known of each sample."""
        return self.durations, self.sizes, self.flags, self.compositions

    def end_before(self, ticks: int) -> None:
        """Leave out samples that begin at this moment or later."""
        end_ticks = self.end_ticks
        while self.durations and end_ticks - self.durations[-1] >= ticks:
            end_ticks -= self.durations[-1]
            for column in self.columns():
                column.pop()


class Cursor:
    """Reads small parts of a segment; the chunk it was in last stays at hand."""

    def __init__(self, sealed: SealedFile) -> None:
        self._sealed = sealed
        self._index = -1
        self._chunk = b""
        self.size_bytes = sealed.size_bytes

    def read(self, from_byte: int, size_bytes: int) -> bytes:
        """Return these bytes, fewer at the end."""
        parts: list[bytes] = []
        to_byte = min(from_byte + size_bytes, self.size_bytes)
        while from_byte < to_byte:
            index, skipped = divmod(from_byte, CHUNK_BYTES)
            if index != self._index:
                self._index, self._chunk = index, self._sealed.chunk(index)
            parts.append(self._chunk[skipped : skipped + to_byte - from_byte])
            from_byte += len(parts[-1])
        return b"".join(parts)

    def boxes(self) -> Iterator[tuple[bytes, int, int]]:
        """Yield kind, place and size of every whole box at the top; what was cut off is left out."""
        position = 0
        while position + HEADER_BYTES <= self.size_bytes:
            head = self.read(position, HEADER_BYTES)
            size = int.from_bytes(head[:4], "big")
            if size < HEADER_BYTES:
                raise Permanent("a box of the film has no length")
            if position + size > self.size_bytes:
                return
            yield head[4:], position, size
            position += size

    def content(self, position: int, size_bytes: int) -> bytes:
        """Return what is in a box of the index; Permanent when it is far too large for one."""
        if size_bytes > _MAX_INDEX_BYTES:
            raise Permanent("the index of the film is larger than any film's")
        return self.read(position + HEADER_BYTES, size_bytes - HEADER_BYTES)


def opening_of(sealed: SealedFile) -> Opening | None:
    """Return how a segment begins, or None when it was cut off before that."""
    cursor = Cursor(sealed)
    ftyp: bytes | None = None
    for kind, position, size in cursor.boxes():
        if kind == b"ftyp":
            ftyp = cursor.content(position, size)
        elif kind == b"moov" and ftyp is not None:
            return read_opening(ftyp, cursor.content(position, size), position + size)
        elif kind != b"free":
            raise Permanent("a segment does not begin as a film does")
    return None


def runs_of(sealed: SealedFile) -> dict[int, list[Run]]:
    """Return the runs of each track whose samples are whole; Permanent when they are not as the recorder writes."""
    cursor = Cursor(sealed)
    found: dict[int, list[Run]] = {}
    waiting: list[tuple[int, Run]] = []
    for kind, position, size in cursor.boxes():
        if kind == b"moof":
            waiting = list(_runs(cursor.content(position, size), position))
        elif kind == b"mdat":
            for track, run in waiting:
                if not position <= (run.at_byte or 0) <= position + size - sum(run.sizes):
                    raise Permanent("a fragment of the film points outside of itself")
                if run.durations:
                    found.setdefault(track, []).append(run)
            waiting = []
    return found


def _runs(moof: bytes, moof_at: int) -> Iterator[tuple[int, Run]]:
    for kind, traf in children(moof):
        if kind != b"traf":
            continue
        defaults = _Defaults.read(find(traf, b"tfhd"))
        tfdt = find(traf, b"tfdt")
        at_ticks = u64(tfdt, 4) if tfdt[:1] == b"\1" else u32(tfdt, 4)
        for inner, trun in children(traf):
            if inner == b"trun":
                run = _run(trun, defaults, at_ticks, moof_at)
                at_ticks = run.end_ticks
                yield defaults.track, run


@dataclass(frozen=True, slots=True)
class _Defaults:
    track: int
    duration: int
    size: int
    flags: int

    @classmethod
    def read(cls, tfhd: bytes) -> _Defaults:
        flags, at = u32(tfhd, 0), 8
        if not flags & _BASE_IS_MOOF or flags & (_BASE | _DESCRIPTION):
            raise Permanent("a fragment of the film counts its bytes in another way than the recorder does")
        values = []
        for wanted in (_DEFAULT_DURATION, _DEFAULT_SIZE, _DEFAULT_FLAGS):
            values.append(u32(tfhd, at) if flags & wanted else 0)
            at += 4 if flags & wanted else 0
        return cls(u32(tfhd, 4), *values)


def _run(trun: bytes, defaults: _Defaults, at_ticks: int, moof_at: int) -> Run:
    flags, count, at = u32(trun, 0), u32(trun, 4), 8
    if not flags & _OFFSET:
        raise Permanent("a run of the film does not say where it lies")
    at_byte = moof_at + u32(trun, at)
    at += 4
    first_flags = u32(trun, at) if flags & _FIRST_FLAGS else None
    at += 4 if flags & _FIRST_FLAGS else 0
    present = [each for each in (_DURATION, _SIZE, _FLAGS, _COMPOSITION) if flags & each]
    if at + 4 * len(present) * count > len(trun) or count > _MAX_INDEX_BYTES:
        raise Permanent("a run of the film is shorter than it says")
    numbers = array("I", struct.unpack_from(f">{len(present) * count}I", trun, at))
    columns = {each: numbers[index :: len(present)] for index, each in enumerate(present)}
    usual = {_DURATION: defaults.duration, _SIZE: defaults.size, _FLAGS: defaults.flags, _COMPOSITION: 0}
    run = Run(
        at_ticks,
        at_byte,
        *(columns.get(each, array("I", [value]) * count) for each, value in usual.items()),
    )
    if first_flags is not None and count:
        run.flags[0] = first_flags
    return run
