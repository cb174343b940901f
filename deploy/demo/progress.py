"""Live progress for a person: one line that changes on a terminal, one line per step in a log."""

from __future__ import annotations

import sys
import time
from typing import TextIO

_WIDTH = 78
_REPEAT_S = 2.0


class Progress:
    """``step`` begins a line, ``update`` changes it, ``done`` ends it."""

    def __init__(self, stream: TextIO = sys.stdout) -> None:
        self._stream = stream
        self._live = stream.isatty()
        self._name = ""
        self._began_s = self._said_s = 0.0

    def say(self, sentence: str) -> None:
        """Write a line that stays."""
        print(sentence, file=self._stream, flush=True)

    def step(self, name: str) -> None:
        """Begin a step."""
        self._name = name
        self._began_s = self._said_s = time.monotonic()
        self.update("")

    def update(self, text: str) -> None:
        """Show how far the step is."""
        if self._live:
            self._stream.write(f"\r  … {self._line(text):{_WIDTH}.{_WIDTH}}")
            self._stream.flush()
        elif text and time.monotonic() - self._said_s >= _REPEAT_S:
            self._said_s = time.monotonic()
            self.say(f"  … {self._line(text)}")

    def done(self, text: str) -> None:
        """End the step well."""
        self._end("✔", text)

    def failed(self, text: str) -> None:
        """End the step badly, if one is open."""
        if self._name:
            self._end("✘", text)

    def _end(self, sign: str, text: str) -> None:
        line = f"  {sign} {self._line(text)}"
        self._stream.write(f"\r{line:{_WIDTH + 4}}\n" if self._live else f"{line}\n")
        self._stream.flush()
        self._name = ""

    def _line(self, text: str) -> str:
        return f"{self._name:10} {text}"
