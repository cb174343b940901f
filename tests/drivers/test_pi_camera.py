"""The camera module of a Pi: what can be known without one; with a camera (or the test bed's), the rest as well."""

from __future__ import annotations

import importlib.util
import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.domain.errors import LeerblikError, Permanent, Temporary
from device.domain.settings import Table
from device.drivers.camera import picamera2
from device.drivers.camera._annexb import Headers, nal_types
from device.drivers.camera._apart import ApartCamera, Limits
from device.drivers.camera._boards import PRESETS, choose, preset_for, read_model
from device.drivers.camera._sensor import actual_rate, controls, widest_mode
from device.drivers.camera._stamps import Now, Timeline, offset_ns
from tests.support.cameras import leave
from tests.support.permits import permit
from tests.support.pictures import decode
from tests.support.sinks import CollectingSink

SECOND_NS = 1_000_000_000


def options(**given: Any) -> dict[str, Any]:
    return Table("camera.picamera2", "a test", picamera2.OPTIONS).read(given)


# --- what is asked of a board


@pytest.mark.parametrize(
    ("model", "preset"),
    [
        ("Raspberry Pi Zero 2 W Rev 1.0", "720p25"),
        ("Raspberry Pi 3 Model A Plus Rev 1.0", "720p25"),
        ("Raspberry Pi 3 Model B Plus Rev 1.3", "1080p30"),
        ("Raspberry Pi 4 Model B Rev 1.5", "1080p30"),
        ("Raspberry Pi 5 Model B Rev 1.0", "1080p30"),
        ("", "1080p30"),
    ],
)
def test_a_board_gets_what_it_can_hold(model: str, preset: str) -> None:
    assert preset_for(model) == preset
    assert choose(options(), model) == PRESETS[preset]


def test_what_was_given_wins_over_the_preset() -> None:
    asked = options(width=1920, height=1080, frame_rate=25, bitrate_bps=8_000_000)
    chosen = choose(asked, "Raspberry Pi Zero 2 W Rev 1.0")
    assert (chosen.width, chosen.height, chosen.frame_rate, chosen.bitrate_bps) == (
        1920,
        1080,
        25.0,
        8_000_000,
    )
    assert choose(options(preset="720p30"), "Raspberry Pi 5 Model B Rev 1.0") == PRESETS["720p30"]


@pytest.mark.parametrize("wrong", [{"width": 1280}, {"height": 720}, {"width": 1281, "height": 720}])
def test_a_size_that_cannot_be_is_refused_when_the_recorder_starts(wrong: dict[str, int]) -> None:
    with pytest.raises(Permanent, match=r"camera\.picamera2\.(width|height)"):
        picamera2.build(options(**wrong))


def test_the_model_of_another_machine_is_empty(tmp_path: Path) -> None:
    assert read_model(tmp_path / "model") == ""
    (tmp_path / "model").write_bytes(b"Raspberry Pi 4 Model B Rev 1.5\0")
    assert read_model(tmp_path / "model") == "Raspberry Pi 4 Model B Rev 1.5"


# --- how the sensor is set


def mode(
    width: int, height: int, fps: float, crop: tuple[int, int, int, int], bits: int = 10
) -> dict[str, Any]:
    return {"size": (width, height), "fps": fps, "crop_limits": crop, "bit_depth": bits}


# As libcamera lists them for these modules.
V2 = [
    mode(640, 480, 103.33, (1000, 752, 1280, 960)),
    mode(1640, 1232, 41.85, (0, 0, 3280, 2464)),
    mode(1920, 1080, 47.57, (680, 692, 1920, 1080)),
    mode(3280, 2464, 21.19, (0, 0, 3280, 2464)),
]
V3 = [
    mode(1536, 864, 120.13, (768, 432, 3072, 1728)),
    mode(2304, 1296, 56.03, (0, 0, 4608, 2592)),
    mode(4608, 2592, 14.35, (0, 0, 4608, 2592)),
]
V1 = [
    mode(640, 480, 58.92, (16, 0, 2560, 1920)),
    mode(1296, 972, 46.34, (0, 0, 2592, 1944)),
    mode(1920, 1080, 32.81, (348, 434, 1928, 1080)),
    mode(2592, 1944, 15.63, (0, 0, 2592, 1944)),
]


