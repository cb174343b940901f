"""JSON that the coach's machine signed (Ed25519): one way to write it and one way to read it, for every purpose.

What is signed is the canonical form behind a prefix that says what it is for: a signature given for one purpose
counts for no other.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from device.domain.errors import Permanent, Refused
from device.domain.strict import Fields, canonical_json, parse_object

MAX_BYTES = 1 << 20


def write_signed(values: dict[str, Any], key: Ed25519PrivateKey, *, form: str, version: int) -> bytes:
    """Return these values as signed JSON text; ``form`` and ``version`` stand in it and in the prefix."""
    body = {"format": form, "version": version, **values}
    signature = key.sign(_prefix(form, version) + canonical_json(body))
    return canonical_json({**body, "signature": base64.b64encode(signature).decode()})


def read_signed(data: bytes, key: Ed25519PublicKey, *, form: str, version: int, what: str) -> Fields:
    """Return what was signed, without the signature, to be taken out field by field; ``what`` names it in messages.

    Permanent when it is malformed, Refused when the signature is wrong.
    """
    if len(data) > MAX_BYTES:
        raise Permanent(f"the {what} is larger than {MAX_BYTES} bytes")
    mapping = parse_object(data, f"the {what}")
    _verify(mapping, key, _prefix(form, version), what)
    fields = Fields(mapping, what)
    fields.choice("format", (form,))
    fields.integer("version", version, version)
    fields.take("signature", str)
    return fields


def _verify(mapping: dict[str, Any], key: Ed25519PublicKey, prefix: bytes, what: str) -> None:
    body = {name: value for name, value in mapping.items() if name != "signature"}
    try:
        signature = base64.b64decode(str(mapping.get("signature", "")), validate=True)
        key.verify(signature, prefix + canonical_json(body))
    except (InvalidSignature, binascii.Error, ValueError):
        raise Refused(
            f"the {what}'s signature is not from the coach's machine that this device knows"
        ) from None


def _prefix(form: str, version: int) -> bytes:
    return f"{form}-v{version}\0".encode()
