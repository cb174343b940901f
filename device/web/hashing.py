"""Secrets that people choose, kept as argon2id: 19 MiB and two rounds each, one at a time.

One at a time, because eight threads would otherwise take eight times the memory; and only few may stand in
line, because whoever waits there keeps a thread from answering everybody else.
"""

from __future__ import annotations

import contextlib
import ctypes
import secrets
import threading
import unicodedata
from collections.abc import Iterator

from device.domain.errors import Busy
from device.web.phrases import N_

# OWASP's second choice for argon2id, for machines with little memory (Password Storage Cheat Sheet).
MEMORY_KIB = 19 * 1024
ROUNDS = 2
_LANES = 1
_HASH_BYTES = 32
_SALT_BYTES = 16
_AT_ONCE = 3
_PATIENCE_S = 5.0
_M_MMAP_THRESHOLD = -3  # malloc.h


class Hasher:
    """Hashes and verifies; Busy when too many do at once."""

    def __init__(self, memory_kib: int = MEMORY_KIB) -> None:
        """``memory_kib`` is smaller only in tests."""
        self._memory_kib = memory_kib
        self._one = threading.Lock()
        self._few = threading.BoundedSemaphore(_AT_ONCE)
        self._nobody_s: str | None = None

    def hash(self, secret: str) -> str:
        """Return a secret's hash, with its salt and costs in it."""
        return self._hash(secret, secrets.token_bytes(_SALT_BYTES)).decode()

    def verify(self, known: str | None, secret: str) -> bool:
        """Tell whether it is the secret. Without a known hash it takes as long, and is never right."""
        from argon2.exceptions import InvalidHashError, VerificationError
        from argon2.low_level import Type, verify_secret

        if self._nobody_s is None:
            self._nobody_s = self.hash(secrets.token_urlsafe(32))
        with self._alone():
            try:
                right = verify_secret((known or self._nobody_s).encode(), _bytes(secret), Type.ID)
            except (VerificationError, InvalidHashError):
                return False
        return right and known is not None

    def fingerprint(self, secret: str, salt: str) -> str:
        """Return a hash that is the same each time, to find a code by; ``salt`` in hexadecimal."""
        return self._hash(secret, bytes.fromhex(salt)).decode()

    def _hash(self, secret: str, salt: bytes) -> bytes:
        from argon2.low_level import Type, hash_secret

        with self._alone():
            return hash_secret(_bytes(secret), salt, ROUNDS, self._memory_kib, _LANES, _HASH_BYTES, Type.ID)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        if not self._few.acquire(timeout=0):
            raise Busy(N_("Many people are logging in at this moment; try again in a few seconds."))
        try:
            if not self._one.acquire(timeout=_PATIENCE_S):
                raise Busy(N_("Many people are logging in at this moment; try again in a few seconds."))
            try:
                yield
            finally:
                self._one.release()
        finally:
            self._few.release()


def keep_large_blocks_apart() -> None:
    """Let the C library return each hash's memory at once, instead of keeping 19 MiB for every thread.

    glibc raises its limit for blocks of their own with each large block that is freed, unless it is told
    one (mallopt(3)). Does nothing where the C library has no mallopt.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, 1 << 20)


def new_salt() -> str:
    """Return a salt in hexadecimal."""
    return secrets.token_hex(_SALT_BYTES)


def _bytes(secret: str) -> bytes:
    # The same letters are the same secret, whichever keyboard typed them.
    return unicodedata.normalize("NFKC", secret).encode("utf-8", "surrogatepass")