@pytest.mark.parametrize(
    ("modes", "size", "rate", "chosen"),
    [
        (V2, (1920, 1080), 30.0, (1640, 1232)),  # left alone it would be the cut-out of 1920x1080
        (V2, (1280, 720), 25.0, (1640, 1232)),
        (V2, (1920, 1080), 20.0, (3280, 2464)),
        (V2, (640, 480), 90.0, (640, 480)),
        (V3, (1920, 1080), 30.0, (2304, 1296)),
        (V3, (1920, 1080), 100.0, (1536, 864)),
        (V1, (1920, 1080), 30.0, (1296, 972)),
        (V1, (1280, 720), 25.0, (1296, 972)),
    ],
)
def test_the_mode_that_sees_the_whole_class_is_chosen(
    modes: list[dict[str, Any]], size: tuple[int, int], rate: float, chosen: tuple[int, int]
) -> None:
    assert widest_mode(modes, size, rate) == {"output_size": chosen, "bit_depth": 10}


def test_a_camera_without_modes_or_fast_ones_is_left_alone() -> None:
    assert widest_mode([{"format": "NV12"}], (1280, 720), 30.0) is None
    assert widest_mode(V2, (1280, 720), 200.0) is None


PI = {
    "FrameDurationLimits": (16_666, 1_000_000, 33_333), "AeEnable": (False, True, True), "AfMode": (0, 2, 0),
    "AeFlickerMode": (0, 1, 0), "AeFlickerPeriod": (100, 1_000_000, None),
}  # fmt: skip


def test_only_what_a_camera_offers_is_set() -> None:
    everything = controls(PI, 25.0, autofocus="continuous", anti_flicker="50Hz")
    assert everything == {
        "FrameDurationLimits": (40_000, 40_000), "AeEnable": True, "AfMode": 2, "AeFlickerMode": 1,
        "AeFlickerPeriod": 10_000,
    }  # fmt: skip
    assert controls({}, 25.0, autofocus="continuous", anti_flicker="50Hz") == {}
    off = controls(PI, 25.0, autofocus="off", anti_flicker="off")
    assert (off["AfMode"], off["AeFlickerMode"]) == (0, 0)
    assert "AeFlickerPeriod" not in off


@given(st.sets(st.sampled_from(sorted(PI))), st.floats(1, 120))
def test_nothing_is_set_that_is_not_offered(offered: set[str], rate: float) -> None:
    known: Mapping[str, Any] = {name: PI[name] for name in offered}
    assert set(controls(known, rate, autofocus="continuous", anti_flicker="60Hz")) <= offered


def test_a_camera_that_is_slower_or_faster_than_asked_says_so() -> None:
    assert actual_rate(PI, 30.0) == 30.0
    assert actual_rate(PI, 120.0) == pytest.approx(60.0, rel=1e-3)
    assert actual_rate({"FrameDurationLimits": (33_333, 33_333, None)}, 25.0) == pytest.approx(30.0, rel=1e-3)
    assert actual_rate({}, 25.0) == 25.0


# --- the time of a picture


@given(
    monotonic=st.integers(10 * SECOND_NS, 10**16),
    asleep=st.one_of(st.just(0), st.integers(3 * SECOND_NS, 10**15)),
    age=st.integers(0, SECOND_NS),
    on_boottime=st.booleans(),
)
def test_a_stamp_on_either_clock_becomes_monotonic(
    *, monotonic: int, asleep: int, age: int, on_boottime: bool
) -> None:
    now = Now(monotonic, monotonic + asleep)
    stamp = (now.boottime_ns if on_boottime else now.monotonic_ns) - age
    found = offset_ns(stamp, now)
    assert found is not None
    assert stamp + found == monotonic - age


