"""Reading a film that somebody else made: opening it, and its pictures or samples with exact times."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from device.domain.errors import Permanent
from device.domain.settings import Setting

LENGTH = Setting(
    "length_s", float, "seconds of the film after which it ends, 0 for the whole film", 0.0, 60.0, 0.0
)


@contextlib.contextmanager
def open_film(path: Path) -> Iterator[InputContainer]:
    """Open a film; Permanent when it is missing or cannot be read, also when that shows halfway."""
    try:
        with av.open(str(path), "r") as film:
            yield film
    except FileNotFoundError:
        raise Permanent(f"there is no film {path}; check the path") from None
    except (av.FFmpegError, OSError) as error:
        raise Permanent(f"{path} cannot be read as a film: {error.strerror}") from None


def picture_stream(film: InputContainer, path: Path) -> VideoStream:
    """Return the video that a player would show, decoding on all cores; Permanent when there is none."""
    # Not simply the first: that may be the cover of the film.
    stream = film.streams.best("video")
    if stream is None:
        raise Permanent(f"{path} has no picture; choose a file with a video stream")
    video = cast(VideoStream, stream)
    video.thread_type = "AUTO"
    return video


def sound_stream(film: InputContainer) -> AudioStream | None:
    """Return the sound that a player would let hear, None for a silent film."""
    return cast("AudioStream | None", film.streams.best("audio"))


def pictures(film: InputContainer, stream: VideoStream) -> Iterator[tuple[int, VideoFrame]]:
    """Yield ``(nanoseconds on the film's own clock, picture)``, rising; damaged ones are left out."""
    last_ns: int | None = None
    for packet in film.demux(stream):
        for frame in _decoded(packet):
            at_ns = _time_ns(frame)
            if at_ns is None or (last_ns is not None and at_ns <= last_ns):
                continue
            last_ns = at_ns
            yield at_ns, cast(VideoFrame, frame)


def sounds(film: InputContainer, stream: AudioStream) -> Iterator[tuple[int | None, AudioFrame]]:
    """Yield ``(nanoseconds on the film's own clock or None if unknown, samples)``."""
    for packet in film.demux(stream):
        for frame in _decoded(packet):
            yield _time_ns(frame), cast(AudioFrame, frame)


def first_picture_ns(path: Path) -> int:
    """Return the time of the first picture on the film's own clock; Permanent when there is none."""
    with open_film(path) as film:
        for at_ns, _ in pictures(film, picture_stream(film, path)):
            return at_ns
    raise Permanent(f"{path} has no picture that can be decoded; choose another film")


def _decoded(packet: Packet[Any]) -> list[object]:
    try:
        return list(packet.decode())
    except av.error.InvalidDataError:
        return []  # players skip a damaged packet too


def _time_ns(frame: object) -> int | None:
    pts, base = cast(VideoFrame, frame).pts, cast(VideoFrame, frame).time_base
    if pts is None or base is None:
        return None
    return pts * base.numerator * 1_000_000_000 // base.denominator
