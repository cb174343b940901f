"""The films of a recording in the folder of films, found by the recording's name in theirs, and how they go.

The folder has a mark of its own, a random word: a disk that is not mounted leaves an empty folder of the same name.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from pathlib import Path

from device.domain.errors import Temporary
from server_sync.inbox.disk import Disk, disk_errors

MARK = ".leerblik-films"
_MAX_MARK_BYTES = 1 << 16


class FilmFolder:
    """``published``: films are made here when recordings arrive, so that a missing folder is a missing disk."""

    def __init__(self, folder: Path, *, published: bool, disk: Disk | None = None) -> None:
        self._folder = folder
        self._published = published
        self._disk = disk or Disk()

    def of(self, recording: str) -> list[Path]:
        """Return everything in the folder that has the recording's name: its film, copies of that, halves."""
        with disk_errors("looking for films"):
            # Its name is a ULID: nothing else is called so.
            return sorted(path for path in self._folder.glob(f"*{recording}*") if not path.is_dir())

    def mark(self) -> str:
        """Return the mark of this folder; the folder and its mark are made when they are not there."""
        marks = self._marks()
        if marks:
            return marks[0]
        mark = secrets.token_hex(16)
        part = self._folder / f"{MARK}.part"
        with disk_errors("marking the folder of films"):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            part.unlink(missing_ok=True)
            self._disk.write_new(part, f"{mark}\n".encode(), 0o644)
            self._disk.replace_file(part, self._folder / MARK)
        return mark

    def check_is_there(self, marks: Iterable[str] | None) -> None:
        """Raise Temporary when this is not the folder with these marks (None: nobody noted them, so any), or not there.

        A folder without a mark, or none at all, is fine where films are not made.
        """
        found = self._marks()
        if self._published and (not self._folder.is_dir() or (marks is None and not found)):
            raise Temporary(
                f"the folder of films {self._folder} is not there, so nothing in it can be destroyed; "
                "is its disk mounted?"
            )
        missing = sorted({*(marks or ())} - {*found})
        if missing:
            raise Temporary(
                f"a film was put into another folder of films than {self._folder} is now, so it cannot be destroyed; "
                "is its disk mounted, and is film_dir right? If that folder is gone for good, add the line "
                f"{missing[0]} to {self._folder / MARK}"
            )

    def _marks(self) -> list[str]:
        with disk_errors("reading the mark of the folder of films"):
            try:
                with (self._folder / MARK).open("rb") as file:
                    return file.read(_MAX_MARK_BYTES).decode("ascii", "replace").split()
            except (FileNotFoundError, NotADirectoryError):
                return []

    def destroy(self, recording: str) -> None:
        """Remove the films of a recording; what a player holds open is emptied first. Temporary: the disk fails."""
        found = self.of(recording)
        with disk_errors("destroying a film"):
            for path in found:
                self._disk.empty(path)
                self._disk.remove(path)
            if found:
                self._disk.sync_folder(self._folder)
