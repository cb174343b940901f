"""Opens sealed objects in a stream: constant memory, and no plaintext on disk."""

from __future__ import annotations

import io
import os
import threading
from types import TracebackType
from typing import BinaryIO, Self

import pyrage

from device.domain.errors import Permanent, Temporary

_BLOCK_BYTES = 1 << 16
# An age header is some hundred bytes per recipient; a file that is shorter than its own header was cut off.
_MAX_HEADER_BYTES = 1 << 16
_NONCE_BYTES = 16
_NO_KEY = "No matching keys found"


def unseal_bytes(sealed: bytes, identity: pyrage.x25519.Identity, what: str) -> bytes:
    """Return what is in a small sealed object; Permanent when it is damaged or sealed to another key."""
    try:
        plain: bytes = pyrage.decrypt(sealed, [identity])
    except pyrage.DecryptError as error:
        raise _permanent(what, error) from None
    return plain


class Unsealed:
    """The plaintext of one sealed object as something to read from.

    ``tolerant`` is for an object that was cut off while it was written: :meth:`finish` then sets
    ``truncated`` and keeps quiet, and what was whole has been read. Otherwise it raises Permanent.
    The source is closed at the end. Not safe for use from two threads.
    """

    def __init__(
        self, source: BinaryIO, identity: pyrage.x25519.Identity, what: str, *, tolerant: bool
    ) -> None:
        self._source = _Source(source)
        self._identity = identity
        self._what = what
        self._tolerant = tolerant
        self._error: Exception | None = None
        self.truncated = False
        read_fd, write_fd = os.pipe()
        self._reader = os.fdopen(read_fd, "rb", buffering=0)
        self._writer = os.fdopen(write_fd, "wb", buffering=0)
        self._thread = threading.Thread(target=self._decrypt, name="unseal", daemon=True)
        self._thread.start()

    def read(self, size_bytes: int = -1) -> bytes:
        """Return the next bytes; none at the end, or where the damage begins."""
        return self._reader.read(size_bytes) or b""

    def finish(self) -> None:
        """Read what is left and judge the whole. Permanent: damaged. Temporary: the disk failed."""
        while self._reader.read(_BLOCK_BYTES):
            pass
        self._thread.join()
        if self._error is not None:
            self._judge(self._error)

    def close(self) -> None:
        """Let everything go, read or not. Harmless twice."""
        self._reader.close()
        self._thread.join()
        self._source.file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _decrypt(self) -> None:
        try:
            pyrage.decrypt_io(self._source, self._writer, [self._identity])
        except (pyrage.DecryptError, OSError) as error:
            self._error = error
        finally:
            self._writer.close()

    def _judge(self, error: Exception) -> None:
        if self._source.error is not None:
            raise Temporary(f"{self._what} cannot be read from disk: {self._source.error}") from None
        cut_off = not isinstance(error, pyrage.DecryptError) or not self._header_is_whole()
        if not self._tolerant or not cut_off:
            raise _permanent(self._what, error) from None
        self.truncated = True

    def _header_is_whole(self) -> bool:
        _, mark, rest = self._source.head.partition(b"\n--- ")
        return bool(mark) and len(rest.partition(b"\n")[2]) >= _NONCE_BYTES


class _Source:
    """Hands a file to the decryption and remembers what it must not confuse with damage."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.head = b""
        self.error: OSError | None = None

    def read(self, size_bytes: int = -1) -> bytes:
        try:
            data = self.file.read(size_bytes)
        except OSError as error:
            self.error = error
            raise
        if len(self.head) < _MAX_HEADER_BYTES:
            self.head += data[: _MAX_HEADER_BYTES - len(self.head)]
        return data

    def seek(self, *_: int) -> int:
        raise io.UnsupportedOperation("a sealed object is read from its beginning to its end")


def _permanent(what: str, error: Exception) -> Permanent:
    if str(error) == _NO_KEY:
        return Permanent(f"{what} is not sealed to this coach's key; check the recipient on the device")
    return Permanent(f"{what} is damaged and does not open: {error}")
