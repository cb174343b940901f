"""How a segment's film begins: its tracks. And how the whole film begins that is made of them."""

from __future__ import annotations

from dataclasses import dataclass

from device.domain.errors import Permanent
from device.review.mp4 import box, children, find, find_optional, full_box, u32, u64

_US_PER_S = 1_000_000
_VIDEO, _SOUND = b"vide", b"soun"
_AVC_ENTRY_BYTES = 78  # of a VisualSampleEntry, in front of its boxes
_STSD_HEAD_BYTES = 8


@dataclass(frozen=True, slots=True)
class Track:
    """One track. ``late_ticks`` is how much later than its stamps say it begins, in ticks of ``rate_hz``.

    ``coding`` is what a decoder must be told beforehand: two tracks can follow each other when it is equal.
    """

    number: int
    is_video: bool
    rate_hz: int
    late_ticks: int
    coding: bytes

    def ticks(self, at_us: int) -> int:
        """Return the time of a segment's beginning in this track's ticks, rounded as the recorder does."""
        if self.is_video:
            return (at_us * self.rate_hz + _US_PER_S // 2) // _US_PER_S
        return -(-at_us * self.rate_hz // _US_PER_S)


@dataclass(frozen=True, slots=True)
class Opening:
    """The boxes ``ftyp`` and ``moov`` of a segment, their size, and the tracks by number."""

    ftyp: bytes
    moov: bytes
    size_bytes: int
    tracks: dict[int, Track]

    @property
    def video(self) -> Track:
        """The track of the picture; Permanent when there is none."""
        for track in self.tracks.values():
            if track.is_video:
                return track
        raise Permanent("the film has no track with a picture")

    def fits(self, other: Opening) -> bool:
        """Whether the fragments of another segment can be played behind this opening."""
        return [_without_delay(track) for track in self.tracks.values()] == [
            _without_delay(track) for track in other.tracks.values()
        ]


def read_opening(ftyp: bytes, moov: bytes, size_bytes: int) -> Opening:
    """Return what the contents of these two boxes say; Permanent when they are no film of ours."""
    rate_hz = _rate_of(find(moov, b"mvhd"))
    tracks = [_track(content, rate_hz) for kind, content in children(moov) if kind == b"trak"]
    return Opening(ftyp, moov, size_bytes, {track.number: track for track in tracks})


def whole_opening(opening: Opening, duration_us: int) -> bytes:
    """Return ``ftyp`` and ``moov`` for the whole film.

    Without edit lists: every segment has others, so what they say goes into the stamps of the fragments.
    """
    rate_hz = _rate_of(find(opening.moov, b"mvhd"))
    duration = duration_us * rate_hz // _US_PER_S
    parts = []
    for kind, content in children(opening.moov):
        if kind == b"trak":
            kept = [box(inner, body) for inner, body in children(content) if inner != b"edts"]
            parts.append(box(kind, *kept))
        elif kind == b"mvex":
            parts.append(box(kind, full_box(b"mehd", 1, 0, duration.to_bytes(8, "big")), content))
        elif kind == b"mvhd":
            parts.append(box(kind, content))
    return box(b"ftyp", opening.ftyp) + box(b"moov", *parts)


def _track(trak: bytes, movie_rate_hz: int) -> Track:
    tkhd = find(trak, b"tkhd")
    kind = find(trak, b"mdia", b"hdlr")[8:12]
    rate_hz = _rate_of(find(trak, b"mdia", b"mdhd"))
    if kind not in (_VIDEO, _SOUND):
        raise Permanent("the film has a track that is neither picture nor sound")
    return Track(
        number=u32(tkhd, 20 if tkhd[0] else 12),
        is_video=kind == _VIDEO,
        rate_hz=rate_hz,
        late_ticks=_late(find_optional(trak, b"edts", b"elst"), movie_rate_hz, rate_hz),
        coding=_coding(find(trak, b"mdia", b"minf", b"stbl", b"stsd"), is_video=kind == _VIDEO),
    )


def _rate_of(header: bytes) -> int:
    """Return the ticks per second of an ``mvhd`` or ``mdhd``."""
    return max(1, u32(header, 20 if header[:1] == b"\1" else 12))


def _late(elst: bytes | None, movie_rate_hz: int, rate_hz: int) -> int:
    """Return by how much an edit list moves a track: empty edits delay it, a start in the middle advances it."""
    if elst is None:
        return 0
    wide = elst[0] == 1
    late = 0
    for number in range(u32(elst, 4)):
        at = 8 + number * (20 if wide else 12)
        length = u64(elst, at) if wide else u32(elst, at)
        start = u64(elst, at + 8) if wide else u32(elst, at + 4)
        if start != (1 << (64 if wide else 32)) - 1:
            return late - start
        late += (length * rate_hz + movie_rate_hz // 2) // movie_rate_hz
    return late


def _coding(stsd: bytes, *, is_video: bool) -> bytes:
    """Return what must not change between segments.

    The parameters of H.264 stand in every key frame, so only how its units are counted must stay the same;
    those of sound stand nowhere else.
    """
    entry = next(children(stsd[_STSD_HEAD_BYTES:]), None)
    if entry is None:
        raise Permanent("the film does not say how it is encoded")
    kind, content = entry
    if is_video and kind == b"avc1":
        return kind + bytes([find(content[_AVC_ENTRY_BYTES:], b"avcC")[4:5][0] & 3])
    return kind + content


def _without_delay(track: Track) -> tuple[int, bool, int, bytes]:
    return track.number, track.is_video, track.rate_hz, track.coding
