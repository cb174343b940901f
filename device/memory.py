"""Gives back memory that a process at rest does not need: what can be read again from a file, and the heap's end.

Python never unloads a library. But the pages of its code and constants are on the card as they are in memory:
they are let go of here, and come back by themselves, one by one, when they are needed.
"""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

# elf.h and sys/mman.h: the same on every 64-bit Linux of ours.
_MAGIC = b"\x7fELF\x02\x01"
_HEADER = struct.Struct("<32xQ14xHH")  # where the program headers begin, their size, their number
_SEGMENT = struct.Struct(
    "<IIQQQQQQ"
)  # kind, flags, offset, address, physical, in the file, in memory, alignment
_PT_LOAD = 1
_PF_W = 2
_MADV_DONTNEED = 4
_PAGE = mmap.PAGESIZE


@dataclass(frozen=True, slots=True)
class _Area:
    """A part of a file in memory; addresses and offset in bytes."""

    begin: int
    end: int
    writable: bool
    offset: int
    path: str


def give_back() -> None:
    """Let go of what is not needed at rest; does nothing where the C library is not glibc or /proc is missing."""
    with contextlib.suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        libc.malloc_trim(0)
        libc.madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
        for area in _constant(list(_mapped())):
            libc.madvise(area.begin, area.end - area.begin, _MADV_DONTNEED)


def _mapped() -> Iterator[_Area]:
    for line in Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines():
        span, mode, offset, _, _, *path = line.split(maxsplit=5)
        if path and path[0].startswith("/"):
            begin, end = (int(text, 16) for text in span.split("-"))
            yield _Area(begin, end, "w" in mode, int(offset, 16), path[0])


def _constant(areas: list[_Area]) -> Iterator[_Area]:
    """Yield what nothing ever writes to.

    What may not be written *now* is not enough: the loader wrote into some of that before it locked it, and
    may do so at this moment in another thread. The library's own headers tell which parts it never touches.
    """
    base, sizes = 0, dict[int, int]()
    for area in areas:
        if area.offset == 0:
            base, sizes = area.begin, _constant_sizes(area.path)
        size_bytes = sizes.get(area.begin - base)
        if size_bytes and not area.writable:
            yield replace(area, end=min(area.end, area.begin + size_bytes))


def _constant_sizes(path: str) -> dict[int, int]:
    """Return where the constant parts of a library begin, from its own beginning, and their sizes in bytes."""
    with contextlib.suppress(OSError, struct.error), Path(path).open("rb") as library:
        head = library.read(_HEADER.size)
        if not head.startswith(_MAGIC):
            return {}
        begin, size, count = _HEADER.unpack(head)
        library.seek(begin)
        headers = library.read(size * count)
        parts = [_SEGMENT.unpack_from(headers, each * size) for each in range(count)]
        loaded = [
            (flags, address, length) for kind, flags, _, address, _, _, length, _ in parts if kind == _PT_LOAD
        ]
        first = _floor(loaded[0][1]) if loaded else 0
        return {
            _floor(address) - first: address + length - _floor(address)
            for flags, address, length in loaded
            if not flags & _PF_W
        }
    return {}


def _floor(address: int) -> int:
    return address // _PAGE * _PAGE
