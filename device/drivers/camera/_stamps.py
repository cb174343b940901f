"""The time stamps of a sensor, on the monotonic clock.

libcamera's documentation names CLOCK_BOOTTIME for SensorTimestamp; the drivers below it use CLOCK_MONOTONIC.
The two differ by the time the machine was suspended, so the first stamp of a take tells which one it is.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

# A picture reaches us within this time of being seen, and a little rounding may put it into the future.
_LATE_NS = 2_000_000_000
_EARLY_NS = 5_000_000


@dataclass(frozen=True, slots=True)
class Now:
    """The present moment on both clocks, in nanoseconds."""

    monotonic_ns: int
    boottime_ns: int


def read_clocks() -> Now:
    """Return the present moment; the error of the difference is the time between two calls."""
    return Now(time.monotonic_ns(), time.clock_gettime_ns(time.CLOCK_BOOTTIME))


def offset_ns(stamp_ns: int, now: Now) -> int | None:
    """Return what must be added to stamps like this one to have monotonic time; None when it is on no known clock.

    Where it could be either clock they hardly differ, and the stamp is taken for monotonic.
    """
    for clock_ns in (now.monotonic_ns, now.boottime_ns):
        if -_EARLY_NS <= clock_ns - stamp_ns <= _LATE_NS:
            return now.monotonic_ns - clock_ns
    return None


class Timeline:
    """Turns the stamps of one take into monotonic ones that strictly rise.

    Where the first stamp is on no known clock, the time of arrival stands for every one.
    """

    def __init__(self, clocks: Callable[[], Now] = read_clocks) -> None:
        self._clocks = clocks
        self._offset_ns: int | None = None
        self._begun = False
        self._last_ns = 0

    def monotonic_ns(self, stamp_ns: int | None) -> int:
        """Return when this picture was seen; without a stamp, when it arrived."""
        if not self._begun:
            self._begun = True
            self._offset_ns = None if stamp_ns is None else offset_ns(stamp_ns, self._clocks())
        if self._offset_ns is None or stamp_ns is None:
            at_ns = self._clocks().monotonic_ns
        else:
            at_ns = stamp_ns + self._offset_ns
        self._last_ns = max(at_ns, self._last_ns + 1)
        return self._last_ns
