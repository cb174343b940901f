"""The films of a recording in the folder of films, found by the recording's name in theirs, and how they go."""

from __future__ import annotations

from pathlib import Path

from device.domain.errors import Temporary
from server_sync.inbox.disk import Disk, disk_errors


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

    def check_is_there(self) -> None:
        """Raise Temporary when films are made here and the folder is not there: its disk is not."""
        if self._published and not self._folder.is_dir():
            raise Temporary(
                f"the folder of films {self._folder} is not there, so nothing in it can be destroyed; "
                "is its disk mounted?"
            )

    def destroy(self, recording: str) -> None:
        """Remove the films of a recording; what a player holds open is emptied first. Temporary: the disk fails."""
        found = self.of(recording)
        with disk_errors("destroying a film"):
            for path in found:
                self._disk.empty(path)
                self._disk.remove(path)
            if found:
                self._disk.sync_folder(self._folder)
