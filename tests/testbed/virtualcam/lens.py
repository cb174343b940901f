"""When the virtual camera delivers, and the ways in which it fails."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

_SECOND_NS = 1_000_000_000
_LOOK_AGAIN_S = 0.05
# How long a slot waits for a buffer. A sensor would not wait at all; but this machine's processor is not the
# Pi's, and a moment in which something else had it should not look like a picture that the recorder lost.
_PATIENCE_NS = 1_000_000_000


def frames_per_second() -> int:
    """Return the pace of every virtual camera."""
    return int(os.environ.get("VIRTUALCAM_FPS", "30"))


def is_stalled() -> bool:
    """Tell whether pictures are to stop coming."""
    return _fault("STALL") or is_absent()


def is_absent() -> bool:
    """Tell whether there is to be no camera."""
    return _fault("ABSENT")


def hang_while_told() -> None:
    """Return when nothing is to hang (any more)."""
    while _fault("HANG"):
        time.sleep(_LOOK_AGAIN_S)


class Lens:
    """One camera's pace: hands the oldest waiting request to the pipeline in every slot of the grid.

    The pipeline fills and completes a request at once. ``expose`` does that; it gets the request and the
    slot's number and monotonic time.
    """

    def __init__(self, expose: Callable[[Any, int, int], None]) -> None:
        self._expose = expose
        self._period_ns = _SECOND_NS / frames_per_second()
        self._changed = threading.Condition()
        self._waiting: deque[Any] = deque()
        self._open = False
        self._slot = 0
        threading.Thread(target=self._run, name="virtualcam", daemon=True).start()

    def open(self) -> None:
        """Begin with the next slot."""
        with self._changed:
            self._slot = self._slot_now() + 1
            self._open = True
            self._changed.notify()

    def close(self) -> None:
        """Deliver nothing more, and forget what waits."""
        with self._changed:
            self._open = False
            self._waiting.clear()

    def queue(self, request: Any) -> None:
        """Take a request that is to be filled."""
        with self._changed:
            if self._open:
                self._waiting.append(request)
                self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not (self._open and self._waiting):
                    self._changed.wait()
                due_ns = self._time_of(self._slot)
            time.sleep(max(0, due_ns - time.monotonic_ns()) / _SECOND_NS)
            stalled = is_stalled()
            with self._changed:
                self._deliver(stalled=stalled)
            if stalled:
                time.sleep(_LOOK_AGAIN_S)

    def _deliver(self, *, stalled: bool) -> None:
        too_old = self._slot_now() - int(_PATIENCE_NS / self._period_ns)
        if stalled or self._slot < too_old:
            self._slot = self._slot_now() + 1
        elif self._open and self._waiting and self._slot <= self._slot_now():
            self._expose(self._waiting.popleft(), self._slot, self._time_of(self._slot))
            self._slot += 1

    def _slot_now(self) -> int:
        return int(time.monotonic_ns() / self._period_ns)

    def _time_of(self, slot: int) -> int:
        return round(slot * self._period_ns)


def _fault(name: str) -> bool:
    return Path(os.environ.get(f"VIRTUALCAM_{name}", f"/run/virtualcam/{name.lower()}")).exists()
