"""Keys of age as people copy them: 32 bytes in Bech32 (BIP 173), with a checksum that notices a slip of the pen."""

from __future__ import annotations

from collections.abc import Sequence

_LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_CHECKSUM_LETTERS = 6
_KEY_BYTES = 32


def read_key(text: str, prefix: str) -> bytes | None:
    """Return the 32 bytes of a key with this prefix, in lower case; None when it is none, or was copied wrongly."""
    found, _, data = text.strip().rpartition("1")
    values = [_LETTERS.find(letter) for letter in data]
    if found != prefix or len(values) <= _CHECKSUM_LETTERS or min(values) < 0 or not _holds(prefix, values):
        return None
    number = 0
    for value in values[:-_CHECKSUM_LETTERS]:
        number = number << 5 | value
    spare_bits = 5 * (len(values) - _CHECKSUM_LETTERS) - 8 * _KEY_BYTES
    if not 0 <= spare_bits < 5 or number & ((1 << spare_bits) - 1):
        return None
    return (number >> spare_bits).to_bytes(_KEY_BYTES, "big")


def _holds(prefix: str, values: Sequence[int]) -> bool:
    check = 1
    for value in (*(ord(c) >> 5 for c in prefix), 0, *(ord(c) & 31 for c in prefix), *values):
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit, term in enumerate(_GENERATOR):
            check ^= term if top >> bit & 1 else 0
    return check == 1
