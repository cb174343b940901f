"""Watches over a lesson: do pictures and sound still come, and is there room for them?"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Protocol

from device.footage.packets import NS_PER_S


class Ailment(enum.Enum):
    """What can befall a lesson while it is recorded."""

    NO_PICTURE = "no_picture"
    NO_SOUND = "no_sound"
    SPACE_GETS_SHORT = "space_gets_short"
    NO_SPACE = "no_space"


class Patient(Protocol):
    """A lesson, as far as it is watched."""

    @property
    def pulse(self) -> tuple[int, int | None]:
        """Pictures and blocks of sound so far (None: no sound is expected)."""
        ...


@dataclass(slots=True)
class _Heartbeat:
    count: int
    since_ns: int

    def is_still(self, count: int, now_ns: int, limit_ns: int) -> bool:
        """Tell whether nothing came for too long; something that came begins the time anew."""
        if count != self.count:
            self.count, self.since_ns = count, now_ns
        return now_ns - self.since_ns >= limit_ns


class Vigil:
    """Looked through often by the recorder's loop; names one ailment at a time, each warning once.

    ``still_s`` is how long pictures or sound may stay away; ``reserve_bytes`` is never filled, and
    ``warning_bytes`` above it the end is announced.
    """

    def __init__(self, reserve_bytes: int, warning_bytes: int = 60_000_000, still_s: float = 3.0) -> None:
        self._reserve_bytes = reserve_bytes
        self._warning_bytes = warning_bytes
        self._still_ns = round(still_s * NS_PER_S)
        self._patient: Patient | None = None
        self._picture = _Heartbeat(0, 0)
        self._sound = _Heartbeat(0, 0)
        self._warned = False

    def look(self, patient: Patient | None, free_bytes: int, now_ns: int) -> Ailment | None:
        """Return what ails the lesson, or None."""
        if patient is not self._patient:
            self._patient = patient
            self._picture, self._sound = _Heartbeat(0, now_ns), _Heartbeat(0, now_ns)
            self._warned = False
        if patient is None:
            return None
        pictures, sound = patient.pulse
        if self._picture.is_still(pictures, now_ns, self._still_ns):
            return Ailment.NO_PICTURE
        if free_bytes < self._reserve_bytes:
            return Ailment.NO_SPACE
        if sound is not None and self._sound.is_still(sound, now_ns, self._still_ns):
            return Ailment.NO_SOUND
        return self._warn_once(free_bytes)

    def _warn_once(self, free_bytes: int) -> Ailment | None:
        if self._warned or free_bytes >= self._reserve_bytes + self._warning_bytes:
            return None
        self._warned = True
        return Ailment.SPACE_GETS_SHORT
