"""Makes small sealed recordings for tests: real H.264, real AAC, real age."""

from __future__ import annotations

import base64
import functools
import hashlib
import io
import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import av
import pyrage

from device.domain.identifiers import make_ulid
from device.domain.manifest import (
    AudioDescription,
    Manifest,
    PermitDescription,
    SegmentEntry,
    VideoDescription,
)

WIDTH, HEIGHT, FPS = 320, 180, 25
RATE_HZ = 48_000
FRAME_SAMPLES = 1024
STARTED_AT = "2026-09-01T08:30:00.250000Z"
_STARTED_MS = 1_788_251_400_250


@dataclass(frozen=True)
class Packets:
    """Encoded material that starts at time zero: (data, ticks, key) with 90 kHz and sample ticks."""

    video: tuple[tuple[bytes, int, bool], ...]
    audio: tuple[tuple[bytes, int, bool], ...]


@dataclass(frozen=True)
class Segment:
    """One segment in the clear, with its place in the film and its packets' times in it."""

    offset_us: int
    duration_us: int
    plain: bytes
    video_ticks: tuple[int, ...]
    audio_samples: tuple[int, ...]


@dataclass(frozen=True)
class Sealed:
    """A recording as it is sent: the manifest, its sealed form, and sealed segments by object name."""

    manifest: Manifest
    manifest_object: str
    manifest_bytes: bytes
    objects: dict[str, bytes] = field(default_factory=dict)


def ulid(number: int, *, later_ms: int = 0) -> str:
    """Return a ULID that depends on a number only."""
    randomness = hashlib.sha256(f"leerblik {number}".encode()).digest()[:10]
    return make_ulid(_STARTED_MS + later_ms, randomness)


@functools.cache
def encode(seconds: int, *, gop: int = FPS) -> Packets:
    """Encode a moving picture and a tone; every ``gop`` pictures a key frame that carries SPS and PPS."""
    return Packets(tuple(_encode_video(seconds, gop)), tuple(_encode_audio(seconds)))


