"""Durable steps on disk: temporary, write, sync, rename, sync the folder; what is done is not half done."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from device.domain.errors import Temporary

_BLOCK_BYTES = 1 << 20
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EACCES}
# A symbolic link, something that is no file, or a file that somebody gave away: it can be removed all the same.
_NOT_OURS = {errno.ELOOP, errno.EACCES, errno.EPERM, errno.ENXIO, errno.EINVAL, errno.EROFS, errno.ENOENT}
SPARE_BYTES = 64 << 20


@contextmanager
def disk_errors(doing: str) -> Iterator[None]:
    """Turn an OSError into Temporary, with a sentence that says what was being done."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise Temporary(
                f"the disk of this machine is full while {doing}; make room, it is tried again"
            ) from error
        raise Temporary(
            f"{doing} failed: {error.strerror or error} ({error.filename or 'no name'})"
        ) from error


def is_full(error: Temporary) -> bool:
    """Tell whether :func:`disk_errors` raised this because there was no room."""
    return isinstance(error.__cause__, OSError) and error.__cause__.errno in _FULL


class Disk:
    """Every step that changes something and must survive a power cut goes through here.

    :meth:`step` is called before and after each; it does nothing, and a test can pull the plug in it.
    """

    def step(self, name: str) -> None:
        """Mark a point between two durable steps."""

    def sync_folder(self, folder: Path) -> None:
        """Put the names in a folder on disk."""
        self.step(f"sync {folder.name}")
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def sync_file(self, path: Path) -> None:
        """Put the content of a file on disk."""
        self.step(f"sync {path.name}")
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def write_new(self, path: Path, data: bytes, mode: int) -> None:
        """Write a new file and put its content on disk. FileExistsError when the name is taken."""
        self.step(f"write {path.name}")
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with os.fdopen(fd, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    def copy_new(self, source_fd: int, target: Path) -> tuple[int, str]:
        """Copy an open file to a new one of our own; return its size in bytes and its SHA-256.

        A copy and not a hard link: whoever sent the file may still hold it open, and what was verified
        must be what is kept.
        """
        self.step(f"copy {target.name}")
        digest = hashlib.sha256()
        size_bytes = 0
        fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "wb", buffering=0) as file:
            while block := os.read(source_fd, _BLOCK_BYTES):
                digest.update(block)
                size_bytes += len(block)
                write_all(file.fileno(), block)
            os.fsync(file.fileno())
        return size_bytes, digest.hexdigest()

    def publish_file(self, part: Path, final: Path) -> None:
        """Give a finished file its name. FileExistsError when the name is taken; nothing is replaced."""
        self.step(f"publish {final.name}")
        try:
            os.link(part, final)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            self._rename_new(part, final)
        else:
            self.step(f"published {final.name}")
            part.unlink()
        self.sync_folder(final.parent)

    def publish_folder(self, part: Path, final: Path) -> None:
        """Give a finished folder its name, at once and as a whole."""
        self.sync_folder(part)
        self.step(f"publish {final.name}")
        part.rename(final)
        self.sync_folder(final.parent)

    def remove(self, path: Path) -> None:
        """Remove a file. Harmless when it is gone."""
        self.step(f"remove {path.name}")
        path.unlink(missing_ok=True)

    def empty(self, path: Path) -> None:
        """Take the content out of a file, also for whoever holds it open, as far as we may write it."""
        self.step(f"empty {path.name}")
        try:
            fd = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            if error.errno not in _NOT_OURS:
                raise
            return
        try:
            os.ftruncate(fd, 0)
            os.fsync(fd)
        except OSError as error:
            if error.errno not in _NOT_OURS:
                raise
        finally:
            os.close(fd)

    def replace_file(self, part: Path, final: Path) -> None:
        """Give a finished file its name, in the place of the one before it if there is one."""
        self.step(f"replace {final.name}")
        part.rename(final)
        self.sync_folder(final.parent)

    def retire_folder(self, folder: Path, part: Path) -> None:
        """Take a folder of ours away: at once its name, then what is in it. Harmless when it is gone."""
        if folder.exists():
            self.step(f"retire {folder.name}")
            folder.rename(part)
            self.sync_folder(folder.parent)
        self.remove_folder(part)
        self.sync_folder(folder.parent)

    def remove_folder(self, path: Path) -> None:
        """Remove a folder of ours with everything in it. Harmless when it is gone."""
        if path.exists():
            self.step(f"remove {path.name}")
            shutil.rmtree(path)

    def _rename_new(self, part: Path, final: Path) -> None:
        # A file system without hard links (exFAT, some network shares). We hold the lock: one writer.
        if final.exists():
            raise FileExistsError(errno.EEXIST, "a file of this name exists", str(final))
        part.rename(final)


def write_all(fd: int, data: bytes) -> None:
    """Write all of the bytes to a descriptor."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def hash_file(file: BinaryIO) -> str:
    """Return the SHA-256 of the rest of an open file, in hexadecimal."""
    digest = hashlib.sha256()
    while block := file.read(_BLOCK_BYTES):
        digest.update(block)
    return digest.hexdigest()


def require_room(folder: Path, size_bytes: int) -> None:
    """Raise Temporary when a folder's disk has no room for so many bytes and a little to spare."""
    free_bytes = shutil.disk_usage(folder).free
    if free_bytes < size_bytes + SPARE_BYTES:
        raise Temporary(
            f"the disk of {folder} is full: {size_bytes >> 20} MiB are needed and {free_bytes >> 20} MiB "
            "are free; make room, it is tried again"
        )


def same_content(first: Path, second: Path) -> bool:
    """Tell whether two files hold the same bytes, with the memory of two blocks."""
    if first.stat().st_size != second.stat().st_size:
        return False
    with first.open("rb") as one, second.open("rb") as other:
        while block := one.read(_BLOCK_BYTES):
            if block != other.read(_BLOCK_BYTES):
                return False
    return True
