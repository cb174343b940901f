"""Plays one pattern after another in a private thread; a momentary one gives way to the last lasting one."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator

from device.drivers.indicator._patterns import MOMENTARY, PATTERNS, Step
from device.ports import Signal

_log = logging.getLogger(__name__)


class Player:
    """Calls ``put(signal, step)`` for every step. ``hurry`` divides all lengths; only tests hurry.

    A light that breaks is logged once and tried again with the next step: a lesson goes on without it.
    """

    def __init__(self, put: Callable[[Signal, Step], None], hurry: float = 1.0) -> None:
        self._put = put
        self._hurry = hurry
        self._changed = threading.Condition()
        self._closed = False
        self._lasting = Signal.OFF
        self._momentary: Signal | None = None
        self._opened: Signal | None = None
        self._orders = 0
        self._broken = False
        self._thread = threading.Thread(target=self._play, name="indicator", daemon=True)
        self._thread.start()

    @property
    def works(self) -> bool:
        """Whether the last step could be put, and there will be others."""
        return not (self._closed or self._broken)

    def show(self, signal: Signal) -> None:
        """Interrupt what is played. The lasting signal that is already shown does not begin anew."""
        with self._changed:
            if signal is self._lasting:
                return
            if signal in MOMENTARY:
                self._momentary = signal
            else:
                self._lasting, self._momentary = signal, None
            self._orders += 1
            self._changed.notify_all()

    def close(self) -> None:
        """Stop playing; ``put`` is not called any more. Harmless twice."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()

    def _play(self) -> None:
        while not self._closed:
            with self._changed:
                order, (signal, steps) = self._orders, self._next()
            self._play_through(signal, steps, order)

    def _next(self) -> tuple[Signal, Iterator[Step]]:
        momentary, self._momentary = self._momentary, None
        if momentary is not None:
            return momentary, iter(PATTERNS[momentary].opening)
        # What was interrupted by a momentary signal goes on without its opening: no second tone.
        resumed, self._opened = self._lasting is self._opened, self._lasting
        return self._lasting, _lasting_steps(self._lasting, resumed=resumed)

    def _play_through(self, signal: Signal, steps: Iterator[Step], order: int) -> None:
        for step in steps:
            self._try(signal, step)
            with self._changed:
                seconds = step.seconds / self._hurry
                if self._changed.wait_for(lambda: self._closed or self._orders != order, seconds):
                    return

    def _try(self, signal: Signal, step: Step) -> None:
        try:
            self._put(signal, step)
        except Exception:  # noqa: BLE001  # top of the thread: whatever it was, it is reported
            if not self._broken:
                _log.exception("the light cannot show '%s'", signal.value)
            self._broken = True
        else:
            self._broken = False


def _lasting_steps(signal: Signal, *, resumed: bool) -> Iterator[Step]:
    pattern = PATTERNS[signal]
    if not resumed:
        yield from pattern.opening
    while True:
        yield from pattern.cycle
