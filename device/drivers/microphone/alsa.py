"""One or two sound cards, each found by its name, brought onto the clock of the picture.

A microphone that is absent or pulled out stops nothing: it is looked for every second, and its sound goes
on in step with the picture when it is back.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from device.domain.consent import Permit
from device.domain.errors import Permanent
from device.domain.settings import Setting
from device.drivers._source import Worker, require_sound
from device.drivers.microphone._cards import absence, check_choice
from device.ports import AudioFormat, FootageSink, Level, Microphone

if TYPE_CHECKING:
    # numpy comes with it: the idle recorder does without.
    from device.drivers.microphone._lesson_sound import LessonSound

_CARD = "as /proc/asound/cards shows it in brackets; with device and part where needed (Loopback,1,0)"

OPTIONS = (
    Setting("card", str, f"the sound card's name {_CARD}; empty: the first that can record", "", "Device"),
    Setting("rate_hz", int, "samples per second", 48_000, 16_000, 8_000, 192_000),
    Setting("channels", int, "1 for mono, 2 for stereo", 1, 2, 1, 2),
    Setting("gain_db", float, "decibels by which it is made louder", 0.0, 6.0, 0.0, 40.0),
    Setting(
        "silence_dbfs", float,
        "a microphone that hears nothing louder, in decibels below full scale, counts as silent",
        -60.0, -70.0, -110.0, -20.0,
    ),
    Setting("second_card", str, f"another microphone, for example in the room, {_CARD}; empty: none", "", "Room"),
    Setting("second_gain_db", float, "the same for the second microphone", 0.0, 6.0, 0.0, 40.0),
    Setting(
        "second", str, "mix both microphones, or keep them in two tracks of the film", "mix", "tracks",
        choices=("mix", "tracks"),
    ),
)  # fmt: skip


def verify(options: Mapping[str, Any]) -> None:
    """Raise Permanent when a card's name cannot be one, or two cards are the same."""
    _choices(options)


def build(options: Mapping[str, Any]) -> Microphone:
    """Return the microphone; Permanent when a card's name cannot be one. Nothing is opened before the start."""
    choices = _choices(options)
    tracks = 2 if len(choices) == 2 and options["second"] == "tracks" else 1
    gains = (options["gain_db"], options["second_gain_db"])
    form = AudioFormat(options["rate_hz"], options["channels"], tracks)
    return AlsaMicrophone(form, tuple(zip(choices, gains, strict=False)), options["silence_dbfs"])


def _choices(options: Mapping[str, Any]) -> list[str]:
    choices = [options["card"]] + [options["second_card"]] * bool(options["second_card"])
    for choice in choices:
        check_choice(choice)
    if len(set(choices)) < len(choices):
        raise Permanent(f"card and second_card are both '{choices[0]}'; name two different sound cards")
    if len(choices) == 2 and not choices[0]:
        raise Permanent(
            "card must be given when second_card is: the first card found could be the second one"
        )
    return choices


class AlsaMicrophone:
    """Keeps the rules of a microphone while cards come and go; the first one is the teacher's."""

    def __init__(self, form: AudioFormat, cards: tuple[tuple[str, float], ...], silence_dbfs: float) -> None:
        self._format = form
        self._cards = cards
        self._silence_dbfs = silence_dbfs
        self._worker = Worker("microphone")
        self._guard = threading.Lock()
        self._muted = False
        self._sound: LessonSound | None = None

    def format(self) -> AudioFormat | None:
        """Return what was configured, whether a card is plugged in or not."""
        return self._format

    def missing(self) -> str:
        """Return which cards are not plugged in, or "". Given by ALSA's own name, a source is not looked for."""
        return "; ".join(problem for choice, _ in self._cards if (problem := absence(choice)))

    def start(self, permit: Permit, sink: FootageSink, origin_ns: int) -> None:
        """Begin to look for the cards; what is absent is reported, and heard as soon as it is there."""
        require_sound(permit)
        self._worker.start(lambda stop: self._hear(stop, sink, origin_ns), sink.microphone_failed)

    def _hear(self, stop: threading.Event, sink: FootageSink, origin_ns: int) -> None:
        # Here and not at the start: on a small Pi numpy takes a second to load, and the picture shall not wait.
        from device.drivers.microphone._capture import Input
        from device.drivers.microphone._lesson_sound import LessonSound

        inputs = tuple(Input(*card) for card in self._cards)
        sound = LessonSound(self._format, inputs, self._silence_dbfs, sink, origin_ns)
        with self._guard:
            sound.mute(self._muted)
            self._sound = sound
        sound.run(stop)

    def mute(self, muted: bool) -> None:
        """Deliver zeros until told otherwise; what was said meanwhile is never delivered."""
        with self._guard:
            self._muted = muted
            if self._sound is not None:
                self._sound.mute(muted)

    def stop(self) -> None:
        """Close the cards; Temporary when one does not close: then only the end of the process closes it."""
        self._worker.stop()
        with self._guard:
            sound, self._sound = self._sound, None
        if sound is not None:
            sound.require_closed()

    def levels(self) -> tuple[Level, ...]:
        """Return how loud each card is, the teacher's first; empty while not started."""
        with self._guard:
            return () if self._sound is None else self._sound.levels()
