"""``press`` says what a press meant, also when it meant nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from deploy.demo.house import House
from device import cli
from device.commands.meaning import Gesture, nothing, remark
from tests.support.houses import make_house, until

pytestmark = pytest.mark.slow

PAUSE_S = 2.1
SINGLE, DOUBLE, HELD = Gesture(), Gesture(double=True), Gesture(hold_s=2.0)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = make_house(tmp_path_factory.mktemp("press") / "house", {"recorder": {"cooling_off_s": 600.0}})
    try:
        made.start("recorder")
        made.wait_for_recorder()
        yield made
    finally:
        made.close()


def press(house: House, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert cli.main(["press", *words, "--config", str(house.config)]) == 0
    return capsys.readouterr().out


def record_and_stop(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    house.client.ask("start")
    until(
        lambda: house.client.ask("status") if house.client.ask("status")["recorded_s"] > 0.5 else None,
        "some film",
        20,
    )
    assert press(house, capsys) == "recorder: idle, latest recording: held\n"


def test_two_presses_from_idle_say_that_the_second_one_stopped_it(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    said = press(house, capsys, "--double")
    assert said.startswith("recorder: idle")
    assert said.endswith("; the second press stopped the lesson at once; press once to record\n")
    assert house.client.ask("status")["state"] == "idle"


def test_a_press_right_after_a_stop_says_that_it_meant_nothing(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    record_and_stop(house, capsys)
    said = press(house, capsys)
    assert said == "nothing: a press within 2 seconds after a stop means nothing; press again to record\n"
    assert house.client.ask("status")["state"] == "idle"


def test_a_hold_that_is_let_go_too_early_says_how_long_it_takes(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    record_and_stop(house, capsys)
    said = press(house, capsys, "--hold", "1.2")
    assert said == "nothing: hold 5 seconds, within a minute after stopping, to discard the lesson\n"


def test_a_press_by_software_that_should_have_opened_the_lens_for_aiming_says_what_it_did(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    record_and_stop(house, capsys)
    time.sleep(PAUSE_S)
    house.client.ask("aim")
    said = press(house, capsys)
    assert said == (
        "recorder: recording, bookmarks: 0; "
        "a lesson began; opening the lens for aiming needs the button at the device itself\n"
    )
    house.client.ask("stop")


@pytest.mark.parametrize("seconds", ["nan", "inf", "-1", "0", "60.5", "long"])
def test_a_hold_is_a_number_of_seconds(seconds: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["press", f"--hold={seconds}"])
    assert ended.value.code == 2
    assert f"a number of seconds from 0 to 60 is needed, found '{seconds}'" in capsys.readouterr().err


def test_the_help_tells_the_grammar(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["press", "--help"])
    text = capsys.readouterr().out
    for words in (
        "one press begins a lesson",
        "two quick ones mark",
        "hold 5 s to discard",
        "within 2 seconds",
    ):
        assert words in text.replace("Within", "within")


# --- what cannot be pressed here: a finger at the device, and a lens that takes its time


def status(state: str = "idle", *recordings: str, aim: bool = False, left_s: float = 0.0) -> dict[str, Any]:
    rows = [{"id": each, "status": "held"} for each in recordings]
    return {"state": state, "recordings": rows, "aim": {"open": aim, "left_s": left_s}}


def test_while_the_lens_is_being_closed_a_press_means_nothing() -> None:
    assert nothing(SINGLE, status("stopping")) == "the lens is being closed; wait a moment"


def test_a_press_that_closed_the_lens_after_aiming_says_so() -> None:
    before = status("idle", "a", aim=True, left_s=60.0)
    assert remark(SINGLE, before, status("idle", "a")) == "the lens is closed again; nothing was recorded"


def test_a_long_press_with_nothing_to_discard_says_that_a_lesson_began() -> None:
    said = remark(HELD, status("idle", "a"), status("recording", "b", "a"))
    assert said == "a lesson began, for none was stopped within the last minute; press once to stop it"


@pytest.mark.parametrize(
    ("gesture", "before", "after"),
    [
        (SINGLE, status(), status("recording", "a")),
        (SINGLE, status("recording", "a"), status("idle", "a")),
        (DOUBLE, status("recording", "a"), status("recording", "a")),
        (HELD, status("recording", "a"), status("blanked", "a")),
        (HELD, status("idle", "a"), status("idle", "a")),
    ],
)
def test_what_everybody_expects_needs_no_remark(
    gesture: Gesture, before: dict[str, Any], after: dict[str, Any]
) -> None:
    assert remark(gesture, before, after) == ""
