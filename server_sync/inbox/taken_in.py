"""What this library took in, one small note each: without one, an absence here proves nothing.

The disk of the library may not be mounted, or another library may be configured: a recording that is not here may
then lie there. A note says that it did lie here, and in which folders of films its film was published.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from device.domain.errors import Permanent, Temporary
from device.domain.identifiers import is_ulid
from device.domain.strict import Fields, canonical_json, parse_object
from server_sync.inbox.disk import Disk, disk_errors

FOLDER = ".taken-in"


class TakenIn:
    """The folder of notes, inside the library. A note goes when its recording is destroyed: a tomb says more."""

    def __init__(self, library: Path, disk: Disk | None = None) -> None:
        self._library = library
        self._folder = library / FOLDER
        self._disk = disk or Disk()

    def films(self, recording: str) -> tuple[str, ...] | None:
        """Return the marks of the folders of films with its film; None: there is no note. Temporary: damaged."""
        path = self._path(recording)
        with disk_errors(f"reading {path}"):
            if not path.exists():
                return None
            data = path.read_bytes()
        try:
            fields = Fields(parse_object(data, str(path)), str(path))
            marks = fields.take("films", str)
            fields.done()
        except Permanent as error:
            raise Temporary(f"the library is damaged: {error}") from None
        return tuple(marks.split())

    def check(self, recording: str) -> None:
        """Raise Temporary when this library does not know that it took a recording in."""
        if self.films(recording) is None:
            raise Temporary(
                f"this inbox took {recording} in, but not into the library {self._library}, so it cannot tell "
                "whether it is gone; is its disk mounted, and is library_dir right?"
            )

    def note(self, recording: str, films: Iterable[str]) -> None:
        """Note, before a recording or its film appears, that it is here; marks that were noted stay."""
        before = self.films(recording)
        marks = sorted({*(before or ()), *films})
        if before == tuple(marks):
            return
        if not is_ulid(recording):
            raise Permanent(f"'{recording}' is not the name of a recording")
        part = self._part(recording)
        with disk_errors("noting what is taken in"):
            if not self._folder.is_dir():
                self._folder.mkdir(mode=0o700)
                self._disk.sync_folder(self._library)
            part.unlink(missing_ok=True)
            # Readable by whoever may come into the folder: root makes films too, and the service reads the note.
            self._disk.write_new(part, canonical_json({"films": " ".join(marks)}), 0o644)
            self._disk.replace_file(part, self._path(recording))

    def forget(self, recording: str) -> None:
        """Remove the note of a recording that was destroyed."""
        with disk_errors("removing a note"):
            self._part(recording).unlink(missing_ok=True)
            if self._path(recording).exists():
                self._disk.remove(self._path(recording))
                self._disk.sync_folder(self._folder)

    def _path(self, recording: str) -> Path:
        return self._folder / f"{recording}.json"

    def _part(self, recording: str) -> Path:
        return self._folder / f".{recording}.part"
