"""How the board is: its temperature and its power supply, as Linux and the Raspberry Pi's firmware tell."""

from __future__ import annotations

import contextlib
from pathlib import Path

from device.ports import Board

_THERMAL = "class/thermal/thermal_zone0/temp"
# Bits as in the Raspberry Pi documentation of "vcgencmd get_throttled".
_THROTTLED = "devices/platform/soc/soc:firmware/get_throttled"
_UNDER_VOLTAGE_NOW, _UNDER_VOLTAGE_PAST = 1 << 0, 1 << 16


def read_board(sys: Path = Path("/sys")) -> Board:
    """Return what this board tells of itself; None for what it does not."""
    temperature_c: float | None = None
    throttled: int | None = None
    with contextlib.suppress(OSError, ValueError):
        temperature_c = int((sys / _THERMAL).read_text("ascii")) / 1000
    with contextlib.suppress(OSError, ValueError):
        throttled = int((sys / _THROTTLED).read_text("ascii").strip(), 16)
    return Board(
        temperature_c=temperature_c,
        undervoltage_now=None if throttled is None else bool(throttled & _UNDER_VOLTAGE_NOW),
        undervoltage_past=None if throttled is None else bool(throttled & _UNDER_VOLTAGE_PAST),
    )
