"""Signals as lines on a terminal or in the journal: one line per change.

Under systemd nobody in the room sees them. So they count as a light only where the configuration says so.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping
from typing import Any, TextIO

from device.domain.settings import Setting
from device.drivers.indicator._patterns import MOMENTARY
from device.ports import Indicator, Signal

OPTIONS = (
    Setting("language", str, "language of the lines: nl or en", "nl", "en", choices=("nl", "en")),
    Setting(
        "in_view", bool, "whether people in the room see this terminal; only then it counts as a light",
        False, True,
    ),
)  # fmt: skip

TEXTS = {
    "nl": {
        Signal.READY: "gereed",
        Signal.RECORDING: "neemt op",
        Signal.IMPAIRED: "neemt op, maar beeld of geluid ontbreekt; 'leerblik status' zegt wat",
        Signal.MARKED: "moment gemarkeerd",
        Signal.BLANKED: "beeld en geluid zijn weg tot de volgende druk",
        Signal.ENDING_SOON: "neemt op, stopt bijna",
        Signal.ANNOUNCED: "over een minuut begint een geboekte opname, een druk op de knop zegt die af",
        Signal.WARM: "de camera staat klaar voor een geboekte opname, er wordt niets gefilmd",
        Signal.AIMING: "de lens is open om te richten, er wordt niets opgenomen",
        Signal.WIPING: "wordt zo gewist: knop tien seconden vasthouden, er wordt niets opgenomen",
        Signal.HELD: "opname bewaard, nog niet verstuurd",
        Signal.DISCARDED: "opname weggegooid",
        Signal.REFUSED: "geweigerd, 'leerblik status' zegt waarom",
        Signal.FAULT: "storing, 'leerblik status' zegt wat",
        Signal.OFF: "uit",
    },
    "en": {
        Signal.READY: "ready",
        Signal.RECORDING: "recording",
        Signal.IMPAIRED: "recording, but picture or sound is missing; 'leerblik status' says which",
        Signal.MARKED: "moment marked",
        Signal.BLANKED: "no picture and no sound until the next press",
        Signal.ENDING_SOON: "recording, ends soon",
        Signal.ANNOUNCED: "a booked recording begins in a minute, a press cancels it",
        Signal.WARM: "the camera stands ready for a booked recording, nothing is filmed",
        Signal.AIMING: "the lens is open for aiming, nothing is recorded",
        Signal.WIPING: "is about to be wiped: hold the button for ten seconds, nothing is recorded",
        Signal.HELD: "recording kept, not sent yet",
        Signal.DISCARDED: "recording discarded",
        Signal.REFUSED: "refused, 'leerblik status' says why",
        Signal.FAULT: "fault, 'leerblik status' says what",
        Signal.OFF: "off",
    },
}


def build(options: Mapping[str, Any], *, stream: TextIO | None = None) -> Indicator:
    """Return the indicator; it writes to the standard error stream unless told otherwise."""
    return Console(options["language"], stream, in_view=options["in_view"])


class Console:
    """The last line is what is the case now: after a momentary signal the lasting one is said again."""

    def __init__(self, language: str, stream: TextIO | None = None, *, in_view: bool = False) -> None:
        self._texts = TEXTS[language]
        self._stream = sys.stderr if stream is None else stream
        self._guard = threading.Lock()
        self._lasting = Signal.OFF
        self._closed = False
        self._in_view = in_view
        self._broken = False

    @property
    def works(self) -> bool:
        """Whether the terminal is in view, and took the last line."""
        return self._in_view and not (self._closed or self._broken)

    def show(self, signal: Signal) -> None:
        """Write a line if the signal changed; nothing after :meth:`close`."""
        with self._guard:
            if self._closed or signal is self._lasting:
                return
            self._write(signal)
            if signal in MOMENTARY:
                self._write(self._lasting)
            else:
                self._lasting = signal

    def close(self) -> None:
        """Say that it is off, once."""
        with self._guard:
            if not self._closed and self._lasting is not Signal.OFF:
                self._write(Signal.OFF)
            self._closed = True

    def _write(self, signal: Signal) -> None:
        try:
            self._stream.write(f"leerblik: {self._texts[signal]}\n")
            self._stream.flush()
        except (OSError, ValueError):  # closed from the other side, or from this one
            self._broken = True
        else:
            self._broken = False
