"""Any part of a sealed object, without reading what lies before it.

The age format seals chunks of 64 KiB, each by itself (https://age-encryption.org/v1, STREAM), so a part in the
middle costs its own chunks only. Every chunk's tag is checked before one byte of it leaves here.
"""

from __future__ import annotations

import base64
import binascii
import itertools
import os
from collections.abc import Iterator
from pathlib import Path

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from device.domain.errors import Permanent, Refused, Temporary
from device.footage.seal import CHUNK_BYTES, TAG_BYTES

_SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES
_INTRO = b"age-encryption.org/v1"
_MAX_HEADER_BYTES = 1 << 14
_KEY_BYTES = 16
_NONCE_BYTES = 16


class SealedFile:
    """The plaintext of one object. Safe from any thread: it keeps no file open and no plaintext.

    Refused: sealed to other keys. Permanent: damaged, or gone since. Temporary: the card does not answer.
    """

    def __init__(self, path: Path, identity: X25519PrivateKey) -> None:
        self._path = path
        self.sealed_bytes = self._measure()
        header, self._payload_at, nonce = self._header()
        self._cipher = ChaCha20Poly1305(_derive(_open(header, identity, path.stem), nonce, b"payload"))
        payload_bytes = self.sealed_bytes - self._payload_at
        self._chunks = -(-payload_bytes // _SEALED_CHUNK_BYTES)
        self._ends = True
        #: Size of the plaintext. Of an object that was cut off, call :meth:`keep_whole` first.
        self.size_bytes = payload_bytes - TAG_BYTES * self._chunks
        if self.size_bytes < 0:
            self.size_bytes = self._chunks = 0

    def keep_whole(self) -> None:
        """Count only what can be read: for an object that was cut off while it was written.

        Reads all of it, once; a power failure may leave more than the last chunk unreadable.
        """
        self._ends = False
        chunks, self._chunks, self.size_bytes = self._chunks, 0, 0
        for index in range(chunks):
            sealed = self._pread(self._payload_at + index * _SEALED_CHUNK_BYTES, _SEALED_CHUNK_BYTES)
            plain = self._try(index, sealed, last=False) if len(sealed) == _SEALED_CHUNK_BYTES else None
            if plain is None:
                plain = self._try(index, sealed, last=True)
                self._ends = plain is not None
            if plain is None:
                return
            self._chunks += 1
            self.size_bytes += len(plain)
            if self._ends:
                return

    def read(self, from_byte: int, to_byte: int) -> Iterator[bytes]:
        """Yield the bytes from one place up to another, in pieces of at most 64 KiB."""
        to_byte = min(to_byte, self.size_bytes)
        while from_byte < to_byte:
            index, skipped = divmod(from_byte, CHUNK_BYTES)
            piece = self.chunk(index)[skipped : skipped + to_byte - from_byte]
            from_byte += len(piece)
            yield piece

    def chunk(self, index: int) -> bytes:
        """Return one chunk of the plaintext."""
        sealed = self._pread(self._payload_at + index * _SEALED_CHUNK_BYTES, _SEALED_CHUNK_BYTES)
        plain = self._try(index, sealed, last=self._ends and index == self._chunks - 1)
        if plain is None:
            raise Permanent(
                f"the segment {self._path.stem} is damaged, so the recording plays up to there only"
            )
        return plain

    def _try(self, index: int, sealed: bytes, *, last: bool) -> bytes | None:
        try:
            return self._cipher.decrypt(index.to_bytes(11, "big") + bytes([last]), sealed, None)
        except InvalidTag:
            return None

    def _header(self) -> tuple[list[bytes], int, bytes]:
        """Return the header's lines, where the payload begins, and its nonce."""
        head = self._pread(0, _MAX_HEADER_BYTES)
        mark = head.find(b"\n--- ")
        end = head.find(b"\n", mark + 1) + 1 if mark >= 0 else 0
        nonce = head[end : end + _NONCE_BYTES]
        if not head.startswith(_INTRO + b"\n") or not end or len(nonce) < _NONCE_BYTES:
            raise Permanent(
                f"the segment {self._path.stem} is no sealed object, or only the beginning of one"
            )
        return head[: end - 1].split(b"\n"), end + _NONCE_BYTES, nonce

    def _measure(self) -> int:
        try:
            return self._path.stat().st_size
        except FileNotFoundError:
            raise self._gone() from None
        except OSError as error:
            raise self._unanswered(error) from None

    def _pread(self, at_byte: int, size_bytes: int) -> bytes:
        try:
            fd = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                return os.pread(fd, size_bytes, at_byte)
            finally:
                os.close(fd)
        except FileNotFoundError:
            raise self._gone() from None
        except OSError as error:
            raise self._unanswered(error) from None

    def _gone(self) -> Permanent:
        return Permanent(f"the segment {self._path.stem} is not on this device, or not any more")

    def _unanswered(self, error: OSError) -> Temporary:
        return Temporary(f"the segment {self._path.stem} cannot be read from the card: {error.strerror}")


def _open(header: list[bytes], identity: X25519PrivateKey, what: str) -> bytes:
    """Return the file key, once the header is proven to be the one that was written with it."""
    key = _file_key(header, identity)
    if key is None:
        raise Refused(
            f"{what} is not sealed to the review key of this boot: the device was restarted since it was "
            "recorded, and it can be watched here no more"
        )
    check = hmac.HMAC(_derive(key, b"", b"header"), hashes.SHA256())
    check.update(b"\n".join([*header[:-1], b"---"]))
    try:
        check.verify(_base64(header[-1].removeprefix(b"--- ")))
    except (InvalidSignature, ValueError):
        raise Permanent(f"the segment {what} is damaged in its header") from None
    return key


def _file_key(header: list[bytes], identity: X25519PrivateKey) -> bytes | None:
    mine = identity.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    for line, body in itertools.pairwise(header):
        if not line.startswith(b"-> X25519 "):
            continue
        try:
            share = _base64(line.removeprefix(b"-> X25519 "))
            secret = identity.exchange(X25519PublicKey.from_public_bytes(share))
            wrap_key = _derive(secret, share + mine, b"age-encryption.org/v1/X25519")
            key = ChaCha20Poly1305(wrap_key).decrypt(bytes(12), _base64(body), None)
        except (InvalidTag, ValueError):
            continue  # somebody else's
        if len(key) == _KEY_BYTES:
            return key
    return None


def _base64(text: bytes) -> bytes:
    try:
        return base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        return b""


def _derive(secret: bytes, salt: bytes, info: bytes) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt, info).derive(secret)
