"""Before the device is wiped: armed by IT for five minutes, ordered by a hand that holds the button."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from device.domain.wiping import ASKED_NAME
from device.ports import Button, Edge
from tests.support.recorder import Unit

NAME = "device-1"


def arm(unit: Unit, **values: Any) -> dict[str, Any]:
    return unit.ask("wipe", wipe="arm", **{"name": NAME, **values})


def hold(unit: Unit, seconds: float, *, by_hand: bool = True) -> None:
    """Hold the button, without the loop's hearing of time in between."""
    unit.loop._take_edge(Edge(True, unit.clock.ns, by_hand=by_hand))
    unit.clock.pass_s(seconds)
    unit.loop._take_edge(Edge(False, unit.clock.ns, by_hand=by_hand))


def pass_s(unit: Unit, seconds: float) -> None:
    unit.clock.pass_s(seconds)
    unit.loop._tick()


def lesson(unit: Unit) -> str:
    recording: str = unit.ask("start")["recording"]
    unit.clock.pass_s(5)
    unit.loop._tick()
    unit.ask("stop")
    unit.clock.pass_s(60)
    return recording


def order(unit: Unit) -> Path:
    return unit.root / ASKED_NAME


def test_armed_and_held_for_ten_seconds_it_leaves_an_order_and_records_nothing_any_more(
    tmp_path: Path,
) -> None:
    unit = Unit(tmp_path)
    assert arm(unit)["armed"] is True
    assert unit.log[-1] == "light wiping"
    hold(unit, 10)
    said = json.loads(order(unit).read_text())
    assert (said["device"], said["by"], said["confirmed"]) == (NAME, "it", "button")
    hold(unit, 0.1)
    assert unit.ask("start")["error"] == "refused"
    assert unit.ask("wipe", wipe="cancel")["error"] == "busy"
    assert unit.lens.permits == []
    assert [kind for kind in unit.kinds() if "wipe" in kind] == ["wipe_armed", "wipe_ordered"]


