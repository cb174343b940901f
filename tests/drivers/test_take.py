"""Sources that do not follow the clock keep step with each other."""

from __future__ import annotations

import threading

import pytest

from device.drivers import _take
from device.drivers._take import LEAD_NS, Take
from device.ports import AudioBlock, VideoPacket
from tests.support.permits import permit
from tests.support.sinks import CollectingSink
from tests.support.synthetic_films import SMALL, build

FRAME_NS = 33_333_334


class DistanceSink(CollectingSink):
    """Notes how far sound ran ahead of picture, and the other way round, once both had begun."""

    def __init__(self) -> None:
        super().__init__()
        self.farthest_ns = 0
        self._at: dict[str, int] = {}

    def video(self, packet: VideoPacket) -> bool:
        self._note("video", packet.pts_ns)
        return super().video(packet)

    def audio(self, block: AudioBlock) -> bool:
        self._note("audio", block.pts_ns)
        return super().audio(block)

    def _note(self, kind: str, at_ns: int) -> None:
        with self._changed:
            self._at[kind] = at_ns
            if len(self._at) == 2:
                self.farthest_ns = max(self.farthest_ns, abs(self._at["video"] - self._at["audio"]))


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow machine: the second source may come as late as it likes."""
    monkeypatch.setattr(_take, "GRACE_S", 20.0)


@pytest.mark.usefixtures("patient")
def test_picture_and_sound_stay_side_by_side_at_any_speed() -> None:
    sink = DistanceSink()
    camera = build("camera", "synthetic", {**SMALL, "speed": "max", "length_s": 4.0})
    microphone = build("microphone", "synthetic", {"speed": "max"})
    camera.start(permit(), sink, 0)
    microphone.start(permit(), sink, 0)
    sink.wait_for_end()
    camera.stop()
    microphone.stop()
    # One item more than the lead: the stamp of a block is that of its beginning.
    assert sink.farthest_ns <= LEAD_NS + 2 * FRAME_NS


@pytest.mark.usefixtures("patient")
def test_endless_sound_does_not_run_on_past_the_end_of_the_film() -> None:
    sink = CollectingSink()
    camera = build("camera", "synthetic", {**SMALL, "speed": "max", "length_s": 1.0})
    microphone = build("microphone", "synthetic", {"speed": "max"})
    camera.start(permit(), sink, 0)
    microphone.start(permit(), sink, 0)
    sink.wait_for_end()
    sink.wait(lambda: sink.blocks[-1].pts_ns > 1_000_000_000, "the sound to come to the end as well")
    camera.stop()
    microphone.stop()
    assert sink.blocks[-1].pts_ns <= 1_000_000_000 + LEAD_NS


def test_takes_of_different_recordings_do_not_wait_for_each_other() -> None:
    stop = threading.Event()
    sink = CollectingSink()
    with Take("max", permit(number=1), sink, 0, stop), Take("max", permit(number=2), sink, 0, stop) as other:
        assert other.wait(100 * LEAD_NS)


def test_sound_that_left_holds_nobody_back_and_nothing_is_remembered() -> None:
    stop = threading.Event()
    sink = CollectingSink()
    with Take("max", permit(), sink, 0, stop, picture=True) as take:
        with Take("max", permit(), sink, 0, stop):
            pass
        assert take.wait(100 * LEAD_NS)
    with Take("max", permit(), sink, 0, stop, picture=True) as take:
        assert take.wait(LEAD_NS)
    assert _take._companies == {}


def test_where_the_picture_left_the_sound_stays() -> None:
    stop = threading.Event()
    sink = CollectingSink()
    with Take("real", permit(), sink, 0, stop) as sound:
        with Take("real", permit(), sink, 0, stop, picture=True) as picture:
            assert picture.wait(LEAD_NS)
        assert sound.wait(100 * LEAD_NS)
        assert _take._companies[permit().permit_id].slowest_ns() == LEAD_NS


def test_a_picture_that_begins_again_is_not_held_back_by_where_it_left() -> None:
    stop = threading.Event()
    sink = CollectingSink()
    with Take("real", permit(), sink, 0, stop) as sound:
        with Take("real", permit(), sink, 0, stop, picture=True):
            pass
        assert sound.wait(100 * LEAD_NS)
        with Take("max", permit(), sink, 100 * LEAD_NS, stop, picture=True) as picture:
            assert picture.wait(101 * LEAD_NS)


@pytest.mark.usefixtures("patient")
def test_a_microphone_that_is_not_there_is_company_enough() -> None:
    sink = CollectingSink()
    camera = build("camera", "synthetic", {**SMALL, "speed": "max", "length_s": 1.0})
    microphone = build("microphone", "none")
    camera.start(permit(), sink, 0)
    sink_before = len(sink.packets)
    microphone.start(permit(), sink, 0)
    sink.wait_for_end()
    camera.stop()
    microphone.stop()
    assert sink_before == 0
    assert len(sink.packets) == 30
