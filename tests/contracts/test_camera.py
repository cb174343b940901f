"""What every camera keeps, whatever stands behind it. A new driver joins by one line in CASES."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from device.domain.errors import Busy
from device.drivers import names
from device.drivers.camera._h264 import nal_types
from device.ports import Camera
from tests.support.permits import permit
from tests.support.pictures import decode
from tests.support.sinks import CollectingSink
from tests.support.synthetic_films import SMALL, build, record, write_film

IDR, SPS, PPS, SLICE = 5, 7, 8, 1
ORIGIN_NS = 7_000_000_123

CASES: dict[str, Callable[[Path], dict[str, Any]]] = {
    "synthetic": lambda _: {**SMALL, "speed": "max", "length_s": 3.0},
    "file": lambda film: {"path": str(film), "speed": "max"},
}
ONLY_ON_A_PI = {"picamera2": "needs a camera of the Pi; tests/hardware runs it"}


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_film(tmp_path_factory.mktemp("films") / "film.mp4", record(3.0))


@pytest.fixture(params=sorted(CASES))
def camera(request: pytest.FixtureRequest, film: Path) -> Iterator[Camera]:
    lens: Camera = build("camera", request.param, CASES[request.param](film))
    yield lens
    lens.stop()


@pytest.fixture
def sink() -> CollectingSink:
    return CollectingSink()


def test_every_camera_driver_is_in_this_suite() -> None:
    assert set(names("camera")) - set(ONLY_ON_A_PI) == set(CASES)


def test_the_first_packet_is_a_key_frame_at_the_origin_and_stamps_strictly_rise(
    camera: Camera, sink: CollectingSink
) -> None:
    camera.start(permit(sound=False), sink, ORIGIN_NS)
    sink.wait_for_end()
    stamps = [packet.pts_ns for packet in sink.packets]
    assert sink.packets[0].key
    assert stamps[0] >= ORIGIN_NS
    assert all(later > earlier for earlier, later in itertools.pairwise(stamps))


def test_key_frames_carry_their_headers_and_other_frames_are_none(
    camera: Camera, sink: CollectingSink
) -> None:
    camera.start(permit(sound=False), sink, ORIGIN_NS)
    sink.wait_for_end()
    for packet in sink.packets:
        kinds = set(nal_types(packet.data))
        assert packet.data.startswith((b"\x00\x00\x00\x01", b"\x00\x00\x01"))
        assert kinds >= {SPS, PPS, IDR} if packet.key else SLICE in kinds and not kinds & {SPS, IDR}


def test_every_key_frame_starts_a_film_of_its_own(camera: Camera, sink: CollectingSink) -> None:
    camera.start(permit(sound=False), sink, ORIGIN_NS)
    sink.wait_for_end()
    keys = [index for index, packet in enumerate(sink.packets) if packet.key]
    assert len(keys) == 3
    for begin, end in zip(keys, [*keys[1:], len(sink.packets)], strict=True):
        assert len(decode(sink.packets[begin:end])) == end - begin


def test_the_pictures_have_the_size_that_was_announced(camera: Camera, sink: CollectingSink) -> None:
    form = camera.format()
    camera.start(permit(sound=False), sink, ORIGIN_NS)
    sink.wait_for_end()
    pictures = decode(sink.packets)
    assert {picture.shape for picture in pictures} == {(form.height, form.width)}
    assert len(pictures) == pytest.approx(3 * form.frame_rate)


def test_after_stop_nothing_arrives_and_no_thread_is_left(camera: Camera, sink: CollectingSink) -> None:
    before = set(threading.enumerate())
    camera.start(permit(sound=False), sink, ORIGIN_NS)
    sink.wait_for_packets(5)
    camera.stop()
    assert set(threading.enumerate()) <= before
    assert len(sink.packets) == camera.frames()


def test_a_camera_that_runs_is_busy_also_after_the_end_of_its_film(
    camera: Camera, sink: CollectingSink
) -> None:
    camera.start(permit(sound=False), sink, ORIGIN_NS)
    with pytest.raises(Busy):
        camera.start(permit(sound=False), sink, ORIGIN_NS)
    sink.wait_for_end()
    with pytest.raises(Busy):
        camera.start(permit(sound=False), sink, ORIGIN_NS)


def test_it_can_be_started_again_and_begins_anew(camera: Camera, sink: CollectingSink) -> None:
    camera.start(permit(sound=False), sink, ORIGIN_NS)
    sink.wait_for_packets(5)
    camera.stop()
    again = CollectingSink()
    camera.start(permit(sound=False), again, ORIGIN_NS * 2)
    again.wait_for_end()
    assert again.packets[0].key
    assert again.packets[0].pts_ns >= ORIGIN_NS * 2
    assert camera.frames() == len(again.packets)


def test_stopping_what_was_not_started_is_harmless(camera: Camera) -> None:
    camera.stop()
    camera.stop()
    assert camera.frames() == 0


def test_a_sink_may_stop_the_camera_when_the_film_ends(camera: Camera) -> None:
    stopped = threading.Event()

    class Stopping(CollectingSink):
        def camera_ended(self) -> None:
            camera.stop()
            stopped.set()

    camera.start(permit(sound=False), Stopping(), ORIGIN_NS)
    assert stopped.wait(20)
    camera.start(permit(sound=False), CollectingSink(), ORIGIN_NS)


def test_blanked_pictures_are_black_and_the_others_are_not(camera: Camera) -> None:
    sink = CollectingSink(room=10)
    camera.blank(True)
    camera.start(permit(sound=False), sink, ORIGIN_NS)
    sink.wait_for_packets(10)
    camera.blank(False)
    sink.make_room(1000)
    sink.wait_for_end()
    pictures = decode(sink.packets)
    # The picture that was waiting for room when the blank was lifted may be either.
    assert all(picture.max() <= 20 for picture in pictures[:10])
    assert all(picture.max() >= 200 for picture in pictures[11:])


@pytest.mark.parametrize("impostor", [None, object(), "permit", True])
def test_nothing_but_a_permit_opens_the_lens(camera: Camera, sink: CollectingSink, impostor: Any) -> None:
    with pytest.raises(TypeError, match="Permit"):
        camera.start(impostor, sink, ORIGIN_NS)
    assert camera.frames() == 0
    camera.start(permit(sound=False), sink, ORIGIN_NS)
    sink.wait_for_end()


def test_a_source_that_can_wait_loses_nothing_in_a_narrow_place(camera: Camera) -> None:
    sink = CollectingSink(room=2)
    camera.start(permit(sound=False), sink, ORIGIN_NS)
    while not sink.ended:
        sink.wait(lambda: sink.ended or sink.full(), "the narrow place to fill")
        sink.make_room(3)
    assert sink.refused == 0
    assert camera.frames() == len(sink.packets) == pytest.approx(3 * camera.format().frame_rate)


def test_a_camera_that_waits_for_room_can_be_stopped(camera: Camera) -> None:
    sink = CollectingSink(room=2)
    camera.start(permit(sound=False), sink, ORIGIN_NS)
    sink.wait_for_packets(2)
    camera.stop()
    assert len(sink.packets) == 2
