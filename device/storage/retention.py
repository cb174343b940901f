"""Destroying the local copy: only after the teacher said no, or after a receipt that is verified here again."""

from __future__ import annotations

import shutil
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from device.domain.errors import LeerblikError, Refused
from device.domain.lifecycle import Status, may_purge
from device.domain.receipt import read_receipt
from device.footage.durable import sync_folder
from device.storage.catalogue import Catalogue, Recording


def purge_due(catalogue: Catalogue, spool: Path, receipt_key: Ed25519PublicKey | None) -> list[str]:
    """Purge every recording that may go and return their ids.

    The files go first and the status follows, so that a crash in between repeats harmlessly.
    """
    purged = []
    for recording in catalogue.recordings.with_status(Status.DISCARDED, Status.DELIVERED):
        purge(catalogue, spool, recording, receipt_key)
        purged.append(recording.id)
    return purged


def purge(
    catalogue: Catalogue, spool: Path, recording: Recording, receipt_key: Ed25519PublicKey | None
) -> None:
    """Destroy one recording's files; Refused while nothing proves that it may go."""
    accepted = _was_received(catalogue, recording, receipt_key)
    if not may_purge(recording.status, receipt_accepted=accepted):
        raise Refused(
            f"recording {recording.id} is {recording.status.value} without a valid receipt; it stays here"
        )
    folder = spool / recording.id
    if folder.exists():
        shutil.rmtree(folder)
        sync_folder(spool)
    note = "the coach's machine has it" if accepted else "discarded"
    catalogue.recordings.move(recording.id, Status.PURGED, note)


def _was_received(catalogue: Catalogue, recording: Recording, key: Ed25519PublicKey | None) -> bool:
    if key is None:
        return False
    for stored in catalogue.sends.receipts(recording.id):
        try:
            receipt = read_receipt(stored.data, key)
        except LeerblikError:
            continue
        if (
            receipt.accepted
            and receipt.recording == recording.id
            and receipt.manifest_sha256 == recording.manifest_sha256
        ):
            return True
    return False
