"""How far the coach's film lies from the film that stood in for lens and microphone.

    python -m deploy.demo.compare SOURCE FILM

Times are counted from the first picture of each. Memory does not grow with the length of the films.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.demo._same_pictures import PictureMatch, Pictures
from deploy.demo._same_sound import Place, has_sound, listen
from device.domain.errors import LeerblikError

TOLERANCE_MS = 80.0


@dataclass(frozen=True, slots=True)
class Shift:
    """How much later than it should be, in milliseconds: as a rule, and farthest from zero."""

    median_ms: float
    worst_ms: float

    @property
    def right(self) -> bool:
        """Whether nobody would notice."""
        return max(abs(self.median_ms), abs(self.worst_ms)) <= TOLERANCE_MS


@dataclass(frozen=True, slots=True)
class SoundMatch:
    """How the sound lies. In ``lost`` of the ``places`` the sound is not that of the source.

    ``sound`` is from the first picture, ``lips`` against the pictures of the same place; None where no
    place tells it, such as a steady tone.
    """

    places: int
    lost: int
    sound: Shift | None
    lips: Shift | None

    @property
    def right(self) -> bool:
        """Whether the source's sound is there in time."""
        return not self.lost and (self.sound is None or self.sound.right)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Picture and sound of a film beside its source; ``sound`` is None when neither film has any."""

    picture: PictureMatch
    sound: SoundMatch | None

    @property
    def picture_right(self) -> bool:
        """Whether every picture is there once, in time, and shows what it should."""
        match = self.picture
        shift = Shift(match.median_ms, match.worst_ms)
        return not (match.missing or match.extra or match.wrong) and shift.right

    @property
    def right(self) -> bool:
        """Whether picture, sound and lips are all right."""
        sound = self.sound
        return self.picture_right and (
            sound is None or (sound.right and (sound.lips is None or sound.lips.right))
        )


def compare(source: Path, film: Path, length_s: float | None = None) -> Comparison:
    """Compare a film with its source, or with so many seconds of it; Permanent when one cannot be read."""
    pictures = Pictures(source, film, length_s)
    return Comparison(pictures.compare(), _sound(source, film, pictures))


def _sound(source: Path, film: Path, pictures: Pictures) -> SoundMatch | None:
    if not has_sound(source) and not has_sound(film):
        return None
    places = listen(source, pictures.source_zero_s, film, pictures.film_zero_s, pictures.end_s)
    found = [(place, place.shift_s) for place in places if place.shift_s is not None]
    return SoundMatch(
        places=len(places),
        lost=sum(place.lost for place in places),
        sound=_shift([shift_s for _, shift_s in found]),
        lips=_shift([shift_s - _picture_shift_s(pictures, place) for place, shift_s in found]),
    )


def _picture_shift_s(pictures: Pictures, place: Place) -> float:
    return pictures.shift_s(place.from_s, place.to_s)


def _shift(shifts_s: Sequence[float]) -> Shift | None:
    if not shifts_s:
        return None
    return Shift(statistics.median(shifts_s) * 1000, max(shifts_s, key=abs) * 1000)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the comparison; 0 when it is right, 1 when not, else the exit code of the error."""
    parser = argparse.ArgumentParser(prog="python -m deploy.demo.compare", description="Compare two films.")
    parser.add_argument("source", type=Path)
    parser.add_argument("film", type=Path)
    options = parser.parse_args(arguments)
    try:
        found = compare(options.source, options.film)
    except LeerblikError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    sys.stdout.write(f"{found.picture}\n{found.sound}\n{'right' if found.right else 'not right'}\n")
    return 0 if found.right else 1


if __name__ == "__main__":
    sys.exit(main())
