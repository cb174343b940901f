"""Whether a film shows the pictures of another: each there, at its time, and not its neighbour's.

Time stamps are compared one by one; what the pictures show is looked at in a few places, so that a long
film costs no more than a short one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame

from deploy.demo._windows import seek_to, windows
from device.drivers._film import open_film, picture_stream

Times = npt.NDArray[np.float64]
_Thumbnail = npt.NDArray[np.float64]

_PLACES = 6
_PLACE_S = 0.5
_MOST_PER_PLACE = 15
_NEAR_S = 0.25
_NEIGHBOURS = 2
_WIDTH, _HEIGHT = 64, 36
_RUN_UPS_S = (1.0, 5.0, 30.0, float("inf"))
_FLAT = 1.0
_ALIKE = 0.8
_CLEARLY = 2.0
_NOISE = 0.002


@dataclass(frozen=True, slots=True)
class PictureMatch:
    """How the pictures lie, each film counted from its first. Positive: later than in the source.

    ``missing`` are in the source only, ``extra`` in the film only. Of ``looked_at`` pictures, ``wrong``
    show something else than the source at that time.
    """

    source_frames: int
    film_frames: int
    missing: int
    extra: int
    median_ms: float
    worst_ms: float
    looked_at: int
    wrong: int


class Pictures:
    """The pictures of two films side by side; ``length_s`` is how much of the source counts, None for all."""

    def __init__(self, source: Path, film: Path, length_s: float | None) -> None:
        self._source, self._film = source, film
        self.film_s, self.film_zero_s = _from_zero(_stamps_s(film))
        self.source_s, self.source_zero_s = _from_zero(_stamps_s(source))
        matched = _match(_until(self.source_s, length_s), self.film_s)
        if len(matched[0]) != len(self.source_s) or len(matched[0]) != len(self.film_s):
            # A container also counts pictures that no player can show, such as those before a key frame.
            self.source_s, self.source_zero_s = _from_zero(_shown_s(source))
        self.source_s = _until(self.source_s, length_s)
        self._matched = _match(self.source_s, self.film_s)

    @property
    def end_s(self) -> float:
        """When the last picture of the source begins, from its first."""
        return float(self.source_s[-1])

    def compare(self) -> PictureMatch:
        """Return how far they lie apart."""
        at_source, at_film = self._matched
        shifts_ms = (self.film_s[at_film] - self.source_s[at_source]) * 1000
        looked_at, wrong = self._look()
        return PictureMatch(
            source_frames=len(self.source_s),
            film_frames=len(self.film_s),
            missing=len(self.source_s) - len(at_source),
            extra=len(self.film_s) - len(at_film),
            median_ms=float(np.median(shifts_ms)),
            worst_ms=float(shifts_ms[np.abs(shifts_ms).argmax()]),
            looked_at=looked_at,
            wrong=wrong,
        )

    def shift_s(self, from_s: float, to_s: float) -> float:
        """Return how much later than in the source the pictures of a stretch of the film are."""
        at_source, at_film = self._matched
        times = self.film_s[at_film]
        shifts = times - self.source_s[at_source]
        chosen = shifts[(times >= from_s) & (times <= to_s)]
        return float(np.median(chosen if len(chosen) else shifts))

    def _look(self) -> tuple[int, int]:
        right: dict[float, bool] = {}
        margin_s = _margin_s(self.source_s)
        for from_s, to_s in windows(0.0, float(self.film_s[-1]), _PLACE_S, _PLACES):
            shown = _thumbnails(self._film, self.film_zero_s, from_s, to_s)
            meant = _thumbnails(self._source, self.source_zero_s, from_s - margin_s, to_s + margin_s)
            right |= {at_s: _is_right(at_s, picture, meant) for at_s, picture in shown}
        return len(right), list(right.values()).count(False)


def _stamps_s(path: Path) -> Times:
    """Return when pictures are shown, from the container alone; by decoding where that does not say."""
    with open_film(path) as film:
        stream = picture_stream(film, path)
        base = float(stream.time_base or 0)
        pts = [packet.pts for packet in film.demux(stream) if packet.size and not packet.is_discard]
    known = [each for each in pts if each is not None]
    return np.unique(np.array(known) * base) if known and len(known) == len(pts) else _shown_s(path)


def _shown_s(path: Path) -> Times:
    with open_film(path) as film:
        return np.unique([frame.time for frame in _decoded(film, picture_stream(film, path))])


def _decoded(film: Any, stream: Any) -> Any:
    for packet in film.demux(stream):
        try:
            yield from (frame for frame in packet.decode() if frame.time is not None)
        except av.error.InvalidDataError:
            continue


def _from_zero(times: Times) -> tuple[Times, float]:
    return times - times[0], float(times[0])


def _until(times: Times, length_s: float | None) -> Times:
    # A nanosecond: what begins exactly at the end is no longer part of it, however it was rounded.
    return times if length_s is None else times[times < length_s - 1e-9]


def _match(source_s: Times, film_s: Times) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return indices of pairs: pictures that are nearest to each other both ways."""
    nearest_film = _nearest(film_s, source_s)
    back = _nearest(source_s, film_s)[nearest_film]
    index = np.arange(len(source_s))
    pairs = (back == index) & (np.abs(film_s[nearest_film] - source_s) < _NEAR_S)
    return index[pairs], nearest_film[pairs]


