"""What every camera keeps, whatever stands behind it. A new driver joins by one line in CASES."""

from __future__ import annotations

import io
import itertools
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest

from device.domain.errors import Busy, LeerblikError, Refused, Temporary
from device.drivers import names
from device.drivers.camera import _paint
from device.drivers.camera._annexb import nal_types
from device.ports import Camera, VideoFormat, VideoPacket
from tests.support.cameras import (
    FIXED_ORIGIN_NS,
    Case,
    driver,
    leave,
    synthetic_apart,
    warm_leave,
    webcam_on_a_test_picture,
)
from tests.support.permits import permit
from tests.support.pictures import decode
from tests.support.sinks import CollectingSink
from tests.support.synthetic_films import SMALL, record, write_film

IDR, SPS, PPS, SLICE = 5, 7, 8, 1
TAKE_S = 3.0
LIVE_S = 0.7
# Pictures that may be on their way through an encoder when blanking begins or ends.
UNDERWAY = 8
UPPER_LEFT = ((0, 0), (5000, 0), (5000, 5000), (0, 5000))

CASES = {
    "synthetic": Case(
        "synthetic", lambda _: driver("synthetic", {**SMALL, "speed": "max", "length_s": TAKE_S}), ends=True,
        inventive=True,
    ),
    "synthetic-apart": Case(
        "synthetic", lambda _: synthetic_apart(speed="max", length_s=TAKE_S), ends=True, inventive=True
    ),
    "file": Case(
        "file", lambda film: driver("file", {"path": str(film), "speed": "max"}), ends=True, inventive=True
    ),
    "webcam-driver": Case("v4l2", lambda _: webcam_on_a_test_picture()),
    "v4l2": Case("v4l2", lambda _: driver("v4l2", {"width": 640, "height": 480, "keyframe_interval_s": 0.3})),
    "picamera2": Case(
        "picamera2",
        lambda _: driver("picamera2", {"width": 640, "height": 480, "keyframe_interval_s": 0.3}),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_film(tmp_path_factory.mktemp("films") / "film.mp4", record(TAKE_S))


def why_absent(case: Case) -> str:
    """Return why a camera of this machine cannot be tried, or nothing."""
    try:
        if not case.ends:
            case.make(Path()).format()
    except LeerblikError as error:
        return str(error)
    return ""


ABSENT = {name: why for name, case in CASES.items() if (why := why_absent(case))}


def tried(names: Iterable[str]) -> list[Any]:
    """Return the cases as parameters; what films live or in another process is slow."""
    slow = {name for name, case in CASES.items() if not case.ends} | {"synthetic-apart"}
    return [pytest.param(name, marks=pytest.mark.slow if name in slow else ()) for name in sorted(names)]


@pytest.fixture(params=tried(set(CASES) - set(ABSENT)))
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


@pytest.fixture
def camera(case: Case, film: Path) -> Iterator[Camera]:
    lens = case.make(film)
    yield lens
    lens.stop()


@pytest.fixture(params=tried(name for name, case in CASES.items() if case.ends))
def ending(request: pytest.FixtureRequest, film: Path) -> Iterator[Camera]:
    """A camera whose film ends and that can wait."""
    lens = CASES[request.param].make(film)
    yield lens
    lens.stop()


@pytest.fixture
def sink() -> CollectingSink:
    return CollectingSink()


def take(case: Case, camera: Camera, sink: CollectingSink) -> int:
    """Film to the end, or for a moment and stop; return the origin."""
    origin_ns = case.origin_ns()
    camera.start(permit(sound=False), sink, origin_ns)
    finish(case, camera, sink)
    return origin_ns


def finish(case: Case, camera: Camera, sink: CollectingSink) -> None:
    if case.ends:
        sink.wait_for_end()
    else:
        sink.wait_for_packets(round(LIVE_S * camera.format().frame_rate))
        camera.stop()


def test_every_camera_driver_is_in_this_suite() -> None:
    assert {case.driver for case in CASES.values()} == set(names("camera"))


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if not case.ends])
def test_the_cameras_of_this_machine_take_part(name: str) -> None:
    if name in ABSENT:
        pytest.skip(f"{name}: {ABSENT[name]}")


