"""How a segment lies in the film: one index for all of it, then its sound, then its pictures; of a size known before.

A browser learns at the start where it can jump to (``sidx``). The libav inside Chromium takes each such place for
one ``moof`` with one run (``trun``) of each track, and gets lost where there are more. The recorder writes two
fragments a second, and finding them all would mean reading the whole recording before it plays. So each segment
gets one index that stands for all of its own, and is told as if every track lay there in one piece. Nothing is
moved for that: a list says where in the segment each part of it is read from. Room for the index is kept from the
start, and it is filled in when somebody watches that far.
"""

from __future__ import annotations

import bisect
import itertools
import struct
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from device.domain.errors import Permanent
from device.review.fragments import Run
from device.review.mp4 import HEADER_BYTES, box, full_box
from device.review.opening import Track
from device.review.sealed import SealedFile
from device.review.silence import AAC_FRAME_SAMPLES, filled, silent_frame

_US_PER_S = 1_000_000
_MIN_PICTURES_PER_S = 60
# What a picture and a frame of sound take up in the index.
_PICTURE_BYTES, _SOUND_BYTES = 16, 8
_SPARE_BYTES, _SPARE_FRAMES = 8192, 8
_TFHD_FLAGS, _SYNC_SAMPLE = 0x020020, 0x02000000
_OFFSET_DURATION_SIZE, _FLAGS, _COMPOSITION = 0x301, 0x400, 0x800
_MAX_BYTES = (1 << 31) - 1


@dataclass(frozen=True, slots=True)
class Place:
    """A segment's place and room in the film, all that must be known before anybody looks into it.

    ``until_us`` is where the next segment begins or, for the last one, where the film ends. The room is
    ``head_bytes`` for the index and ``body_bytes`` for what it lists.
    """

    number: int
    tracks: tuple[Track, ...]
    offset_us: int
    until_us: int
    is_last: bool
    head_bytes: int
    body_bytes: int

    @property
    def size_bytes(self) -> int:
        """Size of the whole."""
        return self.head_bytes + self.body_bytes


def make_place(
    number: int,
    tracks: Sequence[Track],
    *,
    offset_us: int,
    duration_us: int,
    until_us: int,
    is_last: bool,
    frame_rate: float,
    plain_bytes: int,
) -> Place:
    """Return the room for a segment: twice what a camera should need. Permanent when it is larger than 2 GB."""
    lasting_us = max(until_us - offset_us, duration_us)
    head_bytes, silence_bytes = _SPARE_BYTES, 0
    for track in tracks:
        if track.is_video:
            pictures = max(2 * frame_rate, _MIN_PICTURES_PER_S) * duration_us / _US_PER_S
            head_bytes += int(pictures) * _PICTURE_BYTES
        else:
            frames = _SPARE_FRAMES + lasting_us * track.rate_hz // (_US_PER_S * AAC_FRAME_SAMPLES)
            head_bytes += frames * _SOUND_BYTES
            silence_bytes += frames * len(silent_frame(track))
    place = Place(
        number, tuple(tracks), offset_us, until_us, is_last, head_bytes, plain_bytes + silence_bytes
    )
    if place.size_bytes > _MAX_BYTES:
        raise Permanent("a segment of the recording is larger than 2 GB, which the recorder never writes")
    return place


