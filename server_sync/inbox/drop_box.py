"""The drop box: a folder that others write into. Nothing in it is believed, followed or overwritten."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from device.domain.errors import Temporary
from device.domain.identifiers import is_ulid
from device.domain.manifest import SegmentEntry
from server_sync.inbox.disk import Disk, disk_errors, hash_file

_NAME = re.compile(r"(?P<ulid>[0-9A-Z]{26})(?P<kind>\.manifest|\.order)?\.age")


@dataclass(frozen=True, slots=True)
class BoxObject:
    """One file as it stood when the box was listed; ``modified_s`` is its wall time in seconds."""

    name: str
    ulid: str
    size_bytes: int
    modified_s: float
    version: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Listing:
    """Manifests and orders in order of sending, other objects, and names that do not belong here."""

    manifests: tuple[BoxObject, ...]
    objects: tuple[BoxObject, ...]
    ignored: tuple[str, ...]
    orders: tuple[BoxObject, ...] = ()


class DropBox:
    """The folder ``inbox`` of the SFTP account."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        self._folder = folder
        self._disk = disk
        self._hashes: dict[tuple[str, tuple[int, int, int]], str] = {}

    def look(self) -> Listing:
        """Look at names, sizes and times; opens nothing."""
        manifests, orders, objects, ignored = [], [], [], []
        with disk_errors(f"looking into {self._folder}"), os.scandir(self._folder) as entries:
            for entry in entries:
                found = _recognise(entry)
                if found is None:
                    ignored.append(entry.name)
                elif ".manifest." in found.name:
                    manifests.append(found)
                elif ".order." in found.name:
                    orders.append(found)
                else:
                    objects.append(found)
        self._forget_all_but(objects)
        return Listing(
            tuple(sorted(manifests, key=lambda m: m.name)),
            tuple(sorted(objects, key=lambda o: o.name)),
            tuple(sorted(ignored)),
            tuple(sorted(orders, key=lambda o: o.name)),
        )

    def open(self, item: BoxObject) -> BinaryIO:
        """Open an object for reading, even when it came without any permission. Temporary: it is gone."""
        path = self._folder / item.name
        with disk_errors(f"opening {item.name} in the drop box"):
            try:
                fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            except PermissionError:
                self._make_readable(path)
                fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            file = os.fdopen(fd, "rb", buffering=0)
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                file.close()
                raise Temporary(f"{item.name} in the drop box is no longer a file")
            return file

    def read(self, item: BoxObject, limit_bytes: int) -> bytes:
        """Return a small object, at most one byte more than the limit."""
        with self.open(item) as file, disk_errors(f"reading {item.name}"):
            blocks, left = [], limit_bytes + 1
            while left and (block := file.read(left)):
                blocks.append(block)
                left -= len(block)
            return b"".join(blocks)

    def find(
        self, wanted: Iterable[SegmentEntry], objects: Iterable[BoxObject]
    ) -> dict[str, list[BoxObject]]:
        """Return, for each wanted hash, the objects of that size and hash. Only likely ones are hashed."""
        by_size: dict[int, set[str]] = {}
        for segment in wanted:
            by_size.setdefault(segment.size_bytes, set()).add(segment.sha256)
        found: dict[str, list[BoxObject]] = {}
        for item in objects:
            hashes = by_size.get(item.size_bytes)
            if hashes and (sha256 := self._sha256(item)) in hashes:
                found.setdefault(sha256, []).append(item)
        return found

    def forget_hashes(self) -> None:
        """Hash everything again: something changed without looking so."""
        self._hashes.clear()

    def remove(self, found: Mapping[str, Iterable[BoxObject]]) -> None:
        """Remove objects that are safe elsewhere."""
        self.remove_items(item for items in found.values() for item in items)

    def remove_items(self, items: Iterable[BoxObject]) -> None:
        """Remove objects by name and put that on disk."""
        with disk_errors("removing delivered objects from the drop box"):
            for item in items:
                self._disk.remove(self._folder / item.name)
            self._disk.sync_folder(self._folder)

    def _sha256(self, item: BoxObject) -> str | None:
        """Return an object's hash, computed once for as long as it does not change."""
        key = (item.name, item.version)
        if key not in self._hashes:
            if not (self._folder / item.name).exists():
                return None  # it was delivered by a manifest ahead of this one
            with self.open(item) as file, disk_errors(f"reading {item.name}"):
                digest = hash_file(file)
                if _version(os.fstat(file.fileno())) != item.version:
                    return None  # it is still growing; the next pass looks again
            self._hashes[key] = digest
        return self._hashes[key]

    def _make_readable(self, path: Path) -> None:
        """Give ourselves read permission; works for the owner, and never through a symbolic link."""
        fd = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            status = os.fstat(fd)
            if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
                raise Temporary(
                    f"{path.name} in the drop box may not be read; run the inbox as root or as its owner"
                )
            Path(f"/proc/self/fd/{fd}").chmod(0o400)
        finally:
            os.close(fd)

    def _forget_all_but(self, objects: Iterable[BoxObject]) -> None:
        present = {(item.name, item.version) for item in objects}
        self._hashes = {key: value for key, value in self._hashes.items() if key in present}


def _recognise(entry: os.DirEntry[str]) -> BoxObject | None:
    match = _NAME.fullmatch(entry.name)
    if match is None or not is_ulid(match["ulid"]) or not entry.is_file(follow_symlinks=False):
        return None
    try:
        status = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
    return BoxObject(entry.name, match["ulid"], status.st_size, status.st_mtime, _version(status))


def _version(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_size, status.st_mtime_ns, status.st_ino
