"""The finger made of software."""

from __future__ import annotations

import pytest

from device.domain.errors import Busy, Temporary
from device.drivers.trigger.control_socket import ControlSocketTrigger
from device.ports import Edge
from tests.support.waiting import Collector


@pytest.fixture
def edges() -> Collector[Edge]:
    return Collector()


def test_a_double_press_is_two_presses_and_a_hold_is_a_long_one(edges: Collector[Edge]) -> None:
    trigger = ControlSocketTrigger()
    trigger.start(edges)
    trigger.double_press()
    edges.wait(4)
    assert [edge.down for edge in edges.seen] == [True, False, True, False]
    trigger.stop()
    trigger.start(edges)
    trigger.hold(0.3)
    edges.wait(6)
    assert edges.seen[5].at_ns - edges.seen[4].at_ns >= 300_000_000
    trigger.stop()


def test_a_second_gesture_during_the_first_is_busy(edges: Collector[Edge]) -> None:
    trigger = ControlSocketTrigger()
    trigger.start(edges)
    trigger.hold(60)
    for gesture in (trigger.press, trigger.double_press, lambda: trigger.hold(1)):
        with pytest.raises(Busy, match="still being pressed"):
            gesture()
    trigger.stop()
    assert [edge.down for edge in edges.seen] in ([], [True])  # a stop ends the gesture, without an edge


def test_a_gesture_before_the_start_or_after_the_stop_is_temporary(edges: Collector[Edge]) -> None:
    trigger = ControlSocketTrigger()
    with pytest.raises(Temporary):
        trigger.press()
    trigger.start(edges)
    trigger.stop()
    with pytest.raises(Temporary):
        trigger.press()
    assert edges.seen == []


def test_what_software_presses_is_never_taken_for_a_hand_at_the_device(edges: Collector[Edge]) -> None:
    trigger = ControlSocketTrigger()
    trigger.start(edges)
    trigger.double_press()
    edges.wait(4)
    trigger.stop()
    assert not any(edge.by_hand for edge in edges.seen)
