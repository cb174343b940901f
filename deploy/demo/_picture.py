"""What the pictures of a film tell: which numbers they carry, when they flash, whether they are in order."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from device.drivers._test_card import is_black, read_counter, read_flash

_TICKS_PER_SECOND = 100_000


@dataclass(frozen=True, slots=True)
class Gap:
    """Counters ``first`` to ``last`` were not read; ``count`` of them have no picture at all."""

    first: int
    last: int
    count: int


@dataclass(frozen=True, slots=True)
class Counters:
    """The numbers burnt into the pictures. Black pictures carry none, and are not called unreadable.

    ``duplicated`` were read before; ``out_of_order`` came after a higher one.
    """

    first: int
    last: int
    read: int
    missing: int
    gaps: tuple[Gap, ...]
    duplicated: tuple[int, ...]
    out_of_order: tuple[int, ...]
    unreadable: int


@dataclass(frozen=True, slots=True)
class Flash:
    """A picture in which the square lit up; seconds of the film, and the picture's number."""

    at_s: float
    counter: int


class Pictures:
    """Fed with every picture in turn; keeps numbers, never pictures."""

    def __init__(self) -> None:
        self.frames = 0
        self.black = 0
        self.first_s = 0.0
        self.last_s = 0.0
        self.flashes: list[Flash] = []
        self._lit = False
        self._intervals: Counter[int] = Counter()
        self._numbers = _Numbers()

    def feed(self, at_s: float, luma: npt.NDArray[Any]) -> None:
        """Look at one picture's brightness (height x width, 0-255) at a time of the film."""
        if self.frames == 0:
            self.first_s = at_s
        else:
            self._intervals[round((at_s - self.last_s) * _TICKS_PER_SECOND)] += 1
        self.last_s = at_s
        self.frames += 1
        counter = read_counter(luma)
        if counter is None:
            black = is_black(luma)
            self.black += black
            self._numbers.unread(black=black)
            self._lit = False
            return
        self._numbers.read(counter)
        lit = read_flash(luma)
        if lit and not self._lit:
            self.flashes.append(Flash(at_s, counter))
        self._lit = lit

    def rate(self) -> float | None:
        """Return the frames per second of the usual interval, None for fewer than two pictures."""
        half = self._intervals.total() / 2
        passed = 0
        for ticks, count in sorted(self._intervals.items()):
            passed += count
            if passed >= half and ticks > 0:
                return _round_rate(self._mean_near(ticks))
        return None

    def duration_s(self) -> float:
        """Return from the first picture to the end of the last, which lasts as long as usual."""
        rate = self.rate()
        return self.last_s - self.first_s + (1 / rate if rate else 0.0)

    def counters(self) -> Counters | None:
        """Return what was read, None when no picture carried a number."""
        return self._numbers.report()

    def _mean_near(self, ticks: int) -> float:
        """Return the mean of the intervals that are this one but for the rounding of the container."""
        near = {t: n for t, n in self._intervals.items() if abs(t - ticks) <= _TICKS_PER_SECOND // 500}
        return sum(t * n for t, n in near.items()) / sum(near.values()) / _TICKS_PER_SECOND


class _Numbers:
    def __init__(self) -> None:
        self._first: int | None = None
        self._highest = 0
        self._read = 0
        self._unreadable = 0
        self._unread_since = 0
        self._gaps: list[Gap] = []
        self._duplicated: list[int] = []
        self._out_of_order: list[int] = []

    def unread(self, *, black: bool) -> None:
        self._unreadable += not black
        self._unread_since += 1

    def read(self, counter: int) -> None:
        self._read += 1
        if self._first is None:
            self._first = self._highest = counter
        elif counter <= self._highest:
            self._late(counter)
        else:
            self._jump(counter)
        self._unread_since = 0

    def report(self) -> Counters | None:
        if self._first is None:
            return None
        return Counters(
            first=self._first,
            last=self._highest,
            read=self._read,
            missing=sum(gap.count for gap in self._gaps),
            gaps=tuple(self._gaps),
            duplicated=tuple(self._duplicated),
            out_of_order=tuple(self._out_of_order),
            unreadable=self._unreadable,
        )

    def _jump(self, counter: int) -> None:
        # A picture that is there but black or unreadable stands for one of the numbers that were skipped.
        count = counter - self._highest - 1 - self._unread_since
        if count > 0:
            self._gaps.append(Gap(self._highest + 1, counter - 1, count))
        self._highest = counter

    def _late(self, counter: int) -> None:
        """Note a number that is not above the highest: it fills a gap, or it was there before."""
        for index, gap in enumerate(self._gaps):
            if gap.first <= counter <= gap.last:
                left = [Gap(gap.first, counter - 1, counter - gap.first)] if counter > gap.first else []
                right = [Gap(counter + 1, gap.last, gap.last - counter)] if counter < gap.last else []
                self._gaps[index : index + 1] = left + right
                self._out_of_order.append(counter)
                return
        before_all = self._first is not None and counter < self._first
        (self._out_of_order if before_all else self._duplicated).append(counter)


def _round_rate(interval_s: float) -> float:
    """Return the rate that was meant: stamps in a container are rounded, rates are usually simple."""
    rate = 1 / interval_s
    simple = round(rate * 100) / 100
    return simple if abs(simple - rate) < rate / 2000 else rate
