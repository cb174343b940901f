"""Joins the segments of a recording into one ordinary film, without encoding anything again.

A packet's time in the film is its segment's offset from the manifest plus its time in the segment, so a
gap stays a gap: the last picture stands still for as long as nothing was recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.container
import av.error

from device.domain.errors import Permanent
from device.domain.manifest import Manifest, SegmentEntry
from server_sync.inbox.chapter_box import placeholder, put_chapters
from server_sync.inbox.chapters import chapters, film_title
from server_sync.inbox.disk import disk_errors
from server_sync.inbox.unseal import Unsealed

_US_PER_S = 1_000_000
_KINDS = ("video", "audio")
# 90 kHz is what segments are stamped in. libav counts a gap in 31 bits: at 90 kHz that is 6.6 hours.
_VIDEO_RATE_HZ = 90_000
_LONG_VIDEO_RATE_HZ = 10_000
_LONG_US = 6 * 3600 * _US_PER_S
# Offsets are whole microseconds, sound is counted in samples, and libav rounds the start of a track down
# to milliseconds: two frames that follow each other can seem a millisecond apart. What differs by less
# than 1.5 is such a rounding and no gap; it never adds up, for each is compared with the clock.
_ROUNDING_S = Fraction(3, 2000)

OpenSegment = Callable[[SegmentEntry], Unsealed]


@dataclass(frozen=True, slots=True)
class Joined:
    """What went into a film: packets of each track, and the objects that were found cut off."""

    video_packets: int
    audio_packets: int
    truncated: tuple[str, ...]


def join(manifest: Manifest, open_segment: OpenSegment, target: Path, language: str) -> Joined:
    """Write the film to ``target``, an existing empty file, and read its index back.

    A segment that the manifest calls incomplete may end anywhere; the film keeps what is whole. With no
    picture at all, nothing is written and ``video_packets`` is 0. Permanent when a segment is damaged or
    is no film, Temporary when the disk is full.
    """
    with disk_errors("joining a film"):
        try:
            return _Joiner(manifest, open_segment, language).join(target)
        except OSError:
            raise  # the disk's trouble, not the film's
        except (ValueError, LookupError, RuntimeError, OverflowError) as error:
            # What libav and PyAV make of a segment that somebody crafted comes as any of these.
            raise Permanent(f"the segments of {manifest.recording} do not make a film: {error}") from None


class _Track:
    """One track of the film: places packets in time, strictly rising."""

    def __init__(self, stream: Any, rate_hz: int) -> None:
        self.stream = stream
        self.packets = 0
        self._time_base = Fraction(1, rate_hz)
        self._rate_hz = rate_hz
        self._rounding = int(_ROUNDING_S * rate_hz) if stream.type == "audio" else 0
        self._last = -1
        self._expected: int | None = None

    def place(self, packet: av.Packet[Any], offset_us: int) -> av.Packet[Any]:
        """Return the packet at its time in the film. Side data stays behind: it speaks of the segment."""
        time_base = packet.time_base
        dts = self._ticks(packet.dts, time_base, offset_us)
        if self._expected is not None and abs(dts - self._expected) <= self._rounding:
            dts = self._expected
        dts = max(dts, self._last + 1)
        delay = 0 if packet.pts is None else self._ticks(packet.pts - (packet.dts or 0), time_base, 0)
        placed = av.Packet(bytes(packet))
        placed.stream = self.stream
        placed.time_base = self._time_base
        placed.dts, placed.pts = dts, dts + max(delay, 0)
        placed.duration = self._ticks(packet.duration, time_base, 0)
        placed.is_keyframe = packet.is_keyframe
        self._last, self._expected = dts, dts + placed.duration
        self.packets += 1
        return placed

    def _ticks(self, value: int | None, time_base: Fraction, offset_us: int) -> int:
        return round((Fraction(offset_us, _US_PER_S) + (value or 0) * time_base) * self._rate_hz)


class _Joiner:
    def __init__(self, manifest: Manifest, open_segment: OpenSegment, language: str) -> None:
        self._manifest = manifest
        self._open_segment = open_segment
        self._language = language
        self._chapters = chapters(manifest, language)
        self._truncated: list[str] = []

    def join(self, target: Path) -> Joined:
        with ExitStack() as templates:
            found = self._find_templates(templates)
            if "video" not in found:
                return Joined(0, 0, tuple(s.object for s in self._manifest.segments if not s.complete))
            counts = self._write(target, found)
        if "video" not in counts:
            target.write_bytes(b"")
            return Joined(0, 0, tuple(self._truncated))
        if _indexed_packets(target) != counts:
            raise Permanent("the joined film cannot be read back; its segments do not fit together")
        return Joined(counts["video"], counts.get("audio", 0), tuple(self._truncated))

    def _find_templates(self, stack: ExitStack) -> dict[str, Any]:
        """Find the first segment that has each track; a microphone may have come later than the camera."""
        found: dict[str, Any] = {}
        wanted = 1 if self._manifest.audio is None else 2
        for segment in self._manifest.segments:
            streams = self._streams(segment, stack)
            for kind in _KINDS[:wanted]:
                if kind in streams:
                    found.setdefault(kind, streams[kind])
            if len(found) == wanted:
                break
        return found

    def _streams(self, segment: SegmentEntry, stack: ExitStack) -> dict[str, Any]:
        """Return a segment's tracks; it stays open only when it is needed as a template."""
        sealed = stack.enter_context(self._open_segment(segment))
        container = _open_container(sealed, segment)
        if container is None:
            return {}
        stack.enter_context(container)
        return _tracks(container)

    def _write(self, target: Path, templates: dict[str, Any]) -> dict[str, int]:
        rate_hz = _VIDEO_RATE_HZ if self._manifest.duration_us <= _LONG_US else _LONG_VIDEO_RATE_HZ
        # In the film itself the start of a track is not rounded to milliseconds (movie_timescale).
        rate = str(rate_hz)
        options = {"movflags": "+faststart", "video_track_timescale": rate, "movie_timescale": rate}
        # The protocol by name, so that a colon in a path is not taken for one.
        with av.open(f"file:{target}", "w", format="mp4", options=options) as film:
            film.metadata["title"] = film_title(self._manifest, self._language)
            film.metadata["creation_time"] = self._manifest.started_at
            if self._chapters:
                film.metadata["comment"] = placeholder(self._chapters)
            tracks: dict[str, _Track] = {}
            for kind, template in templates.items():
                stream = film.add_stream_from_template(template, opaque=True)
                tracks[kind] = _Track(stream, rate_hz if kind == "video" else template.rate)
            for segment in self._manifest.segments:
                self._append(film, tracks, segment)
        counts = {kind: track.packets for kind, track in tracks.items() if track.packets}
        if self._chapters and "video" in counts:
            put_chapters(target, self._chapters)
        return counts

    def _append(
        self, film: av.container.OutputContainer, tracks: dict[str, _Track], segment: SegmentEntry
    ) -> None:
        with self._open_segment(segment) as sealed:
            container = _open_container(sealed, segment)
            if container is not None:
                with container:
                    for packet in _packets(container, segment):
                        track = tracks.get(packet.stream.type)
                        if track is not None:
                            film.mux_one(track.place(packet, segment.offset_us))
            sealed.finish()
            if sealed.truncated:
                self._truncated.append(segment.object)


