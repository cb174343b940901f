"""Puts the samples of several microphones side by side and cuts them into blocks."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from device.drivers.microphone._drift import Placed
from device.drivers.microphone._meter import Samples

PATIENCE_S = 1.0
BLOCK_S = 0.02


@dataclass(frozen=True, slots=True)
class Block:
    """Sound from ``index`` on, counted in samples from time zero, in one array for each track."""

    index: int
    tracks: tuple[Samples, ...]


class Merge:
    """Mixes microphones into one track, or keeps them in one each.

    A hole in a microphone's samples is silence. One that is late is waited for, but not longer than
    :data:`PATIENCE_S`; then the others go on without it until it is back. While none delivers, there is
    no block at all.
    """

    def __init__(self, rate_hz: int, channels: int, microphones: int, *, mix: bool) -> None:
        self._size = round(rate_hz * BLOCK_S)
        self._patience = round(rate_hz * PATIENCE_S)
        self._channels = channels
        self._mix = mix
        self._waiting: list[deque[Placed]] = [deque() for _ in range(microphones)]
        self._until = [0] * microphones
        self._present = [False] * microphones
        self._next = 0

    def put(self, microphone: int, placed: Placed) -> None:
        """Add samples; what comes too late for its block is left out."""
        end = placed.index + len(placed.samples)
        if end <= self._next:
            return
        if not any(self._present):
            self._next = max(self._next, placed.index)
        self._waiting[microphone].append(placed)
        self._until[microphone] = end
        self._present[microphone] = True

    def lost(self, microphone: int) -> None:
        """Wait no longer for this microphone, until it delivers again."""
        self._present[microphone] = False

    @property
    def silent(self) -> bool:
        """Whether no microphone delivers."""
        return not any(self._present)

    def ready(self, now: int) -> Iterator[Block]:
        """Yield the blocks that are complete at the time of sample ``now``."""
        while True:
            end = self._next + self._size
            for microphone, until in enumerate(self._until):
                if until < end and now - end > self._patience:
                    self._present[microphone] = False
            expected = [until for until, present in zip(self._until, self._present, strict=True) if present]
            if not expected or min(expected) < end:
                return
            yield self._cut(end)

    def _cut(self, end: int) -> Block:
        parts = [self._fill(waiting, end) for waiting in self._waiting]
        index, self._next = self._next, end
        if not self._mix:
            return Block(index, tuple(np.asarray(part, "<i2") for part in parts))
        # The sum and not the mean: each is as loud as alone, also when the other one is gone.
        total = np.clip(np.sum(parts, axis=0, dtype=np.int32), -32768, 32767)
        return Block(index, (np.asarray(total, "<i2"),))

    def _fill(self, waiting: deque[Placed], end: int) -> npt.NDArray[np.int16]:
        """Return one microphone's samples up to ``end``, with silence where there are none."""
        out = np.zeros((self._size, self._channels), np.int16)
        while waiting and waiting[0].index < end:
            placed = waiting[0]
            start = max(placed.index, self._next)
            stop = min(placed.index + len(placed.samples), end)
            if start < stop:
                out[start - self._next : stop - self._next] = placed.samples[
                    start - placed.index : stop - placed.index
                ]
            if placed.index + len(placed.samples) > end:
                break
            waiting.popleft()
        return out
