"""Signatures that ``ssh-keygen -Y verify`` checks: OpenSSH's format, as its PROTOCOL.sshsig describes it.

Made here rather than by ssh-keygen itself: a device need not have it, and the key never becomes an argument.
"""

from __future__ import annotations

import base64
import hashlib
import struct
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_ssh_private_key

NAMESPACE = "leerblik-wipe"
_MAGIC = b"SSHSIG"
_VERSION = 1
_HASH = "sha512"
_KIND = b"ssh-ed25519"
_LINE = 70
_MOST_BYTES = 16 * 1024


class Signer:
    """One Ed25519 key in memory."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    @property
    def public_line(self) -> str:
        """The public half as it stands in an ``authorized_keys`` file."""
        return self._key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()

    def sign(self, message: bytes) -> bytes:
        """Return the armoured signature of a message, for the namespace ``leerblik-wipe``."""
        what = _texts(NAMESPACE.encode(), b"", _HASH.encode())
        digest = hashlib.sha512(message).digest()
        signature = self._key.sign(_MAGIC + what + _texts(digest))
        public = _texts(_KIND, self._key.public_key().public_bytes_raw())
        blob = _MAGIC + struct.pack(">I", _VERSION) + _texts(public) + what + _texts(_texts(_KIND, signature))
        text = base64.b64encode(blob).decode()
        lines = [text[at : at + _LINE] for at in range(0, len(text), _LINE)]
        return "\n".join(
            ["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""]
        ).encode()


def read_signer(path: Path) -> tuple[Signer | None, str]:
    """Return this device's key, or None and why there is none to sign with."""
    try:
        with path.open("rb") as file:
            key = load_ssh_private_key(file.read(_MOST_BYTES), None)
    except FileNotFoundError:
        return None, f"there is no SSH key in {path}"
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        return None, f"the SSH key in {path} cannot be read ({type(error).__name__})"
    if not isinstance(key, Ed25519PrivateKey):
        return None, f"the SSH key in {path} is no Ed25519 key"
    return Signer(key), ""


def _texts(*texts: bytes) -> bytes:
    """Return texts as SSH writes them: each after its length."""
    return b"".join(struct.pack(">I", len(text)) + text for text in texts)
