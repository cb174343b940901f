"""One press is one press, however often its contact bounces.

A level counts once it has been still for the bounce time. That costs those milliseconds and buys that a
spike on a long cable starts nothing; the edge carries the time of the first contact, not of the waiting.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from device.ports import Edge

SECOND_NS = 1_000_000_000


class Debouncer:
    """The rule alone, without clock or threads. Begins with the button up; edges alternate."""

    def __init__(self, bounce_ns: int) -> None:
        self._bounce_ns = bounce_ns
        self._reported = False
        self._level = False
        self._began_ns = 0
        self._changed_ns: int | None = None

    def change(self, down: bool, at_ns: int) -> None:
        """Note that the contact closed (``down``) or opened."""
        if self._changed_ns is None:
            self._began_ns = at_ns
        self._level, self._changed_ns = down, at_ns

    def due_ns(self) -> int | None:
        """Return when :meth:`settle` should be asked, None when nothing is moving."""
        return None if self._changed_ns is None else self._changed_ns + self._bounce_ns

    def settle(self, now_ns: int) -> Edge | None:
        """Return an edge when the contact has come to rest on the other side, else None."""
        due_ns = self.due_ns()
        if due_ns is None or now_ns < due_ns:
            return None
        self._changed_ns = None
        if self._level == self._reported:
            return None
        self._reported = self._level
        return Edge(self._level, self._began_ns)


class DebouncedContact:
    """Runs a :class:`Debouncer` against the monotonic clock in a private thread."""

    def __init__(self, bounce_s: float, on_edge: Callable[[Edge], None]) -> None:
        self._rule = Debouncer(round(bounce_s * SECOND_NS))
        self._on_edge = on_edge
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._watch, name="button", daemon=True)
        self._thread.start()

    def change(self, down: bool) -> None:
        """Note that the contact moved just now; safe from any thread, never waits for ``on_edge``."""
        with self._changed:
            self._rule.change(down, time.monotonic_ns())
            self._changed.notify_all()

    def close(self) -> None:
        """Report nothing more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _watch(self) -> None:
        while not self._closed:
            edge = self._next()
            if edge is not None and not self._closed:
                self._on_edge(edge)

    def _next(self) -> Edge | None:
        with self._changed:
            due_ns = self._rule.due_ns()
            if due_ns is None and not self._closed:
                self._changed.wait()
                return None
            left_ns = (due_ns or 0) - time.monotonic_ns()
            if left_ns > 0 and not self._closed:
                self._changed.wait(left_ns / SECOND_NS)
                return None
            return self._rule.settle(time.monotonic_ns())
