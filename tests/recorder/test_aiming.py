"""Aim mode: the lens opens for a person who stands at the device, for two minutes, and for nobody else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from device.domain.consent import AimLeave, authorise_aim
from device.ports import Edge
from tests.support.recorder import Unit

S = 1_000_000_000


def ask(unit: Unit, do: str, **values: Any) -> dict[str, Any]:
    return unit.loop._answer({"do": do, **values})


def press(unit: Unit, *, by_hand: bool = True) -> None:
    for down in (True, False):
        unit.loop._take_edge(Edge(down, unit.clock.ns, by_hand=by_hand))
        unit.clock.pass_s(0.1)


def test_without_a_press_at_the_device_there_is_no_still(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    assert ask(unit, "still")["ok"] is False
    assert ask(unit, "aim")["open"] is False
    assert ask(unit, "still")["error"] == "refused"
    assert "lens opens for aiming" not in unit.log


def test_the_press_after_the_question_opens_the_lens_and_records_nothing(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    ask(unit, "aim")
    press(unit)
    assert ask(unit, "still")["ok"] is True
    assert unit.log[-2:] == ["light aiming", "lens opens for aiming"]
    assert (unit.lens.permits, list(unit.spool.iterdir())) == ([], [])
    unit.run()


def test_a_press_from_software_opens_nothing(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    ask(unit, "aim")
    press(unit, by_hand=False)
    assert ask(unit, "status")["aim"]["open"] is False
    unit.run()


def test_the_lens_closes_after_two_minutes_whether_or_not_somebody_asks(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    ask(unit, "aim")
    press(unit)
    ask(unit, "still")
    unit.clock.pass_s(119)
    unit.loop._do_chores()
    assert unit.lens.open
    unit.clock.pass_s(1)
    unit.loop._do_chores()
    assert not unit.lens.open
    assert unit.log[-1] == "light ready"
    assert ask(unit, "still")["error"] == "refused"


def test_the_next_press_closes_the_lens_and_the_one_after_it_records(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    ask(unit, "aim")
    press(unit)
    ask(unit, "still")
    press(unit)
    assert not unit.lens.open
    assert unit.lens.permits == []
    press(unit)
    assert len(unit.lens.permits) == 1
    unit.run()


def test_a_question_that_nobody_answered_for_two_minutes_is_forgotten(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    ask(unit, "aim")
    unit.clock.pass_s(120)
    press(unit)
    assert len(unit.lens.permits) == 1
    unit.run()


def test_while_a_lesson_is_recorded_nobody_aims(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    ask(unit, "start")
    assert ask(unit, "aim")["error"] == "busy"
    assert ask(unit, "still")["error"] == "refused"
    unit.run()


def test_a_lesson_that_begins_ends_the_aiming(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    ask(unit, "aim")
    press(unit)
    ask(unit, "still")
    assert ask(unit, "start")["ok"] is True
    assert ask(unit, "status")["aim"]["open"] is False
    assert unit.lens.open
    unit.run()


def test_a_recorder_that_ends_closes_the_lens(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    ask(unit, "aim")
    press(unit)
    ask(unit, "still")
    unit.run()
    assert not unit.lens.open


@pytest.mark.parametrize(
    ("pressed", "now", "by_hand", "leave"),
    [
        (0, 0, True, True),
        (0, 119, True, True),
        (0, 120, True, False),
        (5, 4, True, False),
        (0, 1, False, False),
    ],
)
def test_leave_to_aim_lasts_two_minutes_from_a_press_by_hand(
    pressed: int, now: int, by_hand: bool, leave: bool
) -> None:
    assert (authorise_aim(pressed * S, now * S, by_hand=by_hand) is not None) is leave


def test_leave_to_aim_cannot_be_made_up() -> None:
    with pytest.raises(TypeError, match="authorise_aim"):
        AimLeave(10**18, object())
