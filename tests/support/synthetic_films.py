"""Films for tests: what the synthetic drivers deliver, put into an MP4 file, sound or with a known fault."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from device.domain.settings import Table
from device.drivers import load
from device.ports import AudioBlock, VideoPacket
from tests.support.permits import permit
from tests.support.sinks import CollectingSink

SMALL = {"width": 320, "height": 180, "bitrate_bps": 400_000}
RATE_HZ = 48_000


@dataclass(frozen=True)
class Footage:
    """What a take delivered; stamps count from zero."""

    packets: list[VideoPacket]
    blocks: list[AudioBlock]


def build(kind: str, name: str, options: Mapping[str, Any] | None = None) -> Any:
    """Return a driver as the recorder would build it: every option checked, defaults filled in."""
    module = load(kind, name)
    return module.build(Table(kind, "a test", module.OPTIONS).read(options or {}))


def record(length_s: float, camera: Mapping[str, Any] | None = None) -> Footage:
    """Return a take of the synthetic camera and microphone, as fast as they go."""
    sink = CollectingSink()
    lens = build("camera", "synthetic", {**SMALL, "speed": "max", "length_s": length_s, **(camera or {})})
    voice = build("microphone", "synthetic", {"speed": "max", "length_s": length_s})
    lens.start(permit(), sink, 0)
    voice.start(permit(), sink, 0)
    samples = round(length_s * RATE_HZ)
    sink.wait(lambda: sink.ended and sum(len(b.data) // 2 for b in sink.blocks) == samples, "both to end")
    lens.stop()
    voice.stop()
    return Footage(sink.packets, sink.blocks)


def write_film(
    path: Path,
    footage: Footage,
    *,
    sound_late_s: float = 0.0,
    audio_codec: str = "aac",
    rotation: int = 0,
    pixel: Fraction | None = None,
    cover: bool = False,
    options: Mapping[str, str] | None = None,
    chapters: Sequence[tuple[str, float]] = (),
) -> Path:
    """Write an MP4 (or .mov) file; packets and blocks that were left out of the footage are holes in the film.

    With ``cover`` the first track is a single large picture, with ``pixel`` a picture is so much wider.
    """
    with av.open(str(path), "w", options=dict(options or {})) as film:
        raw = io.BytesIO(b"".join(packet.data for packet in footage.packets))
        with av.open(raw, "r", format="h264") as source:
            picture: Any = (
                film.add_stream("mjpeg", rate=1, width=640, height=640, pix_fmt="yuvj420p") if cover else None
            )
            video = film.add_stream_from_template(source.streams.video[0])
            audio: Any = film.add_stream(audio_codec, rate=RATE_HZ, layout="mono") if footage.blocks else None
            if rotation:
                video.set_display_rotation(rotation)
            if pixel:
                video.sample_aspect_ratio = pixel
            if chapters:
                film.set_chapters([_chapter(*each) for each in chapters])
            if picture:
                film.mux(picture.encode(av.VideoFrame(640, 640, "yuvj420p")) + picture.encode(None))
            for packet, origin in zip(source.demux(video=0), footage.packets, strict=False):
                packet.stream = video
                packet.time_base = Fraction(1, 1_000_000_000)
                packet.pts = packet.dts = origin.pts_ns
                film.mux(packet)
        for block in footage.blocks:
            film.mux(audio.encode(_audio_frame(block, sound_late_s)))
        if audio is not None:
            film.mux(audio.encode(None))
    return path


def _chapter(title: str, start_s: float) -> Any:
    start_ms = round(start_s * 1000)
    return {
        "id": start_ms,
        "start": start_ms,
        "end": start_ms + 500,
        "time_base": Fraction(1, 1000),
        "metadata": {"title": title},
    }


def _audio_frame(block: AudioBlock, late_s: float) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(
        np.frombuffer(block.data, dtype="<i2").reshape(1, -1), format="s16", layout="mono"
    )
    frame.sample_rate = RATE_HZ
    frame.time_base = Fraction(1, RATE_HZ)
    frame.pts = round((block.pts_ns / 1e9 + late_s) * RATE_HZ)
    return frame
