"""What each Raspberry Pi can hold, and what was asked of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from device.domain.errors import Permanent

MODEL_FILE = Path("/proc/device-tree/model")
AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Preset:
    """Size in pixels, frames per second, bits per second."""

    width: int
    height: int
    frame_rate: float
    bitrate_bps: int


PRESETS = {
    "720p25": Preset(1280, 720, 25.0, 3_000_000),
    "720p30": Preset(1280, 720, 30.0, 3_500_000),
    "1080p25": Preset(1920, 1080, 25.0, 5_000_000),
    "1080p30": Preset(1920, 1080, 30.0, 6_000_000),
}
# Half a gigabyte of memory, shared with the camera's buffers.
_SMALL_BOARDS = ("Raspberry Pi Zero 2", "Raspberry Pi 3 Model A")


def read_model(path: Path = MODEL_FILE) -> str:
    """Return the name of this board, empty on another machine."""
    try:
        return path.read_text("utf-8", errors="replace").rstrip("\0\n")
    except OSError:
        return ""


def preset_for(model: str) -> str:
    """Return the name of the preset that a board holds for a whole lesson."""
    return "720p25" if model.startswith(_SMALL_BOARDS) else "1080p30"


def choose(options: Mapping[str, Any], model: str) -> Preset:
    """Return the preset that was asked for, with every value that was given (not 0) in its place.

    Permanent when only one side of the picture was given, or an odd one.
    """
    name = preset_for(model) if options["preset"] == AUTO else options["preset"]
    preset = PRESETS[name]
    width, height = options["width"], options["height"]
    if bool(width) != bool(height):
        raise Permanent(
            "camera.picamera2.width and height belong together; give both, or neither for the preset"
        )
    for key, value in (("width", width), ("height", height)):
        if value % 2 or 0 < value < 64:
            raise Permanent(
                f"camera.picamera2.{key} must be even and at least 64, found {value}; for example 720"
            )
    return Preset(
        width or preset.width,
        height or preset.height,
        options["frame_rate"] or preset.frame_rate,
        options["bitrate_bps"] or preset.bitrate_bps,
    )
