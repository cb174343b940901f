"""A lens that looks at an invented lesson: every frame is numbered and every second flashes.

What a test or a demonstration films with it can be checked frame by frame afterwards; see
``device.drivers._test_card`` for the marks.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from device.domain.consent import AimLeave, Permit, WarmLeave
from device.domain.mask import Polygon
from device.domain.settings import Setting
from device.drivers._source import require_permit
from device.drivers._take import SECOND_NS, SPEED, Take
from device.drivers.camera._curtain import Curtain
from device.drivers.camera._h264 import (
    Encoder,
    exact_rate,
    stamp_ns,
)
from device.drivers.camera._leave import require_leave
from device.drivers.camera._options import BITRATE, KEYFRAME_INTERVAL, check_even
from device.drivers.camera._paint import layers
from device.drivers.camera._scene import Scene
from device.drivers.camera._still import masked_still
from device.drivers.camera._worker import CameraWorker
from device.ports import Camera, FootageSink, VideoFormat

OPTIONS = (
    Setting("width", int, "width of the picture in pixels, even", 1280, 1920, 160, 4096),
    Setting("height", int, "height of the picture in pixels, even", 720, 1080, 90, 4096),
    Setting("frame_rate", float, "frames per second", 30.0, 25.0, 1.0, 120.0),
    BITRATE,
    KEYFRAME_INTERVAL,
    SPEED,
    Setting("length_s", float, "seconds of footage after which the film ends, 0 for endless", 0.0, 60.0, 0.0),
)

VIEW = ("width", "height")
LATEST_NS = SECOND_NS


def verify(options: Mapping[str, Any]) -> None:
    """Raise Permanent when the size is odd."""
    _form(options)


def build(options: Mapping[str, Any]) -> Camera:
    """Return the camera; Permanent when the size is odd."""
    return SyntheticCamera(
        _form(options),
        options["bitrate_bps"],
        options["keyframe_interval_s"],
        options["speed"],
        options["length_s"],
    )


def _form(options: Mapping[str, Any]) -> VideoFormat:
    form = VideoFormat(options["width"], options["height"], options["frame_rate"])
    check_even(form, "camera.synthetic")
    return form


class SyntheticCamera:
    """Frame n is stamped ``origin_ns + n / frame_rate`` exactly and carries its number.

    At real speed a machine that is more than a second late misses frames, as a real sensor would: the
    numbers jump. At speed ``max`` nothing is missed.
    """

    def __init__(
        self, form: VideoFormat, bitrate_bps: int, keyframe_interval_s: float, speed: str, length_s: float
    ) -> None:
        self._format = form
        self._encoding = (bitrate_bps, keyframe_interval_s)
        self._speed = speed
        self._rate = exact_rate(form.frame_rate)
        self._length = round(exact_rate(length_s) * self._rate) or None
        self._worker = CameraWorker("synthetic camera")
        self._curtain = Curtain()
        self._frames = 0

    def format(self) -> VideoFormat:
        """Return the size and rate that were configured."""
        return self._format

    def start(self, permit: Permit, sink: FootageSink, origin_ns: int) -> None:
        """Begin with frame 0 at ``origin_ns``."""
        require_permit(permit)
        self._worker.start(
            lambda stop: self._film(Take(self._speed, permit, sink, origin_ns, stop, picture=True)),
            sink.camera_failed,
        )

    def blank(self, blanked: bool) -> None:
        """Deliver black pictures, without number or flash, until told otherwise."""
        self._curtain.blank(blanked)

    def mask(self, polygons: Sequence[Polygon]) -> None:
        """Paint these areas black from the next start on."""
        self._curtain.mask(polygons)

    def aim(self, leave: AimLeave) -> bytes:
        """Return the picture of this moment of the clock; nothing stays open behind it."""
        require_leave(leave)
        self._worker.require_idle()
        self._worker.spend()
        scene = Scene(self._format.width, self._format.height, self._rate)
        return masked_still(self._curtain, scene.draw(int(time.monotonic() * self._rate)))

    def prepare(self, leave: WarmLeave) -> None:
        """Stand ready; an invented lesson has nothing to open."""
        self._worker.prepare(leave)

    def is_prepared(self) -> bool:
        """Tell whether it stands ready."""
        return self._worker.is_ready

    def stop(self) -> None:
        """Close the lens."""
        self._worker.stop()

    def frames(self) -> int:
        """Return how many frames were captured since the start."""
        return self._frames

    def _film(self, take: Take) -> None:
        self._frames = 0
        with take, Encoder(self._format, *self._encoding) as encoder:
            if self._deliver(take, encoder):
                take.sink.camera_ended()

    def _deliver(self, take: Take, encoder: Encoder) -> bool:
        """Return True at the end of the film, False when asked to stop."""
        scene = Scene(self._format.width, self._format.height, self._rate)
        width, height = self._format.width, self._format.height
        cover = self._curtain.hang(width, height, take.sink.privacy_failed)
        counter = 0
        while self._length is None or counter < self._length:
            pts_ns = take.origin_ns + stamp_ns(counter, self._rate)
            if not take.wait(pts_ns):
                return False
            planes = scene.draw(counter)
            cover.draw(layers(planes, "YUV420", width, height))
            packet = encoder.encode(planes, pts_ns)
            self._frames += 1
            take.sink.video(packet)
            counter = self._next(counter + 1, take)
        return True

    def _next(self, counter: int, take: Take) -> int:
        """Return the picture that a sensor would show next: this one, or the present one when too late."""
        passed_ns = time.monotonic_ns() - take.origin_ns
        if not take.real or passed_ns - stamp_ns(counter, self._rate) <= LATEST_NS:
            return counter
        return int(passed_ns * self._rate / SECOND_NS)
