"""Locks a small file with a passphrase exactly as ``age -p`` does, at a cost that does not depend on the machine.

pyrage chooses the cost by timing: keys that a fast machine made need a gigabyte of memory to open, which a
small one does not have.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

# 128 MiB and about half a second: https://www.rfc-editor.org/rfc/rfc7914 with r = 8, p = 1.
LOG2_ROUNDS = 17
_MOST_BYTES = 64 * 1024


def lock(plain: bytes, passphrase: str, *, log2_rounds: int = LOG2_ROUNDS) -> bytes:
    """Return an age object that the passphrase opens (https://age-encryption.org/v1, "scrypt recipient")."""
    if len(plain) > _MOST_BYTES:
        raise ValueError("only what fits in one chunk is locked here")
    salt, file_key, nonce = os.urandom(16), os.urandom(16), os.urandom(16)
    wrapping = hashlib.scrypt(
        passphrase.encode(),
        salt=b"age-encryption.org/v1/scrypt" + salt,
        n=1 << log2_rounds,
        r=8,
        p=1,
        maxmem=(1 << log2_rounds) * 8 * 128 + (1 << 20),
        dklen=32,
    )
    body = ChaCha20Poly1305(wrapping).encrypt(bytes(12), file_key, None)
    stanza = b"-> scrypt " + _base64(salt) + f" {log2_rounds}\n".encode() + _base64(body)
    header = b"age-encryption.org/v1\n" + stanza + b"\n---"
    mac = hmac.digest(_derive(file_key, b"", b"header"), header, "sha256")
    stream = ChaCha20Poly1305(_derive(file_key, nonce, b"payload"))
    return header + b" " + _base64(mac) + b"\n" + nonce + stream.encrypt(bytes(11) + b"\x01", plain, None)


def _derive(key: bytes, salt: bytes, purpose: bytes) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt or None, purpose).derive(key)


def _base64(data: bytes) -> bytes:
    return base64.b64encode(data).rstrip(b"=")