def _encode_video(seconds: int, gop: int) -> list[tuple[bytes, int, bool]]:
    codec = av.CodecContext.create("libx264", "w")
    assert isinstance(codec, av.VideoCodecContext)
    codec.width, codec.height, codec.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    codec.time_base, codec.framerate = Fraction(1, FPS), Fraction(FPS)
    codec.gop_size, codec.bit_rate = gop, 400_000
    codec.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "x264-params": "repeat-headers=1:scenecut=0",
    }
    packets: list[av.Packet[Any]] = []
    for number in range(seconds * FPS):
        frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
        for plane in frame.planes:
            plane.update(bytes((x * 3 + number * 5) & 255 for x in range(plane.line_size)) * plane.height)
        frame.pts, frame.time_base = number, codec.time_base
        packets += codec.encode(frame)
    packets += codec.encode(None)
    return [(bytes(p), (p.pts or 0) * 90_000 // FPS, p.is_keyframe) for p in packets]


def _encode_audio(seconds: int) -> list[tuple[bytes, int, bool]]:
    codec = av.CodecContext.create("aac", "w")
    assert isinstance(codec, av.AudioCodecContext)
    codec.sample_rate, codec.layout, codec.format = RATE_HZ, "mono", "fltp"
    codec.bit_rate, codec.time_base = 64_000, Fraction(1, RATE_HZ)
    wave = b"".join(_tone(n) for n in range(FRAME_SAMPLES))
    packets: list[av.Packet[Any]] = []
    for number in range(seconds * RATE_HZ // FRAME_SAMPLES + 2):
        frame = av.AudioFrame("fltp", "mono", FRAME_SAMPLES)
        frame.planes[0].update(wave)
        frame.sample_rate, frame.time_base, frame.pts = RATE_HZ, codec.time_base, number * FRAME_SAMPLES
        packets += codec.encode(frame)
    return [(bytes(p), p.pts, True) for p in packets if p.pts is not None and p.pts >= 0]


def _tone(number: int) -> bytes:
    return struct.pack("<f", 0.2 * math.sin(2 * math.pi * number * 8 / FRAME_SAMPLES))


def cut(
    packets: Packets,
    starts_s: Sequence[float],
    end_s: float,
    *,
    sound: Sequence[bool] | bool = True,
) -> list[Segment]:
    """Cut the material into segments at key frames, as the recorder does; sound follows the picture."""
    bounds = [*(round(s * 90_000) for s in starts_s), round(end_s * 90_000)]
    with_sound = [sound] * len(starts_s) if isinstance(sound, bool) else list(sound)
    segments = []
    for index, heard in enumerate(with_sound):
        low, high = bounds[index], bounds[index + 1]
        video = [p for p in packets.video if low <= p[1] < high]
        audio = [p for p in packets.audio if low <= p[1] * 90_000 / RATE_HZ < high] if heard else []
        segments.append(_segment(video, audio, low, high, heard=heard))
    return segments


def _segment(
    video: list[tuple[bytes, int, bool]],
    audio: list[tuple[bytes, int, bool]],
    low: int,
    high: int,
    *,
    heard: bool,
) -> Segment:
    base = round(Fraction(low * RATE_HZ, 90_000))
    moved_video = [(data, ticks - low, key) for data, ticks, key in video]
    moved_audio = [(data, samples - base, key) for data, samples, key in audio]
    return Segment(
        offset_us=round(Fraction(low * 1_000_000, 90_000)),
        duration_us=(high - low) * 1_000_000 // 90_000,
        plain=mux(moved_video, moved_audio, sound=heard),
        video_ticks=tuple(ticks for _, ticks, _ in moved_video),
        audio_samples=tuple(samples for _, samples, _ in moved_audio),
    )


def mux(
    video: Sequence[tuple[bytes, int, bool]],
    audio: Sequence[tuple[bytes, int, bool]],
    *,
    sound: bool = True,
    movflags: str = "empty_moov+delay_moov+default_base_moof",
    free_boxes: bool = True,
) -> bytes:
    """Return a fragmented MP4 of packets whose times start at zero, with ``free`` boxes in between."""
    out = io.BytesIO()
    options = {"movflags": movflags, "frag_duration": "500000", "flush_packets": "1"}
    with (
        av.open(io.BytesIO(video[0][0]), format="h264") as raw,
        av.open(out, "w", "mp4", options=options) as film,
    ):
        picture: Any = film.add_stream_from_template(raw.streams.video[0])
        picture.time_base = Fraction(1, 90_000)
        tone: Any = film.add_stream("aac", rate=RATE_HZ, layout="mono") if sound else None
        timed = [(Fraction(t, 90_000), 0, picture, d, t, k) for d, t, k in video]
        timed += [(Fraction(t, RATE_HZ), 1, tone, d, t, k) for d, t, k in audio]
        for _, kind, stream, data, ticks, key in sorted(timed, key=lambda each: each[:2]):
            packet: Any = av.Packet(data)
            packet.stream, packet.pts, packet.dts, packet.is_keyframe = stream, ticks, ticks, key
            packet.time_base = Fraction(1, RATE_HZ) if kind else Fraction(1, 90_000)
            packet.duration = FRAME_SAMPLES if kind else 90_000 // FPS
            film.mux_one(packet)
    return with_free_boxes(out.getvalue()) if free_boxes else out.getvalue()


def boxes(plain: bytes) -> list[tuple[bytes, bytes]]:
    """Return the top-level boxes of an MP4: type and whole box."""
    found, position = [], 0
    while position < len(plain):
        size = int.from_bytes(plain[position : position + 4], "big")
        found.append((plain[position + 4 : position + 8], plain[position : position + size]))
        position += size
    return found


def with_free_boxes(plain: bytes) -> bytes:
    """Put a ``free`` box before every fragment, as the recorder does to fill a chunk of the seal."""
    free = (40).to_bytes(4, "big") + b"free" + bytes(32)
    return b"".join((free if kind == b"moof" else b"") + box for kind, box in boxes(plain))


def permit(number: int = 1) -> PermitDescription:
    """Return a permit for a lesson of nobody in particular."""
    return PermitDescription(
        permit_id=ulid(9000 + number),
        teachers=("Docent A",),
        group="Groep 1",
        trajectory="Traject 1",
        stage=1,
        learning_question="",
        legal_basis="legitimate_interest",
        sound=True,
        granted_at="2026-09-01T08:29:59Z",
    )


def seal_recording(
    segments: Sequence[Segment],
    recipients: Sequence[pyrage.x25519.Recipient],
    *,
    number: int = 1,
    bookmarks_us: tuple[int, ...] = (),
    cut_bytes: dict[int, int] | None = None,
    **changes: Any,
) -> Sealed:
    """Seal segments and their manifest. ``cut_bytes`` cuts sealed segments to so many bytes (a killed recorder)."""
    objects: dict[str, bytes] = {}
    entries = []
    for index, segment in enumerate(segments):
        sealed = pyrage.encrypt(segment.plain, list(recipients))
        whole = cut_bytes is None or index not in cut_bytes
        if cut_bytes is not None and not whole:
            sealed = sealed[: cut_bytes[index]]
        name = ulid(number * 1000 + index, later_ms=1000 + index)
        objects[name] = sealed
        entries.append(
            SegmentEntry(
                object=name,
                offset_us=segment.offset_us,
                duration_us=segment.duration_us if whole else None,
                size_bytes=len(sealed),
                sha256=hashlib.sha256(sealed).hexdigest(),
                complete=whole,
            )
        )
    last = segments[-1]
    manifest = Manifest(
        recording=ulid(number),
        device="demo-1",
        started_at=STARTED_AT,
        clock_trusted=True,
        duration_us=last.offset_us + last.duration_us,
        interrupted=bool(cut_bytes),
        unclaimed=False,
        dropped_frames=0,
        permit_sealed=base64.b64encode(pyrage.encrypt(permit(number).to_bytes(), list(recipients))).decode(),
        video=VideoDescription(WIDTH, HEIGHT, FPS * 1000),
        audio=AudioDescription(RATE_HZ, 1),
        segments=tuple(entries),
        bookmarks_us=bookmarks_us,
        intervals=(),
    )
    manifest = replace(manifest, **changes)
    return Sealed(
        manifest,
        ulid(number, later_ms=900_000),
        pyrage.encrypt(manifest.to_bytes(), list(recipients)),
        objects,
    )