def test_it_need_not_let_go_of_the_button(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    arm(unit)
    unit.loop._take_edge(Edge(True, unit.clock.ns))
    pass_s(unit, 9.9)
    assert not order(unit).exists()
    pass_s(unit, 0.1)
    assert order(unit).exists()
    unit.loop._take_edge(Edge(False, unit.clock.ns))
    assert unit.lens.permits == []


def test_a_short_press_neither_wipes_nor_records_and_says_why(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    arm(unit)
    hold(unit, 9.9)
    assert not order(unit).exists()
    assert unit.lens.permits == []
    status = unit.ask("status")
    assert [each["reason"] for each in status["refusal"]] == ["wiping"]
    assert "ten seconds" in status["refusal"][0]["message"]
    hold(unit, 10)
    assert order(unit).exists()


def test_a_press_from_software_wipes_nothing_however_long(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    arm(unit)
    hold(unit, 60, by_hand=False)
    assert not order(unit).exists()
    assert unit.lens.permits == []


def test_without_being_armed_a_long_press_is_what_it_always_was(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    hold(unit, 10)
    assert not order(unit).exists()
    assert len(unit.lens.permits) == 1
    unit.run()


def test_after_five_minutes_the_button_records_again(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    arm(unit)
    pass_s(unit, 299)
    assert unit.ask("wipe")["left_s"] == pytest.approx(1)
    pass_s(unit, 1)
    assert unit.log[-1] == "light ready"
    hold(unit, 11)
    assert not order(unit).exists()
    assert len(unit.lens.permits) == 1
    unit.run()


def test_a_press_after_the_time_records_also_when_nobody_had_looked_at_the_clock(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    arm(unit)
    unit.clock.pass_s(300)
    hold(unit, 11)
    assert not order(unit).exists()
    assert len(unit.lens.permits) == 1
    unit.run()


def test_it_cancels_and_the_button_records_again(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    arm(unit)
    assert unit.ask("wipe", wipe="cancel")["armed"] is False
    hold(unit, 11)
    assert not order(unit).exists()
    assert len(unit.lens.permits) == 1
    unit.run()


def test_a_restart_of_the_recorder_forgets_that_it_was_armed_and_what_nobody_carried_out(
    tmp_path: Path,
) -> None:
    unit = Unit(tmp_path)
    arm(unit)
    hold(unit, 10)
    assert order(unit).exists()
    unit.catalogue.close()
    again = Unit(tmp_path)
    assert not order(again).exists()
    assert again.ask("wipe")["armed"] is False
    hold(again, 11)
    assert not order(again).exists()


def test_an_order_that_nobody_carries_out_for_a_minute_is_taken_back_and_told(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    arm(unit)
    hold(unit, 10)
    pass_s(unit, 60)
    assert not order(unit).exists()
    assert "leerblik-wipe.path" in unit.ask("status")["problem"]
    hold(unit, 0.1)
    assert len(unit.lens.permits) == 1
    unit.run()


def test_another_name_arms_nothing(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    for name in ("", "device-2", "DEVICE-1", None, 1):
        assert arm(unit, name=name)["error"] == "refused"
    assert unit.ask("wipe")["armed"] is False


def test_a_lesson_that_is_being_recorded_goes_on(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    unit.ask("start")
    assert arm(unit, unsent=True)["error"] == "busy"
    assert unit.log[-1] == "light recording"
    unit.run()


def test_what_the_coach_does_not_have_takes_a_word_more(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    lesson(unit)
    here = unit.ask("wipe")
    assert (here["held"], here["lost"], here["delivered"]) == (1, 1, 0)
    assert here["hours"] > 0
    assert arm(unit)["error"] == "refused"
    assert arm(unit, unsent="yes")["error"] == "refused"
    assert arm(unit, unsent=True)["armed"] is True


def test_it_is_told_no_name_of_a_recording(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    recording = lesson(unit)
    assert recording not in json.dumps(unit.ask("wipe"))


def test_while_armed_no_lesson_begins_by_request_and_the_reason_is_told(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    arm(unit)
    answer = unit.ask("start")
    assert answer["error"] == "refused"
    assert "wiped" in answer["message"]
    assert unit.lens.permits == []


def test_a_finger_that_came_down_before_it_was_armed_starts_no_lesson_when_it_comes_up(
    tmp_path: Path,
) -> None:
    unit = Unit(tmp_path)
    unit.ask("start")
    unit.clock.pass_s(5)
    unit.ask("stop")
    unit.clock.pass_s(3)
    # Within a minute after a lesson a press counts when it is let go of.
    unit.loop._take_edge(Edge(True, unit.clock.ns))
    arm(unit, unsent=True)
    unit.clock.pass_s(0.1)
    unit.loop._take_edge(Edge(False, unit.clock.ns))
    assert len(unit.lens.permits) == 1  # that of the lesson before
    assert not order(unit).exists()


def test_to_arm_closes_the_lens_that_was_open_for_aiming(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    unit.ask("aim")
    hold(unit, 0.1)
    unit.ask("still")
    assert unit.lens.open
    arm(unit)
    assert not unit.lens.open
    assert unit.log[-1] == "light wiping"


def test_while_the_lesson_before_can_be_discarded_by_the_same_button_nothing_is_armed(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    unit.ask("start")
    pass_s(unit, 5)
    unit.ask("stop")
    for _ in range(59):
        pass_s(unit, 1)
        assert arm(unit, unsent=True)["error"] == "busy"
    pass_s(unit, 1)
    assert arm(unit, unsent=True)["armed"] is True


def test_whoever_arms_it_again_and_again_leaves_a_minute_in_which_a_lesson_can_begin(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    arm(unit)
    pass_s(unit, 200)
    assert arm(unit)["left_s"] == pytest.approx(100)
    pass_s(unit, 100)
    assert arm(unit)["error"] == "busy"
    pass_s(unit, 59)
    assert arm(unit)["error"] == "busy"
    pass_s(unit, 1)
    arm(unit)
    unit.ask("wipe", wipe="cancel")
    assert arm(unit)["error"] == "busy"
    hold(unit, 0.1)
    assert len(unit.lens.permits) == 1
    unit.run()


def test_other_buttons_mean_what_they_always_mean(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    arm(unit)
    for button in (Button.PRIVACY, Button.COVER):
        unit.loop._take_edge(Edge(True, unit.clock.ns, button))
        unit.clock.pass_s(10)
        unit.loop._take_edge(Edge(False, unit.clock.ns, button))
    assert not order(unit).exists()


def test_a_card_that_takes_no_order_is_told_and_the_device_is_as_it_was(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    arm(unit)
    order(unit).mkdir()  # no file can take its place
    hold(unit, 10)
    assert "cannot be wiped" in unit.ask("status")["refusal"][0]["message"]
    assert unit.ask("wipe")["ordered"] is False
    hold(unit, 0.1)
    assert len(unit.lens.permits) == 1
    unit.run()


def test_a_wish_that_there_is_not_is_refused(tmp_path: Path) -> None:
    assert Unit(tmp_path).ask("wipe", wipe="now")["error"] == "permanent"
