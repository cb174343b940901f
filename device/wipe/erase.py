"""Empties folders: follows no link, crosses no mount, and goes on past what it cannot remove."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW
_ZEROS = bytes(64 * 1024)
# Nothing of ours lies deeper; somebody else's folders in each other must not break this process. What lies deeper is
# moved up, and emptied in the next round.
_DEEPEST = 40
# Of a larger file the beginning is enough: nobody may keep this at work by giving us a disk full of zeros to write.
_MOST_OVERWRITTEN_BYTES = 1 << 20
_BLOCK_BYTES = 512  # of st_blocks, whatever the file system's own blocks are


@dataclass(frozen=True, slots=True)
class Left:
    """Something that is still there, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Count:
    """Files (also links and the like) and their sizes; folders are not counted."""

    files: int = 0
    size_bytes: int = 0


@dataclass(slots=True)
class Emptied:
    """What came of it: how many files were overwritten first, and what could not be removed."""

    overwritten: int = 0
    left: list[Left] = field(default_factory=list)


def is_meant(name: str, only: str) -> bool:
    """Tell whether a name in a folder is ours to remove; ``only`` "" means that everything is."""
    return name.lstrip(".").startswith(only)


def count(folder: Path, only: str = "") -> Count:
    """Count what is in a folder; one that is not there, or cannot be read, holds nothing that can be counted."""
    files = size_bytes = 0
    for _path, info in walk(folder, only):
        if not stat.S_ISDIR(info.st_mode):
            files += 1
            size_bytes += info.st_size if stat.S_ISREG(info.st_mode) else 0
    return Count(files, size_bytes)


def look_again(folder: Path, only: str = "") -> list[Left]:
    """Return everything that is in a folder that was emptied, folders too; nothing is what it should be."""
    found = [Left(str(path), "it is there still") for path, _info in walk(folder, only)]
    try:
        next(folder.iterdir(), None)
    except FileNotFoundError:
        return []
    except OSError as error:
        found.append(Left(str(folder), error.strerror or str(error)))
    if folder.is_symlink():
        found.append(Left(str(folder), "this is a link, which is not followed"))
    return found


def walk(folder: Path, only: str = "") -> Iterator[tuple[Path, os.stat_result]]:
    """Yield everything in a folder, itself not; no link is followed, and what cannot be read is passed over."""
    waiting = [] if folder.is_symlink() else [folder]
    while waiting:
        here = waiting.pop()
        with contextlib.suppress(OSError):
            for path in sorted(here.iterdir()):
                if here == folder and not is_meant(path.name, only):
                    continue
                info = path.lstat()
                yield path, info
                if stat.S_ISDIR(info.st_mode):
                    waiting.append(path)


def empty(folder: Path, *, secret: bool, only: str = "") -> Emptied:
    """Remove what is meant in a folder (:func:`is_meant`); it stays itself. Harmless when it is not there.

    ``secret``: files are overwritten first. That is certain on a disk; flash keeps what it pleases until it is told
    that the blocks are free, and may keep it even then.
    """
    done = Emptied()
    try:
        fd = os.open(folder, _FOLDER)
    except FileNotFoundError:
        return done
    except OSError as error:
        # ELOOP or ENOTDIR: somebody put a link in its place. What it points to is none of ours.
        done.left.append(Left(str(folder), error.strerror or str(error)))
        return done
    try:
        while _Round(fd, folder, done, secret=secret, only=only).moved_up:
            done.left.clear()  # the next round sees it again
    finally:
        os.close(fd)
    return done


def remove_file(path: Path) -> Emptied:
    """Remove one file, overwritten first; harmless when it is not there."""
    done = Emptied()
    try:
        fd = os.open(path.parent, _FOLDER)
    except FileNotFoundError:
        return done
    except OSError as error:
        done.left.append(Left(str(path), error.strerror or str(error)))
        return done
    try:
        _remove(fd, path.name, path, done, secret=True)
        os.fsync(fd)
    finally:
        os.close(fd)
    return done


class _Round:
    """Goes through a folder once; ``moved_up`` says whether something lay so deep that there must be another round."""

    def __init__(self, top: int, folder: Path, done: Emptied, *, secret: bool, only: str) -> None:
        self._top = top
        self._device = os.fstat(top).st_dev
        self._done = done
        self._secret = secret
        self._only = only
        self.moved_up = False
        self._empty(top, folder, 0)

    def _empty(self, fd: int, folder: Path, depth: int) -> None:
        try:
            for name in os.listdir(fd):
                if depth or is_meant(name, self._only):
                    self._remove_any(fd, name, folder / name, depth)
            os.fsync(fd)
        except OSError as error:
            self._leave(folder, error)

    def _remove_any(self, fd: int, name: str, path: Path, depth: int) -> None:
        try:
            info = os.stat(name, dir_fd=fd, follow_symlinks=False)
            if not stat.S_ISDIR(info.st_mode):
                _remove(fd, name, path, self._done, secret=self._secret)
            elif info.st_dev != self._device:
                self._done.left.append(Left(str(path), "another file system is mounted here"))
            elif depth >= _DEEPEST:
                self._move_up(fd, name)
            else:
                self._remove_folder(fd, name, path, depth)
        except FileNotFoundError:
            return
        except OSError as error:
            self._leave(path, error)

    def _remove_folder(self, fd: int, name: str, path: Path, depth: int) -> None:
        inner = os.open(name, _FOLDER, dir_fd=fd)
        before = len(self._done.left)
        try:
            self._empty(inner, path, depth + 1)
        finally:
            os.close(inner)
        # Named already is what is left in it.
        if len(self._done.left) == before:
            os.rmdir(name, dir_fd=fd)

    def _move_up(self, fd: int, name: str) -> None:
        """Give it a name in the first folder that nobody can have given to something else there."""
        fresh = f"{self._only}deep-{secrets.token_hex(16)}"
        os.rename(name, fresh, src_dir_fd=fd, dst_dir_fd=self._top)
        self.moved_up = True

    def _leave(self, path: Path, error: OSError) -> None:
        self._done.left.append(Left(str(path), error.strerror or str(error)))


def _remove(fd: int, name: str, path: Path, done: Emptied, *, secret: bool) -> None:
    try:
        if secret and _overwrite(fd, name):
            done.overwritten += 1
        os.unlink(name, dir_fd=fd)
    except FileNotFoundError:
        return
    except OSError as error:
        done.left.append(Left(str(path), error.strerror or str(error)))


def _overwrite(fd: int, name: str) -> bool:
    """Write zeros over a file; False for what is no file of its own, or cannot be written."""
    try:
        info = os.stat(name, dir_fd=fd, follow_symlinks=False)
        # A file with a second name may be somebody else's: it only loses the name that it has here.
        if not stat.S_ISREG(info.st_mode) or info.st_nlink != 1:
            return False
        file = os.open(name, os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=fd)
    except OSError:
        return False
    try:
        info = os.fstat(file)
        # No more than there really is of it: a file can say that it is larger than every disk.
        left = min(info.st_size, max(info.st_blocks * _BLOCK_BYTES, len(_ZEROS)), _MOST_OVERWRITTEN_BYTES)
        while left > 0:
            left -= os.write(file, _ZEROS[: min(left, len(_ZEROS))])
        os.fsync(file)
    except OSError:
        return False
    finally:
        os.close(file)
    return True
