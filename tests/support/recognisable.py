"""Pictures that carry a number and sound that tells its time, from two encoders; and what a player makes of them."""

from __future__ import annotations

import functools
import io
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
import numpy.typing as npt

from device.domain.manifest import Manifest, SegmentEntry
from device.footage.seal import SUFFIX
from device.ports import AudioBlock, VideoPacket
from server_sync.inbox.join import Joined, join
from server_sync.inbox.unseal import Unsealed
from tests.support.footage import FPS, HEIGHT, WIDTH
from tests.support.material import COACH, ORIGIN_NS, S

RATE_HZ = 48_000
BLOCK = 960
_BITS = 10
_NOISY = 45
_ENCODERS = {
    "one": {"preset": "ultrafast", "x264-params": "repeat-headers=1:scenecut=0"},
    "other": {"preset": "superfast", "x264-params": "repeat-headers=1:scenecut=0:bframes=0:ref=4:level=51"},
}


def numbered(first: int, count: int, *, encoder: str = "one", gop: int = FPS) -> list[VideoPacket]:
    """Return pictures that show their numbers; each lies at its number's time after :data:`ORIGIN_NS`."""
    return [
        VideoPacket(data, at_ns(first + index), key)
        for index, (data, key) in enumerate(_encoded(first, count, encoder, gop))
    ]


def at_ns(number: int) -> int:
    """Return the time of a numbered picture."""
    return ORIGIN_NS + number * S // FPS


@functools.cache
def _encoded(first: int, count: int, encoder: str, gop: int) -> tuple[tuple[bytes, bool], ...]:
    codec = av.CodecContext.create("libx264", "w")
    assert isinstance(codec, av.VideoCodecContext)
    codec.width, codec.height, codec.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    codec.time_base, codec.framerate, codec.gop_size = Fraction(1, FPS), Fraction(FPS), gop
    codec.options = {"tune": "zerolatency", **_ENCODERS[encoder]}
    packets: list[av.Packet[Any]] = []
    for index in range(count):
        frame = av.VideoFrame.from_ndarray(_picture(first + index), format="gray").reformat(format="yuv420p")
        frame.pts, frame.time_base = index, codec.time_base
        packets += codec.encode(frame)
    packets += codec.encode(None)
    return tuple((bytes(packet), packet.is_keyframe) for packet in packets)


