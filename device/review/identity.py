"""The secret half of this boot's review key, as the process that shows films reads it."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from device.domain.errors import Permanent, Refused

_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_BECH32_CONST = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_PREFIX = "age-secret-key-"
_KEY_BITS = 256


def read_review_key(path: Path) -> X25519PrivateKey:
    """Return this boot's review key; Refused when there is none, Permanent when it is damaged."""
    try:
        text = path.read_text("ascii")
    except FileNotFoundError:
        raise Refused("this device has no review key now, so no recording can be watched on it") from None
    except (OSError, ValueError) as error:
        raise Permanent(f"the review key cannot be read: {type(error).__name__}") from None
    return read_identity(text)


def read_identity(text: str) -> X25519PrivateKey:
    """Return the key in ``AGE-SECRET-KEY-1…``; Permanent when it is not one. No message repeats it."""
    prefix, _, data = text.strip().lower().rpartition("1")
    values = [_BECH32.find(letter) for letter in data]
    if (
        prefix != _PREFIX
        or len(values) < 6
        or min(values) < 0
        or _checksum([*_expanded(prefix), *values]) != 1
    ):
        raise Permanent("the review key is not an identity of age; restart the recorder to make a new one")
    number = 0
    for value in values[:-6]:
        number = number << 5 | value
    spare_bits = 5 * (len(values) - 6) - _KEY_BITS
    if not 0 <= spare_bits < 5:
        raise Permanent(
            "the review key is not an X25519 identity of age; restart the recorder to make a new one"
        )
    return X25519PrivateKey.from_private_bytes((number >> spare_bits).to_bytes(32, "big"))


def _expanded(prefix: str) -> list[int]:
    return [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]


def _checksum(values: list[int]) -> int:
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit, constant in enumerate(_BECH32_CONST):
            check ^= constant if top >> bit & 1 else 0
    return check
