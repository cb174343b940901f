"""Empties folders: follows no link, crosses no mount, and goes on past what it cannot remove."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW
_ZEROS = bytes(64 * 1024)
# Nothing of ours lies deeper; somebody else's folders in each other must not break this process.
_DEEPEST = 40


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


def count(folder: Path) -> Count:
    """Count what is in a folder; one that is not there, or cannot be read, holds nothing that can be counted."""
    files = size_bytes = 0
    for _path, info in walk(folder):
        if not stat.S_ISDIR(info.st_mode):
            files += 1
            size_bytes += info.st_size if stat.S_ISREG(info.st_mode) else 0
    return Count(files, size_bytes)


def look_again(folder: Path) -> list[Left]:
    """Return everything that is in a folder that was emptied, folders too; nothing is what it should be."""
    found = [Left(str(path), "it is there still") for path, _info in walk(folder)]
    try:
        next(folder.iterdir(), None)
    except FileNotFoundError:
        return []
    except OSError as error:
        found.append(Left(str(folder), error.strerror or str(error)))
    if folder.is_symlink():
        found.append(Left(str(folder), "this is a link, which is not followed"))
    return found


def walk(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Yield everything in a folder, itself not; no link is followed, and what cannot be read is passed over."""
    waiting = [] if folder.is_symlink() else [folder]
    while waiting:
        here = waiting.pop()
        with contextlib.suppress(OSError):
            for path in sorted(here.iterdir()):
                info = path.lstat()
                yield path, info
                if stat.S_ISDIR(info.st_mode):
                    waiting.append(path)


def empty(folder: Path, *, secret: bool) -> Emptied:
    """Remove everything in a folder; it stays itself. Harmless when it is not there.

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
        _empty(fd, folder, os.fstat(fd).st_dev, done, secret=secret, depth=0)
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


def _empty(fd: int, folder: Path, device: int, done: Emptied, *, secret: bool, depth: int) -> None:
    try:
        for name in os.listdir(fd):
            _remove_any(fd, name, folder / name, device, done, secret=secret, depth=depth)
        os.fsync(fd)
    except OSError as error:
        done.left.append(Left(str(folder), error.strerror or str(error)))


def _remove_any(
    fd: int, name: str, path: Path, device: int, done: Emptied, *, secret: bool, depth: int
) -> None:
    try:
        info = os.stat(name, dir_fd=fd, follow_symlinks=False)
        if not stat.S_ISDIR(info.st_mode):
            _remove(fd, name, path, done, secret=secret)
        elif info.st_dev != device:
            done.left.append(Left(str(path), "another file system is mounted here"))
        elif depth >= _DEEPEST:
            done.left.append(Left(str(path), "too many folders in each other"))
        else:
            _remove_folder(fd, name, path, device, done, secret=secret, depth=depth)
    except FileNotFoundError:
        return
    except OSError as error:
        done.left.append(Left(str(path), error.strerror or str(error)))


def _remove_folder(
    fd: int, name: str, path: Path, device: int, done: Emptied, *, secret: bool, depth: int
) -> None:
    inner = os.open(name, _FOLDER, dir_fd=fd)
    before = len(done.left)
    try:
        _empty(inner, path, device, done, secret=secret, depth=depth + 1)
    finally:
        os.close(inner)
    # Named already is what is left in it.
    if len(done.left) == before:
        os.rmdir(name, dir_fd=fd)


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
        left = os.fstat(file).st_size
        while left > 0:
            left -= os.write(file, _ZEROS[: min(left, len(_ZEROS))])
        os.fsync(file)
    except OSError:
        return False
    finally:
        os.close(file)
    return True
