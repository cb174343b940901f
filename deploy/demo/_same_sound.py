"""How much later or earlier a film sounds than another: found by laying one over the other.

A few stretches are decoded and slid along each other (cross-correlation). Times come from the containers
and samples are laid on a grid by those times, so that nothing of the recorder's own way is used here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame

from deploy.demo._windows import seek_to, windows
from device.drivers._film import open_film, sound_stream

Samples = npt.NDArray[np.float64]

RATE_HZ = 8000
_PLACES = 8
_PLACE_S = 4.0
_REACH_S = 1.0
_RUN_UP_S = 0.3
_ROUNDING_S = 0.005
_SILENT = 3e-4
_HOP = RATE_HZ // 10
_LEAST_HOPS = 5
_ALIKE = 0.3
_RIVAL = 0.98
_RIVAL_AWAY = RATE_HZ // 50


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of the film (seconds from its first picture) and what was heard there.

    ``shift_s`` is how much later it sounds than in the source, None where that cannot be told: both are
    silent, the sound repeats itself, or (``lost``) it is not the source's sound at all.
    """

    from_s: float
    to_s: float
    shift_s: float | None
    lost: bool = False


def has_sound(path: Path) -> bool:
    """Tell whether a film has a sound track."""
    with open_film(path) as film:
        return sound_stream(film) is not None


def listen(source: Path, source_zero_s: float, film: Path, film_zero_s: float, end_s: float) -> list[Place]:
    """Compare both films in a few places of their first ``end_s`` seconds, each from its first picture."""
    places: list[Place] = []
    for from_s, to_s in windows(0.0, end_s, _PLACE_S, _PLACES):
        heard = _samples(film, film_zero_s + from_s, film_zero_s + to_s)
        meant = _samples(source, source_zero_s + from_s - _REACH_S, source_zero_s + to_s + _REACH_S)
        places.append(_compare(from_s, to_s, heard, meant))
    return places


def _compare(from_s: float, to_s: float, heard: Samples, meant: Samples) -> Place:
    reach = round(_REACH_S * RATE_HZ)
    sounding, expected = _sounding(heard), _sounding(meant[reach:-reach])
    if min(sounding, expected) < _LEAST_HOPS:
        return Place(from_s, to_s, None, lost=abs(sounding - expected) > _LEAST_HOPS)
    likeness = _likeness(heard, meant)
    best = int(likeness.argmax())
    if likeness[best] < _ALIKE:
        return Place(from_s, to_s, None, lost=True)
    rivals = np.concatenate((likeness[: max(0, best - _RIVAL_AWAY)], likeness[best + _RIVAL_AWAY :]))
    if len(rivals) and rivals.max() > _RIVAL * likeness[best]:
        return Place(from_s, to_s, None)
    # The film's stretch was found at best - reach in the source: what is found earlier there is late here.
    return Place(from_s, to_s, (reach - best - _peak(likeness, best)) / RATE_HZ)


def _likeness(heard: Samples, meant: Samples) -> Samples:
    """Return the correlation (1: the same) of ``heard`` with every stretch of ``meant`` of its length."""
    size = 1 << (len(meant) + len(heard)).bit_length()
    product = np.fft.irfft(np.fft.rfft(meant, size) * np.fft.rfft(heard, size).conj(), size)
    sums = np.concatenate(([0.0], np.cumsum(meant**2)))
    energies = sums[len(heard) :] - sums[: -len(heard)]
    floor = energies.max() * 1e-6
    return np.asarray(
        product[: len(energies)] / np.sqrt(np.maximum(energies, floor) * float((heard**2).sum()))
    )


def _peak(likeness: Samples, best: int) -> float:
    """Return where between samples the peak lies (a parabola through three points)."""
    if not 0 < best < len(likeness) - 1:
        return 0.0
    before, at, after = likeness[best - 1 : best + 2]
    bend = before - 2 * at + after
    return float((before - after) / (2 * bend)) if bend < 0 else 0.0


def _sounding(samples: Samples) -> int:
    """Return in how many tenths of a second something sounds."""
    hops = samples[: len(samples) // _HOP * _HOP].reshape(-1, _HOP)
    return int((np.sqrt((hops**2).mean(axis=1)) > _SILENT).sum())


def _samples(path: Path, from_s: float, to_s: float) -> Samples:
    """Return the sound of a stretch of the film's own clock as one channel at 8 kHz, zeros where there is none."""
    pieces = list(_pieces(path, from_s, to_s))
    grid = np.arange(round((to_s - from_s) * RATE_HZ)) / RATE_HZ
    if not pieces:
        return np.zeros(len(grid))
    rate_hz = pieces[0][2]
    raw = np.zeros(round((to_s - from_s) * rate_hz) + 1)
    for at_s, samples, _ in pieces:
        start = round((at_s - from_s) * rate_hz)
        low, high = max(0, start), min(len(raw), start + len(samples))
        raw[low:high] = samples[low - start : high - start]
    return np.interp(grid, np.arange(len(raw)) / rate_hz, _without_treble(raw, rate_hz))


def _without_treble(samples: Samples, rate_hz: int) -> Samples:
    """Remove what the coarser grid cannot hold, and the constant; gently, so that nothing rings."""
    frequencies_hz = np.fft.rfftfreq(len(samples), 1 / rate_hz)
    keep = np.interp(frequencies_hz, (20, 60, 0.3 * RATE_HZ, 0.45 * RATE_HZ), (0, 1, 1, 0))
    gentle = (1 - np.cos(np.pi * keep)) / 2
    return np.asarray(np.fft.irfft(np.fft.rfft(samples) * gentle, len(samples)))


def _pieces(path: Path, from_s: float, to_s: float) -> Iterator[tuple[float, Samples, int]]:
    """Yield ``(time, mono samples, rate)``; a run-up lets the decoder find its feet."""
    with open_film(path) as film:
        stream = sound_stream(film)
        if stream is None:
            return
        seek_to(film, from_s - _RUN_UP_S)
        due_s: float | None = None
        for packet in film.demux(stream):
            for frame in _decoded(packet):
                at_s = _place(frame.time, due_s)
                if at_s is None or at_s > to_s:
                    return
                due_s = at_s + frame.samples / frame.sample_rate
                if due_s > from_s:
                    yield at_s, _mono(frame), frame.sample_rate


def _place(told_s: float | None, due_s: float | None) -> float | None:
    """Return when samples sound: right after the former ones, unless the container clearly says otherwise.

    Matroska rounds to milliseconds; taken at its word it would cut every few samples of a sound.
    """
    if due_s is None or (told_s is not None and abs(told_s - due_s) > _ROUNDING_S):
        return told_s
    return due_s


def _decoded(packet: Any) -> list[AudioFrame]:
    try:
        return cast(list[AudioFrame], packet.decode())
    except av.error.InvalidDataError:
        return []


def _mono(frame: AudioFrame) -> Samples:
    (planar,) = av.AudioResampler(format="fltp", layout=frame.layout.name, rate=frame.sample_rate).resample(
        frame
    )
    return np.asarray(planar.to_ndarray().mean(axis=0), dtype=np.float64)
