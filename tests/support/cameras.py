"""Cameras for tests: what every driver needs to be filmed with, and drivers that go wrong on purpose.

The wrong ones are built in a camera's own process, by name (``tests.support.cameras:that_hangs_in_stop``).
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av

from device.domain.consent import AimLeave, Permit, WarmLeave, authorise_aim, authorise_warm
from device.domain.errors import Temporary
from device.drivers.camera import _paint, synthetic
from device.drivers.camera._apart import ApartCamera, Limits
from device.drivers.camera._webcam import Encoding, Source, Webcam
from device.ports import Camera, FootageSink, VideoFormat
from tests.support.permits import SITUATION, agreement
from tests.support.synthetic_films import build

TARGET = "tests.support.cameras"
SYNTHETIC = {
    "width": 320,
    "height": 180,
    "frame_rate": 30.0,
    "bitrate_bps": 400_000,
    "keyframe_interval_s": 1.0,
    "speed": "real",
    "length_s": 0.0,
}
FIXED_ORIGIN_NS = 7_000_000_123


@dataclass(frozen=True)
class Case:
    """A camera for the contract suite: which driver's, how it is made from a film, whether its film ends."""

    driver: str
    make: Callable[[Path], Camera]
    ends: bool = False
    inventive: bool = False  # its stamps are the origin's, whatever that is

    def origin_ns(self) -> int:
        """Return a time at which it can begin."""
        return FIXED_ORIGIN_NS if self.inventive else time.monotonic_ns()


def leave(ago_s: float = 0.0) -> AimLeave:
    """Return leave to look through the lens, given so many seconds ago (it lasts two minutes)."""
    now_ns = time.monotonic_ns()
    pressed_ns = now_ns - round(ago_s * 1_000_000_000)
    given = authorise_aim(pressed_ns, pressed_ns, by_hand=True, light_works=True, lens_covered=False)
    assert isinstance(given, AimLeave)
    return given


def warm_leave(for_s: float = 60.0) -> WarmLeave:
    """Return leave to stand ready for so many seconds from now."""
    given = authorise_warm(agreement(), SITUATION, time.monotonic_ns() + round(for_s * 1_000_000_000))
    assert isinstance(given, WarmLeave)
    return given


def synthetic_apart(target: str = "device.drivers.camera.synthetic:build", **options: Any) -> ApartCamera:
    """Return the synthetic camera (or one built on it) in a process of its own, with short limits."""
    return ApartCamera(target, {**SYNTHETIC, **options}, limits=Limits(10.0, 1.0, 1.0))


def apart(function: str, **options: Any) -> ApartCamera:
    """Return a camera of this module in a process of its own."""
    return synthetic_apart(f"{TARGET}:{function}", **options)


def webcam_on_a_test_picture() -> Webcam:
    """Return the webcam driver on a picture that libav makes, at real speed."""
    form = VideoFormat(320, 180, 30.0)
    picture = "testsrc2=size=320x240:rate=30,realtime"
    return Webcam(
        form, Encoding(400_000, 0.3), lambda: Source(Path("lavfi"), av.open(picture, format="lavfi"))
    )


def driver(name: str, options: Mapping[str, Any]) -> Camera:
    """Return a driver as the recorder builds it."""
    camera: Camera = build("camera", name, options)
    return camera


# --- drivers that go wrong, built inside a camera's process


class _Wrong(synthetic.SyntheticCamera):
    def __init__(self, options: Mapping[str, Any]) -> None:
        super().__init__(
            VideoFormat(options["width"], options["height"], options["frame_rate"]),
            options["bitrate_bps"],
            options["keyframe_interval_s"],
            options["speed"],
            options["length_s"],
        )


def that_hangs_in_stop(options: Mapping[str, Any]) -> Camera:
    """Build one whose lens does not close (picamera2 #1264)."""

    class Hanging(_Wrong):
        def stop(self) -> None:
            time.sleep(3600)

    return Hanging(options)


def that_hangs_in_start(options: Mapping[str, Any]) -> Camera:
    """Build one whose lens does not open."""

    class Hanging(_Wrong):
        def start(self, permit: Permit, sink: FootageSink, origin_ns: int) -> None:
            time.sleep(3600)

    return Hanging(options)


def that_hangs_in_aim(options: Mapping[str, Any]) -> Camera:
    """Build one that never comes to a still."""

    class Hanging(_Wrong):
        def aim(self, leave: AimLeave) -> bytes:
            time.sleep(3600)
            return b""

    return Hanging(options)


def that_hangs_in_format(options: Mapping[str, Any]) -> Camera:
    """Build one whose library does not even answer."""

    class Hanging(_Wrong):
        def format(self) -> VideoFormat:
            time.sleep(3600)
            raise AssertionError

    return Hanging(options)


