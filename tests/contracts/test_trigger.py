"""What every trigger keeps: alternating edges that begin with down, whatever the finger does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from gpiozero.pins.mock import MockFactory

from device.domain.errors import Busy
from device.domain.settings import Table
from device.drivers import load, names
from device.drivers.trigger.control_socket import ControlSocketTrigger
from device.ports import Edge, Trigger

LIMIT_S = 20.0
ONLY_ON_A_PI = {"evdev": "needs an input device; tests/hardware runs it"}


class Edges:
    """Keeps edges, and waits for them."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.seen: list[Edge] = []

    def __call__(self, edge: Edge) -> None:
        with self._changed:
            self.seen.append(edge)
            self._changed.notify_all()

    def wait(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.seen) >= count, LIMIT_S), self.seen


@dataclass
class Finger:
    """A trigger and how to press it; ``press`` returns when the button is up again."""

    trigger: Trigger
    press: Callable[[Edges], None]


def _gpio_button() -> Iterator[Finger]:
    module = load("trigger", "gpio_button")
    factory = MockFactory()
    options = Table("trigger", "a test", module.OPTIONS).read({"bounce_time_ms": 5})
    button = module.build(options, pin_factory=factory)

    def press(edges: Edges) -> None:
        before = len(edges.seen)
        factory.pin("GPIO17").drive_low()
        edges.wait(before + 1)
        factory.pin("GPIO17").drive_high()
        edges.wait(before + 2)

    yield Finger(button, press)
    button.stop()
    factory.close()


def _control_socket() -> Iterator[Finger]:
    trigger = ControlSocketTrigger()

    def press(edges: Edges) -> None:
        before = len(edges.seen)
        while True:
            try:
                trigger.press(0.01)
                break
            except Busy:
                time.sleep(0.005)
        edges.wait(before + 2)

    yield Finger(trigger, press)
    trigger.stop()


CASES = {"gpio_button": _gpio_button, "control_socket": _control_socket}


@pytest.fixture(params=sorted(CASES))
def finger(request: pytest.FixtureRequest) -> Iterator[Finger]:
    yield from CASES[request.param]()


@pytest.fixture
def edges() -> Edges:
    return Edges()


def test_every_trigger_driver_is_in_this_suite() -> None:
    assert set(names("trigger")) - set(ONLY_ON_A_PI) == set(CASES)


def test_edges_alternate_begin_with_down_and_their_times_rise(finger: Finger, edges: Edges) -> None:
    before_ns = time.monotonic_ns()
    finger.trigger.start(edges)
    for _ in range(3):
        finger.press(edges)
    assert [edge.down for edge in edges.seen] == [True, False] * 3
    stamps = [before_ns, *(edge.at_ns for edge in edges.seen), time.monotonic_ns()]
    assert stamps == sorted(stamps)


def test_a_trigger_that_is_started_is_busy(finger: Finger, edges: Edges) -> None:
    finger.trigger.start(edges)
    with pytest.raises(Busy):
        finger.trigger.start(edges)


def test_after_stop_nothing_is_reported_and_no_thread_is_left(finger: Finger, edges: Edges) -> None:
    before = set(threading.enumerate())
    finger.trigger.start(edges)
    finger.press(edges)
    finger.trigger.stop()
    assert set(threading.enumerate()) <= before
    assert len(edges.seen) == 2


def test_it_can_be_started_again_and_begins_with_down(finger: Finger, edges: Edges) -> None:
    finger.trigger.start(edges)
    finger.press(edges)
    finger.trigger.stop()
    again = Edges()
    finger.trigger.start(again)
    finger.press(again)
    assert [edge.down for edge in again.seen] == [True, False]


def test_stopping_what_was_not_started_is_harmless(finger: Finger) -> None:
    finger.trigger.stop()
    finger.trigger.stop()


def test_whoever_hears_an_edge_may_stop_the_trigger(finger: Finger) -> None:
    stopped = threading.Event()

    class Stopping(Edges):
        def __call__(self, edge: Edge) -> None:
            finger.trigger.stop()
            stopped.set()

        def wait(self, count: int) -> None:
            assert stopped.wait(LIMIT_S)

    edges = Stopping()
    finger.trigger.start(edges)
    finger.press(edges)
    assert edges.seen == []
