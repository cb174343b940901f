"""What of an open segment is on the card at any moment: all but the last moments, also of a still scene."""

from __future__ import annotations

import functools
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from device.domain.manifest import SegmentEntry
from device.footage.mux import VideoTemplate
from device.footage.seal import SUFFIX
from device.footage.segment import Segment
from device.ports import VideoPacket
from tests.support.footage import FPS, HEIGHT, WIDTH
from tests.support.material import ORIGIN_NS, S, pictures, recipients, unseal, watch

NAME = "01J00000000000000000000009"
# A recorder that is killed loses two seconds at most; one of them is the sync's.
MOST_IN_MEMORY_NS = S


@functools.cache
def still(seconds: int) -> tuple[VideoPacket, ...]:
    """Return a picture in which nothing moves: a few hundred bytes a second."""
    codec = av.CodecContext.create("libx264", "w")
    assert isinstance(codec, av.VideoCodecContext)
    codec.width, codec.height, codec.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    codec.time_base, codec.framerate, codec.gop_size = Fraction(1, FPS), Fraction(FPS), 2 * FPS
    codec.options = {"preset": "ultrafast", "tune": "zerolatency", "x264-params": "repeat-headers=1"}
    packets: list[av.Packet[Any]] = []
    for number in range(seconds * FPS):
        frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        frame.pts, frame.time_base = number, codec.time_base
        packets += codec.encode(frame)
    packets += codec.encode(None)
    return tuple(VideoPacket(bytes(p), ORIGIN_NS + (p.pts or 0) * S // FPS, p.is_keyframe) for p in packets)


def _entry(path: Path) -> SegmentEntry:
    return SegmentEntry(NAME, 0, None, path.stat().st_size, "0" * 64, complete=False)


@pytest.mark.parametrize("film", [still(8), pictures(8)], ids=["a still scene", "movement"])
def test_at_every_moment_what_was_filmed_more_than_a_second_ago_has_left_memory(
    tmp_path: Path, film: tuple[VideoPacket, ...]
) -> None:
    template = VideoTemplate(film[0])
    segment = Segment(tmp_path, NAME, recipients(), template, None, FPS, film[0].pts_ns, 0)
    path = tmp_path / f"{NAME}{SUFFIX}"
    for number, packet in enumerate(film):
        segment.video(packet, packet.pts_ns)
        filmed_ns = packet.pts_ns - film[0].pts_ns
        if number % 7 or filmed_ns <= 2 * S:
            continue
        # What a kill at this moment would leave.
        seen = watch(unseal(path.read_bytes()), _entry(path)).video_ns
        assert len(seen) == number + 1 - sum(each > max(seen) for each in _stamps(film[: number + 1]))
        # Two pictures more: the newest waits to know its length, and a fragment ends with the next one.
        assert filmed_ns - max(seen) <= MOST_IN_MEMORY_NS + 2 * S // FPS
    segment.abandon()
    template.close()


def _stamps(film: tuple[VideoPacket, ...]) -> list[int]:
    return [packet.pts_ns - film[0].pts_ns - S // 90_000 for packet in film]


def test_a_still_scene_costs_little_on_the_card(tmp_path: Path) -> None:
    film = still(8)
    template = VideoTemplate(film[0])
    segment = Segment(tmp_path, NAME, recipients(), template, None, FPS, film[0].pts_ns, 0)
    for packet in film:
        segment.video(packet, packet.pts_ns)
    entry = segment.close(0, 8_000_000)
    template.close()
    assert entry.size_bytes <= 8 * 2 * 70_000
    assert len(watch(unseal((tmp_path / f"{NAME}{SUFFIX}").read_bytes()), entry).video_ns) == 8 * FPS
