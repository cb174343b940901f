"""What the sound of a film tells: where samples lack, where it is silent, when which beep begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from device.drivers._test_card import BEEP_LEVEL, BEEP_NS, HUM_LEVEL, PITCHES_HZ

Samples = npt.NDArray[np.float32]

GAP_S = 0.002
_LONG_GAP_S = 0.03
_HOPS_PER_SECOND = 1000
_LOUD = BEEP_LEVEL / 4
_SILENT = HUM_LEVEL / 10
_SILENCE_HOPS = 50
_END_HOPS = 5
_BEEP_HOPS = BEEP_NS // 1_000_000
_BEEP_SLACK_HOPS = 30
_PURITY = 0.5
_SCALES = {"uint8": (128, 1 << 7), "int16": (0, 1 << 15), "int32": (0, 1 << 31)}


@dataclass(frozen=True, slots=True)
class Stretch:
    """From a second of the film, so many seconds long; negative for sound that overlaps."""

    from_s: float
    length_s: float


@dataclass(frozen=True, slots=True)
class Beep:
    """When it began, in seconds of the film, and which of the twelve pitches it has."""

    at_s: float
    pitch: int


class Sounds:
    """Fed with the samples of one channel in turn; keeps at most the beep that is sounding."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._hop = rate_hz // _HOPS_PER_SECOND
        self.first_s: float | None = None
        self.end_s = 0.0
        self.gaps: list[Stretch] = []
        self.silences: list[Stretch] = []
        self.beeps: list[Beep] = []
        self._rest: Samples = np.zeros(0, dtype=np.float32)
        self._rest_s = 0.0
        self._loud: list[Samples] = []
        self._loud_hops = 0
        self._loud_s = 0.0
        self._quiet_hops = 0
        self._silent_s = 0.0
        self._silent_hops = 0

    def feed(self, at_s: float | None, samples: Samples) -> None:
        """Listen to samples (-1 to 1) that begin at a time of the film, None for "right after the last"."""
        if self.first_s is None:
            self.first_s = self._rest_s = self.end_s = at_s or 0.0
        elif at_s is not None and abs(at_s - self.end_s) > GAP_S:
            self.gaps.append(Stretch(self.end_s, at_s - self.end_s))
            self._start_anew(at_s)
        self.end_s += len(samples) / self._rate_hz
        self._rest = np.concatenate((self._rest, samples))
        hops = len(self._rest) // self._hop
        levels = np.sqrt((self._rest[: hops * self._hop].reshape(hops, self._hop) ** 2).mean(axis=1))
        for index, level in enumerate(levels):
            start = index * self._hop
            at = self._rest_s + start / self._rate_hz
            self._listen(at, float(level), self._rest[start : start + self._hop])
        self._rest_s += hops * self._hop / self._rate_hz
        self._rest = self._rest[hops * self._hop :]

    def finish(self) -> None:
        """Close what was still going on."""
        self._end_beep()
        self._end_silence()

    def _start_anew(self, at_s: float) -> None:
        if abs(at_s - self.end_s) > _LONG_GAP_S:
            self.finish()  # a shorter one may lie within a beep, which is still a beep
        self._rest = self._rest[:0]
        self._rest_s = self.end_s = at_s

    def _listen(self, at_s: float, level: float, hop: Samples) -> None:
        if level >= _SILENT:
            self._end_silence()
        elif self._silent_hops == 0:
            self._silent_s, self._silent_hops = at_s, 1
        else:
            self._silent_hops += 1
        if level > _LOUD:
            if not self._loud_hops:
                self._loud_s = at_s
            self._quiet_hops = 0
        elif self._loud_hops:
            self._quiet_hops += 1
        if self._loud_hops or level > _LOUD:
            self._keep(hop)
        if self._quiet_hops >= _END_HOPS:
            self._end_beep()

    def _keep(self, hop: Samples) -> None:
        """Keep the sound of a beep; what lasts much longer is none, and only its length matters."""
        self._loud_hops += 1
        if self._loud_hops <= _BEEP_HOPS:
            self._loud.append(hop)

    def _end_beep(self) -> None:
        hops = self._loud_hops - self._quiet_hops
        if self._loud and abs(hops - _BEEP_HOPS) <= _BEEP_SLACK_HOPS:
            pitch = _pitch(np.concatenate(self._loud[:hops]), self._rate_hz)
            if pitch is not None:
                self.beeps.append(Beep(self._loud_s, pitch))
        self._loud, self._loud_hops, self._quiet_hops = [], 0, 0

    def _end_silence(self) -> None:
        if self._silent_hops >= _SILENCE_HOPS:
            self.silences.append(Stretch(self._silent_s, self._silent_hops / _HOPS_PER_SECOND))
        self._silent_hops = 0


def _pitch(samples: Samples, rate_hz: int) -> int | None:
    """Return which of the twelve pitches this is, None when it is something else."""
    turns = np.arange(len(samples)) / rate_hz
    waves = np.exp(-2j * np.pi * np.outer(np.asarray(PITCHES_HZ), turns))
    powers = np.abs(waves @ samples) ** 2 * 2 / len(samples)
    best = int(powers.argmax())
    energy = float((samples.astype(np.float64) ** 2).sum())
    return best if float(powers[best]) > _PURITY * energy else None


def first_channel(samples: npt.NDArray[Any], channels: int, *, planar: bool) -> Samples:
    """Return one channel of what PyAV decoded as numbers from -1 to 1."""
    one = samples[0] if planar else samples[0, ::channels]
    zero, full = _SCALES.get(one.dtype.name, (0, 1))
    return np.asarray((one.astype(np.float64) - zero) / full, dtype=np.float32)
