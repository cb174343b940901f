"""A booked lesson that begins by itself: the room is told a minute before, and a press cancels it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from device.domain.register.decisions import AgreementWithdrawn, BookingCancelled, Start
from tests.recorder.test_register import a_unit, decide
from tests.support.clock import HandClock
from tests.support.recorder import Unit
from tests.support.register import BOOKING, TRAJECTORY, everything

# The booking is on Tuesdays from 9:30 to 10:20 at school.
BEGINS = datetime(2026, 9, 1, 7, 30, tzinfo=UTC)
ENDS = datetime(2026, 9, 1, 8, 20, tzinfo=UTC)


def scheduled(folder: Path, begins_in_s: float, clock: HandClock | None = None, **settings: Any) -> Unit:
    history = everything(booking={"start": Start.SCHEDULE})
    at = clock or HandClock(wall=BEGINS - timedelta(seconds=begins_in_s))
    return a_unit(folder, history, clock=at, **settings)


def live(unit: Unit, seconds: int) -> None:
    """Let time pass second by second, as the loop sees it."""
    for _ in range(seconds):
        unit.clock.pass_s(1)
        unit.loop._do_chores()


def phase(unit: Unit) -> str:
    return unit.loop.phase.value


def press(unit: Unit) -> None:
    unit.finger.press()
    unit.run()


def test_it_is_announced_for_a_minute_and_then_recorded_until_its_time_is_over(tmp_path: Path) -> None:
    unit = scheduled(tmp_path, begins_in_s=90)
    live(unit, 20)
    assert "light announced" not in unit.log
    live(unit, 15)
    assert unit.log[-1] == "light announced"
    status = unit.ask("status")
    assert status["schedule"]["key"].startswith(BOOKING.booking)
    assert 0 < status["schedule"]["in_s"] <= 60
    assert unit.lens.permits == []
    live(unit, 60)
    assert phase(unit) == "recording"
    assert unit.ask("status")["booking"] == BOOKING.booking
    assert unit.clock.now() < BEGINS + timedelta(seconds=10)
    unit.clock.pass_s((ENDS - unit.clock.now()).total_seconds() - 5)
    live(unit, 1)
    assert phase(unit) != "idle"
    live(unit, 10)
    assert phase(unit) == "idle"
    live(unit, 120)
    assert len(unit.lens.permits) == 1


def test_a_press_while_it_is_announced_cancels_it_and_records_nothing(tmp_path: Path) -> None:
    unit = scheduled(tmp_path, begins_in_s=30)
    live(unit, 10)
    assert unit.log[-1] == "light announced"
    press(unit)
    assert phase(unit) == "idle"
    live(unit, 300)
    assert unit.lens.permits == []
    assert "announcement_cancelled" in unit.kinds()
    assert unit.ask("status")["schedule"] is None


def test_on_a_device_that_is_about_to_be_wiped_it_does_not_begin_and_the_reason_is_told(
    tmp_path: Path,
) -> None:
    unit = scheduled(tmp_path, begins_in_s=90)
    unit.ask("wipe", wipe="arm", name="device-1")
    live(unit, 120)
    assert unit.lens.permits == []
    assert [each["reason"] for each in unit.ask("status")["refusal"]] == ["wiping"]
    assert unit.log[-1] != "light announced"


def test_a_press_after_that_means_what_it_always_means(tmp_path: Path) -> None:
    unit = scheduled(tmp_path, begins_in_s=30)
    live(unit, 10)
    press(unit)
    unit.clock.pass_s(60)
    press(unit)
    assert len(unit.lens.permits) == 1


def test_a_restart_announces_anew_and_never_records_it_twice(tmp_path: Path) -> None:
    unit = scheduled(tmp_path, begins_in_s=30)
    live(unit, 20)
    unit.catalogue.close()
    other = scheduled(tmp_path, 0, clock=unit.clock)
    live(other, 30)
    assert other.lens.permits == []
    live(other, 60)
    assert len(other.lens.permits) == 1
    other.loop.request_stop()
    live(other, 3)
    other.catalogue.close()
    third = scheduled(tmp_path, 0, clock=other.clock)
    live(third, 300)
    assert third.lens.permits == []


def test_nothing_begins_while_the_clock_is_not_trusted(tmp_path: Path) -> None:
    clock = HandClock(wall=BEGINS)
    clock.is_trusted = False
    unit = scheduled(tmp_path, 0, clock=clock)
    live(unit, 200)
    assert unit.lens.permits == []
    clock.is_trusted = True
    live(unit, 70)
    assert len(unit.lens.permits) == 1


def test_a_booking_that_is_cancelled_meanwhile_is_not_recorded_and_the_light_says_so(tmp_path: Path) -> None:
    unit = scheduled(tmp_path, begins_in_s=30)
    live(unit, 10)
    decide(unit, "coach", BookingCancelled(BOOKING.booking))
    live(unit, 2)
    assert unit.log[-1] == "light ready"
    live(unit, 100)
    assert unit.lens.permits == []


def test_what_is_not_agreed_on_any_more_is_refused_at_its_start_once(tmp_path: Path) -> None:
    unit = scheduled(tmp_path, begins_in_s=30)
    live(unit, 10)
    decide(unit, "teacher:abc", AgreementWithdrawn("abc", TRAJECTORY.trajectory))
    live(unit, 300)
    assert unit.lens.permits == []
    assert [each["reason"] for each in unit.face.refusal] == ["teacher_has_not_agreed"]
    assert unit.face.refusals == 1


def test_nothing_begins_by_itself_when_the_card_does_not_take_that_it_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit = scheduled(tmp_path, begins_in_s=30)

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("device.recorder.booked.replace_file", refuse)
    live(unit, 200)
    assert unit.lens.permits == []
