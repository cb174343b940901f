"""The library: a folder per recording with its sealed objects, its sealed manifest and a plain card.

The card (``card.json``) says when and how long, and names no person: the library can be listed without
the key. Everything that matters is read from the sealed manifest.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from device.domain.errors import Busy, LeerblikError, Permanent, Refused, Temporary
from device.domain.identifiers import is_ulid
from device.domain.manifest import (
    MAX_DURATION_US,
    MAX_MANIFEST_BYTES,
    Manifest,
    SegmentEntry,
    read_manifest,
)
from device.domain.strict import Fields, canonical_json, parse_object
from server_sync.inbox.disk import Disk, disk_errors, hash_file
from server_sync.inbox.keys import UnlockedKeys
from server_sync.inbox.unseal import Unsealed, unseal_bytes

MANIFEST = "manifest.age"
CARD = "card.json"
MAX_SEALED_MANIFEST_BYTES = MAX_MANIFEST_BYTES + (1 << 20)


@dataclass(frozen=True, slots=True)
class Card:
    """What may be known of a recording without the key."""

    recording: str
    started_at: str
    duration_us: int
    size_bytes: int
    segments: int
    interrupted: bool

    @property
    def film_name(self) -> str:
        """The name of this recording's film."""
        return f"{self.started_at[:10]}_{self.recording}.mp4"


@dataclass(frozen=True, slots=True)
class Incoming:
    """A segment that waits in the drop box, opened for reading."""

    segment: SegmentEntry
    file: BinaryIO


class Library:
    """All recordings that were accepted. One process writes at a time (:meth:`lock`)."""

    def __init__(self, folder: Path, disk: Disk | None = None) -> None:
        self.folder = folder
        self._disk = disk or Disk()

    @contextmanager
    def lock(self, *, make: bool = True) -> Iterator[None]:
        """Be the only one who takes recordings in; ``make`` a folder that is not there.

        Busy when another process is at it, Temporary when there is no folder.
        """
        if not make and not self.folder.is_dir():
            raise Temporary(
                f"the library {self.folder}, which took recordings in before, is not there; is its disk mounted, "
                "and is library_dir right? A new library begins in a folder that you make"
            )
        with disk_errors(f"opening the library {self.folder}"):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            fd = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Busy(f"another inbox is at work in {self.folder}; wait until it is done") from None
            yield
        finally:
            os.close(fd)

    def recordings(self) -> list[str]:
        """Return the ids of all recordings, oldest first."""
        if not self.folder.is_dir():
            return []
        with disk_errors(f"reading the library {self.folder}"):
            return sorted(each.name for each in self.folder.iterdir() if is_ulid(each.name) and each.is_dir())

    def resolve(self, prefix: str, gone: Iterable[str] = ()) -> str:
        """Return the one recording whose id begins like this, also among ``gone``.

        Permanent when there is none, or several.
        """
        found = [each for each in sorted({*self.recordings(), *gone}) if each.startswith(prefix.upper())]
        if len(found) == 1:
            return found[0]
        if not found:
            raise Permanent(
                f"the library has no recording '{prefix}'; 'leerblik inbox list' shows what there is"
            )
        raise Permanent(f"'{prefix}' could be {len(found)} recordings, such as {found[0]}; give more letters")

    def holds(self, recording: str) -> bool:
        """Tell whether a recording was published."""
        return self.path(recording).is_dir()

    def path(self, recording: str) -> Path:
        """Return the folder of a recording."""
        return self.folder / recording

    def card(self, recording: str) -> Card:
        """Return a recording's card; Permanent when it is missing or damaged."""
        path = self.path(recording) / CARD
        try:
            data = path.read_bytes()
        except OSError as error:
            raise Permanent(f"{path} cannot be read: {error.strerror}") from None
        fields = Fields(parse_object(data, str(path)), "card")
        card = Card(
            recording=fields.choice("recording", (recording,)),
            started_at=fields.take("started_at", str),
            duration_us=fields.integer("duration_us", 0, MAX_DURATION_US),
            size_bytes=fields.integer("size_bytes", 0, 1 << 60),
            segments=fields.integer("segments", 1, 1 << 32),
            interrupted=fields.take("interrupted", bool),
        )
        fields.done()
        return card

    def manifest(self, recording: str, keys: UnlockedKeys) -> Manifest:
        """Return a recording's manifest; Permanent when it does not open or is not this recording's."""
        path = self.path(recording) / MANIFEST
        try:
            with path.open("rb") as file:
                sealed = file.read(MAX_SEALED_MANIFEST_BYTES)
        except OSError as error:
            raise Permanent(f"{path} cannot be read: {error.strerror}") from None
        manifest = read_manifest(unseal_bytes(sealed, keys.identity, f"the manifest of {recording}"))
        if manifest.recording != recording:
            raise Permanent(f"{path} is the manifest of another recording, {manifest.recording}")
        return manifest

    def stage(self, manifest: Manifest, sealed_manifest: bytes, incoming: Iterator[Incoming]) -> Path:
        """Copy a recording into a folder of its own that nobody sees yet; return that folder.

        Refused when an object is no longer what its hash said: it changed while it was read.
        """
        staging = self.folder / f".{manifest.recording}.part"
        with disk_errors("copying a recording into the library"):
            self._disk.remove_folder(staging)
            staging.mkdir(mode=0o700)
            for each in incoming:
                target = staging / object_name(each.segment)
                copied = self._disk.copy_new(each.file.fileno(), target)
                if copied != (each.segment.size_bytes, each.segment.sha256):
                    raise Refused(f"the object {each.segment.object} changed while it was read")
            self._disk.write_new(staging / MANIFEST, sealed_manifest, 0o600)
            self._disk.write_new(staging / CARD, canonical_json(asdict(card_of(manifest))), 0o600)
        return staging

    def publish(self, staging: Path, recording: str) -> None:
        """Make a staged recording part of the library, at once and as a whole."""
        with disk_errors("publishing a recording"):
            self._disk.publish_folder(staging, self.path(recording))

    def discard(self, staging: Path) -> None:
        """Remove what was staged and will not be published."""
        with disk_errors("tidying the library"):
            self._disk.remove_folder(staging)

    def manifest_sha256(self, recording: str) -> str:
        """Return the hash of a recording's sealed manifest as it lies here now; "" when it cannot be read."""
        try:
            with (self.path(recording) / MANIFEST).open("rb", buffering=0) as file:
                return hash_file(file)
        except OSError:
            return ""

    def object_sizes(self, recording: str) -> list[int]:
        """Return the sizes in bytes of everything sealed of a recording, its manifest included."""
        with disk_errors(f"reading the recording {recording}"):
            return [path.stat().st_size for path in sorted(self.path(recording).glob("*.age"))]

    def destroy(self, recording: str) -> None:
        """Remove a recording: it is gone at once, and what a power cut leaves of it the next sweep removes."""
        with disk_errors("destroying a recording"):
            self._disk.retire_folder(self.path(recording), self.folder / f".{recording}.part")

    def sweep(self) -> None:
        """Remove what a power cut left half copied."""
        for part in self.folder.glob(".*.part"):
            if is_ulid(part.name[1:-5]):
                self.discard(part)

    def newest_s(self) -> float:
        """Return when a recording was last taken in: wall time in seconds, 0 when there is none."""
        return max((self.path(each).stat().st_mtime for each in self.recordings()), default=0.0)

    def problems(self, recording: str, keys: UnlockedKeys) -> list[str]:
        """Read every byte of a recording again and return what is wrong with it, in sentences."""
        try:
            manifest = self.manifest(recording, keys)
        except LeerblikError as error:
            return [str(error)]
        found = [_problem(self.path(recording), segment) for segment in manifest.segments]
        found.append(self._card_problem(recording, manifest))
        return [problem for problem in found if problem]

    def _card_problem(self, recording: str, manifest: Manifest) -> str:
        try:
            agrees = self.card(recording) == card_of(manifest)
        except LeerblikError as error:
            return str(error)
        return "" if agrees else "its card does not agree with its manifest"


