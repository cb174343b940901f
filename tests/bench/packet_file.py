"""A minute of 1080p30 with sound, encoded once: every way of storing it gets the very same packets.

Pictures and blocks of sound lie in the file in order of time, each behind a small head, and are read one
by one: what a process needs in memory is then its own.
"""

from __future__ import annotations

import heapq
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from device.drivers.camera._h264 import Encoder, Planes, exact_rate, stamp_ns
from device.drivers.camera._scene import Scene
from device.drivers.microphone.synthetic import sound
from device.ports import AudioBlock, AudioFormat, VideoFormat, VideoPacket
from tests.bench.rounds import say

VIDEO = VideoFormat(1920, 1080, 30.0)
AUDIO = AudioFormat(48_000, 1)

_BITRATE_BPS = 5_000_000
_KEYFRAME_S = 1.0
_BLOCK_SAMPLES = 960
_NOISE_LEVELS = 6
_NOISE_MARGIN = 64
_HEAD = struct.Struct("<BBqI")
_PICTURE, _SOUND = 1, 2


def make(path: Path, length_s: int) -> None:
    """Encode so many seconds; a line on standard error tells how far it is."""
    with path.open("wb") as file:
        streams: tuple[Iterable[VideoPacket | AudioBlock], ...] = (_pictures(length_s), _blocks(length_s))
        for item in heapq.merge(*streams, key=lambda each: each.pts_ns):
            if isinstance(item, VideoPacket):
                head = _HEAD.pack(_PICTURE, item.key, item.pts_ns, len(item.data))
            else:
                head = _HEAD.pack(_SOUND, 1, item.pts_ns, len(item.data))
            file.write(head + item.data)
    say("")


def read(path: Path) -> Iterator[VideoPacket | AudioBlock]:
    """Yield pictures and blocks of sound in order of time."""
    with path.open("rb") as file:
        while head := file.read(_HEAD.size):
            kind, key, pts_ns, size_bytes = _HEAD.unpack(head)
            data = file.read(size_bytes)
            yield VideoPacket(data, pts_ns, bool(key)) if kind == _PICTURE else AudioBlock(data, pts_ns)


def _pictures(length_s: int) -> Iterator[VideoPacket]:
    rate = exact_rate(VIDEO.frame_rate)
    scene, noise = Scene(VIDEO.width, VIDEO.height, rate), _Noise()
    with Encoder(VIDEO, _BITRATE_BPS, _KEYFRAME_S) as encoder:
        for number in range(round(length_s * rate)):
            if number % round(rate) == 0:
                say(f"encoding 1080p30: {number // round(rate)} of {length_s} s")
            yield encoder.encode(noise.over(scene.draw(number)), stamp_ns(number, rate))


def _blocks(length_s: int) -> Iterator[AudioBlock]:
    for first in range(0, length_s * AUDIO.rate_hz, _BLOCK_SAMPLES):
        samples = sound(np.arange(first, first + _BLOCK_SAMPLES, dtype=np.int64), AUDIO.rate_hz)
        yield AudioBlock(samples.tobytes(), first * 1_000_000_000 // AUDIO.rate_hz)


class _Noise:
    """The noise of a sensor: without it a drawn scene encodes to a tenth of what a classroom does."""

    def __init__(self) -> None:
        self._random = np.random.default_rng(1)
        size = (VIDEO.height + _NOISE_MARGIN, VIDEO.width + _NOISE_MARGIN)
        # Wrapped into unsigned bytes; drawn pictures keep far enough from 0 and 255.
        self._field = self._random.integers(-_NOISE_LEVELS, _NOISE_LEVELS, size).astype(np.uint8)

    def over(self, planes: Planes) -> Planes:
        """Return the picture with noise that differs from the last one's."""
        noisy = planes.copy()
        top, left = self._random.integers(0, _NOISE_MARGIN, 2)
        noisy[: VIDEO.height] += self._field[top : top + VIDEO.height, left : left + VIDEO.width]
        return noisy
