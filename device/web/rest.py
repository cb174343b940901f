"""When the page gives memory back: some minutes after it answered something, and then not before it answered more."""

from __future__ import annotations

import gc
from collections.abc import Callable

from device.memory import give_back

# Often enough for what many pages needed, seldom enough for a tablet at the door that asks every few seconds.
AFTER_S = 300.0


def _tidy() -> None:
    gc.collect()
    give_back()


class Rest:
    """Belongs to one thread; times in seconds of a clock that never goes back."""

    def __init__(self, tidy: Callable[[], None] = _tidy) -> None:
        self._tidy = tidy
        self._answered = 0
        self._due_s: float | None = None

    def look(self, now_s: float, answered: int) -> None:
        """Give memory back when the time has come; ``answered``: how many requests there were until now."""
        if self._due_s is not None and now_s >= self._due_s:
            self._due_s, self._answered = None, answered
            self._tidy()
        elif self._due_s is None and answered != self._answered:
            self._due_s = now_s + AFTER_S
