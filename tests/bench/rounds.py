"""Interleaved rounds: every way is measured once a round, in changing order, and compared within the round.

What else the machine does then weighs on all ways alike; the median of the ratios is what to look at.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

Sample = Mapping[str, float | None]
Ways = Mapping[str, Callable[[], Sample]]


@dataclass(frozen=True, slots=True)
class Column:
    """A figure of a sample: its key, its heading with the unit, and how many decimals are worth showing."""

    key: str
    heading: str
    decimals: int = 2


@dataclass(frozen=True, slots=True)
class Result:
    """What was measured: samples by way, one for each round. Ratios are of one column to one way."""

    title: str
    columns: tuple[Column, ...]
    samples: dict[str, list[Sample]]
    ratio_of: str = ""
    baseline: str = ""
    notes: tuple[str, ...] = field(default=())

    def median(self, way: str, key: str) -> float | None:
        """Return the median over the rounds, None where it was not measured."""
        values = [value for sample in self.samples[way] if (value := sample.get(key)) is not None]
        return statistics.median(values) if values else None

    def ratios(self, way: str) -> list[float]:
        """Return this way's figure as a multiple of the baseline's, for each round."""
        pairs = zip(self.samples[way], self.samples[self.baseline], strict=True)
        values = [(own.get(self.ratio_of), base.get(self.ratio_of)) for own, base in pairs]
        return [own / base for own, base in values if own is not None and base]


def measure(ways: Ways, rounds: int, doing: str) -> dict[str, list[Sample]]:
    """Measure every way so many times; a line on standard error tells how far it is."""
    samples: dict[str, list[Sample]] = {name: [] for name in ways}
    names = list(ways)
    for number in range(rounds):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            say(f"{doing}: round {number + 1} of {rounds}, {name}")
            samples[name].append(ways[name]())
    say("")
    return samples


def say(text: str) -> None:
    """Show on standard error what is going on; an empty text clears the line."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{text}")
    elif text:
        sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def table(result: Result) -> str:
    """Return the result for a person to read."""
    headings = ["", *(column.heading for column in result.columns)]
    if result.baseline:
        headings.append(f"times '{result.baseline}' (each round)")
    rows = [headings, *(_row(result, way) for way in result.samples)]
    widths = [max(len(row[index]) for row in rows) for index in range(len(headings))]
    lines = ["  ".join(_pad(row, widths)).rstrip() for row in rows]
    notes = ("", *result.notes) if result.notes else ()
    return "\n".join((result.title, "", *lines, *notes))


def _row(result: Result, way: str) -> list[str]:
    cells = [way]
    for column in result.columns:
        median = result.median(way, column.key)
        cells.append("-" if median is None else f"{median:.{column.decimals}f}")
    if result.baseline:
        ratios = result.ratios(way)
        each = " ".join(f"{ratio:.2f}" for ratio in ratios)
        cells.append(f"{statistics.median(ratios):.2f} ({each})" if ratios else "-")
    return cells


def _pad(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    """Set names to the left, figures to the right, the last column (with its rounds) to the left."""
    last = len(row) - 1
    return [
        cell.ljust(width) if index in (0, last) else cell.rjust(width)
        for index, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