@dataclass(frozen=True)
class Footage:
    """One take of a camera, for looking at in several ways."""

    case: Case
    form: VideoFormat
    origin_ns: int
    packets: list[VideoPacket]


@pytest.fixture(scope="module", params=tried(set(CASES) - set(ABSENT)))
def footage(request: pytest.FixtureRequest, film: Path) -> Footage:
    case, sink = CASES[request.param], CollectingSink()
    camera = case.make(film)
    try:
        origin_ns = take(case, camera, sink)
        return Footage(case, camera.format(), origin_ns, sink.packets)
    finally:
        camera.stop()


def test_the_first_packet_is_a_key_frame_at_the_origin_and_stamps_strictly_rise(footage: Footage) -> None:
    stamps = [packet.pts_ns for packet in footage.packets]
    assert footage.packets[0].key
    assert stamps[0] >= footage.origin_ns
    assert all(later > earlier for earlier, later in itertools.pairwise(stamps))


def test_key_frames_carry_their_headers_and_other_frames_are_none(footage: Footage) -> None:
    for packet in footage.packets:
        kinds = set(nal_types(packet.data))
        assert packet.data.startswith((b"\x00\x00\x00\x01", b"\x00\x00\x01"))
        assert kinds >= {SPS, PPS, IDR} if packet.key else SLICE in kinds and not kinds & {SPS, IDR}


def test_every_key_frame_starts_a_film_of_its_own(footage: Footage) -> None:
    packets = footage.packets
    keys = [index for index, packet in enumerate(packets) if packet.key]
    assert len(keys) == 3 if footage.case.ends else len(keys) >= 2
    for begin, end in zip(keys, [*keys[1:], len(packets)], strict=True):
        assert len(decode(packets[begin:end])) == end - begin


def test_the_pictures_have_the_size_that_was_announced(footage: Footage) -> None:
    form, pictures = footage.form, decode(footage.packets)
    assert {picture.shape for picture in pictures} == {(form.height, form.width)}
    assert len(pictures) == len(footage.packets)
    if footage.case.ends:
        assert len(pictures) == pytest.approx(TAKE_S * form.frame_rate)


def test_the_pictures_come_at_the_rate_that_was_announced(footage: Footage) -> None:
    stamps = [packet.pts_ns for packet in footage.packets]
    # Close enough to tell 30 from 25; on a busy machine a picture in real time is late, and the next is not.
    close = 0.1 if footage.case.inventive else 0.18
    assert np.median(np.diff(stamps)) == pytest.approx(1e9 / footage.form.frame_rate, rel=close)


def test_after_stop_nothing_arrives_and_no_thread_is_left(
    case: Case, camera: Camera, sink: CollectingSink
) -> None:
    before = set(threading.enumerate())
    camera.start(permit(sound=False), sink, case.origin_ns())
    sink.wait_for_packets(5)
    camera.stop()
    assert set(threading.enumerate()) <= before
    assert len(sink.packets) == camera.frames()


def test_no_process_and_no_open_file_is_left_after_stop(
    case: Case, camera: Camera, sink: CollectingSink
) -> None:
    take(case, camera, sink)  # what is loaded once stays
    camera.stop()
    before = open_files()
    take(case, camera, CollectingSink())
    camera.stop()
    assert open_files() == before
    assert not children()


def test_a_camera_that_runs_is_busy_also_after_the_end_of_its_film(ending: Camera) -> None:
    sink = CollectingSink()
    ending.start(permit(sound=False), sink, FIXED_ORIGIN_NS)
    with pytest.raises(Busy):
        ending.start(permit(sound=False), sink, FIXED_ORIGIN_NS)
    sink.wait_for_end()
    with pytest.raises(Busy):
        ending.start(permit(sound=False), sink, FIXED_ORIGIN_NS)


def test_a_lens_that_films_is_busy(case: Case, camera: Camera, sink: CollectingSink) -> None:
    camera.start(permit(sound=False), sink, case.origin_ns())
    with pytest.raises(Busy):
        camera.start(permit(sound=False), sink, case.origin_ns())
    with pytest.raises(Busy):
        camera.aim(leave())


