"""A push writer of the age v1 format (https://age-encryption.org/v1): what goes in is readable by keys only.

``pyrage.encrypt_io`` pulls from a reader and decides itself when a chunk is full; a recording must
decide that itself, so that what was filmed a second ago is on the card and not in a buffer. Its output
is tested against pyrage and the ``age`` command, which read it.
"""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Sequence
from typing import Protocol

from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from device.domain.errors import Permanent
from device.footage.bech32 import read_key

# What a sealed object's file name ends with.
SUFFIX = ".age"
CHUNK_BYTES = 64 * 1024
TAG_BYTES = 16


class ByteSink(Protocol):
    """Anything that takes bytes in order."""

    def write(self, data: bytes, /) -> object:
        """Take all of the bytes."""
        ...


def read_recipient(text: str) -> X25519PublicKey:
    """Return the public key in an ``age1…`` recipient; Permanent when it is not one (checksum included)."""
    key = read_key(text, "age")
    if key is None:
        raise Permanent(f"{_quoted(text)} is not an age recipient; it looks like age1… with 62 characters")
    return X25519PublicKey.from_public_bytes(key)


def _quoted(text: str) -> str:
    """Return the text for a message; a secret key that was pasted here by mistake must not reach a log."""
    text = text.strip()
    return "a secret key" if text.upper().startswith("AGE-SECRET-KEY-") else f"'{text[:80]}'"


class SealedWriter:
    """Encrypts what is written to several recipients, chunk by chunk, into a sink.

    Not safe for use from two threads. Memory is one chunk of 64 KiB, whatever the length.
    """

    def __init__(self, sink: ByteSink, recipients: Sequence[X25519PublicKey]) -> None:
        if not recipients:
            raise Permanent("footage is sealed to at least one recipient; none is configured")
        self._sink = sink
        self._pending = bytearray()
        self._counter = 0
        file_key = os.urandom(16)
        nonce = os.urandom(16)
        self._cipher = ChaCha20Poly1305(_derive(file_key, nonce, b"payload"))
        sink.write(_header(file_key, recipients) + nonce)

    @property
    def pending_bytes(self) -> int:
        """Bytes that wait in memory for their chunk to fill; they are lost when the process dies."""
        return len(self._pending)

    def write(self, data: bytes) -> int:
        """Take bytes; whole chunks go to the sink once it is known that something follows them."""
        self._pending += data
        while len(self._pending) > CHUNK_BYTES:
            self._emit(CHUNK_BYTES, last=False)
        return len(data)

    def flush_full_chunk(self) -> None:
        """Send a chunk that is exactly full. The caller promises that at least one byte follows."""
        if len(self._pending) == CHUNK_BYTES:
            self._emit(CHUNK_BYTES, last=False)

    def close(self) -> None:
        """Write the final chunk; after this the object is whole and cannot be truncated unnoticed."""
        if not self._pending and self._counter:
            raise ValueError("the format has no empty final chunk; write at least one byte after a flush")
        self._emit(len(self._pending), last=True)

    def _emit(self, size: int, *, last: bool) -> None:
        nonce = self._counter.to_bytes(11, "big") + bytes([last])
        self._counter += 1
        self._sink.write(self._cipher.encrypt(nonce, bytes(self._pending[:size]), None))
        del self._pending[:size]


def seal_bytes(data: bytes, recipients: Sequence[X25519PublicKey]) -> bytes:
    """Return a small thing sealed."""
    sink = io.BytesIO()
    sealed = SealedWriter(sink, recipients)
    sealed.write(data)
    sealed.close()
    return sink.getvalue()


def _header(file_key: bytes, recipients: Sequence[X25519PublicKey]) -> bytes:
    lines = [b"age-encryption.org/v1"]
    for recipient in recipients:
        lines += _stanza(file_key, recipient)
    head = b"\n".join(lines) + b"\n---"
    mac = hmac.HMAC(_derive(file_key, b"", b"header"), hashes.SHA256())
    mac.update(head)
    return head + b" " + _base64(mac.finalize()) + b"\n"


def _stanza(file_key: bytes, recipient: X25519PublicKey) -> list[bytes]:
    ephemeral = X25519PrivateKey.generate()
    share = ephemeral.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    salt = share + recipient.public_bytes(Encoding.Raw, PublicFormat.Raw)
    wrap_key = _derive(ephemeral.exchange(recipient), salt, b"age-encryption.org/v1/X25519")
    body = ChaCha20Poly1305(wrap_key).encrypt(bytes(12), file_key, None)
    return [b"-> X25519 " + _base64(share), _base64(body)]


def _derive(secret: bytes, salt: bytes, info: bytes) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt, info).derive(secret)


def _base64(data: bytes) -> bytes:
    return base64.b64encode(data).rstrip(b"=")
