"""The names of objects on the server: neutral, and never used twice."""

from __future__ import annotations

from device.domain.identifiers import is_ulid

MANIFEST_SUFFIX = ".manifest.age"
SEGMENT_SUFFIX = ".age"
ORDER_SUFFIX = ".order.age"
RECEIPT_SUFFIX = ".receipt.json"
CERTIFICATE_SUFFIX = ".certificate.json"


def object_name(ulid: str, *, is_manifest: bool) -> str:
    """Return the name under which an object is sent."""
    return ulid + (MANIFEST_SUFFIX if is_manifest else SEGMENT_SUFFIX)


def receipt_name(manifest_name: str) -> str:
    """Return the name of the receipt that answers a manifest."""
    return manifest_ulid(manifest_name) + RECEIPT_SUFFIX


def order_name(ulid: str) -> str:
    """Return the name under which an order is sent."""
    return ulid + ORDER_SUFFIX


def order_ulid(name: str) -> str:
    """Return the ULID in an order's name."""
    return name.removesuffix(ORDER_SUFFIX)


def answers_to_order(name: str) -> tuple[str, str]:
    """Return the names of the certificate and of the refusal that may answer an order."""
    return order_ulid(name) + CERTIFICATE_SUFFIX, order_ulid(name) + RECEIPT_SUFFIX


def manifest_ulid(manifest_name: str) -> str:
    """Return the ULID in a manifest's name."""
    ulid = manifest_name.removesuffix(MANIFEST_SUFFIX)
    if not is_ulid(ulid):
        raise ValueError(f"'{manifest_name}' is not the name of a manifest")
    return ulid