def test_it_can_be_started_again_and_begins_anew(case: Case, camera: Camera, sink: CollectingSink) -> None:
    camera.start(permit(sound=False), sink, case.origin_ns())
    sink.wait_for_packets(5)
    camera.stop()
    again, origin_ns = CollectingSink(), case.origin_ns() * (2 if case.inventive else 1)
    camera.start(permit(sound=False), again, origin_ns)
    finish(case, camera, again)
    assert again.packets[0].key
    assert again.packets[0].pts_ns >= origin_ns
    assert camera.frames() == len(again.packets)


def test_stopping_what_was_not_started_is_harmless(camera: Camera) -> None:
    camera.stop()
    camera.stop()
    assert camera.frames() == 0


def test_stop_from_another_thread_ends_whatever_is_being_begun(
    case: Case, camera: Camera, sink: CollectingSink
) -> None:
    errors: list[type[Exception]] = []

    def begin() -> None:
        try:
            camera.format()
            camera.start(permit(sound=False), sink, case.origin_ns())
        except LeerblikError as error:
            errors.append(type(error))

    beginning = threading.Thread(target=begin)
    beginning.start()
    while beginning.is_alive():
        camera.stop()
        beginning.join(0.01)
    camera.stop()
    seen = len(sink.packets)
    assert set(errors) <= {Temporary}
    assert not children()
    take(case, camera, again := CollectingSink())
    assert again.packets[0].key
    assert len(sink.packets) == seen


def test_a_sink_may_stop_the_camera_when_the_film_ends(ending: Camera) -> None:
    stopped = threading.Event()

    class Stopping(CollectingSink):
        def camera_ended(self) -> None:
            ending.stop()
            stopped.set()

    ending.start(permit(sound=False), Stopping(), FIXED_ORIGIN_NS)
    assert stopped.wait(20)
    ending.start(permit(sound=False), CollectingSink(), FIXED_ORIGIN_NS)


def test_blanked_pictures_are_black_and_the_others_are_not(case: Case, camera: Camera) -> None:
    sink = CollectingSink(room=10 if case.ends else None)
    camera.blank(True)
    camera.start(permit(sound=False), sink, case.origin_ns())
    sink.wait_for_packets(10)
    camera.blank(False)
    # The picture that was waiting for room when the blank was lifted may be either.
    seen = len(sink.packets) + (1 if case.ends else UNDERWAY)
    sink.make_room(1000)
    finish(case, camera, sink)
    pictures = decode(sink.packets)
    assert all(picture.max() <= 20 for picture in pictures[:10])
    assert len(pictures) > seen
    assert all(picture.max() >= 60 for picture in pictures[seen:])


def test_blanking_takes_hold_while_filming(case: Case, camera: Camera) -> None:
    sink = CollectingSink(room=10 if case.ends else None)
    camera.start(permit(sound=False), sink, case.origin_ns())
    sink.wait_for_packets(10)
    camera.blank(True)
    seen = len(sink.packets) + (1 if case.ends else UNDERWAY)
    sink.make_room(1000)
    finish(case, camera, sink)
    pictures = decode(sink.packets)
    assert pictures[0].max() >= 60
    assert len(pictures) > seen
    assert all(picture.max() <= 20 for picture in pictures[seen:])


def test_a_mask_is_black_from_the_first_picture_on_and_hides_nothing_else(
    case: Case, camera: Camera, sink: CollectingSink
) -> None:
    camera.mask([UPPER_LEFT])
    take(case, camera, sink)
    pictures = decode(sink.packets)
    assert all(masked(picture).max() <= 24 for picture in pictures)
    assert all(unmasked(picture).max() >= 60 for picture in pictures)


def test_a_mask_is_taken_away_with_the_next_start(case: Case, camera: Camera, sink: CollectingSink) -> None:
    camera.mask([UPPER_LEFT])
    camera.mask([])
    take(case, camera, sink)
    assert all(masked(picture).max() >= 60 for picture in decode(sink.packets))


