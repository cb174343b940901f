"""A device that is not whole: it comes up, says what is missing, and works as far as it can."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from device.domain.errors import LeerblikError, Permanent, Temporary
from device.ports import Edge, Level
from device.recorder import masks
from device.recorder.late import LateTriggers
from tests.support.clock import HandClock
from tests.support.permits import agreement
from tests.support.recorder import Unit


def ask(unit: Unit, do: str, **values: Any) -> dict[str, Any]:
    return unit.ask(do, **values)


def missing(unit: Unit) -> dict[str, str]:
    return {each["part"]: each["message"] for each in ask(unit, "status")["missing"]}


def pass_s(unit: Unit, seconds: float) -> None:
    unit.clock.pass_s(seconds)
    unit.loop._do_chores()


def test_a_camera_that_is_absent_at_the_start_is_said_and_used_when_it_comes(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    unit.lens.absent = "no camera was found; check its cable"
    pass_s(unit, 10)
    assert missing(unit) == {"camera": "no camera was found; check its cable"}
    assert unit.log[-1] == "light fault"
    assert ask(unit, "start")["ok"] is False
    unit.lens.absent = ""
    pass_s(unit, 10)
    assert missing(unit) == {}
    assert unit.log[-1] == "light ready"
    assert ask(unit, "start")["ok"] is True
    unit.run()
    assert [event for event in unit.events.seen if event["event"] == "part"] != []


def test_a_missing_microphone_does_not_keep_a_lesson_from_being_recorded(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    unit.ears.absent = "no microphone was found"
    pass_s(unit, 10)
    assert missing(unit) == {"microphone": "no microphone was found"}
    assert ask(unit, "start")["ok"] is True
    unit.run()


def test_where_no_sound_was_agreed_no_microphone_is_missed(tmp_path: Path) -> None:
    unit = Unit(tmp_path, agreed=agreement(sound=False))
    unit.ears.absent = "no microphone was found"
    pass_s(unit, 10)
    assert missing(unit) == {}
    unit.run()


def test_a_full_card_is_said_before_anybody_presses(tmp_path: Path) -> None:
    unit = Unit(tmp_path, reserve_bytes=1 << 60)
    pass_s(unit, 10)
    assert list(missing(unit)) == ["card"]
    assert unit.log[-1] == "light fault"
    unit.run()


def test_nothing_is_recorded_behind_a_covered_lens(tmp_path: Path) -> None:
    from device.ports import Button

    unit = Unit(tmp_path)
    unit.loop._take_edge(Edge(down=True, at_ns=unit.clock.ns, button=Button.COVER))
    assert "slide it open" in ask(unit, "start")["message"]
    unit.loop._take_edge(Edge(down=False, at_ns=unit.clock.ns, button=Button.COVER))
    assert ask(unit, "start")["ok"] is True
    unit.run()


def test_a_button_whose_chip_is_missing_is_tried_again_and_not_all_the_time() -> None:
    clock, tried, edges = HandClock(), [], []

    class Absent:
        def start(self, on_edge: Any) -> None:
            tried.append(clock.ns)
            if len(tried) < 3:
                raise Temporary("no GPIO chip")

        def stop(self) -> None:
            edges.append("stopped")

    buttons, notes = LateTriggers([("gpio_button", Absent())], clock), []
    for _ in range(40):
        buttons.try_again(lambda _: None, lambda *note: notes.append(note))
        clock.pass_s(0.5)
    buttons.stop()
    assert len(tried) == 3
    assert notes[-1] == ("button gpio_button", "")
    assert edges == ["stopped"]


def test_a_button_that_can_never_work_is_said_and_left_alone_and_the_others_work() -> None:
    clock, tried = HandClock(), []

    class Button:
        def __init__(self, name: str, problem: LeerblikError | None = None) -> None:
            self.name, self.problem = name, problem

        def start(self, on_edge: Any) -> None:
            tried.append(self.name)
            if self.problem is not None:
                raise self.problem

        def stop(self) -> None:
            """Nothing was begun."""

    badge = Button("evdev_badge", Permanent("evdev is not installed"))
    buttons = LateTriggers([("evdev_badge", badge), ("gpio_button", Button("gpio_button"))], clock)
    notes: dict[str, str] = {}
    for _ in range(40):
        buttons.try_again(lambda _: None, notes.__setitem__)
        clock.pass_s(0.5)
    assert tried == ["evdev_badge", "gpio_button"]
    assert notes == {"button evdev_badge": "evdev is not installed", "button gpio_button": ""}


# --- the sound during a lesson


def test_a_microphone_that_hears_nothing_raises_the_alarm_on_light_and_status(tmp_path: Path) -> None:
    unit = Unit(tmp_path, still_s=3.0)
    ask(unit, "start")
    unit.ears.heard = (Level("teacher", -90.0, -95.0, False, 3.5),)
    pass_s(unit, 1)
    assert list(missing(unit)) == ["sound"]
    assert unit.log[-1] == "light impaired"
    unit.ears.heard = (Level("teacher", -20.0, -25.0, False, 0.0),)
    for second in range(1, 6):
        unit.lens.show(1, after_s=second)
        unit.ears.sound(1, from_s=second)
        pass_s(unit, 1)
    assert missing(unit) == {}
    assert unit.log[-1] == "light recording"
    assert [kind for kind in unit.kinds() if kind.startswith("sound")] == ["sound_silent", "sound_fine"]
    unit.run()


# --- masks


def test_masks_are_kept_and_reach_the_lens_before_the_next_lesson(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    square = [[[0, 0], [5000, 0], [5000, 10000], [0, 10000]]]
    assert ask(unit, "masks", polygons=square)["polygons"] == square
    ask(unit, "start")
    assert unit.lens.masks == (((0, 0), (5000, 0), (5000, 10000), (0, 10000)),)
    assert ask(unit, "masks", polygons=[])["error"] == "busy"
    unit.run()
    assert ask(unit, "masks")["polygons"] == square


@pytest.mark.parametrize(
    "text",
    ["", "{", "[[[0, 0], [1, 1]]]", "[[[0, 0], [1, 1], [10001, 0]]]", '[[["a", 0], [1, 1], [2, 2]]]', "5"],
)
def test_masks_that_cannot_be_read_keep_everything_from_being_filmed(tmp_path: Path, text: str) -> None:
    unit = Unit(tmp_path)
    (tmp_path / masks.NAME).write_text(text)
    answer = ask(unit, "start")
    assert answer["ok"] is False
    assert [each["reason"] for each in ask(unit, "status")["refusal"]] == ["masks_do_not_fit"]
    assert "leerblik masks" in ask(unit, "masks")["message"]
    assert unit.lens.permits == []
    unit.run()


@pytest.mark.parametrize(
    "polygons", [5, [[]], [[[0, 0]]], [[[0, 0], [1, 1], [-1, 0]]], [[[0, 0], [1, 1], [True, 0]]]]
)
def test_masks_that_make_no_sense_are_refused_by_name_and_change_nothing(
    tmp_path: Path, polygons: Any
) -> None:
    unit = Unit(tmp_path)
    ask(unit, "masks", polygons=[[[0, 0], [1, 0], [1, 1]]])
    assert ask(unit, "masks", polygons=polygons)["error"] == "permanent"
    assert json.loads((tmp_path / masks.NAME).read_text())["polygons"] == [[[0, 0], [1, 0], [1, 1]]]
    unit.run()