def that_has_no_rate(options: Mapping[str, Any]) -> Camera:
    """Build one that does not know how fast it is."""

    class Rateless(_Wrong):
        def format(self) -> VideoFormat:
            return VideoFormat(320, 180, float("nan"))

    return Rateless(options)


def that_talks_nonsense(options: Mapping[str, Any]) -> Camera:
    """Build one whose library writes ``options["says"]`` (hexadecimal) into the recorder's socket once it films."""
    saying = {**options}
    says = bytes.fromhex(saying.pop("says"))

    class Talking(_Wrong):
        def start(self, permit: Permit, sink: FootageSink, origin_ns: int) -> None:
            super().start(permit, sink, origin_ns)
            threading.Timer(0.3, lambda: os.write(_own_socket(), says)).start()

    return Talking(saying)


def _own_socket() -> int:
    """Return the one socket of a camera's process."""
    for each in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            if str(each.readlink()).startswith("socket:"):
                return int(each.name)
    raise AssertionError("a camera's process has a socket")


def that_opens_slowly(options: Mapping[str, Any]) -> Camera:
    """Build one whose lens needs its time."""

    class Slow(_Wrong):
        def start(self, permit: Permit, sink: FootageSink, origin_ns: int) -> None:
            time.sleep(0.7)
            super().start(permit, sink, time.monotonic_ns())

    return Slow(options)


def that_opens_only_anew(options: Mapping[str, Any]) -> Camera:
    """Build one whose lens does not open any more once it stood ready."""

    class Stale(_Wrong):
        def start(self, permit: Permit, sink: FootageSink, origin_ns: int) -> None:
            if self.is_prepared():
                raise Temporary("the camera went to sleep; check its cable")
            super().start(permit, sink, time.monotonic_ns())

    return Stale(options)


def that_hangs_when_it_stood_ready(options: Mapping[str, Any]) -> Camera:
    """Build one whose lens hangs once it stood ready."""

    class Hanging(_Wrong):
        def start(self, permit: Permit, sink: FootageSink, origin_ns: int) -> None:
            if self.is_prepared():
                time.sleep(3600)
            super().start(permit, sink, time.monotonic_ns())

    return Hanging(options)


def that_hangs_in_prepare(options: Mapping[str, Any]) -> Camera:
    """Build one that never gets ready."""

    class Hanging(_Wrong):
        def prepare(self, leave: WarmLeave) -> None:
            time.sleep(3600)

    return Hanging(options)


def that_is_absent(options: Mapping[str, Any]) -> Camera:
    """Build one that finds no lens."""

    class Absent(_Wrong):
        def format(self) -> VideoFormat:
            raise Temporary("no camera was found; check its cable")

        def start(self, permit: Permit, sink: FootageSink, origin_ns: int) -> None:
            raise Temporary("no camera was found; check its cable")

        def aim(self, leave: AimLeave) -> bytes:
            raise Temporary("no camera was found; check its cable")

        def prepare(self, leave: WarmLeave) -> None:
            raise Temporary("no camera was found; check its cable")

    return Absent(options)


def that_crashes_in_start(options: Mapping[str, Any]) -> Camera:
    """Build one whose library takes the process with it."""

    class Crashing(_Wrong):
        def start(self, permit: Permit, sink: FootageSink, origin_ns: int) -> None:
            os.kill(os.getpid(), signal.SIGSEGV)

    return Crashing(options)


def that_has_a_flaw(options: Mapping[str, Any]) -> Camera:
    """Build one whose code is wrong."""

    class Flawed(_Wrong):
        def start(self, permit: Permit, sink: FootageSink, origin_ns: int) -> None:
            raise ZeroDivisionError("a flaw")

    return Flawed(options)


def that_cannot_paint(options: Mapping[str, Any]) -> Camera:
    """Build one whose masks fail after ten pictures."""
    painted = 0

    def paint(picture: _paint.Layers, boxes: Sequence[_paint.Box]) -> None:
        nonlocal painted
        painted += 1
        if painted > 10:
            raise IndexError("out of paint")

    _paint.paint = paint
    return _Wrong(options)


def pi_camera_that_cannot_paint(options: Mapping[str, Any]) -> Camera:
    """Build the Pi's camera with masks that fail after ten pictures."""
    from device.drivers.camera import picamera2

    that_cannot_paint(SYNTHETIC)
    return picamera2.open_lens(options)


def pi_camera_that_can_paint_nothing(options: Mapping[str, Any]) -> Camera:
    """Build the Pi's camera with neither masks nor black."""
    from device.drivers.camera import picamera2

    def fail(*_: object) -> None:
        raise IndexError("out of paint")

    vars(_paint).update(paint=fail, blacken=fail)
    return picamera2.open_lens(options)
