"""Joins the segments of a recording into one ordinary film, without encoding anything again.

A packet's time in the film is its segment's offset from the manifest plus its time in the segment, so a
gap stays a gap: the last picture stands still for as long as nothing was recorded. After a gap the pictures
may come from another encoder: its parameters stand in its key frames.
"""

from __future__ import annotations

import logging
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
_TITLES = ("teacher", "room")
# 90 kHz is what segments are stamped in. libav counts a gap in 31 bits: at 90 kHz that is 6.6 hours.
_VIDEO_RATE_HZ = 90_000
_LONG_VIDEO_RATE_HZ = 10_000
_LONG_US = 6 * 3600 * _US_PER_S
# Offsets are whole microseconds, sound is counted in samples, and libav rounds the start of a track down
# to milliseconds: two frames that follow each other can seem a millisecond apart. What differs by less
# than 1.5 is such a rounding and no gap; it never adds up, for each is compared with the clock.
_ROUNDING_S = Fraction(3, 2000)

_OLDEST_AV = 17
_log = logging.getLogger(__name__)

# A track of a film: its kind, and which of that kind it is.
Key = tuple[str, int]
_VIDEO: Key = ("video", 0)
OpenSegment = Callable[[SegmentEntry], Unsealed]


@dataclass(frozen=True, slots=True)
class Joined:
    """What went into a film: packets of each track, and the objects that were found cut off."""

    video_packets: int
    audio_packets: int
    truncated: tuple[str, ...]


def warn_of_old_library(version: str) -> None:
    """Say so when PyAV is too old to be handed what comes from elsewhere; the device's own films are no danger."""
    if int(version.partition(".")[0]) < _OLDEST_AV:
        _log.warning(
            "PyAV %s crashes on films that somebody crafted; on the coach's machine take a newer one: "
            "pip install 'leerblik[coach]'",
            version,
        )


