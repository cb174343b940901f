"""``leerblik keys``: the keys of a device and of the school; public halves are shown, private ones never."""

from __future__ import annotations

import argparse
import base64
import getpass
import hashlib
import os
import sys
from pathlib import Path

import pyrage
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_ssh_private_key,
)

from device import config
from device.domain.errors import LeerblikError, Permanent, Refused, Temporary
from device.domain.passphrase import check_new_passphrase

SUMMARY = "make and show keys: of this device (SSH) and of the school (recovery)"
_HOW = """This line goes onto the coach's machine, into /etc/ssh/leerblik-dropbox/BOX, where BOX is this device's
account there (sync.user); deploy/sshd/README.md says how. The private half is in {path} and stays here.
On a device: systemctl restart leerblik-sync, which is handed the key when it starts."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    device = actions.add_parser(
        "device", help="make this device's SSH key, with which it logs in at the coach's machine"
    )
    device.add_argument(
        "--out", metavar="FILE", help="where to put it (default: sync.key_file of the configuration)"
    )
    recovery = actions.add_parser(
        "recovery", help="make the school's recovery key, protected with a passphrase"
    )
    recovery.add_argument(
        "--out", metavar="FILE", required=True, help="where to put it; then store it in a safe"
    )
    show = actions.add_parser("show", help="print the public keys that this configuration uses")
    for sub in (device, show):
        sub.add_argument("--config", metavar="FILE", help=f"configuration (default {config.DEFAULT_PATH})")
    parser.epilog = "The coach's own keys are made on the coach's machine: leerblik inbox keys"


def run(arguments: argparse.Namespace) -> int:
    """Carry out the action."""
    if arguments.action == "device":
        path = Path(arguments.out or config.load(arguments.config).table("sync")["key_file"])
        # As it stands in the file: without "restrict" OpenSSH would allow more than a drop box needs.
        print(f"restrict {make_device_key(path)}")
        print(_HOW.format(path=path), file=sys.stderr)
    elif arguments.action == "recovery":
        print(_make_recovery_key(Path(arguments.out)))
        print("Set this as coach.recovery_recipient on every device.", file=sys.stderr)
    else:
        _show(config.load(arguments.config))
    return 0


def make_device_key(path: Path) -> str:
    """Make an Ed25519 SSH key and return its public line; never overwrites one."""
    key = Ed25519PrivateKey.generate()
    _write_new(path, key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    return _public_line(key)


def _make_recovery_key(path: Path) -> str:
    first = getpass.getpass("Passphrase for the recovery key: ")
    check_new_passphrase(first)
    if first != getpass.getpass("Once more: "):
        raise Refused("the two passphrases differ; nothing was made")
    identity = pyrage.x25519.Identity.generate()
    text = f"# public key: {identity.to_public()}\n{identity}\n"
    _write_new(path, pyrage.passphrase.encrypt(text.encode(), first))
    return str(identity.to_public())


def _write_new(path: Path, data: bytes) -> None:
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise Refused(f"{path} exists already and is not overwritten; move it away if you are sure") from None
    except OSError as error:
        raise Temporary(f"{path} cannot be written: {error.strerror}") from None
    with os.fdopen(fd, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _show(settings: config.Config) -> None:
    coach, sync = settings.table("coach"), settings.table("sync")
    rows = [
        ("coach (reads footage)", coach["recipient"] or "missing: nothing can be recorded"),
        ("recovery (reads footage)", coach["recovery_recipient"] or "none"),
        ("receipts (signed with)", coach["receipt_key"] or "missing: nothing can be delivered"),
        (
            "server (host key)",
            fingerprint(sync["host_key"]) if sync["host_key"] else "missing: nothing can be sent",
        ),
        ("this device (logs in with)", _device_line(Path(sync["key_file"]))),
    ]
    for name, value in rows:
        print(f"{name:28} {value}")


def fingerprint(public_line: str) -> str:
    """Return the SHA256 fingerprint of an SSH public key, as ``ssh-keygen -l`` prints it."""
    try:
        digest = hashlib.sha256(base64.b64decode(public_line.split()[1], validate=True)).digest()
    except (IndexError, ValueError):
        raise Permanent("an SSH public key looks like 'ssh-ed25519 AAAA...'") from None
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def _device_line(path: Path) -> str:
    try:
        key = load_ssh_private_key(path.read_bytes(), None)
    except FileNotFoundError:
        return f"missing: make it with 'leerblik keys device' ({path})"
    except (OSError, ValueError) as error:
        return f"unreadable: {error}"
    if not isinstance(key, Ed25519PrivateKey):
        raise LeerblikError(f"{path} is not an Ed25519 key; make one with 'leerblik keys device'")
    return _public_line(key)


def _public_line(key: Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