def test_masks_and_blanking_work_together(case: Case, camera: Camera) -> None:
    sink = CollectingSink(room=10 if case.ends else None)
    camera.mask([UPPER_LEFT])
    camera.blank(True)
    camera.start(permit(sound=False), sink, case.origin_ns())
    sink.wait_for_packets(10)
    camera.blank(False)
    seen = len(sink.packets) + (1 if case.ends else UNDERWAY)
    sink.make_room(1000)
    finish(case, camera, sink)
    pictures = decode(sink.packets)
    assert all(picture.max() <= 20 for picture in pictures[:10])
    assert all(masked(picture).max() <= 24 for picture in pictures)
    assert all(unmasked(picture).max() >= 60 for picture in pictures[seen:])


@pytest.mark.parametrize("name", tried(["synthetic", "file", "webcam-driver"]))
def test_a_mask_that_cannot_be_painted_makes_every_picture_black_and_is_told(
    name: str, film: Path, sink: CollectingSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(picture: _paint.Layers, boxes: object) -> None:
        picture.luma[:10] = 200  # it had begun
        raise IndexError("out of paint")

    monkeypatch.setattr(_paint, "paint", broken)
    case = CASES[name]
    camera = case.make(film)
    camera.mask([UPPER_LEFT])
    try:
        take(case, camera, sink)
    finally:
        camera.stop()
    assert all(picture.max() <= 20 for picture in decode(sink.packets))
    (problem,) = sink.privacy_problems
    assert "mask" in problem


@pytest.mark.parametrize("impostor", [None, object(), "permit", True, leave()])
def test_nothing_but_a_permit_opens_the_lens(
    case: Case, camera: Camera, sink: CollectingSink, impostor: Any
) -> None:
    with pytest.raises(TypeError, match="Permit"):
        camera.start(impostor, sink, case.origin_ns())
    assert camera.frames() == 0
    assert not children()


@pytest.mark.parametrize("impostor", [None, object(), True, permit()])
def test_nothing_but_an_aim_leave_gives_a_still(camera: Camera, impostor: Any) -> None:
    with pytest.raises(TypeError, match="AimLeave"):
        camera.aim(impostor)
    assert not children()


def test_a_still_is_a_jpeg_of_the_whole_picture_and_no_film(
    case: Case, camera: Camera, sink: CollectingSink
) -> None:
    form = camera.format()
    still = picture_of(camera.aim(leave()))
    assert still.shape == (form.height, form.width)
    assert still.max() >= 60
    assert camera.frames() == 0
    camera.stop()
    assert not children()


def test_a_still_shows_the_masks_of_now(camera: Camera) -> None:
    camera.mask([UPPER_LEFT])
    still = picture_of(camera.aim(leave()))
    assert masked(still).max() <= 30
    assert unmasked(still).max() >= 60
    camera.mask([])
    assert masked(picture_of(camera.aim(leave()))).max() >= 60


def test_leave_that_is_over_opens_nothing(camera: Camera) -> None:
    with pytest.raises(Refused, match="over"):
        camera.aim(leave(ago_s=121))
    assert not children()


def test_a_lesson_can_begin_while_somebody_aims(case: Case, camera: Camera, sink: CollectingSink) -> None:
    camera.aim(leave())
    origin_ns = take(case, camera, sink)
    assert sink.packets[0].key
    assert sink.packets[0].pts_ns >= origin_ns


def test_a_camera_that_stands_ready_shows_nothing_before_the_press(
    case: Case, camera: Camera, sink: CollectingSink
) -> None:
    camera.prepare(warm_leave())
    assert camera.is_prepared()
    time.sleep(0.3)
    assert camera.frames() == 0
    origin_ns = take(case, camera, sink)
    assert sink.packets[0].key
    assert sink.packets[0].pts_ns >= origin_ns
    assert not camera.is_prepared()
    assert all(picture.max() >= 60 for picture in decode(sink.packets))
    camera.stop()
    assert camera.frames() == len(sink.packets)


def test_what_was_masked_or_blanked_meanwhile_is_so_from_the_first_picture_on(
    case: Case, camera: Camera, sink: CollectingSink
) -> None:
    camera.prepare(warm_leave())
    camera.mask([UPPER_LEFT])
    take(case, camera, sink)
    pictures = decode(sink.packets)
    assert all(masked(picture).max() <= 24 for picture in pictures)
    assert all(unmasked(picture).max() >= 60 for picture in pictures)


def test_standing_ready_ends_with_stop_and_leaves_nothing_behind(
    case: Case, camera: Camera, sink: CollectingSink
) -> None:
    take(case, camera, sink)  # what is loaded once stays
    camera.stop()
    before, threads = open_files(), set(threading.enumerate())
    for _ in range(2):
        camera.prepare(warm_leave())
        camera.prepare(warm_leave(120))
    assert camera.is_prepared()
    camera.stop()
    assert not camera.is_prepared()
    assert open_files() == before
    assert not children()
    assert set(threading.enumerate()) <= threads


def test_standing_ready_ends_with_its_leave(camera: Camera) -> None:
    camera.format()
    camera.prepare(warm_leave(2.0))
    until_s = time.monotonic() + 20
    while camera.is_prepared() or children():
        assert time.monotonic() < until_s, "it stands ready for ever"
        time.sleep(0.05)
    with pytest.raises(Refused, match="booked time is over"):
        camera.prepare(warm_leave(-1))


@pytest.mark.parametrize("impostor", [None, object(), True, permit(), leave()])
def test_nothing_but_a_warm_leave_gets_a_camera_ready(camera: Camera, impostor: Any) -> None:
    with pytest.raises(TypeError, match="WarmLeave"):
        camera.prepare(impostor)
    assert not camera.is_prepared()
    assert not children()


def test_a_lens_that_films_is_not_held_ready(case: Case, camera: Camera, sink: CollectingSink) -> None:
    camera.start(permit(sound=False), sink, case.origin_ns())
    with pytest.raises(Busy):
        camera.prepare(warm_leave())
    assert not camera.is_prepared()


def test_somebody_can_aim_with_a_camera_that_stood_ready(
    case: Case, camera: Camera, sink: CollectingSink
) -> None:
    camera.prepare(warm_leave())
    assert picture_of(camera.aim(leave())).max() >= 60
    assert not camera.is_prepared()
    take(case, camera, sink)
    assert sink.packets[0].key


def test_a_source_that_can_wait_loses_nothing_in_a_narrow_place(ending: Camera) -> None:
    sink = CollectingSink(room=2)
    ending.start(permit(sound=False), sink, FIXED_ORIGIN_NS)
    while not sink.ended:
        sink.wait(lambda: sink.ended or sink.full(), "the narrow place to fill")
        sink.make_room(3)
    assert sink.refused == 0
    assert ending.frames() == len(sink.packets) == pytest.approx(TAKE_S * ending.format().frame_rate)


def test_a_camera_that_waits_for_room_can_be_stopped(ending: Camera) -> None:
    sink = CollectingSink(room=2)
    ending.start(permit(sound=False), sink, FIXED_ORIGIN_NS)
    sink.wait_for_packets(2)
    ending.stop()
    assert len(sink.packets) == 2


def masked(luma: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the pixels under the mask, without its edge, which the encoder blurs."""
    height, width = luma.shape
    return luma[: height // 2 - 4, : width // 2 - 4]


def unmasked(luma: npt.NDArray[Any]) -> npt.NDArray[Any]:
    height, width = luma.shape
    return luma[height // 2 + 16 :, width // 2 + 16 :]


def picture_of(jpeg: bytes) -> npt.NDArray[Any]:
    """Return the brightness of a JPEG."""
    with av.open(io.BytesIO(jpeg), "r", format="jpeg_pipe") as container:
        frame = next(container.decode(video=0))
    return np.asarray(frame.to_ndarray(format="gray"))


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def children() -> list[str]:
    """Return the processes that this one has started and not buried."""
    lists = (task / "children" for task in Path("/proc/self/task").iterdir())
    return [child for each in lists for child in each.read_text().split()]