def test_a_stamp_on_no_clock_is_replaced_by_the_arrival() -> None:
    clock = Now(50 * SECOND_NS, 50 * SECOND_NS)
    timeline = Timeline(lambda: clock)
    assert timeline.monotonic_ns(1_700_000_000 * SECOND_NS) == clock.monotonic_ns
    assert timeline.monotonic_ns(None) == clock.monotonic_ns + 1


@given(st.lists(st.integers(0, 1000), min_size=2))
def test_stamps_strictly_rise(ages: list[int]) -> None:
    clock = Now(50 * SECOND_NS, 50 * SECOND_NS)
    timeline = Timeline(lambda: clock)
    stamps = [timeline.monotonic_ns(clock.monotonic_ns - age) for age in ages]
    assert sorted(set(stamps)) == stamps


# --- access units

SPS, PPS = b"\0\0\0\1\x67abc", b"\0\0\0\1\x68de"
IDR_SLICE, SLICE, SEI = b"\0\0\0\1\x65picture", b"\0\0\1\x41picture", b"\0\0\1\x06words"


def test_headers_that_came_once_are_put_before_every_key_frame() -> None:
    headers = Headers()
    assert headers.complete(SPS + PPS) is None
    assert headers.complete(SEI + IDR_SLICE) == (SPS + PPS + SEI + IDR_SLICE, True)
    assert headers.complete(SLICE) == (SLICE, False)
    assert headers.complete(IDR_SLICE) == (SPS + PPS + IDR_SLICE, True)


def test_headers_that_are_there_stay_as_they_are_and_the_newest_count() -> None:
    headers = Headers()
    newer = SPS + b"newer"
    assert headers.complete(SPS + PPS + IDR_SLICE) == (SPS + PPS + IDR_SLICE, True)
    assert headers.complete(newer + PPS + IDR_SLICE) == (newer + PPS + IDR_SLICE, True)
    assert headers.complete(IDR_SLICE) == (newer + PPS + IDR_SLICE, True)


def test_a_key_frame_that_nobody_could_decode_is_left_out() -> None:
    assert Headers().complete(IDR_SLICE) is None
    assert nal_types(SPS + PPS + SEI + IDR_SLICE) == (7, 8, 6, 5)


# --- with picamera2 itself


@pytest.fixture
def pi() -> Iterator[Callable[..., ApartCamera]]:
    """Makes cameras with short limits, and stops them."""
    made: list[ApartCamera] = []

    def make(target: str = "device.drivers.camera.picamera2:open_lens", **given: Any) -> ApartCamera:
        asked = options(**{"width": 640, "height": 480, **given})
        made.append(ApartCamera(target, asked, limits=Limits(20.0, 1.0, 2.0)))
        return made[-1]

    try:
        make().format()
    except LeerblikError as error:
        pytest.skip(str(error))
    yield make
    for camera in made:
        camera.stop()


@pytest.fixture
def virtual(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], Path]:
    """Returns the file whose presence makes the test bed's camera misbehave."""
    if "VIRTUALCAM" not in os.environ:
        pytest.skip(
            "needs the camera of the test bed, which misbehaves when asked to; make test-device runs it"
        )

    def fault(name: str) -> Path:
        monkeypatch.setenv(f"VIRTUALCAM_{name}", str(tmp_path / name))
        return tmp_path / name

    return fault


def test_without_picamera2_the_sentence_says_what_to_install() -> None:
    if importlib.util.find_spec("picamera2") is not None:
        pytest.skip("picamera2 is installed")
    with pytest.raises(Permanent, match="install python3-picamera2"):
        picamera2.build(options()).format()


def test_no_camera_is_temporary_and_says_what_to_do(
    pi: Callable[..., ApartCamera], virtual: Callable[[str], Path]
) -> None:
    virtual("ABSENT").touch()
    with pytest.raises(Temporary, match="no camera was found; check its cable"):
        pi().format()
    with pytest.raises(Temporary, match="no camera was found"):
        pi().start(permit(sound=False), CollectingSink(), time.monotonic_ns())
    with pytest.raises(Temporary, match="no camera was found"):
        pi().aim(leave())


