"""Watches over a lesson: do pictures and sound come, can anything be heard, is the light on, is there room?"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Protocol

from device.footage.packets import NS_PER_S
from device.ports import Level

# A slammed door clips for a moment; a microphone that is turned up too far does so all the time.
_CLIPPING_NS = 2 * NS_PER_S
_FINE_NS = 3 * NS_PER_S
# A loose contact may fail for a moment.
_DARK_NS = 3 * NS_PER_S
# Times as long as a camera may show nothing.
_STALLED_AFTER = 2


class Ailment(enum.Enum):
    """What can befall a lesson while it is recorded, and what can be over."""

    NO_PICTURE = "no_picture"
    PICTURE_BACK = "picture_back"
    NO_SOUND = "no_sound"
    SOUND_BACK = "sound_back"
    SILENT = "silent"
    CLIPPING = "clipping"
    SOUND_FINE = "sound_fine"
    CARD_STALLS = "card_stalls"
    CARD_GOES_ON = "card_goes_on"
    SPACE_GETS_SHORT = "space_gets_short"
    NO_SPACE = "no_space"
    NO_LIGHT = "no_light"


class Patient(Protocol):
    """A lesson, as far as it is watched."""

    @property
    def pictures(self) -> int | None:
        """Pictures that came from the camera as it was last opened; None: it is being opened again."""
        ...

    @property
    def picture_is_away(self) -> bool:
        """Whether it is known that no pictures come."""
        ...

    @property
    def recorded_us(self) -> int:
        """Length of what reached the card, in microseconds."""
        ...

    @property
    def card_stalls(self) -> bool:
        """Whether it is known that nothing reaches the card."""
        ...

    @property
    def sound_blocks(self) -> int | None:
        """Blocks of sound so far; None: this lesson has none."""
        ...

    @property
    def sound_is_away(self) -> bool:
        """Whether it is known that no sound comes."""
        ...

    @property
    def levels(self) -> tuple[Level, ...]:
        """How loud each microphone is; empty when that means nothing now."""
        ...


@dataclass(slots=True)
class _Heartbeat:
    count: int
    since_ns: int
    rose: bool = False

    def hear(self, count: int, now_ns: int) -> None:
        """Take the newest count; something that came begins the time anew."""
        self.rose = count > self.count
        if count != self.count:
            self.count, self.since_ns = count, now_ns


@dataclass(slots=True)
class _Spell:
    """A condition that must last for a while before it counts, and be away for a while before it is over."""

    on_after_ns: int
    off_after_ns: int
    on: bool = False
    changed_ns: int | None = None

    def see(self, *, present: bool, now_ns: int) -> bool:
        """Return whether it changed."""
        if present is self.on:
            self.changed_ns = None
            return False
        if self.changed_ns is None:
            self.changed_ns = now_ns
        if now_ns - self.changed_ns < (self.on_after_ns if present else self.off_after_ns):
            return False
        self.on, self.changed_ns = present, None
        return True


class Vigil:
    """Looked through often by the recorder's loop; names one ailment at a time, each once until it is over.

    ``still_s`` is how long pictures or sound may stay away, and how long nothing may be heard;
    ``reserve_bytes`` is never filled, and ``warning_bytes`` above it the end is announced.
    """

    def __init__(self, reserve_bytes: int, warning_bytes: int = 60_000_000, still_s: float = 3.0) -> None:
        self._reserve_bytes = reserve_bytes
        self._warning_bytes = warning_bytes
        self._still_ns = round(still_s * NS_PER_S)
        self._begin(None, 0)

    def _begin(self, patient: Patient | None, now_ns: int) -> None:
        self._patient = patient
        self._picture, self._sound = _Heartbeat(0, now_ns), _Heartbeat(0, now_ns)
        self._card = _Heartbeat(0, now_ns)
        # The microphone itself counts how long it was silent.
        self._silence = _Spell(0, _FINE_NS)
        self._clipping = _Spell(_CLIPPING_NS, _FINE_NS)
        self._dark = _Spell(_DARK_NS, 0)
        self._warned = False

    def look(
        self, patient: Patient | None, free_bytes: int, now_ns: int, *, light_works: bool = True
    ) -> Ailment | None:
        """Return what ails the lesson, or what is over, or None."""
        if patient is not self._patient:
            self._begin(patient, now_ns)
        if patient is None:
            return None
        if free_bytes < self._reserve_bytes:
            return Ailment.NO_SPACE
        if self._dark.see(present=not light_works, now_ns=now_ns) and not light_works:
            return Ailment.NO_LIGHT
        return (
            self._look_at_picture(patient, now_ns)
            or self._look_at_sound(patient, now_ns)
            or self._look_at_card(patient, now_ns)
            or self._listen(patient, now_ns)
            or self._warn_once(free_bytes)
        )

    def _look_at_picture(self, patient: Patient, now_ns: int) -> Ailment | None:
        pictures = patient.pictures
        if pictures is None:
            self._picture.since_ns = now_ns
            return None
        self._picture.hear(pictures, now_ns)
        if patient.picture_is_away and self._picture.rose:
            return Ailment.PICTURE_BACK
        return Ailment.NO_PICTURE if now_ns - self._picture.since_ns >= self._still_ns else None

    def _look_at_sound(self, patient: Patient, now_ns: int) -> Ailment | None:
        blocks = patient.sound_blocks
        if blocks is None:
            return None
        self._sound.hear(blocks, now_ns)
        if patient.sound_is_away:
            return Ailment.SOUND_BACK if self._sound.rose else None
        return Ailment.NO_SOUND if now_ns - self._sound.since_ns >= self._still_ns else None

    def _look_at_card(self, patient: Patient, now_ns: int) -> Ailment | None:
        self._card.hear(patient.recorded_us, now_ns)
        if patient.card_stalls:
            return Ailment.CARD_GOES_ON if self._card.rose else None
        if patient.pictures is None or patient.picture_is_away:
            self._card.since_ns = now_ns  # nothing to store
            return None
        # A card may think for a while.
        waits = self._picture.since_ns - self._card.since_ns >= _STALLED_AFTER * self._still_ns
        return Ailment.CARD_STALLS if waits else None

    def _listen(self, patient: Patient, now_ns: int) -> Ailment | None:
        levels = () if patient.sound_is_away else patient.levels
        if not levels:
            return None
        silent = any(level.silent_s * NS_PER_S >= self._still_ns for level in levels)
        if self._silence.see(present=silent, now_ns=now_ns):
            return Ailment.SILENT if silent else Ailment.SOUND_FINE
        clips = any(level.clipping for level in levels)
        if self._clipping.see(present=clips, now_ns=now_ns):
            return Ailment.CLIPPING if clips else Ailment.SOUND_FINE
        return None

    def _warn_once(self, free_bytes: int) -> Ailment | None:
        if self._warned or free_bytes >= self._reserve_bytes + self._warning_bytes:
            return None
        self._warned = True
        return Ailment.SPACE_GETS_SHORT
