"""Files that survive the plug being pulled: created exclusively, synced, hashed while they are written."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path


class DurableFile:
    """A new file that counts and hashes what is written; never reads it a second time.

    Raises FileExistsError when the name is taken, OSError when the card is full or gone.
    """

    def __init__(self, path: Path, mode: int = 0o640) -> None:
        self.path = path
        self.size_bytes = 0
        self._hash = hashlib.sha256()
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        try:
            os.fsync(self._fd)
            sync_folder(path.parent)
        except BaseException:
            os.close(self._fd)
            raise

    @property
    def sha256(self) -> str:
        """The hash of everything written so far, in hexadecimal."""
        return self._hash.hexdigest()

    def write(self, data: bytes) -> int:
        """Write all of the bytes."""
        view = memoryview(data)
        while view:
            written = os.write(self._fd, view)
            self._hash.update(view[:written])
            self.size_bytes += written
            view = view[written:]
        return len(data)

    def sync(self) -> None:
        """Put what was written so far on the card. Safe from another thread than the writer's."""
        fd = self._fd
        if fd >= 0:
            os.fdatasync(fd)

    def close(self) -> None:
        """Put everything on the card and close. Harmless twice."""
        fd, self._fd = self._fd, -1
        if fd < 0:
            return
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
        sync_folder(self.path.parent)


def replace_file(path: Path, data: bytes, mode: int = 0o640) -> None:
    """Put a small file in the place of the one before it: after a power cut it is whole, the old one or the new.

    OSError when the card does not take it; the old one stays then.
    """
    fresh = path.with_name(f".{path.name}.new")
    try:
        fresh.unlink(missing_ok=True)
        file = DurableFile(fresh, mode)
        try:
            file.write(data)
        finally:
            file.close()
        fresh.rename(path)
    except OSError:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Put the names in a folder on the card; a file without its name is lost as well."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def sync_file(path: Path) -> None:
    """Put a file that an earlier process wrote on the card, before anything is said about its bytes."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def hash_file(path: Path) -> tuple[int, str]:
    """Return size in bytes and SHA-256 of a file that an earlier process wrote."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
        return file.tell(), digest.hexdigest()
