"""One take of a source that invents or replays footage: with the clock, or as fast as there is room.

A source that does not follow the clock must not run away from its companion either: a container wants
picture and sound side by side. So all sources of one permit keep within :data:`LEAD_NS` of each other.
"""

from __future__ import annotations

import threading
import time
from typing import Self

from device.domain.consent import Permit
from device.domain.settings import Setting
from device.ports import FootageSink

SECOND_NS = 1_000_000_000
LEAD_NS = SECOND_NS // 2
_POLL_S = 0.1

SPEED = Setting(
    "speed",
    str,
    "follow the clock (real), or go as fast as the recorder takes it (max)",
    "real",
    "max",
    choices=("real", "max"),
)

_changed = threading.Condition()
_companies: dict[str, dict[Take, int]] = {}


class Take:
    """Where and how fast one source delivers. On leaving the context it holds nobody back any more."""

    def __init__(
        self, speed: str, permit: Permit, sink: FootageSink, origin_ns: int, stop: threading.Event
    ) -> None:
        self.real = speed == "real"
        self.sink = sink
        self.origin_ns = origin_ns
        self.stop = stop
        self._company = permit.permit_id

    def __enter__(self) -> Self:
        self._move(self.origin_ns)
        return self

    def __exit__(self, *_: object) -> None:
        with _changed:
            members = _companies[self._company]
            del members[self]
            if not members:
                del _companies[self._company]
            _changed.notify_all()

    def wait(self, until_ns: int) -> bool:
        """Wait for the moment to offer footage that lasts until ``until_ns``; False when asked to stop."""
        self._move(until_ns)
        if self.real:
            return wait_until(until_ns, self.stop)
        return self._wait_for_company(until_ns) and self._wait_for_room()

    def _move(self, until_ns: int) -> None:
        with _changed:
            _companies.setdefault(self._company, {})[self] = until_ns
            _changed.notify_all()

    def _wait_for_company(self, until_ns: int) -> bool:
        with _changed:
            while min(_companies[self._company].values()) < until_ns - LEAD_NS:
                if self.stop.is_set():
                    return False
                _changed.wait(_POLL_S)
        return not self.stop.is_set()

    def _wait_for_room(self) -> bool:
        while not self.stop.is_set():
            if self.sink.wait_for_room(_POLL_S):
                return True
        return False


def wait_until(at_ns: int, stop: threading.Event) -> bool:
    """Wait for a time of the monotonic clock; False when asked to stop."""
    while not stop.is_set():
        left_ns = at_ns - time.monotonic_ns()
        if left_ns <= 0:
            return True
        stop.wait(left_ns / SECOND_NS)
    return False