def _open_container(sealed: Unsealed, segment: SegmentEntry) -> av.container.InputContainer | None:
    """Return the film in a segment, or None when it was cut off before it had a header."""
    try:
        return av.open(sealed, mode="r", format="mp4")
    except av.error.FFmpegError as error:
        sealed.finish()
        if segment.complete:
            raise Permanent(f"the segment {segment.object} holds no film: {error.strerror}") from None
        return None


def _packets(container: av.container.InputContainer, segment: SegmentEntry) -> Iterator[av.Packet[Any]]:
    try:
        for packet in container.demux():
            # The end of a track comes as an empty packet; the end of a file that was cut, as a corrupt one.
            if packet.size and packet.dts is not None and not packet.is_corrupt:
                yield packet
    except av.error.FFmpegError as error:
        if segment.complete:
            raise Permanent(f"the film in segment {segment.object} is damaged: {error.strerror}") from None


def _tracks(container: av.container.InputContainer) -> dict[str, Any]:
    """Return the first picture and the first sound track."""
    found: dict[str, Any] = {}
    for stream in container.streams:
        if stream.type in _KINDS:
            found.setdefault(stream.type, stream)
    return found


def _indexed_packets(film: Path) -> dict[str, int]:
    try:
        with av.open(f"file:{film}", mode="r", format="mp4") as container:
            return {s.type: s.frames for s in container.streams if s.type in _KINDS and s.frames}
    except av.error.FFmpegError as error:
        raise Permanent(f"the joined film cannot be read back: {error.strerror}") from None