def card_of(manifest: Manifest) -> Card:
    """Return the card of a recording."""
    return Card(
        recording=manifest.recording,
        started_at=manifest.started_at,
        duration_us=manifest.duration_us,
        size_bytes=sum(segment.size_bytes for segment in manifest.segments),
        segments=len(manifest.segments),
        interrupted=manifest.interrupted,
    )


def object_name(segment: SegmentEntry) -> str:
    """Return the name of a sealed segment in the library; the manifest allows nothing but a ULID."""
    return f"{segment.object}.age"


def open_sealed(folder: Path, segment: SegmentEntry, keys: UnlockedKeys) -> Unsealed:
    """Open a segment in the library for reading in the clear."""
    with disk_errors(f"opening {segment.object}"):
        file = (folder / object_name(segment)).open("rb", buffering=0)
    return Unsealed(file, keys.identity, f"the segment {segment.object}", tolerant=not segment.complete)


def same_segments(one: Manifest, other: Manifest) -> bool:
    """Tell whether two manifests describe the same footage, under whatever names."""
    return [(s.offset_us, s.sha256) for s in one.segments] == [
        (s.offset_us, s.sha256) for s in other.segments
    ]


def _problem(folder: Path, segment: SegmentEntry) -> str:
    name = object_name(segment)
    try:
        with (folder / name).open("rb", buffering=0) as file:
            sha256 = hash_file(file)
    except OSError as error:
        missing = error.errno == errno.ENOENT
        return f"{name} is missing" if missing else f"{name} cannot be read: {error.strerror}"
    return "" if sha256 == segment.sha256 else f"{name} is damaged: its content is not what the device sent"
