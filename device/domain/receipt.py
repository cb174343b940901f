"""The receipt: the only thing that flows back, and the only thing that makes a recording *delivered*.

It is a JSON object signed with Ed25519 by the coach's machine over its canonical form. A receipt
either accepts a recording or refuses it and names the objects that must be sent again.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import asdict, dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from device.domain.errors import Permanent
from device.domain.identifiers import is_ulid
from device.domain.signed import MAX_BYTES, read_signed, write_signed

FORMAT = "leerblik-receipt"
VERSION = 1
MAX_RECEIPT_BYTES = MAX_BYTES
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the coach's machine says about one manifest that it found in the drop box.

    ``manifest_object`` is the ULID under which the manifest was sent, ``manifest_sha256`` the hash of
    those sealed bytes. ``resend`` holds the SHA-256 of objects that are missing or damaged; it is
    empty when ``accepted``.
    """

    recording: str
    manifest_object: str
    manifest_sha256: str
    accepted: bool
    resend: tuple[str, ...]
    problem: str
    objects: int
    size_bytes: int
    received_at: str


def sign_receipt(receipt: Receipt, key: Ed25519PrivateKey) -> bytes:
    """Return the signed receipt as JSON text."""
    return write_signed(asdict(receipt), key, form=FORMAT, version=VERSION)


def read_receipt(data: bytes, key: Ed25519PublicKey) -> Receipt:
    """Read a receipt and verify it; Permanent when it is malformed, Refused when the signature is wrong."""
    fields = read_signed(data, key, form=FORMAT, version=VERSION, what="receipt")
    receipt = Receipt(
        recording=fields.take("recording", str),
        manifest_object=fields.take("manifest_object", str),
        manifest_sha256=fields.take("manifest_sha256", str),
        accepted=fields.take("accepted", bool),
        resend=tuple(fields.take("resend", list)),
        problem=fields.take("problem", str),
        objects=fields.integer("objects", 0, 1 << 20),
        size_bytes=fields.integer("size_bytes", 0, 1 << 50),
        received_at=fields.take("received_at", str),
    )
    fields.done()
    _check_whole(receipt)
    return receipt


def _check_whole(receipt: Receipt) -> None:
    if not is_ulid(receipt.recording) or not is_ulid(receipt.manifest_object):
        raise Permanent("receipt.recording and receipt.manifest_object must be ULIDs")
    hashes = (receipt.manifest_sha256, *receipt.resend)
    if not all(isinstance(each, str) and _SHA256.fullmatch(each) for each in hashes):
        raise Permanent("receipt.manifest_sha256 and receipt.resend must be SHA-256 in hexadecimal")
    if receipt.accepted and receipt.resend:
        raise Permanent("receipt.resend must be empty when the recording was accepted")


def public_key_text(key: Ed25519PublicKey) -> str:
    """Return the public key as it stands in a configuration file: base64 of its 32 bytes."""
    return base64.b64encode(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


def read_public_key(text: str) -> Ed25519PublicKey:
    """Read what :func:`public_key_text` wrote; Permanent when it is not such a key."""
    try:
        return Ed25519PublicKey.from_public_bytes(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        raise Permanent(
            "a receipt key is 44 characters of base64, as printed by 'leerblik keys show'"
        ) from None
