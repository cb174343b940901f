"""The public keys of the first start: read from whatever was pasted, and shown so that two people can compare."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from flask_babel import gettext as _

from device.domain.errors import Permanent, Refused

_KEY = re.compile(r"age1[02-9ac-hj-np-z]{40,80}")
_RECEIPT_KEY = re.compile(r"(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{43}=(?![A-Za-z0-9+/=])")
_SECRET = "AGE-SECRET-KEY-"  # noqa: S105  # how one begins, so that it can be refused
_GROUPS, _GROUP = 6, 4


@dataclass(frozen=True, slots=True)
class Keys:
    """Who can read the footage: age recipients. ``recovery`` is empty when the school has no recovery key.

    ``receipt`` says whose word makes a recording delivered; empty: nobody's yet.
    """

    coach: str
    recovery: str = ""
    receipt: str = ""


def read_key(pasted: str) -> str:
    """Return the one public key in a text, such as all that 'leerblik inbox keys' printed; "" for an empty text.

    Refused when there is none, more than one, one with a slip of the pen, or a secret one.
    """
    if _SECRET in pasted.upper():
        raise Refused(
            _(
                "This is a secret key. Never type it anywhere; here belongs the public one, which begins with age1."
            )
        )
    found = set(_KEY.findall(pasted.lower()))
    if not pasted.strip():
        return ""
    if len(found) != 1:
        raise Refused(_("Paste one public key: it begins with age1 and has 62 characters."))
    (key,) = found
    _check(key)
    return str(key)


def find_receipt_key(pasted: str) -> str:
    """Return the receipt key in a text, such as all that 'leerblik inbox keys' printed; "" when there is none.

    Refused when there is more than one.
    """
    found = {each for each in _RECEIPT_KEY.findall(pasted) if _is_receipt_key(each)}
    if len(found) > 1:
        raise Refused(_("Paste one receipt key: it has 44 characters and ends with =."))
    return found.pop() if found else ""


def read_receipt_key(pasted: str) -> str:
    """Return the receipt key in a text that is meant to hold one; "" for an empty text. Refused without one."""
    key = find_receipt_key(pasted)
    if not key and pasted.strip():
        raise Refused(_("Paste one receipt key: it has 44 characters and ends with =."))
    return key


def fingerprint(key: str) -> str:
    """Return the first 96 bits of the SHA-256 of a key's text, in groups, to read aloud."""
    digest = hashlib.sha256(key.encode()).hexdigest().upper()
    return " ".join(digest[at : at + _GROUP] for at in range(0, _GROUPS * _GROUP, _GROUP))


def qr(key: str) -> str:
    """Return a key's QR code as an image for a page: an address that begins with ``data:``."""
    import segno

    made = segno.make(key, error="m", micro=False)
    return str(made.svg_data_uri(scale=4, border=4, dark="#000", light="#fff"))


def _is_receipt_key(text: str) -> bool:
    from device.domain.receipt import read_public_key

    try:
        return bool(read_public_key(text))
    except Permanent:
        return False


def _check(key: str) -> None:
    from device.footage.seal import read_recipient

    try:
        read_recipient(key)
    except Permanent:
        raise Refused(
            _("There is a slip of the pen in this key: copy and paste it instead of typing.")
        ) from None
