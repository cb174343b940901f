"""A few places spread over a film, and going there."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import av
import numpy as np
from av.container import InputContainer

_US_PER_S = 1_000_000


def windows(from_s: float, to_s: float, length_s: float, most: int) -> Iterator[tuple[float, float]]:
    """Yield at most ``most`` stretches of ``length_s`` spread evenly; one shorter where there is no room."""
    room_s = to_s - from_s - length_s
    if room_s <= 0:
        yield from_s, to_s
        return
    count = min(most, int(room_s / length_s) + 2)
    for start_s in np.linspace(from_s, from_s + room_s, count):
        yield float(start_s), float(start_s) + length_s


def seek_to(film: InputContainer, at_s: float) -> None:
    """Go to a key frame before a time of the film's own clock, as far as the container can.

    For a film that was just opened: one that cannot seek is read from its beginning.
    """
    with contextlib.suppress(av.FFmpegError):
        film.seek(round(at_s * _US_PER_S), backward=True)
