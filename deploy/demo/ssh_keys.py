"""Ed25519 key pairs in OpenSSH's format, made without OpenSSH."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_ssh_private_key

from device.commands.keys import make_device_key


def make_ssh_key(path: Path) -> str:
    """Make a private key that only its owner can read, unless it exists; return the public line."""
    return public_line(path) if path.exists() else make_device_key(path)


def public_line(path: Path) -> str:
    """Return ``ssh-ed25519 AAAA…`` of a private key file."""
    key = load_ssh_private_key(path.read_bytes(), password=None)
    return key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