def test_a_camera_number_that_is_not_there_is_told(pi: Callable[..., ApartCamera]) -> None:
    with pytest.raises(Temporary, match="no camera number 9"):
        pi(camera_index=9).format()


def test_a_size_that_the_camera_does_not_give_is_refused_with_one_that_it_does(
    pi: Callable[..., ApartCamera], virtual: Callable[[str], Path]
) -> None:
    with pytest.raises(Permanent, match=r"no pictures of 642x482; set width and height to \d+x\d+"):
        pi(width=642, height=482).format()


def test_hdr_on_a_module_without_it_is_refused(
    pi: Callable[..., ApartCamera], virtual: Callable[[str], Path]
) -> None:
    with pytest.raises(Permanent, match="hdr = false"):
        pi(hdr=True).format()


def test_a_stalled_camera_counts_no_frames_and_comes_back_after_stop_and_start(
    pi: Callable[..., ApartCamera], virtual: Callable[[str], Path]
) -> None:
    stall, camera, sink = virtual("STALL"), pi(), CollectingSink()
    camera.start(permit(sound=False), sink, time.monotonic_ns())
    sink.wait_for_packets(10)
    stall.touch()
    time.sleep(0.3)
    frames = camera.frames()
    time.sleep(0.3)
    assert camera.frames() == frames
    camera.stop()
    stall.unlink()
    again = CollectingSink()
    camera.start(permit(sound=False), again, time.monotonic_ns())
    again.wait_for_packets(10)
    assert again.packets[0].key


def test_a_camera_whose_stop_hangs_is_closed_all_the_same(
    pi: Callable[..., ApartCamera], virtual: Callable[[str], Path]
) -> None:
    hang, camera, sink = virtual("HANG"), pi(), CollectingSink()
    camera.start(permit(sound=False), sink, time.monotonic_ns())
    sink.wait_for_packets(10)
    hang.touch()
    camera.stop()
    hang.unlink()
    camera.start(permit(sound=False), CollectingSink(), time.monotonic_ns())


def test_stamps_are_those_of_the_sensor_on_the_monotonic_clock(pi: Callable[..., ApartCamera]) -> None:
    camera, sink = pi(), CollectingSink()
    origin_ns = time.monotonic_ns()
    camera.start(permit(sound=False), sink, origin_ns)
    sink.wait_for_packets(20)
    ended_ns = time.monotonic_ns()
    camera.stop()
    assert origin_ns <= sink.packets[0].pts_ns
    assert sink.packets[19].pts_ns <= ended_ns
    assert ended_ns - sink.packets[19].pts_ns < SECOND_NS


def test_a_mask_that_cannot_be_painted_makes_the_pi_s_film_black(pi: Callable[..., ApartCamera]) -> None:
    camera, sink = pi("tests.support.cameras:pi_camera_that_cannot_paint"), CollectingSink()
    camera.mask([((0, 0), (3000, 0), (0, 3000))])
    camera.start(permit(sound=False), sink, time.monotonic_ns())
    sink.wait_for_packets(20)
    camera.stop()
    pictures = decode(sink.packets)
    assert all(picture.max() >= 60 for picture in pictures[:10])
    assert all(picture.max() <= 20 for picture in pictures[10:])
    assert len(sink.privacy_problems) == 1


def test_a_picture_that_cannot_even_be_made_black_never_leaves(pi: Callable[..., ApartCamera]) -> None:
    camera, sink = pi("tests.support.cameras:pi_camera_that_can_paint_nothing"), CollectingSink()
    camera.mask([((0, 0), (3000, 0), (0, 3000))])
    camera.start(permit(sound=False), sink, time.monotonic_ns())
    sink.wait(lambda: bool(sink.privacy_problems and sink.camera_problems), "both to be told")
    camera.stop()
    assert not sink.packets
