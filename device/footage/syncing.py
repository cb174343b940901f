"""Puts the open segment on the card every second, away from the thread that writes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

INTERVAL_S = 1.0


class Syncable(Protocol):
    """Something that can be put on the card."""

    def sync(self) -> None:
        """Put it on the card; OSError when the card refuses."""
        ...


class Syncing:
    """A thread that syncs what it watches; a stalling card stalls only this thread."""

    def __init__(self, on_error: Callable[[OSError], None], interval_s: float = INTERVAL_S) -> None:
        self._on_error = on_error
        self._interval_s = interval_s
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._watched: Syncable | None = None
        self._thread = threading.Thread(target=self._run, name="footage-sync", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def watch(self, target: Syncable | None) -> None:
        """Sync this from now on; returns when a sync of the former one has ended."""
        with self._lock:
            self._watched = target

    def stop(self) -> None:
        """End; harmless when not started."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._interval_s):
            with self._lock:
                if self._watched is None:
                    continue
                try:
                    self._watched.sync()
                except OSError as error:
                    self._watched = None
                    self._on_error(error)
