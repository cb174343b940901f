"""Signed answers: a receipt per manifest, a certificate per order; written once, never changed."""

from __future__ import annotations

from pathlib import Path

from device.domain.errors import LeerblikError, Temporary
from device.domain.receipt import MAX_RECEIPT_BYTES, Receipt, read_receipt, sign_receipt
from device.domain.withdrawal import MAX_CERTIFICATE_BYTES, Certificate, read_certificate, sign_certificate
from server_sync.inbox.disk import Disk, disk_errors
from server_sync.inbox.keys import UnlockedKeys


class Receipts:
    """The folder ``receipts`` of the SFTP account: the device reads it, we alone write it."""

    def __init__(self, folder: Path, keys: UnlockedKeys, disk: Disk) -> None:
        self._folder = folder
        self._key = keys.signing_key
        self._disk = disk

    def find(self, manifest_object: str) -> Receipt | None:
        """Return the receipt for a manifest, None while there is none, Temporary when it is not ours."""
        path = self._path(manifest_object)
        data = _read(path, MAX_RECEIPT_BYTES)
        if data is None:
            return None
        try:
            return read_receipt(data, self._key.public_key())
        except LeerblikError as error:
            raise Temporary(
                f"{path} was not signed with this coach's key ({error}); its manifest is left alone"
            ) from None

    def find_certificate(self, order_object: str) -> Certificate | None:
        """Return the certificate for an order, None while there is none, Temporary when it is not ours."""
        path = self._certificate(order_object)
        data = _read(path, MAX_CERTIFICATE_BYTES)
        if data is None:
            return None
        try:
            return read_certificate(data, self._key.public_key())
        except LeerblikError as error:
            raise Temporary(
                f"{path} was not signed with this coach's key ({error}); its order is left alone"
            ) from None

    def accepted(self, recording: str, manifest_sha256: str) -> bool:
        """Tell whether a receipt of ours accepted a recording with this manifest; reads all of them."""
        with disk_errors("reading the receipts"):
            paths = sorted(self._folder.glob("*.receipt.json"))
        for path in paths:
            data = _read(path, MAX_RECEIPT_BYTES) or b""
            if manifest_sha256.encode() in data and self._says(data, recording, manifest_sha256):
                return True
        return False

    def any_accepted(self) -> bool:
        """Tell whether a receipt of ours ever accepted something; reads until the first."""
        with disk_errors("reading the receipts"):
            paths = sorted(self._folder.glob("*.receipt.json"))
        return any(self._accepts(_read(path, MAX_RECEIPT_BYTES) or b"") for path in paths)

    def _accepts(self, data: bytes) -> bool:
        try:
            return read_receipt(data, self._key.public_key()).accepted
        except LeerblikError:
            return False

    def _says(self, data: bytes, recording: str, manifest_sha256: str) -> bool:
        try:
            receipt = read_receipt(data, self._key.public_key())
        except LeerblikError:
            return False
        found = (receipt.accepted, receipt.recording, receipt.manifest_sha256)
        return found == (True, recording, manifest_sha256)

    def write(self, receipt: Receipt) -> None:
        """Publish a receipt, at once and as a whole."""
        self._publish(self._path(receipt.manifest_object), sign_receipt(receipt, self._key))

    def certify(self, certificate: Certificate) -> None:
        """Publish a certificate, at once and as a whole."""
        self._publish(self._certificate(certificate.order_object), sign_certificate(certificate, self._key))

    def sweep(self) -> None:
        """Remove what a power cut left half written."""
        with disk_errors("tidying the receipts"):
            for part in [*self._folder.glob(".*.receipt.part"), *self._folder.glob(".*.certificate.part")]:
                part.unlink(missing_ok=True)

    def _publish(self, path: Path, data: bytes) -> None:
        part = path.with_name(f".{path.name.removesuffix('.json')}.part")
        with disk_errors(f"writing {path.name}"):
            part.unlink(missing_ok=True)
            self._disk.write_new(part, data, 0o444)
            self._disk.publish_file(part, path)

    def _path(self, manifest_object: str) -> Path:
        return self._folder / f"{manifest_object}.receipt.json"

    def _certificate(self, order_object: str) -> Path:
        return self._folder / f"{order_object}.certificate.json"


def _read(path: Path, limit_bytes: int) -> bytes | None:
    with disk_errors(f"reading {path.name}"):
        if not path.exists():
            return None
        with path.open("rb") as file:
            return file.read(limit_bytes + 1)
