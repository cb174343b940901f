"""How the board is, read from files as Linux and the Raspberry Pi's firmware write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from device.drivers.board import read_board
from device.ports import Board

THERMAL = "class/thermal/thermal_zone0/temp"
THROTTLED = "devices/platform/soc/soc:firmware/get_throttled"


def written(folder: Path, **files: str) -> Path:
    for name, content in files.items():
        path = folder / {"thermal": THERMAL, "throttled": THROTTLED}[name]
        path.parent.mkdir(parents=True)
        path.write_text(content)
    return folder


def test_a_machine_that_is_no_pi_tells_nothing_and_nothing_fails(tmp_path: Path) -> None:
    assert read_board(tmp_path) == Board(temperature_c=None, undervoltage_now=None, undervoltage_past=None)


def test_the_temperature_is_told_in_degrees(tmp_path: Path) -> None:
    assert read_board(written(tmp_path, thermal="48312\n")).temperature_c == pytest.approx(48.312)


# As the documentation of "vcgencmd get_throttled" names the bits: 0 under-voltage now, 16 it has occurred,
# 2 and 18 throttled now and before, which says nothing of the supply.
@pytest.mark.parametrize(
    ("word", "now", "past"),
    [("0\n", False, False), ("50005\n", True, True), ("50000\n", False, True), ("1", True, False),
     ("40004\n", False, False)],
)  # fmt: skip
def test_the_power_supply_is_told_as_the_firmware_says_it(
    tmp_path: Path, word: str, now: bool, past: bool
) -> None:
    board = read_board(written(tmp_path, throttled=word))
    assert (board.undervoltage_now, board.undervoltage_past) == (now, past)


@pytest.mark.parametrize("content", ["", "hot", "12,5", "\x00"])
def test_a_sensor_that_talks_nonsense_tells_nothing(tmp_path: Path, content: str) -> None:
    board = read_board(written(tmp_path, thermal=content, throttled=content))
    assert board == Board(temperature_c=None, undervoltage_now=None, undervoltage_past=None)
