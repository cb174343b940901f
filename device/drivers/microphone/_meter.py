"""How loud a microphone is: peak, mean, clipping, and for how long it has heard nothing."""

from __future__ import annotations

import math
import threading
from collections import deque
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from device.ports import Level

Samples = npt.NDArray[np.int16]

FLOOR_DBFS = -120.0
SILENCE_DBFS = -60.0
WINDOW_NS = 1_000_000_000
CLIPPED_IN_A_ROW = 3

_FULL_SCALE = 32768
_TOP = 32767


@dataclass(frozen=True, slots=True)
class _Stretch:
    end_ns: int
    frames: int
    peak: int
    power: float
    clipped: bool


class Meter:
    """Fed by one thread, read by any. Times are of one steady clock; a block counts by the time of its end.

    Silence is half the way from the lowest to the highest sample, so that the constant offset of a cheap
    card does not pass for sound. While muted the level is at the floor and nothing counts as silence:
    privacy is no fault, and even how loud it is stays in the room.
    """

    def __init__(self, name: str, now_ns: int, silence_dbfs: float = SILENCE_DBFS) -> None:
        self._name = name
        self._silence = _FULL_SCALE * 10 ** (silence_dbfs / 20)
        self._guard = threading.Lock()
        self._window: deque[_Stretch] = deque()
        self._heard_ns = now_ns
        self._muted = False
        self._last: Samples | None = None

    def take(self, samples: Samples, end_ns: int) -> None:
        """Measure a block of the shape (samples, channels) whose last sample sounded at ``end_ns``."""
        if not len(samples):
            return
        tops, bottoms = samples.max(axis=0).astype(int), samples.min(axis=0).astype(int)
        peak = max(int(tops.max()), -int(bottoms.min()))
        power = float(samples.var(axis=0, dtype=np.float32).mean())
        stretch = _Stretch(end_ns, len(samples), peak, power, peak >= _TOP and self._clips(samples))
        self._last = samples[1 - CLIPPED_IN_A_ROW :]
        with self._guard:
            self._window.append(stretch)
            self._forget(end_ns)
            if int((tops - bottoms).max()) / 2 >= self._silence:
                self._heard_ns = end_ns

    def mute(self, muted: bool, now_ns: int) -> None:
        """Note that nobody may hear this microphone from now on, or may again."""
        with self._guard:
            if muted == self._muted:
                return
            self._muted = muted
            self._heard_ns = now_ns
            self._window.clear()

    def level(self, now_ns: int) -> Level:
        """Return the level of the second before ``now_ns``."""
        with self._guard:
            self._forget(now_ns)
            if self._muted:
                return Level(self._name, FLOOR_DBFS, FLOOR_DBFS, clipping=False, silent_s=0.0)
            silent_s = max(0, now_ns - self._heard_ns) / 1e9
            window = tuple(self._window)
        frames = sum(stretch.frames for stretch in window)
        power = sum(stretch.power * stretch.frames for stretch in window) / max(1, frames)
        peak = max((stretch.peak for stretch in window), default=0)
        clipping = any(stretch.clipped for stretch in window)
        return Level(self._name, _dbfs(peak), _dbfs(math.sqrt(power)), clipping, silent_s)

    def _forget(self, now_ns: int) -> None:
        while self._window and self._window[0].end_ns <= now_ns - WINDOW_NS:
            self._window.popleft()

    def _clips(self, samples: Samples) -> bool:
        """Tell whether samples in a row stand at full scale; the row may have begun in the block before."""
        if self._last is not None and self._last.shape[1] == samples.shape[1]:
            samples = np.concatenate((self._last, samples))
        full = (samples >= _TOP) | (samples <= -_TOP)
        in_a_row = full[2:] & full[1:-1] & full[:-2]
        return bool(in_a_row.any())


def _dbfs(level: float) -> float:
    return FLOOR_DBFS if level <= 0 else max(FLOOR_DBFS, 20 * math.log10(level / _FULL_SCALE))


def as_samples(data: bytes, channels: int) -> Samples:
    """Return s16le as an array of the shape (samples, channels)."""
    return np.frombuffer(data, dtype="<i2").reshape(-1, channels)
