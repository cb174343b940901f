"""Settings that several cameras share; this module weighs nothing, as the recorder reads settings first."""

from __future__ import annotations

from device.domain.errors import Permanent
from device.domain.settings import Setting
from device.ports import VideoFormat

BITRATE = Setting(
    "bitrate_bps", int, "size of the footage in bits per second", 2_000_000, 4_000_000, 50_000, 100_000_000
)
KEYFRAME_INTERVAL = Setting(
    "keyframe_interval_s", float, "seconds from one key frame to the next", 1.0, 2.0, 0.1, 10.0
)


def check_even(form: VideoFormat, where: str) -> None:
    """Raise Permanent when a size is odd: H.264 with 4:2:0 colour needs even ones."""
    for name, value in (("width", form.width), ("height", form.height)):
        if value % 2:
            raise Permanent(f"{where}.{name} must be even, found {value}; for example {value + 1}")
