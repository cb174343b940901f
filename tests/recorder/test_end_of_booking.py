"""A lesson that somebody began by hand ends with its booking, too: warned before, and wherever the clock jumps."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from device.domain.consent import Permit
from device.domain.register.decisions import BookingCancelled, Repeat, Start, Unbooked
from device.domain.session import Rules
from device.ports import Signal
from device.recorder import going_on
from tests.recorder.test_booked import BEGINS, ENDS
from tests.recorder.test_going_on import die
from tests.recorder.test_register import a_unit, decide
from tests.support.clock import HandClock
from tests.support.recorder import Unit
from tests.support.register import BOOKING, PERMIT_ID, decided, everything, ulid

OVERRUN_S = 300


def in_the_lesson(folder: Path, after: timedelta, history: Any = None, **settings: Any) -> Unit:
    clock = settings.pop("clock", None) or HandClock(wall=BEGINS + after)
    unit = a_unit(folder, history, clock=clock, **settings)
    unit.ask("start")
    return unit


def live(unit: Unit, seconds: int) -> None:
    """Let time pass second by second, as the loop sees it."""
    for _ in range(seconds):
        unit._gesture({"pass_s": 1})


def lasts_s(unit: Unit) -> float:
    """Let time pass until the lesson ends by itself; return how long it was."""
    began_ns: int = unit.clock.monotonic_ns()
    for _ in range(3600):
        if unit.loop.phase.value == "idle":
            break
        live(unit, 1)
    return float(unit.clock.monotonic_ns() - began_ns) / 1e9


def test_it_ends_when_the_booked_time_and_what_it_may_run_over_are_over(tmp_path: Path) -> None:
    unit = in_the_lesson(tmp_path, timedelta(minutes=40))
    ends = unit.ask("status")["ends"]
    assert ends == {"in_s": 600 + OVERRUN_S, "reason": "end_of_booking"}
    assert lasts_s(unit) == pytest.approx(600 + OVERRUN_S, abs=2)
    (stopped,) = [each for each in unit.events.seen if each["event"] == "stopped"]
    assert stopped["message"] == "Stopped: the booked time is over."
    assert unit.ask("status")["ends"] is None


def test_the_room_is_warned_a_minute_before(tmp_path: Path) -> None:
    unit = in_the_lesson(tmp_path, timedelta(minutes=45))
    live(unit, 300 + OVERRUN_S - 62)
    assert f"light {Signal.ENDING_SOON.value}" not in unit.log
    live(unit, 3)
    assert unit.log[-1] == f"light {Signal.ENDING_SOON.value}"
    assert unit.kinds()[-1] == "ending_soon"


def test_the_maximum_length_ends_it_where_that_comes_first(tmp_path: Path) -> None:
    unit = in_the_lesson(tmp_path, timedelta())
    assert unit.ask("status")["ends"] == {"in_s": 3000.0, "reason": "maximum_length"}


@pytest.mark.parametrize("overrun_s", [0, 120])
def test_who_presses_two_minutes_before_the_end_gets_those_and_what_lessons_may_run_over(
    tmp_path: Path, overrun_s: int
) -> None:
    unit = in_the_lesson(tmp_path, timedelta(minutes=48), overrun_s=overrun_s)
    assert lasts_s(unit) == pytest.approx(120 + overrun_s, abs=2)


@pytest.mark.parametrize("overrun_s", [0, OVERRUN_S])
def test_a_camera_that_opens_until_after_the_booking_takes_no_end_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, overrun_s: int
) -> None:
    unit = a_unit(tmp_path, clock=HandClock(wall=ENDS - timedelta(seconds=10)), overrun_s=overrun_s)
    opens_at_once = unit.lens.start

    def open_slowly(*values: Any) -> None:
        unit.clock.pass_s(30)
        opens_at_once(*values)

    monkeypatch.setattr(unit.lens, "start", open_slowly)
    unit.ask("start")
    left_s = max(0, 10 + overrun_s - 30)
    assert lasts_s(unit) == pytest.approx(left_s, abs=2)
    assert [each["message"] for each in unit.events.seen if each["event"] == "stopped"] == [
        "Stopped: the booked time is over."
    ]


class RestlessClock(HandClock):
    """Time goes by whenever somebody asks for it."""

    def now(self) -> datetime:
        self.pass_s(0.01)
        return super().now()


def test_whatever_is_permitted_at_the_last_moment_has_the_end_of_that_moment(tmp_path: Path) -> None:
    clock = RestlessClock(wall=BEGINS)
    judge = a_unit(tmp_path, clock=clock).desk.judge
    for early in range(-2, 20):
        clock.wall = ENDS - timedelta(seconds=early * 0.005)
        permit = judge.decide(PERMIT_ID, "")
        if isinstance(permit, Permit):
            ends_ns = judge.end_ns(permit, by_schedule=True)
            assert ends_ns is not None
            assert (ends_ns - clock.monotonic_ns()) / 1e9 == pytest.approx(0, abs=0.1)
        else:
            assert early <= 2


def test_it_never_runs_into_the_lesson_that_is_booked_after_it(tmp_path: Path) -> None:
    later = replace(BOOKING, booking=ulid(2), from_time=time(10, 22), to_time=time(11, 10))
    unit = in_the_lesson(tmp_path, timedelta(minutes=45), [*everything(), decided("coach", later)])
    assert lasts_s(unit) == pytest.approx(300 + 120, abs=2)


def test_what_began_by_itself_ends_with_the_minute_and_is_warned_of_too(tmp_path: Path) -> None:
    clock = HandClock(wall=BEGINS - timedelta(seconds=90))
    long = Rules(maximum_ns=7200 * 1_000_000_000)
    unit = a_unit(tmp_path, everything(booking={"start": Start.SCHEDULE}), clock=clock, rules=long)
    live(unit, 100)
    assert unit.loop.phase.value == "recording"
    in_s = (ENDS - clock.now()).total_seconds()
    assert unit.ask("status")["ends"] == {"in_s": in_s, "reason": "end_of_booking"}
    clock.pass_s((ENDS - clock.now()).total_seconds() - 30)
    live(unit, 1)
    assert unit.log[-1] == f"light {Signal.ENDING_SOON.value}"
    live(unit, 31)
    assert unit.loop.phase.value == "idle"


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(hours=-1), timedelta(days=400)])
def test_a_clock_that_jumps_moves_no_end(tmp_path: Path, jump: timedelta) -> None:
    unit = in_the_lesson(tmp_path, timedelta(minutes=40))
    live(unit, 60)
    unit.clock.wall += jump
    assert lasts_s(unit) == pytest.approx(540 + OVERRUN_S, abs=2)


def test_a_booking_that_is_cancelled_or_moved_meanwhile_moves_no_end(tmp_path: Path) -> None:
    unit = in_the_lesson(tmp_path, timedelta(minutes=40))
    decide(unit, "coach", BookingCancelled(BOOKING.booking))
    assert lasts_s(unit) == pytest.approx(600 + OVERRUN_S, abs=2)


def test_on_a_clock_that_nobody_set_only_the_maximum_length_ends_it(tmp_path: Path) -> None:
    clock = HandClock(wall=BEGINS + timedelta(minutes=40))
    clock.is_trusted = False
    unit = in_the_lesson(tmp_path, timedelta(), clock=clock)
    clock.is_trusted = True
    assert unit.ask("status")["ends"]["reason"] == "maximum_length"


def test_the_next_press_and_what_is_nobodys_end_with_their_maximum_length(tmp_path: Path) -> None:
    for each in ("a", "b"):
        (tmp_path / each).mkdir()
    once = everything(booking={"repeat": Repeat.NEXT_PRESS})
    unit = in_the_lesson(tmp_path / "a", timedelta(), once, clock=HandClock(wall=once[-1].at))
    assert unit.ask("status")["ends"]["reason"] == "maximum_length"
    nobodys = everything(school={"unbooked": Unbooked.UNCLAIMED})
    unit = in_the_lesson(tmp_path / "b", timedelta(hours=5), nobodys)
    assert unit.ask("status")["ends"]["reason"] == "maximum_length"


def test_a_lesson_that_goes_on_after_a_crash_ends_when_it_would_have_ended(tmp_path: Path) -> None:
    clock = HandClock(wall=BEGINS + timedelta(minutes=40))
    unit = a_unit(tmp_path, clock=clock)
    note = die(unit)
    assert note.ends_ns is not None
    assert note == going_on.read(tmp_path)
    left_s = (note.ends_ns - clock.monotonic_ns()) / 1e9
    clock.wall -= timedelta(minutes=5)
    again = a_unit(tmp_path, clock=clock)
    again.loop.go_on(note)
    assert again.loop.phase.value == "recording"
    assert again.ask("status")["ends"] == {"in_s": left_s, "reason": "end_of_booking"}
    live(again, 1)
    kept = going_on.read(tmp_path)
    assert kept is not None
    assert kept.ends_ns == note.ends_ns
    assert lasts_s(again) == pytest.approx(left_s, abs=2)
