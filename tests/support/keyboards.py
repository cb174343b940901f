"""A badge reader made of a pipe: what it types, how it is unplugged, and how it comes back."""

from __future__ import annotations

import os
import threading

from device.domain.errors import Temporary

ENTER = 28
_CODES = {digit: code for code, digit in enumerate("1234567890", 2)}


class PipeKeyboard:
    """Fulfils the reader's ``Keyboard``; each byte in the pipe is the code of a key that went down."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        self.closed = False

    def type_codes(self, *codes: int) -> None:
        os.write(self._write, bytes(codes))

    def unplug(self) -> None:
        os.close(self._write)

    def fileno(self) -> int:
        return self._read

    def pressed(self) -> list[int]:
        data = os.read(self._read, 4096)
        if not data:
            raise OSError(19, "No such device")
        return list(data)

    def close(self) -> None:
        os.close(self._read)
        self.closed = True


class Desk:
    """Where a reader is plugged in, or not."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._keyboard: PipeKeyboard | None = None

    def plug_in(self) -> PipeKeyboard:
        with self._changed:
            self._keyboard = PipeKeyboard()
            return self._keyboard

    def unplug(self) -> None:
        with self._changed:
            keyboard, self._keyboard = self._keyboard, None
        if keyboard is not None:
            keyboard.unplug()

    def find(self) -> PipeKeyboard:
        """Return a keyboard once: whoever lets go of one finds a fresh one, as a device file can be opened again."""
        with self._changed:
            if self._keyboard is None:
                raise Temporary("there is no badge reader on this desk")
            if self._keyboard.closed:
                self._keyboard = PipeKeyboard()
            return self._keyboard

    def hold_badge(self, number: str) -> None:
        """Type a number and Enter, as a reader does."""
        with self._changed:
            assert self._keyboard is not None
            self._keyboard.type_codes(*(_CODES[digit] for digit in number), ENTER)
