"""How a sensor is set: the mode that sees the whole field, and the controls that this camera knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

# A mode that sees nearly all of the field sees all of it: some leave out a few rows for their own arithmetic.
_NEARLY = 0.97
_SLOWER = 0.99
_PERIOD_US = {"50Hz": 10_000, "60Hz": 8_333}


def widest_mode(
    modes: Sequence[Mapping[str, Any]], size: tuple[int, int], frame_rate: float
) -> dict[str, Any] | None:
    """Return the sensor's setting that sees the widest field at this rate, in picamera2's words.

    Left to itself, libcamera takes the mode nearest in size, and on several modules that one is a cut-out of the
    middle. None when the camera names no modes, or when none is fast enough.
    """
    known = [mode for mode in modes if "crop_limits" in mode and mode["fps"] >= frame_rate * _SLOWER]
    if not known:
        return None
    widest = max(mode["crop_limits"][2] for mode in known)
    wide = [mode for mode in known if mode["crop_limits"][2] >= widest * _NEARLY]
    tallest = max(mode["crop_limits"][3] for mode in wide)
    # A mode for wide pictures may cut top and bottom that a wide picture does not show anyway.
    needed = min(tallest, widest * size[1] / size[0])
    whole = [mode for mode in wide if mode["crop_limits"][3] >= needed * _NEARLY]

    def cost(mode: Mapping[str, Any]) -> tuple[bool, int, int]:
        width, height = mode["size"]
        small = width < size[0] or height < size[1]
        pixels = width * height
        return small, -pixels if small else pixels, -mode["bit_depth"]

    best = min(whole, key=cost)
    return {"output_size": tuple(best["size"]), "bit_depth": best["bit_depth"]}


def controls(
    offered: Mapping[str, Sequence[Any]], frame_rate: float, *, autofocus: str, anti_flicker: str
) -> dict[str, Any]:
    """Return what to set, by libcamera's names, only as far as this camera offers it (others raise).

    ``offered`` has (least, most, default) of each. ``autofocus`` is continuous or off, ``anti_flicker`` 50Hz,
    60Hz or off.
    """
    duration_us = round(1_000_000 / actual_rate(offered, frame_rate))
    wanted: dict[str, Any] = {"FrameDurationLimits": (duration_us, duration_us), "AeEnable": True}
    # The numbers are libcamera's AfModeEnum (0 manual, 2 continuous) and AeFlickerModeEnum (0 off, 1 manual).
    wanted["AfMode"] = 2 if autofocus == "continuous" else 0
    if "AeFlickerPeriod" in offered:
        wanted["AeFlickerMode"] = 0 if anti_flicker == "off" else 1
        if anti_flicker != "off":
            wanted["AeFlickerPeriod"] = _PERIOD_US[anti_flicker]
    return {name: value for name, value in wanted.items() if name in offered}


def actual_rate(offered: Mapping[str, Sequence[Any]], frame_rate: float) -> float:
    """Return the frame rate that a camera gives when asked for this one: not more, nor less, than it can."""
    least_us, most_us = tuple(offered.get("FrameDurationLimits", (0, 0)))[:2]
    asked_us = 1_000_000 / frame_rate
    if least_us and asked_us < least_us - 1:
        return 1_000_000 / float(least_us)
    if most_us and asked_us > most_us + 1:
        return 1_000_000 / float(most_us)
    return frame_rate
