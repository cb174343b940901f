"""The page asks the recorder rarely, however many look at it, and outlives its absence."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from device.domain.errors import Temporary
from device.web.asking import Asking
from device.web.view import UNREACHABLE, Lens


class Recorder:
    def __init__(self) -> None:
        self.asked = 0
        self.now_s = 100.0
        self.state: str | None = "idle"

    def ask(self) -> Mapping[str, Any]:
        self.asked += 1
        if self.state is None:
            raise Temporary("no recorder is listening")
        return {"state": self.state}


def test_a_hundred_looks_within_a_second_are_one_question() -> None:
    recorder = Recorder()
    asking = Asking(recorder.ask, lambda: recorder.now_s)
    for _ in range(100):
        assert asking.view().lens is Lens.CLOSED
    assert recorder.asked == 1


def test_a_second_later_it_asks_again() -> None:
    recorder = Recorder()
    asking = Asking(recorder.ask, lambda: recorder.now_s)
    asking.view()
    recorder.now_s, recorder.state = 101.0, "recording"
    assert asking.view().lens is Lens.OPEN


def test_a_recorder_that_goes_away_is_unknown_until_it_is_back() -> None:
    recorder = Recorder()
    asking = Asking(recorder.ask, lambda: recorder.now_s)
    views = []
    for state in ("recording", None, "idle"):
        recorder.state = state
        views.append(asking.view())
        recorder.now_s += 1
    assert views[1] is UNREACHABLE
    assert [view.lens for view in views] == [Lens.OPEN, Lens.UNKNOWN, Lens.CLOSED]


def test_a_slow_recorder_is_asked_by_one_visitor_and_the_others_wait_for_that_answer() -> None:
    recorder = Recorder()
    go = threading.Event()

    def ask_slowly() -> Mapping[str, Any]:
        assert go.wait(20)
        return recorder.ask()

    asking = Asking(ask_slowly, lambda: recorder.now_s)
    with ThreadPoolExecutor(8) as visitors:
        views = [visitors.submit(asking.view) for _ in range(8)]
        go.set()
        assert {view.result().lens for view in views} == {Lens.CLOSED}
    assert recorder.asked == 1
