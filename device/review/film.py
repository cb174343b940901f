"""A recording in the spool as one film that a browser plays and jumps about in, without a byte on a card.

The film is a fragmented MP4 that exists nowhere: its beginning (``ftyp``, ``moov``, ``sidx``) is made at opening,
each segment is decrypted where and when it is asked for, as :mod:`device.review.layout` says.
A view needs no more than this; ``open_film`` may be kept for the minutes that somebody watches::

    @pages.get("/recordings/<ulid>/film.mp4")
    def film(ulid: str) -> Response:
        film = open_film(spool / ulid, read_review_key(runtime / "review.key"))
        asked = (
            request.headers.get("Range") if request.headers.get("If-Range", film.etag) == film.etag else None
        )
        answer = answer_range(asked, film.size_bytes)
        headers = {**answer.headers(), "ETag": film.etag, "Cache-Control": "no-store"}
        body = film.read(answer.from_byte, answer.to_byte)
        return Response(body, answer.status, headers, mimetype=MEDIA_TYPE, direct_passthrough=True)
"""

from __future__ import annotations

import bisect
import hashlib
import itertools
import struct
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from device.domain.errors import Permanent, Temporary
from device.footage.seal import CHUNK_BYTES
from device.review.fragments import runs_of
from device.review.layout import Layout, Place, make_place
from device.review.mp4 import full_box
from device.review.opening import Opening, whole_opening
from device.review.segments import FoundSegment, find_segments

MEDIA_TYPE = "video/mp4"
_LAYOUTS_KEPT = 4
_SAP_TYPE_1 = 0x90000000


def open_film(folder: Path, identity: X25519PrivateKey) -> Film:
    """Open the recording in a folder; reads the first chunk of each segment, and all of one that was cut off.

    Refused: it is sealed to another key (the device was restarted since), or it was discarded. Permanent: a
    segment is missing or damaged, or there is no footage. Temporary: the card does not answer.
    """
    found = find_segments(folder, identity)
    fitting = list(itertools.takewhile(lambda each: each.opening.fits(found[0].opening), found))
    stops_at_us = None if len(fitting) == len(found) else found[len(fitting)].offset_us
    return Film(fitting, stops_at_us)


@dataclass(frozen=True, slots=True)
class _Part:
    """A segment in the film: from which byte on, and how much room it has."""

    segment: FoundSegment
    place: Place
    at_byte: int


class Film:
    """The film of a recording. Safe from several threads; between two calls no file is open.

    ``stops_at_us`` is None, or where the film ends early because what follows was encoded in a way that no
    player takes behind what it was shown before.
    """

    def __init__(self, segments: Sequence[FoundSegment], stops_at_us: int | None = None) -> None:
        self.stops_at_us = stops_at_us
        self.duration_us = segments[-1].offset_us + segments[-1].duration_us
        opening = segments[0].opening
        places = _places(segments, self.duration_us)
        self._begins = whole_opening(opening, self.duration_us) + _sidx(opening, places, self.duration_us)
        starts = itertools.accumulate((each.size_bytes for each in places), initial=len(self._begins))
        self._parts = [_Part(*each) for each in zip(segments, places, starts, strict=False)]
        self._starts = [part.at_byte for part in self._parts]
        self.size_bytes = self._starts[-1] + places[-1].size_bytes
        self._layouts: OrderedDict[int, Layout] = OrderedDict()
        self._lock = threading.Lock()
        self.etag = self._make_etag()

    def read(self, from_byte: int, to_byte: int) -> Iterator[bytes]:
        """Yield the film from one byte up to another, in pieces of at most 64 KiB.

        What is wrong with the first piece is raised here, later things while it is read: Permanent when a
        segment is damaged or gone since, Temporary when the card does not answer. No byte of it is made up.
        """
        pieces = _even(self._pieces(max(0, from_byte), min(to_byte, self.size_bytes)))
        return itertools.chain(list(itertools.islice(pieces, 1)), pieces)

    def _pieces(self, from_byte: int, to_byte: int) -> Iterator[bytes]:
        if from_byte < min(to_byte, len(self._begins)):
            yield self._begins[from_byte:to_byte]
        first = max(0, bisect.bisect_right(self._starts, from_byte) - 1)
        for part in self._parts[first:]:
            if part.at_byte >= to_byte:
                return
            begin, end = max(0, from_byte - part.at_byte), to_byte - part.at_byte
            yield from self._layout(part).read(part.segment.sealed, begin, end)

    def _layout(self, part: _Part) -> Layout:
        number = part.place.number
        with self._lock:
            layout = self._layouts.get(number)
            if layout is None:
                layout = Layout(part.place, runs_of(part.segment.sealed))
            self._layouts[number] = layout
            self._layouts.move_to_end(number)
            while len(self._layouts) > _LAYOUTS_KEPT:
                self._layouts.popitem(last=False)
        return layout

    def _make_etag(self) -> str:
        names = [f"{part.segment.name} {part.segment.sealed.sealed_bytes}\n" for part in self._parts]
        return f'"{hashlib.sha256(self._begins + "".join(names).encode()).hexdigest()[:32]}"'


def _places(segments: Sequence[FoundSegment], duration_us: int) -> list[Place]:
    ends_us = [*(each.offset_us for each in segments[1:]), duration_us]
    return [
        make_place(
            number, list(segment.opening.tracks.values()), offset_us=segment.offset_us,
            duration_us=segment.duration_us, until_us=until_us, is_last=number == len(segments),
            frame_rate=segment.frame_rate, plain_bytes=segment.sealed.size_bytes,
        )
        for number, (segment, until_us) in enumerate(zip(segments, ends_us, strict=True), start=1)
    ]  # fmt: skip


def _even(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the same bytes in pieces of 64 KiB, but for the last; an error comes behind all bytes before it."""
    waiting = bytearray()
    try:
        for piece in pieces:
            waiting += piece
            while len(waiting) >= CHUNK_BYTES:
                yield bytes(waiting[:CHUNK_BYTES])
                del waiting[:CHUNK_BYTES]
    except (Permanent, Temporary):
        if waiting:
            yield bytes(waiting)
        raise
    if waiting:
        yield bytes(waiting)


def _sidx(opening: Opening, places: Sequence[Place], duration_us: int) -> bytes:
    """Return the list of the places that a player can jump to: one for each segment."""
    video = opening.video
    times = [video.ticks(place.offset_us) for place in places] + [video.ticks(duration_us)]
    entries = [
        struct.pack(">3I", place.size_bytes, end - begin, _SAP_TYPE_1)
        for place, (begin, end) in zip(places, itertools.pairwise(times), strict=True)
    ]
    head = struct.pack(">2I2Q2H", video.number, video.rate_hz, times[0], 0, 0, len(entries))
    return full_box(b"sidx", 1, 0, head, *entries)
