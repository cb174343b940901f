"""A lesson that goes on after its recorder died goes on under its own booking, or not at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from device.domain.consent import Permit
from device.domain.lifecycle import Status
from device.domain.register.decisions import (
    AgreementWithdrawn,
    BookingCancelled,
    Decision,
    GroupWithdrawn,
    Repeat,
    TeacherAdded,
    TeacherLeft,
    TrajectoryClosed,
    Unbooked,
)
from device.recorder import going_on
from tests.recorder.test_booked import BEGINS, ENDS
from tests.recorder.test_going_on import again, die
from tests.recorder.test_register import a_unit, decide, reasons
from tests.support.clock import HandClock
from tests.support.recorder import Unit
from tests.support.register import (
    AGREEMENT,
    BOOKING,
    NOW,
    SCHOOL,
    TRAJECTORY,
    Said,
    decided,
    everything,
    ulid,
)

# A recorder that dies has recorded for twenty seconds; the one after it comes up three seconds later.
JUST_BEFORE_ITS_END = ENDS - timedelta(seconds=10)
ABC = "teacher:abc"


def dies(folder: Path, pressed: datetime, history: list[Said] | None = None, **settings: Any) -> Unit:
    unit = a_unit(folder, history, clock=HandClock(wall=pressed), **settings)
    die(unit)
    return unit


def goes_on(dead: Unit, **settings: Any) -> Unit:
    note = going_on.read(dead.root)
    assert note is not None
    other = again(dead, note, agreed=None, **settings)
    other.loop.go_on(note)
    return other


def permit_of(unit: Unit) -> Permit:
    assert unit.loop.phase.value == "recording", reasons(unit)
    (permit,) = unit.lens.permits
    assert isinstance(permit, Permit)
    unit.run()
    return permit


def assert_it_ended(unit: Unit, reason: str) -> None:
    assert reason in reasons(unit)
    assert (unit.lens.permits, unit.ears.permits) == ([], [])
    assert [each.status for each in unit.catalogue.recordings.latest(5)] == [Status.HELD]


@pytest.mark.parametrize("unbooked", list(Unbooked))
def test_it_goes_on_with_its_sound_while_it_may_run_over_its_booking(
    tmp_path: Path, unbooked: Unbooked
) -> None:
    other = goes_on(dies(tmp_path, JUST_BEFORE_ITS_END, everything(school={"unbooked": unbooked})))
    assert other.clock.now() > ENDS
    assert other.ask("status")["ends"] == {"in_s": 300 - 13, "reason": "end_of_booking"}
    permit = permit_of(other)
    assert (permit.agreement.booking, permit.agreement.unclaimed) == (BOOKING.booking, False)
    assert len(other.ears.permits) == 1


@pytest.mark.parametrize(("overrun_s", "goes"), [(12, False), (13, False), (14, True)])
def test_it_does_not_go_on_when_it_would_have_ended_meanwhile(
    tmp_path: Path, overrun_s: int, goes: bool
) -> None:
    other = goes_on(dies(tmp_path, JUST_BEFORE_ITS_END, overrun_s=overrun_s))
    if goes:
        assert permit_of(other).agreement.booking == BOOKING.booking
    else:
        assert_it_ended(other, "no_booking")


@pytest.mark.parametrize("jump", [timedelta(hours=3), timedelta(hours=-3)])
def test_a_clock_that_jumps_meanwhile_takes_no_booking_away(tmp_path: Path, jump: timedelta) -> None:
    dead = dies(tmp_path, BEGINS)
    dead.clock.wall += jump
    assert permit_of(goes_on(dead)).agreement.booking == BOOKING.booking


@pytest.mark.parametrize("repeat", [Repeat.NEXT_PRESS, Repeat.ONCE, Repeat.WEEKLY])
def test_a_booking_that_is_made_meanwhile_is_not_its_own(tmp_path: Path, repeat: Repeat) -> None:
    theirs = replace(TRAJECTORY, trajectory="jkl najaar", teachers=("jkl",))
    history = [
        *everything(booking={"sound": False}),
        decided("coach", TeacherAdded("jkl")),
        decided("coach", theirs),
        decided("teacher:jkl", replace(AGREEMENT, teacher="jkl", trajectory=theirs.trajectory)),
    ]
    dead = dies(tmp_path, BEGINS, history)
    made = replace(BOOKING, booking=ulid(2), trajectory=theirs.trajectory, teachers=("jkl",), repeat=repeat)
    decide(dead, "coach", made)
    other = goes_on(dead)
    permit = permit_of(other)
    assert (permit.agreement.booking, permit.agreement.trajectory) == (
        BOOKING.booking,
        TRAJECTORY.trajectory,
    )
    assert other.ears.permits == []


@pytest.mark.parametrize(
    ("by", "decision", "reason"),
    [
        (ABC, AgreementWithdrawn("abc", TRAJECTORY.trajectory), "teacher_has_not_agreed"),
        ("coach", TeacherLeft("abc"), "teacher_has_not_agreed"),
        ("coach", GroupWithdrawn("2b"), "group_has_not_agreed"),
        ("coach", TrajectoryClosed(TRAJECTORY.trajectory), "trajectory_closed"),
        (ABC, BookingCancelled(BOOKING.booking), "no_booking"),
    ],
)
def test_what_is_taken_back_meanwhile_ends_it(
    tmp_path: Path, by: str, decision: Decision, reason: str
) -> None:
    # Not even as nobody's, where the school allows that.
    dead = dies(tmp_path, BEGINS, everything(school={"unbooked": Unbooked.UNCLAIMED}))
    decide(dead, by, decision)
    assert_it_ended(goes_on(dead), reason)


@pytest.mark.parametrize("began_with_it", [True, False])
def test_it_is_heard_only_if_it_began_with_sound_and_may_still(tmp_path: Path, began_with_it: bool) -> None:
    dead = dies(tmp_path, BEGINS, everything(agreement={"sound": began_with_it}))
    decide(dead, ABC, replace(AGREEMENT, sound=not began_with_it))
    other = goes_on(dead)
    assert not permit_of(other).sound
    assert other.ears.permits == []


@pytest.mark.parametrize("pressed_after", [timedelta(), timedelta(minutes=59, seconds=50)])
def test_what_began_as_the_next_press_goes_on_as_that(tmp_path: Path, pressed_after: timedelta) -> None:
    once = everything(booking={"repeat": Repeat.NEXT_PRESS})
    once[-1] = replace(once[-1], at=NOW)
    permit = permit_of(goes_on(dies(tmp_path, NOW + pressed_after, once)))
    assert permit.agreement.booking == BOOKING.booking


def test_what_was_nobodys_stays_so_in_a_booking_that_begins_meanwhile(tmp_path: Path) -> None:
    history = everything(school={"unbooked": Unbooked.UNCLAIMED})
    other = goes_on(dies(tmp_path, BEGINS - timedelta(seconds=10), history))
    assert other.clock.now() > BEGINS
    permit = permit_of(other)
    assert (permit.agreement.booking, permit.agreement.unclaimed) == ("", True)
    assert other.ears.permits == []


def test_what_was_nobodys_ends_when_the_school_allows_that_no_more(tmp_path: Path) -> None:
    dead = dies(tmp_path, BEGINS - timedelta(hours=3), everything(school={"unbooked": Unbooked.UNCLAIMED}))
    decide(dead, "coach", SCHOOL)
    assert_it_ended(goes_on(dead), "no_booking")
