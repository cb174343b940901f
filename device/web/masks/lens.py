"""How it is with the lens, as the recorder tells it: whether the coach can look, and for how long."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from device.domain.errors import LeerblikError
from device.web.services import services


class Sight(enum.Enum):
    """What the coach can do now."""

    UNKNOWN = "unknown"  # the recorder does not answer
    RECORDING = "recording"
    CLOSED = "closed"
    ASKED = "asked"  # a press at the device opens the lens
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Lens:
    """``left_s``: how long it stays open, or how long a press opens it. ``refusals`` counts presses in vain.

    ``reasons`` say why the last of those was in vain, in the language of the device.
    """

    sight: Sight
    left_s: float = 0.0
    refusals: int = 0
    reasons: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether a picture can be had."""
        return self.sight is Sight.OPEN


def lens_now() -> Lens:
    """Ask the recorder; UNKNOWN when it does not answer."""
    try:
        return lens_of(services().recorder.ask("status"))
    except LeerblikError:
        return Lens(Sight.UNKNOWN)


def lens_of(status: Mapping[str, Any]) -> Lens:
    """Return how it is, out of a recorder's status."""
    aim = status.get("aim") or {}
    left_s = float(aim.get("left_s", 0.0))
    if aim.get("open"):
        sight = Sight.OPEN
    elif status.get("state", "idle") != "idle":
        sight = Sight.RECORDING
    else:
        sight = Sight.ASKED if left_s > 0 else Sight.CLOSED
    reasons = tuple(str(each.get("message", "")) for each in status.get("refusal") or ())
    return Lens(sight, left_s, int(status.get("refusals", 0)), reasons)
