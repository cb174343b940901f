"""What a badge reader types, and whose badge it was: the rule alone, without a reader.

A badge's number is never kept: the settings hold a salted hash of it, slow enough to make trying out all
numbers a matter of centuries, and what was typed is forgotten as soon as it is looked up.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from device.domain.errors import Permanent

SHORTEST_SALT = 16
_HASH = re.compile(r"[0-9a-f]{32}")
_LONGEST = 64
_PATIENCE_NS = 1_000_000_000

# Codes of keys in Linux's input-event-codes.h. Readers type digits, some of them hexadecimal ones.
_ENTER = frozenset((28, 96))
_SHIFT = frozenset((42, 54))
_DIGITS = {
    **dict(zip(range(2, 12), "1234567890", strict=True)),
    **dict(zip((71, 72, 73, 75, 76, 77, 79, 80, 81, 82), "7894561230", strict=True)),  # the numeric pad
    **dict(zip((30, 48, 46, 32, 18, 33), "ABCDEF", strict=True)),
}


def hash_badge(number: str, salt: str) -> str:
    """Return what stands in the settings for a badge: 32 hexadecimal digits.

    ``number`` is what the reader types. Permanent when it is none, or the salt is too short.
    """
    number = number.strip().upper()
    if not number or set(number) - set(_DIGITS.values()):
        raise Permanent("a badge's number has digits only (0-9, A-F); hold the badge to the reader again")
    check_salt(salt, "the salt of badges")
    # 16 MiB and some 50 ms for each try.
    return hashlib.scrypt(number.encode(), salt=salt.encode(), n=1 << 14, r=8, p=1, dklen=16).hex()


def check_salt(salt: str, where: str) -> None:
    """Refuse a salt that is too short, without repeating it; ``where`` begins the sentence."""
    if len(salt) < SHORTEST_SALT:
        raise Permanent(f"{where} needs at least {SHORTEST_SALT} characters, made up at random")


def check_hashes(texts: Sequence[str], where: str) -> None:
    """Refuse badges that do not begin with a hash, without repeating them: it may be a number in clear."""
    for text in texts:
        if not _HASH.fullmatch(text.partition("=")[0].strip()):
            raise Permanent(f"{where}: what stands before '=' is the hash of a badge, 32 hexadecimal digits")


class BadgeLine:
    """Puts keys together until Enter; what no reader types in one go is no number."""

    def __init__(self) -> None:
        self._typed = ""
        self._wrong = False
        self._last_ns = 0

    def key(self, code: int, at_ns: int) -> str | None:
        """Take a key that went down; returns the number when it was the Enter after one."""
        if at_ns - self._last_ns > _PATIENCE_NS:
            self.forget()
        self._last_ns = at_ns
        if code in _ENTER:
            number = None if self._wrong else self._typed or None
            self.forget()
            return number
        if code in _DIGITS and len(self._typed) < _LONGEST:
            self._typed += _DIGITS[code]
        elif code not in _SHIFT:
            self._wrong = True
        return None

    def forget(self) -> None:
        """Begin anew, as after an unplugged reader."""
        self._typed, self._wrong = "", False
