"""The same contract on a folder: a disk that is plugged in, a network folder, or a demonstration."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from device.domain.errors import LeerblikError, Permanent, Refused, Temporary
from server_sync.push.transport.contract import Progress
from server_sync.push.transport.names import check_name
from server_sync.push.transport.source import blocks

_BLOCK_BYTES = 255 * 1024
_NEW_OBJECT = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


class LocalTransport:
    """Objects in ``root/inbox``, receipts in ``root/receipts``. Neither folder is ever made here.

    A missing folder is a disk that is not mounted (Temporary); making it would fill the wrong disk.
    """

    def __init__(self, root: Path) -> None:
        self._inbox = root / "inbox"
        self._receipts = root / "receipts"

    def put(self, name: str, source: BinaryIO, size_bytes: int, progress: Progress) -> None:
        """Create the object; see the contract."""
        check_name(name)
        with _said_plainly(self._inbox / name):
            descriptor = os.open(self._inbox / name, _NEW_OBJECT, 0o666)
            try:
                _write(descriptor, source, size_bytes, progress)
            finally:
                os.close(descriptor)
            _sync_directory(self._inbox)

    def read_receipt(self, name: str, limit_bytes: int) -> bytes | None:
        """Return a receipt, or None; see the contract."""
        check_name(name)
        with _said_plainly(self._receipts / name):
            # Without the folder there is no disk, which is not the same as no receipt.
            self._receipts.stat()
            try:
                descriptor = os.open(self._receipts / name, os.O_RDONLY | os.O_NOFOLLOW)
            except FileNotFoundError:
                return None
            with os.fdopen(descriptor, "rb") as file:
                content = file.read(limit_bytes + 1)
        if len(content) > limit_bytes:
            raise Permanent(f"receipt {name} is larger than {limit_bytes} bytes: it is not one of ours")
        return content

    def close(self) -> None:
        """Nothing is kept open."""


def _write(descriptor: int, source: BinaryIO, size_bytes: int, progress: Progress) -> None:
    written = 0
    progress(0)
    for data in blocks(source, size_bytes, _BLOCK_BYTES):
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        written += len(data)
        progress(written)
    os.fsync(descriptor)
    found_bytes = os.fstat(descriptor).st_size
    if found_bytes != size_bytes:
        raise Temporary(f"the disk holds {found_bytes} of {size_bytes} bytes: send it again under a new name")


def _sync_directory(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _said_plainly(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _sentence(path, error) from error


def _sentence(path: Path, error: OSError) -> LeerblikError:
    if error.errno == errno.EEXIST:
        return Permanent(f"object {path.name} exists already in {path.parent}: choose a new name")
    if error.errno in _FORBIDDEN:
        return Refused(f"{path} may not be touched ({error.strerror}): give this user permission")
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return Temporary(f"{path.parent} has no room left ({error.strerror}): free space on that disk")
    return Temporary(f"{path} cannot be reached ({error.strerror}): check that the disk is plugged in")
