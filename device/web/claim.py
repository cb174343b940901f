"""The claim code on the device's label: whoever reads it there and presses the button makes the device the school's.

Only a hash of it is kept, in the web page's private folder; it opens nothing once the device is claimed.
"""

from __future__ import annotations

import secrets
from pathlib import Path

from device.domain.errors import Permanent, Refused, Temporary
from device.web import private_file
from device.web.hashing import Hasher

FILE_NAME = "claim.json"
# Without vowels (no words), and without what looks or sounds like something else.
ALPHABET = "CDFHJKMNPQRTVWXY34679"
_GROUPS, _GROUP = 4, 4
_MOST_CHARACTERS = 64
_VERSION = 1


class ClaimCode:
    """Reads its file each time: the command that makes a code is another process than the page."""

    def __init__(self, folder: Path, hasher: Hasher | None = None) -> None:
        """``folder`` is the web page's own."""
        self._path = folder / FILE_NAME
        self._hasher = hasher or Hasher()

    def exists(self) -> bool:
        """Tell whether a code was made. Permanent when its file cannot be understood."""
        return private_file.read(self._path) is not None

    def make(self) -> str:
        """Make a new code, such as ``KDFM-37XR-9CTW-HJ4P``, and return it: this is the only time it can be read."""
        code = "-".join("".join(secrets.choice(ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS))
        self._store(_plain(code))
        return code

    def keep(self, code: str) -> None:
        """Keep a code that somebody else made; Refused when it is none of ours."""
        plain = _plain(code)
        if len(plain) != _GROUPS * _GROUP or not set(plain) <= set(ALPHABET):
            raise Refused(
                "A claim code has four groups of four letters and digits, such as KDFM-37XR-9CTW-HJ4P."
            )
        if len(set(plain)) < _GROUPS:
            raise Refused("This claim code is too easy to guess: let 'leerblik web claim-code' make one.")
        self._store(plain)

    def is_right(self, code: str) -> bool:
        """Tell whether it is the code, however it was typed; takes as long when there is none."""
        held = private_file.read(self._path) or {}
        known = held.get("hash")
        if held and (held.get("version") != _VERSION or not isinstance(known, str)):
            raise Permanent(f"{self._path} is of another version of Leerblik; make a new claim code")
        return self._hasher.verify(known, _plain(code[:_MOST_CHARACTERS]))

    def _store(self, plain: str) -> None:
        private_file.write(self._path, {"version": _VERSION, "hash": self._hasher.hash(plain)})

    def forget(self) -> None:
        """Remove it; harmless twice."""
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            raise Temporary(f"{self._path} cannot be removed: {error.strerror or error}") from None


def _plain(code: str) -> str:
    return "".join(letter for letter in code.upper() if letter.isascii() and letter.isalnum())
