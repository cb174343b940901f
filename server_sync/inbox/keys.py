"""The coach's two keys: one opens recordings (age), one signs receipts (Ed25519).

On disk the first stands exactly as ``age-keygen | age -p`` would have written it, and the second is sealed
to the first: with the passphrase, and without Leerblik, ``age -d -i coach.key.age`` opens everything.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyrage
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from device.domain.errors import Permanent, Refused
from device.domain.receipt import public_key_text
from server_sync.inbox.disk import Disk, disk_errors
from server_sync.inbox.lock import lock

COACH_KEY = "coach.key.age"
COACH_PUBLIC = "coach.pub"
RECEIPT_KEY = "receipt.key.age"
RECEIPT_PUBLIC = "receipt.pub"
_MAX_KEY_FILE_BYTES = 64 << 10
_IDENTITY = re.compile(r"^AGE-SECRET-KEY-1[0-9A-Z]+$", re.MULTILINE)


@dataclass(frozen=True, slots=True, repr=False)
class UnlockedKeys:
    """Both private keys, in memory only."""

    identity: pyrage.x25519.Identity
    signing_key: Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class PublicKeys:
    """What a device must know: the age recipient, and the key that receipts are checked with."""

    recipient: str
    receipt_key: str


def make_coach_keys(folder: Path, passphrase: str) -> PublicKeys:
    """Make the coach's keys in a folder; Refused when there are any: keys are never overwritten."""
    if not passphrase:
        raise Refused("the passphrase is empty")
    with disk_errors("making the coach's keys"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in (COACH_KEY, COACH_PUBLIC, RECEIPT_KEY, RECEIPT_PUBLIC):
            if os.path.lexists(folder / name):
                raise Refused(
                    f"{folder / name} exists and is not overwritten; recordings may be sealed to it"
                )
        return _write_keys(folder, passphrase)


def unlock(folder: Path, passphrase: str) -> UnlockedKeys:
    """Open both keys. Refused when the passphrase is wrong, Permanent when a file is missing or damaged."""
    identity = _open_identity(folder / COACH_KEY, passphrase)
    path = folder / RECEIPT_KEY
    try:
        key = load_pem_private_key(pyrage.decrypt(_read(path), [identity]), password=None)
    except (pyrage.DecryptError, ValueError) as error:
        raise Permanent(f"{path} is damaged or belongs to another {COACH_KEY}: {error}") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise Permanent(f"{path} does not hold an Ed25519 key")
    return UnlockedKeys(identity, key)


def _write_keys(folder: Path, passphrase: str) -> PublicKeys:
    identity = pyrage.x25519.Identity.generate()
    recipient = identity.to_public()
    signing_key = Ed25519PrivateKey.generate()
    pem = signing_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = PublicKeys(str(recipient), public_key_text(signing_key.public_key()))
    disk = Disk()
    sealed = lock(_identity_file(identity), passphrase)
    disk.write_new(folder / COACH_KEY, sealed, 0o600)
    disk.write_new(folder / RECEIPT_KEY, pyrage.encrypt(pem, [recipient]), 0o600)
    disk.write_new(folder / COACH_PUBLIC, f"{public.recipient}\n".encode(), 0o644)
    disk.write_new(folder / RECEIPT_PUBLIC, f"{public.receipt_key}\n".encode(), 0o644)
    disk.sync_folder(folder)
    return public


def _identity_file(identity: pyrage.x25519.Identity) -> bytes:
    created = datetime.now(UTC).isoformat(timespec="seconds")
    return f"# created: {created}\n# public key: {identity.to_public()}\n{identity}\n".encode()


def _open_identity(path: Path, passphrase: str) -> pyrage.x25519.Identity:
    sealed = _read(path)
    try:
        text = pyrage.passphrase.decrypt(sealed, passphrase).decode()
        return pyrage.x25519.Identity.from_str(_IDENTITY.findall(text)[0])
    except pyrage.DecryptError as error:
        if str(error) == "Decryption failed":
            raise Refused(f"the passphrase does not open {path}") from None
        raise Permanent(f"{path} is not a key file that 'age -p' wrote: {error}") from None
    except (pyrage.IdentityError, IndexError, UnicodeDecodeError):
        raise Permanent(f"{path} opens, but holds no age identity") from None


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_MAX_KEY_FILE_BYTES)
    except FileNotFoundError:
        raise Permanent(f"{path} is missing; make the coach's keys with 'leerblik inbox keys'") from None
    except OSError as error:
        raise Permanent(f"{path} cannot be read: {error.strerror}") from None
