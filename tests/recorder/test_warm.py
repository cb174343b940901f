"""A camera that stands ready while a lesson is booked, and at no other time; the lights say so."""

from __future__ import annotations

import itertools
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from device.domain.register.decisions import AgreementWithdrawn, BookingCancelled, Repeat, Unbooked
from device.ports import Button, Edge, Signal
from device.recorder.warm import DIED
from tests.recorder.test_booked import BEGINS, ENDS, live
from tests.recorder.test_register import a_unit, decide
from tests.support.clock import HandClock
from tests.support.recorder import Unit
from tests.support.register import BOOKING, TRAJECTORY, everything

READY = f"light {Signal.WARM.value}"


def warm_unit(folder: Path, at_s: float = 600, history: Any = None, **settings: Any) -> Unit:
    """Return a recorder so many seconds after the beginning of a booked lesson."""
    clock = settings.pop("clock", None) or HandClock(wall=BEGINS + timedelta(seconds=at_s))
    return a_unit(folder, history, clock=clock, **{"warm_camera": True, **settings})


def ready(folder: Path, **settings: Any) -> Unit:
    unit = warm_unit(folder, **settings)
    live(unit, 2)
    assert stands_ready(unit)
    return unit


def stands_ready(unit: Unit) -> bool:
    status = unit.ask("status")
    assert status["warm"] is unit.lens.is_prepared()
    return bool(status["warm"])


def tap(unit: Unit) -> None:
    """Press and let go, while the recorder goes on."""
    for down in (True, False):
        edge = Edge(down, unit.clock.monotonic_ns())
        unit.loop._edges.append(edge)
        unit.loop._handle(edge)


def test_it_gets_ready_when_the_booked_time_begins_and_stops_when_it_is_over(tmp_path: Path) -> None:
    unit = warm_unit(tmp_path, at_s=-10)
    live(unit, 9)
    assert not stands_ready(unit)
    live(unit, 4)
    assert stands_ready(unit)
    assert unit.log[-1] == READY
    assert unit.kinds()[-1] == "warm_opened"
    unit.clock.pass_s((ENDS - unit.clock.now()).total_seconds() - 1)
    live(unit, 0)
    assert stands_ready(unit)
    live(unit, 1)
    assert not stands_ready(unit)
    assert unit.log[-1] == f"light {Signal.READY.value}"
    assert unit.kinds()[-1] == "warm_closed"
    assert unit.lens.permits == []


def test_its_leave_ends_with_the_booking_so_that_it_ends_also_without_the_recorder(tmp_path: Path) -> None:
    unit = ready(tmp_path)
    assert unit.lens.prepared is not None
    left_ns = unit.lens.prepared.until_ns - unit.clock.monotonic_ns()
    assert left_ns == pytest.approx((ENDS - unit.clock.now()).total_seconds() * 1e9, abs=3e9)


def test_a_press_uses_it_and_after_the_lesson_it_gets_ready_again(tmp_path: Path) -> None:
    unit = ready(tmp_path)
    tap(unit)
    assert unit.loop.phase.value == "recording"
    assert unit.log.index("lens opens from warm") > unit.log.index("camera gets ready")
    assert "camera is put away" not in unit.log
    live(unit, 30)
    assert unit.log.count("camera gets ready") == 1
    assert "lens closes" not in unit.log
    assert unit.ask("status")["missing"] == []
    unit.loop.request_stop()
    live(unit, 5)
    assert unit.log[-1] == f"light {Signal.HELD.value}"
    live(unit, 10)
    assert stands_ready(unit)
    assert unit.log[-1] == READY


@pytest.mark.parametrize("why", ["cancelled", "taken back", "covered", "wiped", "dark"])
def test_it_is_put_away_when_a_press_would_not_record_any_more(tmp_path: Path, why: str) -> None:
    unit = ready(tmp_path)
    live(unit, 1)  # it has just been asked whether it may
    match why:
        case "cancelled":
            decide(unit, "coach", BookingCancelled(BOOKING.booking))
        case "taken back":
            decide(unit, "teacher:abc", AgreementWithdrawn("abc", TRAJECTORY.trajectory))
        case "covered":
            unit.loop._edges.append(edge := Edge(True, unit.clock.monotonic_ns(), Button.COVER))
            unit.loop._handle(edge)
        case "wiped":
            assert unit.ask("wipe", wipe="arm", name="device-1")["ok"]
        case "dark":
            unit.light.works = False
    live(unit, 1 if why in ("covered", "wiped") else 3)
    assert not unit.lens.is_prepared()
    assert unit.log.count("camera is put away") == 1
    live(unit, 30)
    assert unit.log.count("camera gets ready") == 1


