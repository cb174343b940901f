"""Fills the holes in the sound with silence.

Chromium plays the sound of a file frame after frame without looking at its stamps: behind a hole of ten seconds
everything would be heard ten seconds too early. So where nothing was recorded, frames of silence are put in.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence

from device.review.fragments import Run
from device.review.opening import Track

AAC_FRAME_SAMPLES = 1024
# One AAC-LC frame without a single band, for one and for two channels (ISO/IEC 14496-3, raw_data_block):
# the element's kind, no gain, one long window, no bands, no tools; then the end.
_SILENT_FRAMES = {1: bytes.fromhex("00000007"), 2: bytes.fromhex("2000000000000e")}
_HOLE_TICKS = AAC_FRAME_SAMPLES * 3 // 2


def silent_frame(track: Track) -> bytes:
    """Return a silent frame for a track of sound; nothing for the picture, or for sound that is not AAC."""
    channels = int.from_bytes(track.coding[20:22], "big")
    return _SILENT_FRAMES.get(channels, b"") if track.coding[:4] == b"mp4a" else b""


def filled(runs: Sequence[Run], track: Track, zero: int, begin: int, until: int | None) -> list[Run]:
    """Return a segment's runs of sound with silence in every hole; a run of silence has ``at_byte`` None.

    Their stamps count from ``zero``; ``begin`` and ``until`` (ticks) are where the segment begins and where the
    next one does. Frames are counted on one grid for the whole film, so roundings do not add up.
    """
    size_bytes = len(silent_frame(track))
    found: list[Run] = []
    heard = _index(begin)
    for piece in (piece for run in runs for piece in _unbroken(run)):
        first = _index(zero + piece.at_ticks)
        count = first - heard
        # Where one segment follows another, the grid itself may seem to leave one frame out.
        if count > (0 if found else 1):
            found.append(_silence(piece.at_ticks - count * AAC_FRAME_SAMPLES, count, size_bytes))
        found.append(piece)
        heard = first + len(piece.sizes)
    count = 0 if until is None else _index(until) - heard
    if count > 0:
        at_ticks = found[-1].end_ticks if found else heard * AAC_FRAME_SAMPLES - zero
        found.append(_silence(at_ticks, count, size_bytes))
    return found


def _index(ticks: int) -> int:
    return (ticks + AAC_FRAME_SAMPLES // 2) // AAC_FRAME_SAMPLES


def _silence(at_ticks: int, count: int, size_bytes: int) -> Run:
    return Run(
        at_ticks, None, array("I", [AAC_FRAME_SAMPLES]) * count, array("I", [size_bytes]) * count,
        array("I", bytes(4 * count)), array("I", bytes(4 * count)),
    )  # fmt: skip


def _unbroken(run: Run) -> Iterator[Run]:
    """Yield the parts of a run between frames that are followed by a hole."""
    begin, at_ticks, at_byte = 0, run.at_ticks, run.at_byte or 0
    for end, duration in enumerate(run.durations, start=1):
        if duration < _HOLE_TICKS and end < len(run.durations):
            continue
        part = Run(at_ticks, at_byte, *(column[begin:end] for column in run.columns()))
        begin, at_ticks, at_byte = end, part.end_ticks, at_byte + sum(part.sizes)
        part.durations[-1] = min(duration, AAC_FRAME_SAMPLES)
        yield part
