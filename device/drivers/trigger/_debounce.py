"""One press is one press, however often its contact bounces.

A level counts once it has been still for the bounce time. That costs those milliseconds and buys that a
spike on a long cable starts nothing; the edge carries the time of the first contact, not of the waiting.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from device.ports import Edge

SECOND_NS = 1_000_000_000


class Debouncer:
    """The rule alone, without clock or threads. Begins with the button up, or ``down``; edges alternate.

    With ``hold_ns`` the contact must be closed for so long to count as down, which it then is from there on.
    """

    def __init__(self, bounce_ns: int, hold_ns: int = 0, *, down: bool = False) -> None:
        self._bounce_ns = bounce_ns
        self._hold_ns = hold_ns
        self._reported = down
        self._level = down
        self._began_ns = 0
        self._changed_ns: int | None = None

    def change(self, down: bool, at_ns: int) -> None:
        """Note that the contact closed (``down``) or opened."""
        if self._changed_ns is None:
            self._began_ns = at_ns
        self._level, self._changed_ns = down, at_ns

    def due_ns(self) -> int | None:
        """Return when :meth:`settle` should be asked, None when nothing is moving."""
        if self._changed_ns is None:
            return None
        return self._changed_ns + (max(self._hold_ns, self._bounce_ns) if self._level else self._bounce_ns)

    def settle(self, now_ns: int) -> Edge | None:
        """Return an edge when the contact has come to rest on the other side, else None."""
        due_ns = self.due_ns()
        if due_ns is None or now_ns < due_ns:
            return None
        self._changed_ns = None
        if self._level == self._reported:
            return None
        self._reported = self._level
        return Edge(self._level, due_ns if self._level and self._hold_ns else self._began_ns)


class DebouncedContacts:
    """Runs :class:`Debouncer` against the monotonic clock, all in one private thread.

    ``on_edge`` is called with the number of the contact, one edge after another.
    """

    def __init__(self, rules: Sequence[Debouncer], on_edge: Callable[[int, Edge], None]) -> None:
        self._rules = rules
        self._on_edge = on_edge
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._watch, name="button", daemon=True)
        self._thread.start()

    def change(self, number: int, level: Callable[[], bool]) -> None:
        """Note that a contact moved just now; safe from any thread, never waits for ``on_edge``.

        ``level`` is asked here, so that a look at the contact cannot overtake a change that is reported.
        """
        with self._changed:
            self._rules[number].change(level(), time.monotonic_ns())
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
            for number, edge in self._next():
                if not self._closed:
                    self._on_edge(number, edge)

    def _next(self) -> list[tuple[int, Edge]]:
        with self._changed:
            due_ns = min((due for rule in self._rules if (due := rule.due_ns()) is not None), default=None)
            if due_ns is None and not self._closed:
                self._changed.wait()
                return []
            left_ns = (due_ns or 0) - time.monotonic_ns()
            if left_ns > 0 and not self._closed:
                self._changed.wait(left_ns / SECOND_NS)
                return []
            now_ns = time.monotonic_ns()
            settled = [(number, rule.settle(now_ns)) for number, rule in enumerate(self._rules)]
        return [(number, edge) for number, edge in settled if edge is not None]
