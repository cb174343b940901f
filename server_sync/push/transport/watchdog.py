"""A last resort against silence: calls for help when nobody reported life for a while.

paramiko can wait for ever in places its time limits do not reach (writing to a full socket, waiting for
a subsystem's answer: paramiko #515, #1380). Closing the connection from outside ends every such wait.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self


class Watchdog:
    """Within ``with``, calls ``on_silence`` once, from its own thread, ``timeout_s`` after the last feed."""

    def __init__(self, timeout_s: float, on_silence: Callable[[], None]) -> None:
        self.fired = False
        self._timeout_s = timeout_s
        self._on_silence = on_silence
        self._deadline_s = 0.0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="transport-watchdog", daemon=True)

    def feed(self) -> None:
        """Report life."""
        self._deadline_s = time.monotonic() + self._timeout_s

    def __enter__(self) -> Self:
        self.feed()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while (left_s := self._deadline_s - time.monotonic()) > 0:
            if self._done.wait(left_s):
                return
        self.fired = True
        self._on_silence()
