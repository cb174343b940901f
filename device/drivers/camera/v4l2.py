"""A USB webcam, for a laptop or a Pi without a camera module.

The recorder holds :func:`build`'s camera, whose libraries live in a process of their own; :func:`open_lens` is
what that process builds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from device.domain.settings import Setting
from device.drivers.camera import _nodes
from device.drivers.camera._apart import ApartCamera
from device.drivers.camera._options import BITRATE, KEYFRAME_INTERVAL, check_even
from device.ports import Camera, VideoFormat

OPTIONS = (
    Setting(
        "device", str, "the webcam's device, best by its stable name; empty for the first that is found",
        "", "/dev/v4l/by-id/usb-Example_Webcam-video-index0",
    ),
    Setting(
        "input_format", str, "how pictures come over the cable; mjpeg allows larger ones than yuyv422",
        "mjpeg", "yuyv422", choices=("mjpeg", "yuyv422", "any"),
    ),
    Setting("width", int, "width of the footage in pixels, even; other pictures are fitted in", 1280, 1920, 160, 4096),
    Setting("height", int, "height of the footage in pixels, even", 720, 1080, 90, 4096),
    Setting("frame_rate", float, "frames per second to ask for; in the dark many give fewer", 30.0, 25.0, 1.0, 60.0),
    BITRATE,
    KEYFRAME_INTERVAL,
)  # fmt: skip


# Size, rate and format as well: many webcams see less of the room in some of their modes.
VIEW = ("device", "input_format", "width", "height", "frame_rate")


def verify(options: Mapping[str, Any]) -> None:
    """Raise Permanent when the size is odd."""
    _form(options)


def build(options: Mapping[str, Any]) -> Camera:
    """Return the webcam, in a process of its own; Permanent when the size is odd."""
    return ApartCamera(
        "device.drivers.camera.v4l2:open_lens",
        options,
        form=_form(options),
        check_present=lambda: _check(options["device"]),
    )


def open_lens(options: Mapping[str, Any]) -> Camera:
    """Return the webcam as the process that holds it knows it; nothing is opened yet."""
    from device.drivers.camera._webcam import Encoding, Webcam, open_webcam

    form = _form(options)
    return Webcam(
        form,
        Encoding(options["bitrate_bps"], options["keyframe_interval_s"]),
        lambda: open_webcam(_nodes.find(options["device"]).path, form, options["input_format"]),
    )


def _check(device: str) -> None:
    _nodes.find(device)


def _form(options: Mapping[str, Any]) -> VideoFormat:
    form = VideoFormat(options["width"], options["height"], options["frame_rate"])
    check_even(form, "camera.v4l2")
    return form
