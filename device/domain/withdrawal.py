"""A withdrawal on its way to the coach's copy: the order that goes there, and the certificate that comes back.

The order is sealed to the coach like everything that is sent. Sealing proves nothing about who sent it, so an order
names the hash of the sealed manifest that was delivered: only the device and the coach's machine know that. The
certificate is signed with the key that signs receipts, for a purpose of its own.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from device.domain.destruction import Reason
from device.domain.errors import Permanent
from device.domain.identifiers import is_ulid
from device.domain.signed import MAX_BYTES, read_signed, write_signed
from device.domain.strict import Fields, canonical_json, parse_object

ORDER_FORMAT = "leerblik-order"
CERTIFICATE_FORMAT = "leerblik-certificate"
VERSION = 1
MAX_ORDER_BYTES = 1 << 12
MAX_CERTIFICATE_BYTES = MAX_BYTES
# In the certificate itself, so that whoever reads only that knows what it does not say.
NOT_KNOWN = (
    "This machine destroyed what it had itself: sealed objects and the film that it made. Copies that a person made "
    "by hand ('leerblik inbox open --to', a copied or edited film, a back-up of the disk) are not known to it."
)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be destroyed. ``manifest_sha256`` is the hash of the sealed manifest that was delivered.

    ``asked_at`` is the device's wall time in UTC, for people to read.
    """

    recording: str
    manifest_sha256: str
    reason: Reason
    asked_at: str


@dataclass(frozen=True, slots=True)
class Certificate:
    """What the coach's machine destroyed because of one order.

    ``order_object`` is the ULID under which the order was sent, ``order_sha256`` the hash of those sealed bytes.
    ``objects`` and ``size_bytes`` are the sealed objects in its library and drop box, ``film`` whether there was a
    film as well. A second order for the same recording gets a certificate with the same facts.
    """

    recording: str
    order_object: str
    order_sha256: str
    manifest_sha256: str
    reason: Reason
    objects: int
    size_bytes: int
    film: bool
    destroyed_at: str
    not_known: str = NOT_KNOWN


def write_order(order: Order) -> bytes:
    """Return the order as JSON text, to be sealed."""
    return canonical_json(
        {
            "format": ORDER_FORMAT,
            "version": VERSION,
            **asdict(order),
            "reason": order.reason.value,
        }
    )


def read_order(data: bytes) -> Order:
    """Read what :func:`write_order` wrote; Permanent names what is wrong with it."""
    if len(data) > MAX_ORDER_BYTES:
        raise Permanent(f"the order is larger than {MAX_ORDER_BYTES} bytes")
    fields = Fields(parse_object(data, "the order"), "order")
    fields.choice("format", (ORDER_FORMAT,))
    fields.integer("version", VERSION, VERSION)
    order = Order(
        recording=_ulid(fields, "recording"),
        manifest_sha256=_sha256(fields, "manifest_sha256"),
        reason=_reason(fields),
        asked_at=_moment(fields, "asked_at"),
    )
    fields.done()
    return order


def sign_certificate(certificate: Certificate, key: Ed25519PrivateKey) -> bytes:
    """Return the signed certificate as JSON text."""
    values = {**asdict(certificate), "reason": certificate.reason.value}
    return write_signed(values, key, form=CERTIFICATE_FORMAT, version=VERSION)


def read_certificate(data: bytes, key: Ed25519PublicKey) -> Certificate:
    """Read a certificate and verify it; Permanent when it is malformed, Refused when the signature is wrong."""
    fields = read_signed(data, key, form=CERTIFICATE_FORMAT, version=VERSION, what="certificate")
    certificate = Certificate(
        recording=_ulid(fields, "recording"),
        order_object=_ulid(fields, "order_object"),
        order_sha256=_sha256(fields, "order_sha256"),
        manifest_sha256=_sha256(fields, "manifest_sha256"),
        reason=_reason(fields),
        objects=fields.integer("objects", 0, 1 << 20),
        size_bytes=fields.integer("size_bytes", 0, 1 << 50),
        film=fields.take("film", bool),
        destroyed_at=_moment(fields, "destroyed_at"),
        not_known=fields.take("not_known", str),
    )
    fields.done()
    return certificate


def _ulid(fields: Fields, key: str) -> str:
    text = fields.take(key, str)
    if not is_ulid(text):
        raise Permanent(f"{fields.where}.{key} must be a ULID")
    return text


def _sha256(fields: Fields, key: str) -> str:
    text = fields.take(key, str)
    if not _SHA256.fullmatch(text):
        raise Permanent(f"{fields.where}.{key} must be a SHA-256 in hexadecimal")
    return text


def _reason(fields: Fields) -> Reason:
    return Reason(fields.choice("reason", tuple(each.value for each in Reason)))


def _moment(fields: Fields, key: str) -> str:
    text = fields.take(key, str)
    if not _UTC.fullmatch(text):
        raise Permanent(f"{fields.where}.{key} must be a time in UTC, such as 2026-09-01T12:00:00Z")
    return text
