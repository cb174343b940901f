"""The invented lesson: exact stamps, readable numbers, and what it does when it is late."""

from __future__ import annotations

import time
from fractions import Fraction

import numpy as np
import pytest

from device.domain.errors import Permanent
from device.drivers._test_card import PITCHES_HZ, read_flash
from device.drivers.camera._scene import Scene
from device.drivers.microphone.synthetic import sound
from device.ports import AudioBlock, VideoPacket
from tests.support.permits import permit
from tests.support.pictures import counters, decode
from tests.support.sinks import CollectingSink
from tests.support.synthetic_films import SMALL, build, record

REAL = {**SMALL, "frame_rate": 50.0}


class ArrivalSink(CollectingSink):
    """Notes how much too early anything came, by the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.earliest_ns = 0

    def video(self, packet: VideoPacket) -> bool:
        self.earliest_ns = min(self.earliest_ns, time.monotonic_ns() - packet.pts_ns)
        return super().video(packet)

    def audio(self, block: AudioBlock) -> bool:
        end_ns = block.pts_ns + len(block.data) // 2 * 1_000_000_000 // 48_000
        self.earliest_ns = min(self.earliest_ns, time.monotonic_ns() - end_ns)
        return super().audio(block)


@pytest.mark.parametrize("frame_rate", [25.0, 29.97, 30.0])
def test_frame_n_is_stamped_n_frames_after_the_origin_and_carries_n(frame_rate: float) -> None:
    packets = record(2.0, {"frame_rate": frame_rate}).packets
    exact = Fraction(str(frame_rate))
    assert [p.pts_ns for p in packets] == [int(n * 1_000_000_000 / exact) for n in range(len(packets))]
    assert counters(packets) == list(range(round(2 * frame_rate)))


def test_every_second_flashes_for_its_first_tenth() -> None:
    lit = [read_flash(luma) for luma in decode(record(2.0, {"frame_rate": 50.0}).packets)]
    assert lit == ([True] * 5 + [False] * 45) * 2


def test_key_frames_come_by_time_also_where_no_frame_falls_on_it() -> None:
    packets = record(3.0, {"keyframe_interval_s": 0.5, "frame_rate": 25.0}).packets
    assert [p.pts_ns // 10_000_000 for p in packets if p.key] == [0, 48, 100, 148, 200, 248]


def test_a_camera_that_is_more_than_a_second_late_skips_to_the_present() -> None:
    camera, sink = build("camera", "synthetic", REAL), CollectingSink()
    camera.start(permit(), sink, time.monotonic_ns() - 5_000_000_000)
    sink.wait_for_packets(3)
    camera.stop()
    seen = [counter for counter in counters(sink.packets) if counter is not None]
    assert seen[0] == 0
    assert seen[1] >= 5 * 50
    assert sink.packets[1].key


def test_at_real_speed_nothing_comes_before_its_time() -> None:
    sink, origin_ns = ArrivalSink(), time.monotonic_ns() + 50_000_000
    camera, microphone = build("camera", "synthetic", REAL), build("microphone", "synthetic")
    camera.start(permit(), sink, origin_ns)
    microphone.start(permit(), sink, origin_ns)
    sink.wait_for_packets(5)
    sink.wait_for_blocks(5)
    camera.stop()
    microphone.stop()
    assert sink.earliest_ns >= 0


def test_an_odd_size_is_refused_with_the_option_that_is_wrong() -> None:
    with pytest.raises(Permanent, match=r"camera\.synthetic\.width must be even, found 321"):
        build("camera", "synthetic", {**SMALL, "width": 321})


def test_the_pitch_of_the_beep_tells_the_second_and_the_hum_never_stops() -> None:
    samples = sound(np.arange(13 * 48_000), 48_000).astype(float)
    for second in range(13):
        beep = samples[second * 48_000 : second * 48_000 + 4_800]
        loudest = np.abs(np.fft.rfft(beep)).argmax() * 10
        assert loudest == PITCHES_HZ[second % 12]
    after = samples[4_800:48_000].reshape(-1, 480)
    assert np.abs(after).max() < 1_000
    assert np.abs(after).max(axis=1).min() > 300


def test_the_clock_can_be_drawn_for_every_frame_of_a_long_lesson() -> None:
    scene = Scene(160, 90, Fraction(2997, 100))
    for counter in (0, 29, 30, 2997, 29_970, 107_892, 2**32 - 1):
        assert scene.draw(counter).shape == (135, 160)
