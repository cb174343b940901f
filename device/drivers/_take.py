"""One take of a source that invents or replays footage: with the clock, or as fast as there is room.

A source that does not follow the clock must not run away from its companion either: a container wants
picture and sound side by side. So all sources of one permit keep within :data:`LEAD_NS` of each other, and
the first of them gives the next :data:`GRACE_S` to arrive.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Self

from device.domain.consent import Permit
from device.domain.settings import Setting
from device.ports import FootageSink

SECOND_NS = 1_000_000_000
LEAD_NS = SECOND_NS // 2
GRACE_S = 0.25
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
_companies: dict[str, _Company] = {}


@dataclass(slots=True)
class _Company:
    """The sources of one permit: how far each is, how many ever came, how far a picture that left was."""

    at_ns: dict[Take, int] = field(default_factory=dict)
    came: int = 0
    picture_left_ns: int | None = None

    def slowest_ns(self) -> int:
        """Return how far the one is that the others wait for."""
        all_ns = list(self.at_ns.values())
        if self.picture_left_ns is not None:
            all_ns.append(self.picture_left_ns)
        return min(all_ns)


class Take:
    """Where and how fast one source delivers.

    Sound that left holds nobody back: a film goes on without it. Where the ``picture`` left, the
    recording ends, and sound that does not follow the clock stays there until it is stopped too.
    """

    def __init__(
        self,
        speed: str,
        permit: Permit,
        sink: FootageSink,
        origin_ns: int,
        stop: threading.Event,
        *,
        picture: bool = False,
    ) -> None:
        self.real = speed == "real"
        self.sink = sink
        self.origin_ns = origin_ns
        self.stop = stop
        self._permit = permit
        self._picture = picture

    def __enter__(self) -> Self:
        with _changed:
            company = _companies.setdefault(self._permit.permit_id, _Company())
            company.at_ns[self] = self.origin_ns
            if self._picture:
                company.picture_left_ns = None
            company.came += 1
            _changed.notify_all()
            if not self.real and self._permit.sound:
                _changed.wait_for(lambda: company.came > 1, GRACE_S)
        return self

    def __exit__(self, *_: object) -> None:
        with _changed:
            company = _companies[self._permit.permit_id]
            left_ns = company.at_ns.pop(self)
            if self._picture:
                company.picture_left_ns = left_ns
            if not company.at_ns:
                del _companies[self._permit.permit_id]
            _changed.notify_all()

    def wait(self, until_ns: int) -> bool:
        """Wait for the moment to offer footage that lasts until ``until_ns``; False when asked to stop."""
        self._move(until_ns)
        if self.real:
            return wait_until(until_ns, self.stop)
        return self._wait_for_company(until_ns) and self._wait_for_room()

    def _move(self, until_ns: int) -> None:
        with _changed:
            _companies[self._permit.permit_id].at_ns[self] = until_ns
            _changed.notify_all()

    def _wait_for_company(self, until_ns: int) -> bool:
        with _changed:
            company = _companies[self._permit.permit_id]
            while company.slowest_ns() < until_ns - LEAD_NS:
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
