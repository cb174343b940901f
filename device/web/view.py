"""What the public page shows, out of what the recorder says: the lens and what is missing, never a name."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class Lens(enum.Enum):
    """What a person in the room wants to know; SIGHTLESS: it records, but no picture comes.

    READY: a press would record a booked lesson, and the camera stands ready; its lens sees nothing yet.
    """

    OPEN = "open"
    SIGHTLESS = "sightless"
    BLANKED = "blanked"
    AIMING = "aiming"
    READY = "ready"
    CLOSED = "closed"
    UNKNOWN = "unknown"


# While it is being opened or closed the lens counts as open.
_LENSES = {
    "idle": Lens.CLOSED,
    "starting": Lens.OPEN,
    "recording": Lens.OPEN,
    "blanked": Lens.BLANKED,
    "stopping": Lens.OPEN,
}


@dataclass(frozen=True, slots=True)
class View:
    """The lens, and the parts that are missing or ail, by the recorder's names for them."""

    lens: Lens
    missing: tuple[str, ...] = ()


UNREACHABLE = View(Lens.UNKNOWN)


def view_of(status: Mapping[str, Any]) -> View:
    """Return what to show; a state that this page does not know is UNKNOWN, never CLOSED."""
    lens = _LENSES.get(str(status.get("state")), Lens.UNKNOWN)
    if lens is Lens.CLOSED and _is_aiming(status.get("aim")):
        lens = Lens.AIMING
    if lens is Lens.CLOSED and status.get("warm") is True:
        lens = Lens.READY
    if lens is Lens.OPEN and status.get("picture_is_away") is True:
        lens = Lens.SIGHTLESS
    return View(lens, tuple(sorted(_parts(status.get("missing")))))


def _is_aiming(aim: object) -> bool:
    return isinstance(aim, Mapping) and bool(aim.get("open"))


def _parts(missing: object) -> set[str]:
    """Return the first word of each part's name; the others say which of several."""
    entries = missing if isinstance(missing, list) else []
    names = [str(entry.get("part", "")) for entry in entries if isinstance(entry, Mapping)]
    return {word for name in names for word in name.split()[:1]}
