"""``leerblik aim``: stills for whoever points the camera, and never without a press at the device."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from device import cli
from device.commands import aim
from device.domain.errors import Busy, Refused, Temporary
from device.recorder.client import RecorderClient
from tests.support.living import Living, living
from tests.support.waiting import wait_for


@pytest.fixture
def unit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Living]:
    monkeypatch.setattr(aim, "_ASK_EVERY_S", 0.01)
    monkeypatch.setattr(aim, "_STILL_EVERY_S", 0.01)
    with living(tmp_path / "device") as made:
        yield made


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    return tmp_path / "pictures" / "aim.jpg"


def aim_at(unit: Living, picture: Path, *words: str, meanwhile: Callable[[], object]) -> int:
    """Type ``leerblik aim`` and do something else at the same time."""
    picture.parent.mkdir(exist_ok=True)
    other = threading.Thread(target=meanwhile)
    other.start()
    code = cli.main(["aim", "--config", str(unit.config), "--out", str(picture), "--every", "0.01", *words])
    other.join()
    return code


def status(unit: Living) -> dict[str, Any]:
    found: dict[str, Any] = RecorderClient(unit.root).ask("status")["aim"]
    return found


def press_when_asked(unit: Living) -> None:
    wait_for(lambda: status(unit)["left_s"] > 0)
    unit.finger.press()


def test_after_a_press_pictures_come_until_the_next_press_and_nothing_is_recorded(
    unit: Living, picture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def person() -> None:
        press_when_asked(unit)
        wait_for(picture.exists)
        unit.finger.press()

    assert aim_at(unit, picture, meanwhile=person) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "press the button at the device within 120 seconds"
    assert lines[1] == f"{picture} written; the lens is open for 120 s more"
    assert lines[-1] == "the lens is closed"
    assert picture.read_bytes() == b"a still"
    assert list(picture.parent.iterdir()) == [picture]
    assert (unit.lens.permits, list(unit.spool.iterdir())) == ([], [])


def test_one_picture_is_enough_when_it_is_said_so_and_the_lens_stays_open(
    unit: Living, picture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture.parent.mkdir()
    picture.write_bytes(b"an older picture")
    assert aim_at(unit, picture, "--once", meanwhile=lambda: press_when_asked(unit)) == 0
    assert capsys.readouterr().out.endswith("is what the lens sees; press at the device to close it\n")
    assert picture.read_bytes() == b"a still"
    assert status(unit)["open"]


def test_who_asks_again_while_the_lens_is_open_need_not_press_again(
    unit: Living, picture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    aim_at(unit, picture, "--once", meanwhile=lambda: press_when_asked(unit))
    RecorderClient(unit.root).ask("press", pass_s=1)
    capsys.readouterr()
    assert aim_at(unit, picture, "--once", meanwhile=lambda: None) == 0
    assert "press the button" not in capsys.readouterr().out


def test_who_asks_just_after_somebody_else_waits_for_the_next_picture(
    unit: Living, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aim_at(unit, picture, "--once", meanwhile=lambda: press_when_asked(unit))
    other = RecorderClient(unit.root)
    monkeypatch.setattr("time.sleep", lambda _: other.ask("press", pass_s=1))
    assert aim_at(unit, picture, "--once", meanwhile=lambda: None) == 0


def test_why_a_press_opens_nothing_is_told_and_the_next_one_may(
    unit: Living, picture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def person() -> None:
        press_when_asked(unit)
        wait_for(lambda: RecorderClient(unit.root).ask("status")["refusals"] == 1)
        unit.light.works = True
        unit.finger.press()

    unit.light.works = False
    assert aim_at(unit, picture, "--once", meanwhile=person) == 0
    assert "No light works that the class can see" in capsys.readouterr().out


def test_when_nobody_presses_the_lens_stays_closed(
    unit: Living, picture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def time_passes() -> None:
        wait_for(lambda: status(unit)["left_s"] > 0)
        RecorderClient(unit.root).ask("press", pass_s=120)

    assert aim_at(unit, picture, meanwhile=time_passes) == Refused.exit_code
    assert "nobody pressed at the device; the lens stays closed" in capsys.readouterr().err
    assert not picture.exists()
    assert "lens opens for aiming" not in unit.log


def test_a_press_from_software_is_nobody_at_the_device(unit: Living, picture: Path) -> None:
    def program() -> None:
        wait_for(lambda: status(unit)["left_s"] > 0)
        unit.finger.press(by_hand=False)
        wait_for(lambda: bool(unit.lens.permits))  # it begins a lesson, which is something else
        RecorderClient(unit.root).ask("press", pass_s=120)

    assert aim_at(unit, picture, meanwhile=program) == Refused.exit_code
    assert not picture.exists()


def test_during_a_lesson_nobody_aims(unit: Living, picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    RecorderClient(unit.root).ask("start")
    assert aim_at(unit, picture, meanwhile=lambda: None) == Busy.exit_code
    assert "aim when it has ended" in capsys.readouterr().err


def test_a_picture_that_cannot_be_written_is_told_with_what_to_do(
    unit: Living, picture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture.mkdir(parents=True)
    assert aim_at(unit, picture, meanwhile=lambda: press_when_asked(unit)) == Temporary.exit_code
    assert f"{picture} cannot be written" in capsys.readouterr().err