class Layout:
    """What is where in the room of a segment; knows no picture and no sound itself."""

    def __init__(self, place: Place, runs: Mapping[int, Sequence[Run]]) -> None:
        """Permanent when there is more in it than there is room for. The runs are changed."""
        self._place = place
        self._starts: list[int] = []
        self._extents: list[tuple[int, int | None, bytes]] = []
        self._end = 0
        trafs = [
            self._lay(track, _in_film(runs.get(track.number, ()), track, place))
            for track in sorted(place.tracks, key=lambda track: track.is_video)
        ]
        moof = box(b"moof", full_box(b"mfhd", 0, 0, place.number.to_bytes(4, "big")), *trafs)
        room_bytes = place.head_bytes - len(moof) - 2 * HEADER_BYTES
        if room_bytes < 0 or self._end > place.body_bytes:
            raise Permanent("a segment of the recording holds more than there is room for in its length")
        mdat = (HEADER_BYTES + place.body_bytes).to_bytes(4, "big") + b"mdat"
        self._head = moof + box(b"free", bytes(room_bytes)) + mdat

    def read(self, sealed: SealedFile, from_byte: int, to_byte: int) -> Iterator[bytes]:
        """Yield the bytes of the room from one place up to another; nothing beyond its end."""
        if from_byte < min(to_byte, len(self._head)):
            yield self._head[from_byte:to_byte]
        begin, end = (
            max(0, from_byte - len(self._head)),
            min(to_byte, self._place.size_bytes) - len(self._head),
        )
        for index in range(max(0, bisect.bisect_right(self._starts, begin) - 1), len(self._starts)):
            start, (size, at_byte, frame) = self._starts[index], self._extents[index]
            low, high = max(begin, start) - start, min(end, start + size) - start
            if low < high and at_byte is None:
                yield (frame * (size // len(frame)))[low:high]
            elif low < high and at_byte is not None:
                yield from sealed.read(at_byte + low, at_byte + high)
            if high < size:
                return
        # Nobody asks for what was left over, but it is part of the length.
        if max(begin, self._end) < end:
            yield bytes(end - max(begin, self._end))

    def _lay(self, track: Track, runs: Sequence[Run]) -> bytes:
        """Put the runs of a track one behind the other, and return its part of the index."""
        if not runs:
            return b""
        begins = self._place.head_bytes + self._end
        for run in runs:
            size = sum(run.sizes)
            self._starts.append(self._end)
            self._extents.append((size, run.at_byte, silent_frame(track)))
            self._end += size
        return _traf(runs, track, self._place, begins)


def _in_film(runs: Sequence[Run], track: Track, place: Place) -> list[Run]:
    """Return the runs of a track as they belong into the film, each lasting until the next one begins.

    Nothing reaches into the next segment, the last picture stands until then, and the sound has no hole.
    """
    begin, end = track.ticks(place.offset_us), track.ticks(place.until_us)
    zero = begin + track.late_ticks
    if not place.is_last:
        for run in runs:
            run.end_before(end - zero)
    own = [run for run in runs if run.durations]
    if silent_frame(track):
        own = filled(own, track, zero, begin, None if place.is_last else end)
    for run, following in itertools.pairwise(own):
        run.durations[-1] = max(0, run.durations[-1] + following.at_ticks - run.end_ticks)
    if track.is_video and own:
        own[-1].durations[-1] = max(0, own[-1].durations[-1] + end - zero - own[-1].end_ticks)
    return own


def _traf(runs: Sequence[Run], track: Track, place: Place, at_byte: int) -> bytes:
    columns = [_joined(runs, 0), _joined(runs, 1)]
    flags = _OFFSET_DURATION_SIZE
    if track.is_video:
        flags |= _FLAGS
        columns.append(_joined(runs, 2))
    compositions = _joined(runs, 3)
    if any(compositions):
        flags |= _COMPOSITION
        columns.append(compositions)
    table = array("I", bytes(4 * len(columns) * len(columns[0])))
    for number, column in enumerate(columns):
        table[number :: len(columns)] = column
    begins = track.ticks(place.offset_us) + track.late_ticks + runs[0].at_ticks
    numbers = (len(columns[0]), at_byte, *table)
    return box(
        b"traf",
        full_box(b"tfhd", 0, _TFHD_FLAGS, struct.pack(">2I", track.number, _SYNC_SAMPLE)),
        full_box(b"tfdt", 1, 0, max(0, begins).to_bytes(8, "big")),
        full_box(b"trun", 1, flags, struct.pack(f">{len(numbers)}I", *numbers)),
    )


def _joined(runs: Sequence[Run], column: int) -> array[int]:
    whole = array("I")
    for run in runs:
        whole.extend(run.columns()[column])
    return whole
