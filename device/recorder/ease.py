"""When the recorder gives memory back: once, a while after it had something to do."""

from __future__ import annotations

from collections.abc import Callable

from device.footage.packets import NS_PER_S
from device.memory import give_back

# Longer than a camera needs to be asked what it can do, and than a teacher hesitates between two lessons.
_AFTER_NS = 20 * NS_PER_S


class Ease:
    """Starts as if there had been something to do: what only the start needed is given back too."""

    def __init__(self, give_back: Callable[[], None] = give_back) -> None:
        self._give_back = give_back
        self._due_ns: int | None = None
        self._done = False

    def look(self, now_ns: int, *, idle: bool) -> None:
        """Give memory back when the time has come; call it now and then."""
        if not idle:
            self._due_ns, self._done = None, False
        elif self._due_ns is None:
            self._due_ns = now_ns + _AFTER_NS
        elif now_ns >= self._due_ns and not self._done:
            self._done = True
            self._give_back()
