"""What every trigger keeps: alternating edges that begin with down, whatever the finger does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from gpiozero.exc import BadPinFactory
from gpiozero.pins.mock import MockFactory

from device.domain.errors import Busy, Temporary
from device.domain.settings import Table
from device.drivers import load, names
from device.drivers.trigger._badge import hash_badge
from device.drivers.trigger.control_socket import ControlSocketTrigger
from device.ports import Button, Edge, Trigger
from tests.support.keyboards import Desk

LIMIT_S = 20.0
SALT = "a salt for the tests"


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


class LatePins(MockFactory):  # type: ignore[misc]  # gpiozero has no types
    """A chip that comes and goes."""

    there = True

    def pin(self, name: Any) -> Any:
        if not self.there:
            raise BadPinFactory("Unable to load any default pin factory!")
        return super().pin(name)


@dataclass
class Finger:
    """A trigger and how to press it; ``press`` returns when the button is up again.

    ``there`` takes what it listens to away, or puts it back.
    """

    trigger: Trigger
    press: Callable[[Edges], None]
    button: Button = Button.RECORD
    who: str = ""
    by_hand: bool = True
    there: Callable[[bool], None] = lambda _there: None


def _pins(
    driver: str, pin: str, button: Button, who: str = "", **options: Any
) -> Callable[[], Iterator[Finger]]:
    def case() -> Iterator[Finger]:
        module = load("trigger", driver)
        chip = LatePins()
        read = Table("trigger", "a test", module.OPTIONS).read({"bounce_time_ms": 5, **options})
        trigger = module.build(read, pin_factory=chip)

        def press(edges: Edges) -> None:
            before = len(edges.seen)
            chip.pin(pin).drive_low()
            edges.wait(before + 1)
            chip.pin(pin).drive_high()
            edges.wait(before + 2)

        yield Finger(trigger, press, button, who, there=lambda there: setattr(chip, "there", there))
        trigger.stop()
        chip.close()

    return case


def _badge() -> Iterator[Finger]:
    desk = Desk()
    module = load("trigger", "evdev_badge")
    badges = [f"{hash_badge('0012345678', SALT)}=teacher-1"]
    table = Table("trigger", "a test", module.OPTIONS)
    options = table.read({"reader": "a test", "badges": badges, "salt": SALT, "again_s": 0})
    trigger = module.build(options, find=desk.find)
    desk.plug_in()

    def press(edges: Edges) -> None:
        before = len(edges.seen)
        desk.hold_badge("0012345678")
        edges.wait(before + 2)

    def there(plugged_in: bool) -> None:
        if plugged_in:
            desk.plug_in()
        else:
            desk.unplug()

    yield Finger(trigger, press, who="teacher-1", there=there)
    trigger.stop()


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

    yield Finger(trigger, press, by_hand=False)
    trigger.stop()


CASES = {
    "gpio_button": _pins("gpio_button", "GPIO17", Button.RECORD),
    "gpio_privacy": _pins("gpio_privacy", "GPIO23", Button.PRIVACY),
    "gpio_cover": _pins("gpio_cover", "GPIO24", Button.COVER),
    "gpio_power": _pins("gpio_power", "GPIO26", Button.POWER, hold_s=0.01),
    "gpio_colours": _pins(
        "gpio_colours", "GPIO6", Button.RECORD, "teacher-2", buttons=["GPIO5=teacher-1", "GPIO6=teacher-2"]
    ),
    "evdev_badge": _badge,
    "control_socket": _control_socket,
}


@pytest.fixture(params=sorted(CASES))
def finger(request: pytest.FixtureRequest) -> Iterator[Finger]:
    yield from CASES[request.param]()


@pytest.fixture
def edges() -> Edges:
    return Edges()


def test_every_trigger_driver_is_in_this_suite() -> None:
    assert set(names("trigger")) == set(CASES)


def test_edges_alternate_begin_with_down_and_their_times_rise(finger: Finger, edges: Edges) -> None:
    before_ns = time.monotonic_ns()
    finger.trigger.start(edges)
    for _ in range(3):
        finger.press(edges)
    assert [edge.down for edge in edges.seen] == [True, False] * 3
    stamps = [before_ns, *(edge.at_ns for edge in edges.seen), time.monotonic_ns()]
    assert stamps == sorted(stamps)


def test_every_edge_tells_what_was_pressed_by_whom_and_whether_by_hand(finger: Finger, edges: Edges) -> None:
    finger.trigger.start(edges)
    finger.press(edges)
    facts = {(edge.button, edge.who, edge.by_hand) for edge in edges.seen}
    assert facts == {(finger.button, finger.who, finger.by_hand)}


# Software is always there.
@pytest.mark.parametrize("finger", sorted(CASES.keys() - {"control_socket"}), indirect=True)
def test_what_is_not_there_is_temporary_and_can_be_started_when_it_is(finger: Finger, edges: Edges) -> None:
    finger.there(False)
    for _ in range(2):
        with pytest.raises(Temporary):
            finger.trigger.start(edges)
    finger.there(True)
    finger.trigger.start(edges)
    finger.press(edges)
    assert [edge.down for edge in edges.seen] == [True, False]


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