def _picture(number: int) -> npt.NDArray[np.uint8]:
    bits = [220 if number >> bit & 1 else 30 for bit in range(_BITS)]
    row = np.repeat(np.array(bits, dtype=np.uint8), WIDTH // _BITS)
    # Noise, so that a picture has the size of a real one.
    picture = np.tile(row, (HEIGHT, 1))
    picture[:_NOISY] += np.random.default_rng(number).integers(0, 24, (_NOISY, WIDTH), dtype=np.uint8)
    return picture


def _number(picture: npt.NDArray[np.uint8]) -> int:
    bits = picture.reshape(HEIGHT, _BITS, WIDTH // _BITS).mean(axis=(0, 2)) > 128
    return sum(int(bit) << index for index, bit in enumerate(bits))


def chirp(first: int, samples: int, *, track: int = 0) -> npt.NDArray[np.float64]:
    """Return sound that differs from moment to moment, and from track to track, from a sample on."""
    at_s = np.arange(first, first + samples) / RATE_HZ
    return np.asarray(0.5 * np.sin(2 * np.pi * ((300 + 170 * track) * at_s + 60 * at_s**2)))


def telling(from_s: float, to_s: float, *, track: int = 0) -> list[AudioBlock]:
    """Return the blocks of a track between two seconds after :data:`ORIGIN_NS`."""
    starts = range(round(from_s * RATE_HZ), round(to_s * RATE_HZ), BLOCK)
    return [AudioBlock(_pcm(first, track), ORIGIN_NS + first * S // RATE_HZ, track) for first in starts]


def _pcm(first: int, track: int) -> bytes:
    return (chirp(first, BLOCK, track=track) * 32767).astype("<i2").tobytes()


@dataclass(frozen=True)
class Seen:
    """A film as a player shows it: (seconds, number) of each picture, and the samples of each track."""

    pictures: list[tuple[float, int]]
    tracks: list[npt.NDArray[np.float64]]
    picture_s: float
    titles: list[str]

    def numbers(self) -> list[int]:
        return [number for _, number in self.pictures]

    def displaced_s(self, zero: int = 0) -> float:
        """Return how far the worst picture is from its time, when the film begins with picture ``zero``."""
        return max(abs(at_s - (number - zero) / FPS) for at_s, number in self.pictures)

    def sound_is_off_s(self, from_s: float, *, zero: int = 0, track: int = 0, window_s: float = 0.2) -> float:
        """Return how much later than it should the sound of a moment is heard; seconds of the film."""
        first = round(from_s * RATE_HZ)
        heard = self.tracks[track][first : first + round(window_s * RATE_HZ)]
        reach = 4800
        begin = first + zero * RATE_HZ // FPS
        told = chirp(begin - reach, len(heard) + 2 * reach, track=track)
        match = np.correlate(told, heard, "valid")
        strength = match.max() / max(1e-9, float(np.linalg.norm(heard)) * 0.3536 * len(heard) ** 0.5)
        assert strength > 0.9, f"another sound is heard at {from_s} s ({strength:.2f})"
        return (reach - int(match.argmax())) / RATE_HZ


def join_folder(folder: Path, manifest: Manifest, film: Path) -> Joined:
    """Join the sealed segments of a folder to a film, as the inbox does."""

    def open_segment(entry: SegmentEntry) -> Unsealed:
        data = io.BytesIO((folder / f"{entry.object}{SUFFIX}").read_bytes())
        return Unsealed(data, COACH, entry.object, tolerant=not entry.complete)

    film.write_bytes(b"")
    return join(manifest, open_segment, film, "nl")


def see(film: Path) -> Seen:
    """Decode a film whole; an error of the decoder is an error of the test."""
    pictures: list[tuple[float, int]] = []
    with av.open(str(film)) as container:
        tracks = [np.zeros(0) for _ in container.streams.audio]
        for packet in container.demux(*container.streams.video, *container.streams.audio):
            for frame in cast("Sequence[Any]", packet.decode()):
                if isinstance(frame, av.VideoFrame):
                    assert not frame.is_corrupt
                    pictures.append((float(frame.time or 0), _number(_gray(frame))))
                else:
                    number = container.streams.audio.index(packet.stream)
                    tracks[number] = _put(tracks[number], round(frame.time * RATE_HZ), frame.to_ndarray()[0])
        video = container.streams.video[0]
        length_s = float((video.duration or 0) * (video.time_base or 0))
        titles = [stream.metadata.get("handler_name", "") for stream in container.streams.audio]
    return Seen(pictures, tracks, length_s, titles)


def _gray(frame: av.VideoFrame) -> npt.NDArray[np.uint8]:
    return np.asarray(frame.reformat(format="gray").to_ndarray(), dtype=np.uint8)


def _put(track: npt.NDArray[np.float64], at: int, samples: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    end = at + len(samples)
    whole = np.concatenate((track, np.zeros(max(0, end - len(track)))))
    whole[max(at, 0) : end] = samples[max(-at, 0) :]
    return whole


def key_parameters(packet: VideoPacket) -> bytes:
    """Return the sequence parameters of a key frame, to tell encoders apart."""
    return next(
        unit for unit in packet.data.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1") if unit[:1] == b"\x67"
    )


def entries(manifest: Manifest) -> list[tuple[int, int | None, bool]]:
    """Return offset, duration and wholeness of the segments."""
    return [(each.offset_us, each.duration_us, each.complete) for each in manifest.segments]
