"""One recording to the server: its segments, its manifest last, and the receipt that answers it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from device.domain.errors import Permanent, Refused
from device.domain.lifecycle import Status
from device.domain.receipt import MAX_RECEIPT_BYTES, Receipt, read_receipt
from device.storage.catalogue import Catalogue, Recording, Send, StoredObject, StoredReceipt
from server_sync.push.names import manifest_ulid, object_name, receipt_name
from server_sync.push.transport.contract import Transport

_PROGRESS_EVERY_S = 0.5
_log = logging.getLogger(__name__)


class Uploader:
    """Works on one recording at a time; everything it did is in the catalogue, so it can be killed anywhere."""

    def __init__(
        self,
        catalogue: Catalogue,
        spool: Path,
        transport: Transport,
        receipt_key: Ed25519PublicKey,
        new_ulid: Callable[[], str],
        may_go_on: Callable[[], None],
    ) -> None:
        """``may_go_on`` is called while sending; an error that it raises ends the upload."""
        self._catalogue = catalogue
        self._spool = spool
        self._transport = transport
        self._receipt_key = receipt_key
        self._new_ulid = new_ulid
        self._may_go_on = may_go_on

    def send(self, recording: Recording) -> None:
        """Send what the server does not have yet, the manifest last. Errors as in the transport's contract."""
        if recording.status is Status.RELEASED:
            self._catalogue.recordings.move(recording.id, Status.UPLOADING)
        manifest = self._catalogue.recordings.objects(recording.id)[-1:]
        for stored in self._missing(recording):
            self._may_go_on()
            self._send_object(recording, stored, is_manifest=stored in manifest)

    def has_work(self, recording: Recording) -> bool:
        """Tell whether something of it is still to be sent."""
        return recording.status is Status.RELEASED or bool(self._missing(recording))

    def _missing(self, recording: Recording) -> list[StoredObject]:
        confirmed = {send.sha256 for send in self._catalogue.sends.of(recording.id) if send.confirmed}
        objects = self._catalogue.recordings.objects(recording.id)
        return [stored for stored in objects if stored.sha256 not in confirmed]

    def fetch_receipt(self, recording: Recording) -> bytes | None:
        """Return the receipt that answers the last manifest sent, or None while there is none."""
        manifest = self._confirmed_manifest(recording)
        if manifest is None:
            return None
        return self._transport.read_receipt(receipt_name(manifest.remote_name), MAX_RECEIPT_BYTES)

    def judge(self, recording: Recording, data: bytes) -> bool:
        """Act on a receipt; True when it makes the recording delivered.

        A receipt that refuses makes the named objects, and the manifest, go again under new names.
        Refused or Permanent when it is not a receipt of the coach's machine for this; nothing changes then.
        """
        manifest = self._confirmed_manifest(recording)
        receipt = read_receipt(data, self._receipt_key)
        if manifest is None or not _answers(receipt, recording, manifest):
            raise Refused(
                f"the receipt for recording {recording.id} belongs to something else; it is not counted"
            )
        stored = StoredReceipt(manifest.remote_name, receipt.accepted, data)
        self._catalogue.sends.add_receipt(recording.id, stored)
        if receipt.accepted:
            self._catalogue.recordings.move(recording.id, Status.DELIVERED, "receipt verified")
            return True
        _log.warning(
            "the coach's machine refused recording %s: %s; it goes again", recording.id, receipt.problem
        )
        for sha256 in (*receipt.resend, manifest.sha256):
            self._catalogue.sends.forget(recording.id, sha256)
        return False

    def _confirmed_manifest(self, recording: Recording) -> Send | None:
        sends = self._catalogue.sends.of(recording.id)
        return next((send for send in reversed(sends) if send.is_manifest and send.confirmed), None)

    def _send_object(self, recording: Recording, stored: StoredObject, *, is_manifest: bool) -> None:
        path = self._spool / recording.id / stored.file
        if any(send.sha256 == stored.sha256 for send in self._catalogue.sends.of(recording.id)):
            _check_undamaged(path, stored)
        name = object_name(self._new_ulid(), is_manifest=is_manifest)
        send = Send(
            name, recording.id, stored.sha256, stored.size_bytes, 0, confirmed=False, is_manifest=is_manifest
        )
        try:
            source = path.open("rb")
        except OSError as error:
            raise Permanent(f"the sealed object {path} cannot be read: {error.strerror}") from None
        with source:
            self._catalogue.sends.begin(send)
            self._transport.put(name, source, stored.size_bytes, self._progress(name))
        self._catalogue.sends.confirm(name)

    def _progress(self, name: str) -> Callable[[int], None]:
        last_s = time.monotonic()

        def note(sent_bytes: int) -> None:
            nonlocal last_s
            if time.monotonic() - last_s >= _PROGRESS_EVERY_S:
                last_s = time.monotonic()
                self._catalogue.sends.progress(name, sent_bytes)
                self._may_go_on()

        return note


def _check_undamaged(path: Path, stored: StoredObject) -> None:
    """Raise Permanent when what goes a second time is not what was recorded: the card may be failing."""
    import hashlib  # four megabytes that a sync with nothing to send does without

    try:
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise Permanent(f"the sealed object {path} cannot be read: {error.strerror}") from None
    if sha256 != stored.sha256:
        raise Permanent(
            f"the card has damaged {path.name} of recording {path.parent.name}; it is kept, but a person must look"
        )


def _answers(receipt: Receipt, recording: Recording, manifest: Send) -> bool:
    """Tell whether a receipt is about this manifest.

    One that refuses may not know which recording it was about: its manifest could not be read.
    """
    if receipt.manifest_object != manifest_ulid(manifest.remote_name):
        return False
    same = receipt.manifest_sha256 == manifest.sha256 and receipt.recording == recording.id
    return same or not receipt.accepted
