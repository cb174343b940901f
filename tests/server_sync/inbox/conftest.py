"""A drop box, a library and a coach, all real and all in a temporary folder."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import pyrage
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device.domain.receipt import Receipt, read_receipt
from server_sync.inbox.disk import Disk
from server_sync.inbox.film_folder import MARK
from server_sync.inbox.intake import Intake
from server_sync.inbox.keys import UnlockedKeys
from server_sync.inbox.lock import lock
from server_sync.inbox.outcome import Outcome
from tests.support.footage import Sealed


@dataclass
class Coach:
    """The coach's machine, driven as a device would: by putting files into the drop box."""

    root: Path
    keys: UnlockedKeys
    publish_films: bool = True
    quiet_s: float = 0.0
    now_s: float = 0.0

    @property
    def inbox(self) -> Path:
        return self.root / "box" / "inbox"

    @property
    def receipts(self) -> Path:
        return self.root / "box" / "receipts"

    @property
    def library(self) -> Path:
        return self.root / "library"

    @property
    def films(self) -> Path:
        return self.root / "films"

    @property
    def recipient(self) -> pyrage.x25519.Recipient:
        return self.keys.identity.to_public()

    def put(self, name: str, data: bytes) -> Path:
        path = self.inbox / name
        path.unlink(missing_ok=True)
        path.write_bytes(data)
        # As the drop box does it: nobody may read what was uploaded.
        path.chmod(0)
        return path

    def deliver(
        self, sealed: Sealed, *, leave_out: tuple[str, ...] = (), manifest: str | None = None
    ) -> None:
        for name, data in sealed.objects.items():
            if name not in leave_out:
                self.put(f"{name}.age", data)
        self.put(f"{manifest or sealed.manifest_object}.manifest.age", sealed.manifest_bytes)

    def intake(self, disk: Disk | None = None) -> Intake:
        return Intake(
            self.root / "box",
            self.library,
            self.films,
            self.keys,
            publish=self.publish_films,
            quiet_s=self.quiet_s,
            now_s=(lambda: self.now_s) if self.now_s else time.time,
            disk=disk,
        )

    def work(self, disk: Disk | None = None) -> list[Outcome]:
        return self.intake(disk).pass_once()

    def receipt(self, manifest_object: str) -> Receipt:
        path = self.receipts / f"{manifest_object}.receipt.json"
        assert path.stat().st_mode & 0o777 == 0o444
        return read_receipt(path.read_bytes(), self.keys.signing_key.public_key())

    def film_files(self) -> list[Path]:
        return sorted(each for each in self.films.glob("*") if each.name != MARK)

    def left(self) -> list[str]:
        return sorted(path.name for path in self.inbox.iterdir())


def lock_quickly(plain: bytes, passphrase: str) -> bytes:
    """Lock with hardly any work in it: tests are many."""
    return lock(plain, passphrase, log2_rounds=2)


@pytest.fixture(scope="session")
def coach_keys() -> UnlockedKeys:
    return UnlockedKeys(pyrage.x25519.Identity.generate(), Ed25519PrivateKey.generate())


@pytest.fixture
def coach(tmp_path: Path, coach_keys: UnlockedKeys) -> Coach:
    made = Coach(tmp_path, coach_keys)
    made.inbox.mkdir(parents=True)
    made.receipts.mkdir()
    return made
