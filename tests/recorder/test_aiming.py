"""Aim mode: the lens opens for a person who stands at the device, for two minutes, and for nobody else."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from device.domain.consent import AimLeave, Reason, Refusal, authorise_aim
from device.domain.errors import Temporary
from device.ports import Button, Edge
from tests.support.recorder import Unit, WatchedCamera
from tests.support.waiting import LIMIT_S

S = 1_000_000_000


def ask(unit: Unit, do: str, **values: Any) -> dict[str, Any]:
    return unit.ask(do, **values)


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
    given = authorise_aim(pressed * S, now * S, by_hand=by_hand, light_works=True, lens_covered=False)
    assert (given is not None) is leave


@pytest.mark.parametrize(
    ("light_works", "lens_covered", "reasons"),
    [
        (False, False, (Reason.NO_LIGHT,)),
        (True, True, (Reason.LENS_COVERED,)),
        (False, True, (Reason.NO_LIGHT, Reason.LENS_COVERED)),
    ],
)
def test_there_is_no_leave_without_a_light_or_behind_the_cover(
    light_works: bool, lens_covered: bool, reasons: tuple[Reason, ...]
) -> None:
    given = authorise_aim(0, 1, by_hand=True, light_works=light_works, lens_covered=lens_covered)
    assert given == Refusal(reasons)


@pytest.mark.parametrize(
    ("last", "now", "allowed"),
    [(None, 0.0, True), (5.0, 5.9, False), (5.0, 6.0, True), (118.0, 120.0, False)],
)
def test_leave_to_aim_allows_a_still_a_second_at_most(last: float | None, now: float, allowed: bool) -> None:
    given = authorise_aim(0, 0, by_hand=True, light_works=True, lens_covered=False)
    assert isinstance(given, AimLeave)
    assert given.allows_still(None if last is None else round(last * S), round(now * S)) is allowed


def test_leave_to_aim_cannot_be_made_up() -> None:
    with pytest.raises(TypeError, match="authorise_aim"):
        AimLeave(10**18, object())


# --- what the room sees


def opened(folder: Path, camera: WatchedCamera | None = None) -> Unit:
    """Return a recorder whose lens somebody opened for aiming."""
    unit = Unit(folder, camera=camera)
    ask(unit, "aim")
    press(unit)
    assert ask(unit, "status")["aim"]["open"]
    return unit


def chores(unit: Unit, after_s: float = 6) -> None:
    unit.clock.pass_s(after_s)
    unit.loop._do_chores()


def test_without_a_light_the_lens_stays_closed_and_the_reason_is_told(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    unit.light.works = False
    ask(unit, "aim")
    press(unit)
    status = ask(unit, "status")
    assert status["aim"]["open"] is False
    assert [each["reason"] for each in status["refusal"]] == ["no_light"]
    assert ask(unit, "still")["error"] == "refused"
    assert unit.lens.permits == []


def test_behind_the_cover_the_lens_stays_closed_until_it_is_open_and_somebody_presses_again(
    tmp_path: Path,
) -> None:
    unit = Unit(tmp_path)
    unit.loop._take_edge(Edge(True, unit.clock.ns, Button.COVER))
    ask(unit, "aim")
    press(unit)
    assert [each["reason"] for each in ask(unit, "status")["refusal"]] == ["lens_covered"]
    assert ask(unit, "still")["error"] == "refused"
    unit.loop._take_edge(Edge(False, unit.clock.ns, Button.COVER))
    press(unit)
    assert ask(unit, "still")["ok"] is True
    assert unit.lens.permits == []
    unit.run()


def test_a_light_that_fails_closes_the_lens(tmp_path: Path) -> None:
    unit = opened(tmp_path)
    ask(unit, "still")
    unit.light.works = False
    chores(unit)
    assert not unit.lens.open
    assert [each["reason"] for each in ask(unit, "status")["refusal"]] == ["no_light"]


def test_a_cover_that_is_closed_closes_the_lens_for_good(tmp_path: Path) -> None:
    unit = opened(tmp_path)
    ask(unit, "still")
    unit.loop._take_edge(Edge(True, unit.clock.ns, Button.COVER))
    chores(unit)
    unit.loop._take_edge(Edge(False, unit.clock.ns, Button.COVER))
    chores(unit)
    assert not unit.lens.open
    assert ask(unit, "still")["error"] == "refused"


def test_an_older_lesson_that_is_purged_does_not_hide_that_the_lens_is_open(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    recording = ask(unit, "start")["recording"]
    unit.clock.pass_s(5)
    ask(unit, "stop")
    ask(unit, "aim")
    press(unit)
    assert ask(unit, "discard", recording=recording)["ok"]
    chores(unit)
    assert "purged" in unit.kinds()
    assert unit.log[-1] == "light aiming"
    unit.run()


def test_a_part_that_fails_shows_only_when_the_lens_is_closed_again(tmp_path: Path) -> None:
    unit = opened(tmp_path)
    unit.recorder.health.note("button badge", "no reader was found")
    unit.desk.refresh_light()
    assert unit.log[-1] == "light aiming"
    press(unit)
    assert unit.log[-1] == "light fault"
    unit.run()


# --- one still a second


def test_there_is_one_still_a_second_at_most(tmp_path: Path) -> None:
    unit = opened(tmp_path)
    answers = []
    for _ in range(50):
        answers.append(ask(unit, "still"))
        unit.clock.pass_s(0.1)
    assert sum(answer["ok"] for answer in answers) == 5
    assert {answer["error"] for answer in answers if not answer["ok"]} == {"busy"}
    unit.run()


def test_to_close_and_to_open_the_lens_again_gives_no_more_stills(tmp_path: Path) -> None:
    unit = opened(tmp_path)
    assert ask(unit, "still")["ok"]
    press(unit)
    ask(unit, "aim")
    press(unit)
    assert ask(unit, "still")["error"] == "busy"
    unit.run()


# --- a camera that takes its time


class SlowCamera(WatchedCamera):
    """Takes for ever to open the lens, until it is told to stop; or it fails."""

    def __init__(self) -> None:
        super().__init__([])
        self.looks = threading.Event()
        self.told_to_stop = threading.Event()

    def aim(self, leave: AimLeave) -> bytes:
        self.looks.set()
        super().aim(leave)
        assert self.told_to_stop.wait(LIMIT_S)
        raise Temporary("the camera was stopped")

    def stop(self) -> None:
        super().stop()
        if self.looks.is_set():
            self.told_to_stop.set()


class LateCamera(SlowCamera):
    """Is reached by the still only after the lens was closed."""

    def aim(self, leave: AimLeave) -> bytes:
        assert self.stopped_once.wait(LIMIT_S)
        return super().aim(leave)

    def __init__(self) -> None:
        super().__init__()
        self.stopped_once = threading.Event()

    def stop(self) -> None:
        super().stop()
        self.stopped_once.set()


def still_beside(unit: Unit, then: Callable[[], object]) -> dict[str, Any]:
    """Let the loop run, ask for a still, do something else, and return what the still came to."""

    def meanwhile() -> None:
        try:
            answer = unit.loop.ask({"do": "still"})
            then()
            answers.append(answer.get(timeout=LIMIT_S))
        finally:
            unit.loop.stop()

    answers: list[dict[str, Any]] = []
    thread = threading.Thread(target=meanwhile)
    thread.start()
    unit.loop.run()
    thread.join()
    return answers[0]


def finger(unit: Unit) -> None:
    for down in (True, False):
        unit.loop.edge(Edge(down, unit.clock.ns))


def test_the_loop_goes_on_while_a_still_is_taken_and_a_press_closes_the_lens_at_once(tmp_path: Path) -> None:
    camera = SlowCamera()
    unit = opened(tmp_path, camera)
    statuses = []

    def then() -> None:
        assert camera.looks.wait(LIMIT_S)
        statuses.append(unit.loop.ask({"do": "status"}).get(timeout=LIMIT_S))
        finger(unit)

    answer = still_beside(unit, then)
    assert statuses[0]["aim"]["open"] is True
    assert (answer["error"], answer["message"][:18]) == ("refused", "the lens is closed")
    assert not camera.open
    assert "aim_closed" in unit.kinds()


def test_a_still_that_comes_to_the_camera_too_late_leaves_no_lens_open(tmp_path: Path) -> None:
    camera = LateCamera()
    unit = opened(tmp_path, camera)
    answer = still_beside(unit, lambda: finger(unit))
    assert answer["error"] == "refused"
    assert camera.looks.is_set()
    assert not camera.open
    assert unit.log[-2:] == ["light ready", "light off"]


def test_while_one_still_is_taken_there_is_no_other(tmp_path: Path) -> None:
    camera = SlowCamera()
    unit = opened(tmp_path, camera)

    def then() -> None:
        assert camera.looks.wait(LIMIT_S)
        unit.clock.pass_s(5)
        other.append(unit.loop.ask({"do": "still"}).get(timeout=LIMIT_S))
        finger(unit)

    other: list[dict[str, Any]] = []
    still_beside(unit, then)
    assert other[0]["error"] == "busy"


class FailingCamera(WatchedCamera):
    """Fails when it is asked for a still, in the way that it was told."""

    def __init__(self, error: Exception) -> None:
        super().__init__([])
        self.error = error

    def aim(self, leave: AimLeave) -> bytes:
        raise self.error


@pytest.mark.parametrize("error", [Temporary("no camera was found"), ZeroDivisionError("a flaw")])
def test_a_still_that_fails_is_told_and_closes_the_lens(tmp_path: Path, error: Exception) -> None:
    unit = opened(tmp_path, FailingCamera(error))
    answer = ask(unit, "still")
    assert answer["error"] == "temporary"
    assert str(error) in answer["message"]
    chores(unit, 0.5)
    assert ask(unit, "status")["aim"]["open"] is False
    assert unit.log[-1] == "light ready"


class StuckCamera(WatchedCamera):
    """Does not close."""

    def stop(self) -> None:
        raise Temporary("the camera's process cannot be ended")


def test_while_the_lens_cannot_be_closed_the_lights_say_that_it_is_open(tmp_path: Path) -> None:
    unit = opened(tmp_path, StuckCamera([]))
    with pytest.raises(Temporary):
        press(unit)
    unit.desk.refresh_light()
    assert unit.log[-1] == "light aiming"
