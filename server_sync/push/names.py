"""The names of objects on the server: neutral, and never used twice."""

from __future__ import annotations

from device.domain.identifiers import is_ulid

MANIFEST_SUFFIX = ".manifest.age"
SEGMENT_SUFFIX = ".age"
RECEIPT_SUFFIX = ".receipt.json"


def object_name(ulid: str, *, is_manifest: bool) -> str:
    """Return the name under which an object is sent."""
    return ulid + (MANIFEST_SUFFIX if is_manifest else SEGMENT_SUFFIX)


def receipt_name(manifest_name: str) -> str:
    """Return the name of the receipt that answers a manifest."""
    return manifest_ulid(manifest_name) + RECEIPT_SUFFIX


def manifest_ulid(manifest_name: str) -> str:
    """Return the ULID in a manifest's name."""
    ulid = manifest_name.removesuffix(MANIFEST_SUFFIX)
    if not is_ulid(ulid):
        raise ValueError(f"'{manifest_name}' is not the name of a manifest")
    return ulid
