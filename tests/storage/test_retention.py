"""The local copy goes after a no, or after a receipt that is verified once more; never otherwise."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device.domain.errors import Refused
from device.domain.lifecycle import Status, Writer
from device.domain.receipt import Receipt, sign_receipt
from device.storage.catalogue import FILE_NAME, Catalogue, StoredObject, StoredReceipt, utc_now
from device.storage.retention import purge

ID = "01J00000000000000000000001"
OTHER = "01J00000000000000000000002"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
MANIFEST = StoredObject("manifest.age", 5, "b" * 64)
RECEIPT = Receipt(ID, OTHER, MANIFEST.sha256, accepted=True, resend=(), problem="", objects=1, size_bytes=5,
                  received_at="2030-03-04T10:00:00Z")  # fmt: skip


class Device:
    """A spool with one recording in a status, and its catalogue."""

    def __init__(self, root: Path, status: Status) -> None:
        self.spool = root / "spool"
        self.file = self.spool / ID / "a.age"
        self.file.parent.mkdir(parents=True)
        self.file.write_bytes(b"sealed")
        self.catalogue = Catalogue(root / FILE_NAME, Writer.RECORDER)
        self.catalogue.recordings.add(ID, utc_now(), "T-1", untrusted_clock=False)
        if status is not Status.RECORDING:
            self.catalogue.recordings.hold(
                ID,
                boot_id="b",
                at_ns=1,
                duration_us=1,
                dropped_frames=0,
                interrupted=False,
                objects=[MANIFEST],
            )
        way = {
            Status.DISCARDED: [Status.DISCARDED],
            Status.RELEASED: [Status.RELEASED],
            Status.UPLOADING: [Status.RELEASED, Status.UPLOADING],
            Status.DELIVERED: [Status.RELEASED, Status.UPLOADING, Status.DELIVERED],
        }
        with Catalogue(root / FILE_NAME, Writer.SYNC) as sync:
            for each in way.get(status, []):
                own = each in (Status.UPLOADING, Status.DELIVERED)
                (sync if own else self.catalogue).recordings.move(ID, each)

    def receive(self, data: bytes, *, accepted: bool = True) -> None:
        self.catalogue.sends.add_receipt(ID, StoredReceipt("M.manifest.age", accepted, data))

    def purge(self, key: Ed25519PrivateKey | None = KEY) -> None:
        recording = self.catalogue.recordings.get(ID)
        purge(self.catalogue, self.spool, recording, key.public_key() if key else None)

    def status(self) -> Status:
        return self.catalogue.recordings.get(ID).status


@pytest.mark.parametrize(
    "status", [Status.RECORDING, Status.HELD, Status.RELEASED, Status.UPLOADING, Status.DELIVERED]
)
def test_without_a_receipt_nothing_is_destroyed(tmp_path: Path, status: Status) -> None:
    device = Device(tmp_path, status)
    with pytest.raises(Refused, match=f"is {status.value} without a valid receipt; it stays here"):
        device.purge()
    assert device.file.read_bytes() == b"sealed"
    assert device.status() is status


LIES = {
    "another key": sign_receipt(RECEIPT, Ed25519PrivateKey.generate()),
    "another recording": sign_receipt(replace(RECEIPT, recording=OTHER), KEY),
    "another manifest": sign_receipt(replace(RECEIPT, manifest_sha256="c" * 64), KEY),
    "a refusal": sign_receipt(replace(RECEIPT, accepted=False), KEY),
    "a changed byte": sign_receipt(RECEIPT, KEY).replace(b'"objects":1', b'"objects":2'),
    "rubbish": b"rubbish",
    "nothing": b"",
}


@pytest.mark.parametrize("lie", LIES)
def test_a_delivered_recording_with_the_wrong_receipt_stays(tmp_path: Path, lie: str) -> None:
    device = Device(tmp_path, Status.DELIVERED)
    device.receive(LIES[lie])
    with pytest.raises(Refused):
        device.purge()
    assert device.file.exists()
    assert device.status() is Status.DELIVERED


def test_a_valid_receipt_lets_a_delivered_recording_go_and_only_that(tmp_path: Path) -> None:
    device = Device(tmp_path, Status.DELIVERED)
    neighbour = device.spool / OTHER
    neighbour.mkdir()
    device.receive(LIES["another key"])
    device.catalogue.sends.add_receipt(
        ID, StoredReceipt("N.manifest.age", accepted=True, data=sign_receipt(RECEIPT, KEY))
    )
    with pytest.raises(Refused):
        device.purge(None)  # no key to verify with
    device.purge()
    assert device.status() is Status.PURGED
    assert list(device.spool.iterdir()) == [neighbour]


def test_a_valid_receipt_for_what_is_still_on_its_way_destroys_nothing(tmp_path: Path) -> None:
    device = Device(tmp_path, Status.UPLOADING)
    device.receive(sign_receipt(RECEIPT, KEY))
    with pytest.raises(Refused):
        device.purge()
    assert device.file.exists()


def test_what_the_teacher_discarded_goes_without_a_receipt(tmp_path: Path) -> None:
    device = Device(tmp_path, Status.DISCARDED)
    device.purge(None)
    assert device.status() is Status.PURGED
    assert list(device.spool.iterdir()) == []


def test_a_crash_between_the_files_and_the_status_is_repeated_harmlessly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = Device(tmp_path, Status.DISCARDED)

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(device.catalogue.recordings, "move", crash)
        with pytest.raises(KeyboardInterrupt):
            device.purge()
    assert device.status() is Status.DISCARDED
    device.purge()
    assert device.status() is Status.PURGED


def test_a_card_that_refuses_to_delete_leaves_the_status_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = Device(tmp_path, Status.DISCARDED)

    def broken(_folder: Path) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(shutil, "rmtree", broken)
    with pytest.raises(OSError, match="Read-only"):
        device.purge()
    assert device.status() is Status.DISCARDED
