"""Sources that do not follow the clock keep step with each other."""

from __future__ import annotations

import threading

from device.drivers import _take
from device.drivers._take import LEAD_NS, Take
from device.ports import AudioBlock, VideoPacket
from tests.support.permits import permit
from tests.support.sinks import CollectingSink
from tests.support.synthetic_films import SMALL, build


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
    assert sink.farthest_ns <= LEAD_NS + 2 * 33_333_334


def test_endless_sound_does_not_run_on_past_the_end_of_the_film() -> None:
    sink = CollectingSink()
    camera = build("camera", "synthetic", {**SMALL, "speed": "max", "length_s": 1.0})
    microphone = build("microphone", "synthetic", {"speed": "max"})
    camera.start(permit(), sink, 0)
    microphone.start(permit(), sink, 0)
    sink.wait_for_end()
    sink.wait(lambda: sink.blocks[-1].pts_ns > 1_000_000_000, "the sound to come to the end as well")
    microphone.stop()
    camera.stop()
    assert sink.blocks[-1].pts_ns <= 1_000_000_000 + LEAD_NS


def test_takes_of_different_recordings_do_not_wait_for_each_other() -> None:
    stop = threading.Event()
    sink = CollectingSink()
    with Take("max", permit(number=1), sink, 0, stop), Take("max", permit(number=2), sink, 0, stop) as other:
        assert other.wait(100 * LEAD_NS)


def test_a_companion_that_left_holds_nobody_back_and_nothing_is_remembered() -> None:
    stop = threading.Event()
    sink = CollectingSink()
    with Take("max", permit(), sink, 0, stop) as take:
        with Take("max", permit(), sink, 0, stop):
            pass
        assert take.wait(100 * LEAD_NS)
    assert _take._companies == {}
