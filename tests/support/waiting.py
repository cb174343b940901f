"""Waiting for things from other threads by condition, never by time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
LIMIT_S = 20.0


class Collector(Generic[T]):
    """A callback that keeps what it is called with; a test fails when it waits in vain."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.seen: list[T] = []

    def __call__(self, item: T) -> None:
        with self._changed:
            self.seen.append(item)
            self._changed.notify_all()

    def wait(self, count: int) -> None:
        """Wait for so many items."""
        self.wait_for(lambda: len(self.seen) >= count)

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition holds; it is looked at again with every item."""
        with self._changed:
            assert self._changed.wait_for(condition, LIMIT_S), f"waited in vain; seen: {self.seen}"


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until something holds that nobody tells of; the test fails when it never does."""
    deadline_s = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < deadline_s, "waited in vain"
        time.sleep(0.01)
