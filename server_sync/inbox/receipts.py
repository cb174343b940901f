"""Signed answers: one receipt per manifest, written once, never changed."""

from __future__ import annotations

from pathlib import Path

from device.domain.errors import LeerblikError, Temporary
from device.domain.receipt import MAX_RECEIPT_BYTES, Receipt, read_receipt, sign_receipt
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
        with disk_errors(f"reading {path.name}"):
            if not path.exists():
                return None
            with path.open("rb") as file:
                data = file.read(MAX_RECEIPT_BYTES + 1)
        try:
            return read_receipt(data, self._key.public_key())
        except LeerblikError as error:
            raise Temporary(
                f"{path} was not signed with this coach's key ({error}); its manifest is left alone"
            ) from None

    def write(self, receipt: Receipt) -> None:
        """Publish a receipt, at once and as a whole."""
        path = self._path(receipt.manifest_object)
        part = self._part(receipt.manifest_object)
        with disk_errors("writing a receipt"):
            part.unlink(missing_ok=True)
            self._disk.write_new(part, sign_receipt(receipt, self._key), 0o444)
            self._disk.publish_file(part, path)

    def sweep(self) -> None:
        """Remove what a power cut left half written."""
        with disk_errors("tidying the receipts"):
            for part in self._folder.glob(".*.receipt.part"):
                part.unlink(missing_ok=True)

    def _path(self, manifest_object: str) -> Path:
        return self._folder / f"{manifest_object}.receipt.json"

    def _part(self, manifest_object: str) -> Path:
        return self._folder / f".{manifest_object}.receipt.part"
