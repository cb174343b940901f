"""The secret half of this boot's review key, as the process that shows films reads it."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from device.domain.errors import Permanent, Refused
from device.footage.bech32 import read_key

_PREFIX = "age-secret-key-"


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
    key = read_key(text.strip().lower(), _PREFIX)
    if key is None:
        raise Permanent("the review key is not an identity of age; restart the recorder to make a new one")
    return X25519PrivateKey.from_private_bytes(key)
