"""What was destroyed here, one small file each: a recording that has one is never taken in again.

A tomb is made before anything is removed. It holds what there was to remove, which nobody can count afterwards, so
that a destruction that a power cut interrupts ends with the certificate that it would have had.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from device.domain.destruction import Reason
from device.domain.errors import Permanent
from device.domain.identifiers import is_ulid
from device.domain.strict import Fields, canonical_json, parse_object
from server_sync.inbox.disk import Disk, disk_errors

FOLDER = ".destroyed"


@dataclass(frozen=True, slots=True)
class Tomb:
    """What was destroyed of a recording, why, and when in UTC ("": it has begun)."""

    recording: str
    manifest_sha256: str
    reason: Reason
    objects: int
    size_bytes: int
    film: bool
    destroyed_at: str = ""


class Tombs:
    """The folder of tombs, inside the library."""

    def __init__(self, library: Path, disk: Disk | None = None) -> None:
        self._folder = library / FOLDER
        self._disk = disk or Disk()

    def all(self) -> list[str]:
        """Return the recordings that were destroyed, oldest first."""
        with disk_errors("reading what was destroyed"):
            return sorted(path.stem for path in self._folder.glob("*.json") if is_ulid(path.stem))

    def find(self, recording: str) -> Tomb | None:
        """Return a recording's tomb, None when there is none; Permanent when it does not make sense."""
        path = self._path(recording)
        with disk_errors(f"reading {path.name}"):
            if not path.exists():
                return None
            data = path.read_bytes()
        fields = Fields(parse_object(data, str(path)), str(path))
        tomb = Tomb(
            recording=fields.choice("recording", (recording,)),
            manifest_sha256=fields.take("manifest_sha256", str),
            reason=Reason(fields.choice("reason", tuple(each.value for each in Reason))),
            objects=fields.integer("objects", 0, 1 << 20),
            size_bytes=fields.integer("size_bytes", 0, 1 << 50),
            film=fields.take("film", bool),
            destroyed_at=fields.take("destroyed_at", str),
        )
        fields.done()
        return tomb

    def write(self, tomb: Tomb) -> None:
        """Put a tomb, or what is known of it now, on disk; whole, or as it was."""
        path = self._path(tomb.recording)
        if not is_ulid(tomb.recording):
            raise Permanent(f"'{tomb.recording}' is not the name of a recording")
        part = self._folder / f".{tomb.recording}.part"
        with disk_errors("noting what is destroyed"):
            if not self._folder.is_dir():
                self._folder.mkdir(mode=0o700)
                self._disk.sync_folder(self._folder.parent)
            part.unlink(missing_ok=True)
            self._disk.write_new(part, canonical_json({**asdict(tomb), "reason": tomb.reason.value}), 0o600)
            self._disk.replace_file(part, path)

    def _path(self, recording: str) -> Path:
        return self._folder / f"{recording}.json"
