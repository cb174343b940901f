"""Brings a sound card onto the monotonic clock.

A card counts by its own crystal, up to 200 millionths fast or slow: after half an hour 360 ms, and lips are
off at 80. How far it has counted is seen whenever something is read; such a look can come late, but never
early. So the earliest looks of every second tell the truth, and a slow control loop follows them. What is
delivered is interpolated between the card's samples, exactly ``rate_hz`` to the second.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from device.drivers.microphone._meter import Samples

ACQUIRE_S = 0.2
WINDOW_S = 1.0
LOST_NS = 15_000_000
LOST_AFTER_NS = 200_000_000
UNSTEADY_LIMIT_NS = 1_000_000_000

# A loop that is critically damped, with a time constant of ten seconds.
_PHASE_PER_S = 0.2
_RATE_PER_S2 = 0.01
_RATE_LIMIT = 1e-3
_SLEW_LIMIT = 2e-3
_CONTEXT = 4


@dataclass(frozen=True, slots=True)
class Placed:
    """Samples of the shape (samples, channels); the first one belongs at ``index``, counted from time zero."""

    index: int
    samples: Samples


@dataclass(slots=True)
class _Line:
    """When the card took which sample: a straight line, bent a little every second, never broken."""

    at_ns: float
    count: float
    period_ns: float

    def time_ns(self, count: float) -> float:
        return self.at_ns + (count - self.count) * self.period_ns

    def bend(self, count: float, period_ns: float) -> None:
        self.at_ns, self.count, self.period_ns = self.time_ns(count), count, period_ns


@dataclass(slots=True)
class _Doubt:
    """Looks that were late by more than a thread usually is: the thread, or lost samples?

    A thread that was held up catches up; what is lost stays lost, and every look is late by the same.
    """

    began_ns: int
    least_ns: float
    steady_since_ns: int
    steady_ns: float

    def look(self, late_ns: float, now_ns: int) -> None:
        """Take one more look into account."""
        if abs(late_ns - self.steady_ns) > LOST_NS:
            self.steady_since_ns, self.steady_ns = now_ns, late_ns
        self.steady_ns = min(self.steady_ns, late_ns)
        self.least_ns = min(self.least_ns, late_ns)

    def lost_ns(self, now_ns: int) -> float | None:
        """Return how much is missing, or None: that is not sure yet."""
        if now_ns - self.steady_since_ns >= LOST_AFTER_NS:
            return self.steady_ns
        return self.least_ns if now_ns - self.began_ns >= UNSTEADY_LIMIT_NS else None


class Placer:
    """Takes a card's samples as they are read and returns them with their place on the clock.

    Pure bookkeeping: the caller gives the time in nanoseconds after time zero. Places rise and never
    overlap; where samples were lost they leave a hole. Nothing before time zero is returned.
    """

    def __init__(self, rate_hz: int, channels: int) -> None:
        self._nominal_ns = 1e9 / rate_hz
        self._rate_hz = rate_hz
        self._channels = channels
        self._stretch = 0.0
        self._next = 0
        self._begin()

    def take(self, samples: Samples, unread: int, now_ns: int) -> list[Placed]:
        """Take what was just read, when ``unread`` more samples were waiting in the card at ``now_ns``."""
        self._held.append(samples)
        self._count += len(samples)
        if self._line is None:
            self._acquire(unread, now_ns)
        else:
            self._look(self._line, self._count + unread, now_ns)
        if self._line is None or self._doubt is not None:
            return []
        return self._place(self._line)

    def restart(self) -> None:
        """Samples were lost, or the card was opened anew: what follows is placed by when it comes."""
        self._begin()

    @property
    def stretch(self) -> float:
        """How much longer a second of this card takes than a second of the clock (2e-4: 200 ppm slow)."""
        return self._stretch

    def _begin(self) -> None:
        self._line: _Line | None = None
        self._doubt: _Doubt | None = None
        self._earliest_ns = math.inf
        self._held: list[Samples] = []
        self._count = 0
        self._buffer: npt.NDArray[np.float32] = np.empty((0, self._channels), np.float32)
        self._buffer_count = 0
        self._begin_window()

    def _begin_window(self) -> None:
        self._window_ends = self._count + WINDOW_S * self._rate_hz
        self._least_late_ns = math.inf

    def _acquire(self, unread: int, now_ns: int) -> None:
        """Look a few times before the first sample is placed: the earliest look counts."""
        period_ns = self._nominal_ns * (1 + self._stretch)
        self._earliest_ns = min(self._earliest_ns, now_ns - (self._count + unread) * period_ns)
        if self._count >= ACQUIRE_S * self._rate_hz:
            self._line = _Line(self._earliest_ns, 0, period_ns)
            self._begin_window()

    def _look(self, line: _Line, counted: int, now_ns: int) -> None:
        late_ns = now_ns - line.time_ns(counted)
        if late_ns > LOST_NS:
            self._suspect(line, late_ns, now_ns)
            return
        self._doubt = None
        if late_ns < -LOST_NS:
            # Samples cannot come before they were taken: the line lay wrong.
            self._shift(line, late_ns)
            return
        self._least_late_ns = min(self._least_late_ns, late_ns)
        if self._count >= self._window_ends:
            self._follow(line)

    def _suspect(self, line: _Line, late_ns: float, now_ns: int) -> None:
        """Hold everything back until it is clear whether the thread was late or samples are missing."""
        if self._doubt is None:
            self._doubt = _Doubt(now_ns, late_ns, now_ns, late_ns)
        self._doubt.look(late_ns, now_ns)
        lost_ns = self._doubt.lost_ns(now_ns)
        if lost_ns is not None:
            self._shift(line, lost_ns)
            self._doubt = None

    def _shift(self, line: _Line, by_ns: float) -> None:
        """Break the line: what is held back belongs elsewhere than right after what was placed."""
        line.at_ns += by_ns
        self._buffer = self._buffer[:0]
        self._buffer_count = self._count - sum(len(samples) for samples in self._held)
        self._begin_window()

    def _follow(self, line: _Line) -> None:
        late_s = self._least_late_ns / 1e9
        self._stretch = _limit(self._stretch + _RATE_PER_S2 * WINDOW_S * late_s, _RATE_LIMIT)
        slew = _limit(_PHASE_PER_S * late_s, _SLEW_LIMIT)
        line.bend(self._count, self._nominal_ns * (1 + self._stretch + slew))
        self._begin_window()

    def _place(self, line: _Line) -> list[Placed]:
        self._buffer = np.concatenate((self._buffer, *self._held))
        self._held.clear()
        usable = len(self._buffer) - _CONTEXT + 1
        first = max(self._next, math.ceil(line.time_ns(self._buffer_count) / self._nominal_ns))
        last = math.floor(line.time_ns(self._buffer_count + usable) / self._nominal_ns)
        if last < first:
            self._drop(usable - 2)
            return []
        at_ns = np.arange(first, last + 1, dtype=np.float64) * self._nominal_ns
        positions = (at_ns - line.at_ns) / line.period_ns + (line.count - self._buffer_count)
        placed = Placed(first, _interpolate(self._buffer, positions))
        self._next = last + 1
        self._drop(int(positions[-1]) - 1)
        return [placed]

    def _drop(self, frames: int) -> None:
        """Forget what no later sample is interpolated from."""
        frames = max(0, frames)
        self._buffer = self._buffer[frames:]
        self._buffer_count += frames


def _interpolate(frames: npt.NDArray[np.float32], positions: npt.NDArray[np.float64]) -> Samples:
    """Return the level at these positions by a cubic (Catmull-Rom): a straight line would dull the consonants."""
    whole = np.clip(positions.astype(np.int64), 0, len(frames) - 2)
    part = np.asarray(positions - whole, np.float32)[:, np.newaxis]
    before, here = frames[np.maximum(whole - 1, 0)], frames[whole]
    after, beyond = frames[whole + 1], frames[np.minimum(whole + 2, len(frames) - 1)]
    slope = (after - before) * 0.5
    bow = before - 2.5 * here + 2 * after - 0.5 * beyond
    twist = (beyond - before) * 0.5 + 1.5 * (here - after)
    level = ((twist * part + bow) * part + slope) * part + here
    return np.asarray(np.clip(np.rint(level), -32768, 32767), dtype="<i2")


def _limit(value: float, most: float) -> float:
    return max(-most, min(most, value))