@pytest.mark.parametrize(
    ("changes", "settings"),
    [
        ({"agreement": {"pupil_films": False}, "booking": {"operator": "pupil"}}, {}),
        ({}, {"coach_key_present": False}),
        ({}, {"reserve_bytes": 1 << 60}),
        ({}, {"warm_camera": False}),
    ],
)
def test_it_never_gets_ready_where_a_press_would_not_record_or_nobody_wishes_it(
    tmp_path: Path, changes: dict[str, Any], settings: dict[str, Any]
) -> None:
    unit = warm_unit(tmp_path, history=everything(**changes), **settings)
    live(unit, 30)
    assert "camera gets ready" not in unit.log
    assert READY not in unit.log


def test_outside_every_booking_it_stays_closed_also_where_a_press_records_something_unclaimed(
    tmp_path: Path,
) -> None:
    unit = warm_unit(tmp_path, at_s=4 * 3600, history=everything(school={"unbooked": Unbooked.UNCLAIMED}))
    live(unit, 30)
    assert "camera gets ready" not in unit.log
    assert unit.ask("start")["ok"]
    unit.loop.request_stop()


def test_on_a_clock_that_nobody_set_it_stays_closed(tmp_path: Path) -> None:
    clock = HandClock(wall=BEGINS + timedelta(minutes=5))
    clock.is_trusted = False
    unit = warm_unit(tmp_path, clock=clock)
    live(unit, 30)
    assert "camera gets ready" not in unit.log
    clock.is_trusted = True
    live(unit, 3)
    assert stands_ready(unit)


def test_it_stands_ready_for_the_next_press_until_that_was_used(tmp_path: Path) -> None:
    history = everything(booking={"repeat": Repeat.NEXT_PRESS})
    unit = warm_unit(tmp_path, history=history, clock=HandClock(wall=history[-1].at + timedelta(minutes=5)))
    live(unit, 3)
    assert stands_ready(unit)
    unit.ask("start")
    unit.loop.request_stop()
    live(unit, 30)
    assert unit.log.count("camera gets ready") == 1


def test_pointing_the_camera_puts_it_away_and_it_gets_ready_again_after_that(tmp_path: Path) -> None:
    unit = ready(tmp_path)
    unit.ask("aim")
    tap(unit)
    assert unit.ask("status")["aim"]["open"]
    assert not stands_ready(unit)
    assert unit.log[-2:] == [f"light {Signal.AIMING.value}", "camera is put away"]
    unit.ask("still")
    live(unit, 20)
    assert unit.log[-1] == "lens opens for aiming"
    tap(unit)
    live(unit, 20)
    assert stands_ready(unit)


def test_a_camera_that_dies_while_it_stands_ready_shows_the_fault_and_is_tried_less_and_less_often(
    tmp_path: Path,
) -> None:
    unit = ready(tmp_path)
    tries: list[int] = []
    for second in range(200):
        if unit.lens.is_prepared():
            tries.append(second)
            unit.lens.prepared = None  # it died
        live(unit, 1)
        if len(tries) == 1 and tries[-1] == second:
            assert unit.ask("status")["missing"] == [{"part": "camera", "message": DIED}]
            assert unit.log[-1] == f"light {Signal.FAULT.value}"
    pauses = [later - earlier for earlier, later in itertools.pairwise(tries)]
    assert 4 <= len(pauses) <= 7
    assert pauses == sorted(pauses)
    assert pauses[-1] >= 40


def test_a_camera_that_cannot_get_ready_says_so_and_is_used_as_soon_as_it_can(tmp_path: Path) -> None:
    unit = warm_unit(tmp_path)
    unit.lens.ill = "the camera is taken; close the other program"
    live(unit, 3)
    assert unit.ask("status")["missing"][0]["message"] == unit.lens.ill
    assert unit.log[-1] == f"light {Signal.FAULT.value}"
    unit.lens.ill = ""
    live(unit, 30)
    assert stands_ready(unit)


def test_a_press_while_it_is_getting_ready_records_all_the_same(tmp_path: Path) -> None:
    unit = warm_unit(tmp_path)
    works: list[Any] = []
    unit.loop._warm._aside = works.append
    live(unit, 3)
    assert len(works) == 1
    stop = unit.lens.stop

    def stop_and_end() -> None:
        """What the camera's own process does: who waits for it waits no longer."""
        unit.lens.ill = "the camera was stopped while it was being opened"
        works.pop()()
        unit.lens.ill = ""
        unit.lens.stop = stop  # type: ignore[method-assign]
        stop()

    unit.lens.stop = stop_and_end  # type: ignore[method-assign]
    tap(unit)
    assert unit.loop.phase.value == "recording"
    assert "lens opens" in unit.log
    assert works == []
    live(unit, 3)
    assert unit.ask("status")["missing"] == []


def test_a_refused_press_leaves_it_ready(tmp_path: Path) -> None:
    unit = ready(tmp_path)
    decide(unit, "coach", BookingCancelled(BOOKING.booking))
    assert not unit.ask("start")["ok"]
    assert unit.lens.is_prepared()
    live(unit, 3)
    assert not stands_ready(unit)


def test_the_end_of_the_recorder_puts_it_away(tmp_path: Path) -> None:
    unit = ready(tmp_path)
    unit.run()
    assert "camera is put away" in unit.log
    assert unit.log[-1] == "light off"
