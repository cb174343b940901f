"""Puts the open segment on the card twice a second, away from the thread that writes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

# From the beginning of one to the beginning of the next. What a power cut can take is this, one fragment (0.5 s), what
# waits to be interleaved, and what a sync itself takes on a slow card: all of it must stay below two seconds.
INTERVAL_S = 0.5
# A card that is slower than that is not asked again at once: the writer must get a turn to change the segment.
_LEAST_PAUSE_S = 0.05


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
        pause_s = self._interval_s
        while not self._stop.wait(pause_s):
            began_s = time.monotonic()
            self._sync()
            pause_s = pause_after_s(time.monotonic() - began_s, self._interval_s)

    def _sync(self) -> None:
        with self._lock:
            if self._watched is None:
                return
            try:
                self._watched.sync()
            except OSError as error:
                self._watched = None
                self._on_error(error)


def pause_after_s(took_s: float, interval_s: float) -> float:
    """Return how long to wait after a sync that took so long, all in seconds: a slow card makes the round no longer."""
    return max(_LEAST_PAUSE_S, interval_s - took_s)
