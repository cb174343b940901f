"""The rhythm of each signal as a bar: when the light is lit, taken from what the light itself plays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, cycle

from device.drivers.indicator._patterns import MOMENTARY, PATTERNS, Step
from device.ports import Signal

BAR_S = 8.0
# So much of what is the case before it is shown first: a blink at the very edge would not be seen as one.
_BEFORE_S = 0.5
# Momentary signals that come while the light is on; around the others it is dark.
_IN_LIGHT = frozenset({Signal.MARKED})


@dataclass(frozen=True, slots=True)
class Lit:
    """A stretch of light; both in seconds, from the beginning of the bar."""

    from_s: float
    length_s: float


def bar(signal: Signal) -> tuple[Lit, ...]:
    """Return when the light is lit in the first :data:`BAR_S` seconds: a moment before, then its cycle or itself."""
    lit: list[Lit] = []
    for start_s, step in _timed(_steps(signal)):
        if start_s >= BAR_S:
            break
        if not step.light:
            continue
        length_s = min(step.seconds, BAR_S - start_s)
        if lit and abs(lit[-1].from_s + lit[-1].length_s - start_s) < 1e-9:
            lit[-1] = Lit(lit[-1].from_s, lit[-1].length_s + length_s)
        else:
            lit.append(Lit(start_s, length_s))
    return tuple(Lit(round(each.from_s, 3), round(each.length_s, 3)) for each in lit)


def _steps(signal: Signal) -> Iterable[Step]:
    pattern = PATTERNS[signal]
    if signal in MOMENTARY:
        light = signal in _IN_LIGHT
        return (Step(_BEFORE_S, light), *pattern.opening, Step(BAR_S, light))
    return chain(_end_of(pattern.cycle), cycle(pattern.cycle))


def _end_of(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Return the last :data:`_BEFORE_S` seconds of a cycle."""
    found: tuple[Step, ...] = ()
    left_s = _BEFORE_S
    for step in reversed(steps):
        if left_s > 0:
            found = (Step(min(step.seconds, left_s), step.light), *found)
            left_s -= step.seconds
    return found


def _timed(steps: Iterable[Step]) -> Iterator[tuple[float, Step]]:
    start_s = 0.0
    for step in steps:
        yield start_s, step
        start_s += step.seconds
