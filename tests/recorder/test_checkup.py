"""Looking around while nothing is recorded: often enough to be of use, seldom enough to sleep."""

from __future__ import annotations

import threading
from itertools import pairwise
from pathlib import Path

from device.domain.errors import Temporary
from device.domain.lifecycle import Status
from device.ports import VideoFormat
from device.recorder.checkup import in_a_thread
from tests.support.recorder import Unit, WatchedCamera
from tests.support.waiting import LIMIT_S

ABSENT = "no camera was found; check its cable"


def watched(unit: Unit) -> list[float]:
    """Have every look at the camera noted, in seconds since now."""
    looks: list[float] = []
    really, began_ns = unit.lens.format, unit.clock.ns

    def format_() -> VideoFormat:
        looks.append((unit.clock.ns - began_ns) / 1e9)
        return really()

    unit.lens.format = format_  # type: ignore[method-assign]
    return looks


def pass_s(unit: Unit, seconds: int) -> None:
    """Let time pass as the loop does, a second at a time."""
    for _ in range(seconds):
        unit.clock.pass_s(1)
        unit.loop._do_chores()


def gaps(looks: list[float]) -> list[float]:
    return [round(after - before) for before, after in pairwise(looks)]


def test_a_camera_that_is_absent_is_looked_for_less_and_less_often_but_once_a_minute(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    unit.lens.absent = ABSENT
    looks = watched(unit)
    pass_s(unit, 300)
    assert gaps(looks)[:7] == [5, 10, 20, 40, 60, 60, 60]
    unit.run()


def test_a_camera_that_is_there_is_looked_at_every_five_seconds_and_one_that_goes_is_said(
    tmp_path: Path,
) -> None:
    unit = Unit(tmp_path)
    looks = watched(unit)
    pass_s(unit, 20)
    assert set(gaps(looks)) == {5}
    unit.lens.absent = ABSENT
    pass_s(unit, 5)
    assert unit.ask("status")["missing"] == [{"part": "camera", "message": ABSENT}]
    assert unit.log[-1] == "light fault"
    unit.run()


def test_after_it_was_found_again_an_absent_camera_is_looked_for_as_often_as_at_first(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    unit.lens.absent = ABSENT
    pass_s(unit, 120)
    unit.lens.absent = ""
    pass_s(unit, 60)
    unit.lens.absent = ABSENT
    looks = watched(unit)
    pass_s(unit, 40)
    assert gaps(looks) == [5, 10, 20]
    unit.run()


def test_a_press_does_not_wait_for_a_look_at_a_camera_that_hangs(tmp_path: Path) -> None:
    camera = HangingCamera()
    unit = Unit(tmp_path, camera=camera)
    unit.recorder.checkup._aside = in_a_thread
    camera.hangs = True
    look_at_camera(unit)
    assert camera.is_asked.wait(LIMIT_S)
    camera.hangs = False
    recording = unit.loop.request_start()
    assert camera.given_up == 1
    unit.run()
    assert unit.catalogue.recordings.get(recording).status is Status.HELD
    assert unit.recorder.health.problems == {}


def test_the_light_answers_a_press_before_the_camera_is_asked(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    unit.lens.absent = ABSENT
    really = unit.lens.format

    def format_() -> VideoFormat:
        unit.log.append("camera is asked")
        return really()

    unit.lens.format = format_  # type: ignore[method-assign]
    unit.log.clear()
    unit.desk.begin(lambda *_: None)
    assert unit.log[:2] == ["light recording", "camera is asked"]
    assert unit.log[-1] in ("light refused", "light fault")


def look_at_camera(unit: Unit) -> None:
    unit.clock.pass_s(6)
    unit.loop._do_chores()


class HangingCamera(WatchedCamera):
    """One that says nothing when it is asked, until somebody stops it."""

    def __init__(self) -> None:
        super().__init__([])
        self.hangs = False
        self.is_asked = threading.Event()
        self.let_go = threading.Event()
        self.given_up = 0

    def format(self) -> VideoFormat:
        if self.hangs:
            self.is_asked.set()
            assert self.let_go.wait(LIMIT_S)
            self.given_up += 1
            raise Temporary("the camera was stopped while it was being opened")
        return super().format()

    def stop(self) -> None:
        self.let_go.set()
        super().stop()