def _nearest(times: Times, wanted: Times) -> npt.NDArray[np.int64]:
    after = np.clip(np.searchsorted(times, wanted), 1, len(times) - 1) if len(times) > 1 else 0
    before = after - 1 if len(times) > 1 else 0
    closer = np.abs(times[after] - wanted) < np.abs(times[before] - wanted)
    return np.asarray(np.where(closer, after, before), dtype=np.int64)


def _margin_s(times: Times) -> float:
    usual_s = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    return _NEIGHBOURS * usual_s * 1.1


def _thumbnails(path: Path, zero_s: float, from_s: float, to_s: float) -> list[tuple[float, _Thumbnail]]:
    """Return small grey pictures of a stretch, with their times from the film's first picture."""
    for run_up_s in (0.0, *_RUN_UPS_S):
        found: list[tuple[float, _Thumbnail]] = []
        first_s: float | None = None
        with open_film(path) as film:
            stream = picture_stream(film, path)
            if from_s > run_up_s:
                seek_to(film, zero_s + from_s - run_up_s)
            for frame in _decoded(film, stream):
                at_s = frame.time - zero_s
                first_s = at_s if first_s is None else first_s
                if at_s > to_s or len(found) >= _MOST_PER_PLACE + 2 * _NEIGHBOURS:
                    break
                if at_s >= from_s:
                    found.append((at_s, _thumbnail(frame)))
        # Some containers find a place, but not the key frame that is needed to see it.
        if first_s is not None and first_s <= max(0.0, from_s):
            break
    return found


def _thumbnail(frame: VideoFrame) -> _Thumbnail:
    """Return an upright picture of zero mean and unit spread, so that brightness and contrast are alike."""
    turns = round(frame.rotation / 90) % 4
    width, height = (_HEIGHT, _WIDTH) if turns % 2 else (_WIDTH, _HEIGHT)
    grey: Any = frame.reformat(width=width, height=height, format="gray").to_ndarray()
    upright = np.rot90(grey, turns).astype(np.float64)
    spread = float(upright.std())
    return np.asarray((upright - upright.mean()) / max(spread, _FLAT))


def _is_right(at_s: float, shown: _Thumbnail, meant: list[tuple[float, _Thumbnail]]) -> bool:
    """Tell whether a picture is the one of its time, and is not clearly more like one before or after."""
    if not meant:
        return False
    differences = [
        (float(((shown - other) ** 2).mean()) / 2, abs(at_s - other_s)) for other_s, other in meant
    ]
    own, _ = min(differences, key=lambda each: each[1])
    best, _ = min(differences)
    return own <= 1 - _ALIKE and own <= _CLEARLY * best + _NOISE
