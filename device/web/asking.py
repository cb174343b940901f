"""Asks the recorder how it is, at most once a second, however many tablets look at the page."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from device.domain.errors import LeerblikError
from device.web.view import UNREACHABLE, View, view_of

_FRESH_S = 1.0


class Asking:
    """Safe from any thread. While one thread asks, the others wait for its answer instead of asking too."""

    def __init__(
        self, ask: Callable[[], Mapping[str, Any]], clock_s: Callable[[], float] = time.monotonic
    ) -> None:
        """``ask`` returns the recorder's status or raises a LeerblikError; it must not wait for long."""
        self._ask = ask
        self._clock_s = clock_s
        self._lock = threading.Lock()
        self._fresh_until_s = float("-inf")
        self._view = UNREACHABLE

    def view(self) -> View:
        """Return what the page shows now; UNREACHABLE when the recorder does not answer."""
        with self._lock:
            if self._clock_s() >= self._fresh_until_s:
                self._view = self._look()
                self._fresh_until_s = self._clock_s() + _FRESH_S
            return self._view

    def _look(self) -> View:
        try:
            return view_of(self._ask())
        except LeerblikError:
            return UNREACHABLE