# Once, for whatever the coach's machine is about to do.
warn_of_old_library(av.__version__)


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

    def __init__(self, stream: Any, rate_hz: int, end_us: int) -> None:
        self.stream = stream
        self.packets = 0
        self._end = end_us * rate_hz // _US_PER_S if stream.type == "video" else 0
        self._time_base = Fraction(1, rate_hz)
        self._rate_hz = rate_hz
        self._is_sound = stream.type == "audio"
        self._rounding = int(_ROUNDING_S * rate_hz) if self._is_sound else 0
        self._last = -1
        self._expected: int | None = None

    def place(self, packet: av.Packet[Any], offset_us: int) -> av.Packet[Any] | None:
        """Return the packet at its time in the film, or None for sound where there is sound already.

        Side data stays behind: it speaks of the segment.
        """
        time_base = packet.time_base
        dts = self._ticks(packet.dts, time_base, offset_us)
        if self._expected is not None and abs(dts - self._expected) <= self._rounding:
            dts = self._expected
        elif self._is_sound and dts < (self._expected or 0):
            return None
        dts = max(dts, self._last + 1)
        delay = 0 if packet.pts is None else self._ticks(packet.pts - (packet.dts or 0), time_base, 0)
        placed = av.Packet(bytes(packet))
        placed.stream = self.stream
        placed.time_base = self._time_base
        placed.dts, placed.pts = dts, dts + max(delay, 0)
        duration = self._ticks(packet.duration, time_base, 0)
        # libav asks for the length of the last packet only: after that picture the film may go on in sound.
        placed.duration = max(duration, self._end - dts)
        placed.is_keyframe = packet.is_keyframe
        self._last, self._expected = dts, dts + duration
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
            if _VIDEO not in found:
                return Joined(0, 0, tuple(s.object for s in self._manifest.segments if not s.complete))
            counts = self._write(target, found)
        if _VIDEO not in counts:
            target.write_bytes(b"")
            return Joined(0, 0, tuple(self._truncated))
        if _indexed_packets(target) != counts:
            raise Permanent("the joined film cannot be read back; its segments do not fit together")
        sounds = sum(count for key, count in counts.items() if key != _VIDEO)
        return Joined(counts[_VIDEO], sounds, tuple(self._truncated))

    def _find_templates(self, stack: ExitStack) -> dict[Key, Any]:
        """Find the first segment that has each track; a microphone may have come later than the camera."""
        audio = self._manifest.audio
        wanted = [_VIDEO, *(("audio", number) for number in range(audio.tracks if audio else 0))]
        found: dict[Key, Any] = {}
        for segment in self._manifest.segments:
            streams = self._streams(segment, stack)
            found = {**{key: streams[key] for key in wanted if key in streams}, **found}
            if len(found) == len(wanted):
                break
        return {key: found[key] for key in wanted if key in found}

    def _streams(self, segment: SegmentEntry, stack: ExitStack) -> dict[Key, Any]:
        """Return a segment's tracks; it stays open until the film is written."""
        sealed = stack.enter_context(self._open_segment(segment))
        container = _open_container(sealed, segment)
        if container is None:
            return {}
        stack.enter_context(container)
        return _tracks(container)

    def _write(self, target: Path, templates: dict[Key, Any]) -> dict[Key, int]:
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
            tracks = {key: self._add_track(film, key, each, rate_hz) for key, each in templates.items()}
            for segment, until_us in zip(self._manifest.segments, self._limits_us(), strict=True):
                self._append(film, tracks, segment, until_us)
        counts = {key: track.packets for key, track in tracks.items() if track.packets}
        if self._chapters and _VIDEO in counts:
            put_chapters(target, self._chapters)
        return counts

    def _add_track(
        self, film: av.container.OutputContainer, key: Key, template: Any, video_rate_hz: int
    ) -> _Track:
        stream = film.add_stream_from_template(template, opaque=True)
        kind, number = key
        audio = self._manifest.audio
        if kind == "audio" and audio is not None and audio.tracks > 1:
            stream.metadata["handler_name"] = _TITLES[number]
        rate_hz = video_rate_hz if key == _VIDEO else template.rate
        return _Track(stream, rate_hz, self._manifest.duration_us)

    def _limits_us(self) -> list[int | None]:
        """Return for each segment where it must end: one that was cut off may reach into the next."""
        segments = self._manifest.segments
        ends = [*(segment.offset_us for segment in segments[1:]), None]
        return [None if segment.complete else end for segment, end in zip(segments, ends, strict=True)]

    def _append(
        self,
        film: av.container.OutputContainer,
        tracks: dict[Key, _Track],
        segment: SegmentEntry,
        until_us: int | None,
    ) -> None:
        with self._open_segment(segment) as sealed:
            container = _open_container(sealed, segment)
            if container is not None:
                with container:
                    keys = {stream.index: key for key, stream in _tracks(container).items()}
                    for packet in _packets(container, segment):
                        track = tracks.get(keys.get(packet.stream_index, ("", 0)))
                        if track is None or not _is_before(packet, segment, until_us):
                            continue
                        placed = track.place(packet, segment.offset_us)
                        if placed is not None:
                            film.mux_one(placed)
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


def _is_before(packet: av.Packet[Any], segment: SegmentEntry, until_us: int | None) -> bool:
    if until_us is None or packet.dts is None:
        return True
    return segment.offset_us + packet.dts * packet.time_base * _US_PER_S < until_us


def _tracks(container: av.container.InputContainer) -> dict[Key, Any]:
    """Return the tracks of picture and of sound, in their order."""
    streams = container.streams
    return {
        **{("video", number): stream for number, stream in enumerate(streams.video)},
        **{("audio", number): stream for number, stream in enumerate(streams.audio)},
    }


def _indexed_packets(film: Path) -> dict[Key, int]:
    try:
        with av.open(f"file:{film}", mode="r", format="mp4") as container:
            return {key: stream.frames for key, stream in _tracks(container).items() if stream.frames}
    except av.error.FFmpegError as error:
        raise Permanent(f"the joined film cannot be read back: {error.strerror}") from None
