"""Recordings to watch on the device, and what a browser makes of their films."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import av

from device.domain.manifest import SegmentEntry
from device.footage.journal import Journal
from device.footage.seal import SUFFIX
from device.ports import AudioBlock, AudioFormat, VideoPacket
from device.review.film import Film, open_film
from device.review.identity import read_identity
from tests.support.footage import ulid
from tests.support.material import COACH, manifest_of, open_journal
from tests.support.writing import Writing

RATE_HZ = 48_000
FRAME = 1024
# Any of those to whom tests seal can stand in for the review key.
KEY = read_identity(str(COACH))


def record(
    folder: Path,
    film: Sequence[VideoPacket],
    blocks: list[AudioBlock],
    audio: AudioFormat | None,
    segment_s: float,
) -> Path:
    """Record pictures and sound into sealed segments."""
    writing = Writing(folder, audio=audio, segment_s=segment_s)
    writing.deliver(film, blocks)
    writing.stop()
    return folder


def review(folder: Path) -> Film:
    """Open a recording with the right key."""
    return open_film(folder, KEY)


def whole(film: Film) -> bytes:
    """Return every byte of a film."""
    return b"".join(film.read(0, film.size_bytes))


def saved(film: Film, path: Path) -> Path:
    """Write a film to a file, for a test that wants to look at it."""
    path.write_bytes(whole(film))
    return path


def join_journals(folder: Path, *sources: Path, again: int = 1) -> Path:
    """Make one recording of the segments of others, one behind the other, without copying them."""
    folder.mkdir()
    journal = open_journal(folder)
    offset_us = number = 0
    for source in [*sources] * again:
        for entry in manifest_of(source).segments:
            number += 1
            name = ulid(number)
            os.link(source / f"{entry.object}{SUFFIX}", folder / f"{name}{SUFFIX}")
            offset_us = write_segment(journal, entry, name, offset_us)
    journal.write("stopped", reason="press", duration_us=offset_us)
    journal.close()
    return folder


def write_segment(journal: Journal, entry: SegmentEntry, name: str, offset_us: int) -> int:
    """Write a whole segment into a journal; returns where it ends."""
    duration_us = entry.duration_us or 0
    journal.write("segment_opened", object=name, offset_us=offset_us, mono_ns=0, boot_id="boot-1")
    journal.write(
        "segment_closed", object=name, offset_us=offset_us, duration_us=duration_us,
        size_bytes=entry.size_bytes, sha256=entry.sha256,
    )  # fmt: skip
    return offset_us + duration_us


class FilmFile(io.RawIOBase):
    """A film as a file for libav; notes which parts of it were read, in blocks of 64 KiB."""

    def __init__(self, film: Film) -> None:
        self._film = film
        self._at = 0
        self.blocks: set[int] = set()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        to_byte = self._film.size_bytes if size < 0 else min(self._film.size_bytes, self._at + size)
        data = b"".join(self._film.read(self._at, to_byte))
        self.blocks.update(range(self._at >> 16, (self._at + len(data) + 0xFFFF) >> 16))
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._film.size_bytes}[whence]
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        return self._at


def heard_early_s(path: Path, track: int = 0) -> float:
    """Return by how much Chromium would play a sound at another time than its stamp says, at worst.

    It plays packet after packet, and leaves out one that lies before another that it played already.
    """
    worst = 0.0
    played = last_pos = 0
    with av.open(str(path)) as container:
        stream: Any = container.streams.audio[track]
        first: int | None = None
        for packet in container.demux(stream):
            if packet.pts is None or (packet.pos or 0) < last_pos:
                continue
            first = packet.pts if first is None else first
            worst = max(worst, abs(packet.pts - first - played) / RATE_HZ)
            played, last_pos = played + FRAME, packet.pos or 0
    return worst
