"""What the recorder says a press would do is what a press then does: one answer for every page."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from device.domain.register.decisions import (
    AgreementWithdrawn,
    BookingCancelled,
    Decision,
    GroupWithdrawn,
    Repeat,
    Unbooked,
)
from device.ports import Button, Edge
from device.recorder.outlook import MOST_MOMENTS
from tests.recorder.test_booked import BEGINS, ENDS, live, scheduled
from tests.recorder.test_register import a_unit, decide
from tests.support.clock import HandClock
from tests.support.recorder import Unit
from tests.support.register import BOOKING, NOW, TODAY, TRAJECTORY, decided, everything, ulid

WEEK = timedelta(days=7)


def outlook(unit: Unit, *moments: Any) -> dict[str, Any]:
    answer = unit.ask("outlook", at=[each.isoformat() for each in moments])
    assert answer.pop("ok")
    return answer


def refused_for(unit: Unit) -> list[str]:
    """Press; return why not, or nothing when it records (it is stopped again then)."""
    refusals = unit.face.refusals
    if unit.ask("start")["ok"]:
        unit.ask("stop")
        assert unit.face.refusals == refusals
        return []
    return [each["reason"] for each in unit.face.refusal]


def test_before_a_booked_lesson_it_says_whose_it_would_be(tmp_path: Path) -> None:
    unit = a_unit(tmp_path)
    found = outlook(unit)
    assert (found["does"], found["reasons"], found["lacks"]) == ("start", [], [])
    assert found["lesson"] == {
        "booking": BOOKING.booking, "trajectory": TRAJECTORY.trajectory, "teachers": ["abc"], "group": "2b",
        "stage": 1, "sound": True, "learning_question": TRAJECTORY.learning_question,
    }  # fmt: skip
    assert refused_for(unit) == []


DECISIONS: dict[str, Decision] = {
    "cancelled": BookingCancelled(BOOKING.booking),
    "the group's no": GroupWithdrawn("2b"),
    "the teacher's no": AgreementWithdrawn("abc", TRAJECTORY.trajectory),
}


@pytest.mark.parametrize("case", DECISIONS)
def test_after_a_no_it_gives_the_reasons_of_the_press(tmp_path: Path, case: str) -> None:
    unit = a_unit(tmp_path)
    by = "teacher:abc" if isinstance(DECISIONS[case], AgreementWithdrawn) else "coach"
    decide(unit, by, DECISIONS[case])
    found = outlook(unit)
    assert found["does"] == "refuse"
    assert found["reasons"] == refused_for(unit) != []


@pytest.mark.parametrize(
    "settings",
    [
        {"coach_key_present": False},
        {"reserve_bytes": 1 << 60},
        {"coach_key_present": False, "reserve_bytes": 1 << 60},
    ],
)
def test_what_the_machine_lacks_is_foreseen_too(tmp_path: Path, settings: dict[str, Any]) -> None:
    unit = a_unit(tmp_path, **settings)
    assert outlook(unit)["reasons"] == refused_for(unit) != []


@pytest.mark.parametrize("what", ["light", "cover", "masks", "register"])
def test_whatever_would_refuse_the_press_is_said_before(tmp_path: Path, what: str) -> None:
    unit = a_unit(tmp_path)
    match what:
        case "light":
            unit.light.works = False
        case "cover":
            unit.loop._edges.append(edge := Edge(True, unit.clock.monotonic_ns(), Button.COVER))
            unit.loop._handle(edge)
        case "masks":
            (tmp_path / "masks.json").write_text("{}")
        case "register":
            (tmp_path / "register.jsonl").write_bytes(b"{}\n")
    assert outlook(unit)["reasons"] == refused_for(unit) != []


def test_a_missing_camera_is_lacking(tmp_path: Path) -> None:
    unit = a_unit(tmp_path)
    unit.lens.absent = "no camera was found; check its cable"
    live(unit, 10)
    found = outlook(unit)
    assert (found["does"], found["reasons"], found["lacks"]) == ("refuse", [], ["camera"])


def test_outside_every_booking_it_says_whether_it_would_be_nobodys(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    late = HandClock(wall=NOW + timedelta(hours=5))
    refusing = a_unit(tmp_path / "a", clock=late)
    assert outlook(refusing)["reasons"] == ["no_booking"]
    (tmp_path / "b").mkdir()
    taking = a_unit(tmp_path / "b", everything(school={"unbooked": Unbooked.UNCLAIMED}), clock=late)
    found = outlook(taking)
    assert (found["does"], found["unclaimed"], found["lesson"]) == ("start", True, None)


def test_the_next_press_is_named_until_it_was_used(tmp_path: Path) -> None:
    history = everything(booking={"repeat": Repeat.NEXT_PRESS})
    unit = a_unit(tmp_path, history, clock=HandClock(wall=history[-1].at + timedelta(minutes=59)))
    assert outlook(unit)["next_presses"] == [BOOKING.booking]
    assert refused_for(unit) == []
    assert outlook(unit)["next_presses"] == []
    assert outlook(unit)["reasons"] == refused_for(unit) == ["no_booking"]


def test_while_something_else_goes_on_a_press_means_that(tmp_path: Path) -> None:
    unit = a_unit(tmp_path)
    unit.ask("start")
    assert outlook(unit)["does"] == "stop"
    unit.loop._edges.append(edge := Edge(True, unit.clock.monotonic_ns(), Button.PRIVACY))
    unit.loop._handle(edge)
    assert outlook(unit)["does"] == "show"
    unit.ask("stop")
    unit.ask("aim")
    assert outlook(unit)["does"] == "aim"


def test_while_a_lesson_is_announced_a_press_cancels_it(tmp_path: Path) -> None:
    unit = scheduled(tmp_path, begins_in_s=30)
    live(unit, 5)
    assert outlook(unit)["does"] == "cancel"


def test_it_says_what_a_press_would_do_at_other_times_as_far_as_that_is_decided(tmp_path: Path) -> None:
    unit = a_unit(tmp_path)
    found = outlook(unit, BEGINS, BEGINS + WEEK, ENDS + WEEK, BEGINS + timedelta(days=200))["then"]
    assert [each["reasons"] for each in found] == [[], [], ["no_booking"], ["no_booking"]]
    assert found[1]["lesson"]["booking"] == BOOKING.booking


def test_a_light_that_is_out_now_is_not_held_against_a_press_next_week(tmp_path: Path) -> None:
    unit = a_unit(tmp_path)
    unit.light.works = False
    found = outlook(unit, unit.clock.now(), BEGINS + WEEK)["then"]
    assert [each["reasons"] for each in found] == [["no_light"], []]


def test_each_moment_is_answered_as_that_moment_itself_would_be(tmp_path: Path) -> None:
    day = TODAY + timedelta(days=9)
    once = replace(BOOKING, booking=ulid(2), repeat=Repeat.ONCE, first=day, last=day)
    unit = a_unit(tmp_path, [*everything(), decided("coach", once)])
    moments = [NOW + timedelta(hours=12 * each) for each in range(40)]
    foreseen = outlook(unit, *moments)["then"]
    assert ulid(2) in [each["lesson"]["booking"] for each in foreseen if each["lesson"]]
    for moment, found in zip(moments, foreseen, strict=True):
        unit.clock.wall = moment
        now = outlook(unit)
        assert {key: now[key] for key in found} == found


@pytest.mark.parametrize(
    "at", ["now", [5], ["2026-09-01T08:00:00"], ["never"], ["2026-09-01T08:00:00Z"] * (MOST_MOMENTS + 1)]
)
def test_a_request_that_is_none_is_refused_in_words(tmp_path: Path, at: Any) -> None:
    answer = a_unit(tmp_path).ask("outlook", at=at)
    assert answer["error"] == "permanent"
    assert answer["message"]
