"""What is known of the end of recordings: why they were taken back, and the coach's machine's proof that it is done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from device.domain.errors import LeerblikError
from device.domain.lifecycle import Status
from device.domain.strict import parse_object
from device.domain.withdrawal import read_certificate
from device.storage.catalogue import Catalogue, Recording

_GONE_BACK = (Status.WITHDRAWN, Status.DESTROYED)
_SHOWN = ("destroyed_at", "objects", "size_bytes", "film")


def endings_of(
    recordings: Sequence[Recording], catalogue: Catalogue, key: Ed25519PublicKey | None
) -> dict[str, dict[str, Any]]:
    """Return for each recording ``withdrawn``, ``reason`` ("": it was not) and ``certificate`` (None: there is none).

    A certificate is ``valid`` when its signature was verified now, with the key that this device trusts now.
    """
    gone = [each.id for each in recordings if each.status in _GONE_BACK]
    reasons = catalogue.endings.reasons(gone) if gone else {}
    certificates = catalogue.endings.certificates(gone) if gone else {}
    return {
        each.id: {
            "withdrawn": each.id in gone,
            "reason": reasons.get(each.id, ""),
            "certificate": _shown(each, certificates.get(each.id), key),
        }
        for each in recordings
    }


def certificate_text(recording: Recording, catalogue: Catalogue) -> str:
    """Return a recording's certificate as it came, "" when there is none."""
    return catalogue.endings.certificates([recording.id]).get(recording.id, b"").decode()


def _shown(recording: Recording, data: bytes | None, key: Ed25519PublicKey | None) -> dict[str, Any] | None:
    if data is None:
        return None
    said = parse_object(data, "the certificate")
    return {**{name: said[name] for name in _SHOWN}, "valid": _is_valid(recording, data, key)}


def _is_valid(recording: Recording, data: bytes, key: Ed25519PublicKey | None) -> bool:
    if key is None:
        return False
    try:
        found = read_certificate(data, key)
    except LeerblikError:
        return False
    return (found.recording, found.manifest_sha256) == (recording.id, recording.manifest_sha256)
