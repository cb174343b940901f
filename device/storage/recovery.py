"""At start: what a killed recorder left becomes part of its recording, marked interrupted; nothing is discarded.

The files are the truth. A catalogue that is gone or damaged is rebuilt from the journals in the spool.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from device.domain.errors import Permanent, Temporary
from device.domain.identifiers import is_ulid
from device.domain.lifecycle import Status, Writer
from device.domain.manifest import Manifest
from device.footage.assemble import MANIFEST_NAME, assemble, seal_manifest, was_discarded
from device.footage.journal import read_journal
from device.footage.seal import SUFFIX
from device.storage.catalogue import Catalogue, Damaged, Occupied, Recording, StoredObject, utc_now

_log = logging.getLogger(__name__)
_WAITED_ENOUGH_S = 0.2
_EVERY = -1  # SQLite's word for no limit


def open_catalogue(path: Path) -> Catalogue:
    """Open the recorder's catalogue; a damaged one is moved aside, to be rebuilt by :func:`adopt_all`."""
    # Never ours, for we use a WAL; SQLite would do as it says, and it can say to remove other files.
    with contextlib.suppress(OSError):
        path.with_name(f"{path.name}-journal").unlink()
    try:
        return _open_and_read(path)
    except Damaged as error:
        aside = path.with_name(f"{path.name}.damaged-{os.getpid()}")
        _log.error("%s; it is kept as %s and rebuilt from the spool", error, aside.name)
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        path.rename(aside)
        return Catalogue(path, Writer.RECORDER)


def _open_and_read(path: Path) -> Catalogue:
    """Open it and read every recording once: a rotten value is found now and not in the middle of a lesson."""
    catalogue = Catalogue(path, Writer.RECORDER)
    try:
        catalogue.recordings.latest(_EVERY)
    except (ValueError, sqlite3.DatabaseError) as error:
        catalogue.close()
        raise Damaged(f"the catalogue {path} is damaged: {error}") from None
    return catalogue


class Adopted(NamedTuple):
    """What :func:`adopt_all` did: names of recordings that were adopted, and that must be as soon as it can be done."""

    done: list[str]
    postponed: list[str]


def adopt_all(
    catalogue: Catalogue,
    spool: Path,
    recipients: Sequence[X25519PublicKey],
    *,
    boot_id: str,
    now_ns: int,
    except_for: str | None = None,
) -> Adopted:
    """Bring catalogue and spool together. What another process keeps the catalogue from hearing of is postponed.

    ``except_for`` is a recording that will be gone on with.
    """
    adopted: list[str] = []
    postponed: list[str] = []
    for folder in sorted(path for path in spool.iterdir() if path.is_dir() and is_ulid(path.name)):
        if folder.name == except_for:
            continue
        try:
            if _adopt(catalogue, folder, recipients, boot_id, now_ns):
                adopted.append(folder.name)
        except Occupied as error:
            _log.warning("recording %s is adopted later: %s", folder.name, error)
            postponed.append(folder.name)
            catalogue.wait_at_most(_WAITED_ENOUGH_S)  # once: a lesson may be waiting to be gone on with
        except (Permanent, Temporary, OSError) as error:
            _log.error("recording %s stays as it is, for a person to look at: %s", folder.name, error)
    for recording in catalogue.recordings.with_status(Status.RECORDING):
        if recording.id != except_for and not (spool / recording.id).is_dir():
            try:
                _hold_empty(catalogue, recording.id, boot_id, now_ns)
            except Occupied as error:
                _log.warning("recording %s is let go of later: %s", recording.id, error)
                postponed.append(recording.id)
    return Adopted(adopted, postponed)


def finish(
    catalogue: Catalogue,
    folder: Path,
    recipients: Sequence[X25519PublicKey],
    *,
    boot_id: str,
    now_ns: int,
    note: str,
) -> bool:
    """Make a recording whole and hold it; False when it holds no footage (the aftercare lets it go).

    What the catalogue did not hear of while it was recorded, it hears of here.
    """
    if not folder.is_dir():
        _hold_empty(catalogue, folder.name, boot_id, now_ns)
        return False
    return _enter(catalogue, folder, read_journal(folder), recipients, boot_id, now_ns, note)


def seal_again(catalogue: Catalogue, folder: Path, recipients: Sequence[X25519PublicKey]) -> None:
    """Make the manifest of a held recording anew, because its journal knows better now.

    Can be repeated: a crash between card and catalogue leaves nothing that a second call does not mend.
    """
    manifest = _assemble(folder, read_journal(folder))
    if manifest is not None:
        # Or the card would have another manifest than the catalogue, which may release it meanwhile.
        catalogue.check_is_free()
        size_bytes, sha256 = seal_manifest(manifest, folder, recipients)
        catalogue.recordings.replace_manifest(
            folder.name, StoredObject(MANIFEST_NAME, size_bytes, sha256),
            started_at=manifest.started_at, untrusted_clock=not manifest.clock_trusted,
        )  # fmt: skip


def _assemble(folder: Path, events: Sequence[dict[str, Any]]) -> Manifest | None:
    manifest = assemble(folder, events)
    if manifest is not None and manifest.recording != folder.name:
        raise Permanent(f"the journal in {folder.name} belongs to recording {manifest.recording}")
    return manifest


def _hold(
    catalogue: Catalogue,
    folder: Path,
    manifest: Manifest | None,
    recipients: Sequence[X25519PublicKey],
    boot_id: str,
    now_ns: int,
    note: str,
    *,
    discarded: bool,
) -> bool:
    if manifest is None:
        _hold_empty(catalogue, folder.name, boot_id, now_ns)
        return False
    known = catalogue.recordings.find(folder.name)
    if known is not None and known.status is not Status.RECORDING:
        # Or the card would have another manifest than the one that is sent and receipted.
        raise Permanent(f"recording {folder.name} is {known.status.value} already; it is not held again")
    objects = [StoredObject(f"{s.object}{SUFFIX}", s.size_bytes, s.sha256) for s in manifest.segments]
    size_bytes, sha256 = seal_manifest(manifest, folder, recipients)
    objects.append(StoredObject(MANIFEST_NAME, size_bytes, sha256))
    catalogue.recordings.hold(
        folder.name, boot_id=boot_id, at_ns=now_ns, duration_us=manifest.duration_us,
        dropped_frames=manifest.dropped_frames, interrupted=manifest.interrupted, objects=objects, note=note,
        discarded=discarded,
    )  # fmt: skip
    return True


def _adopt(
    catalogue: Catalogue, folder: Path, recipients: Sequence[X25519PublicKey], boot_id: str, now_ns: int
) -> bool:
    known = catalogue.recordings.find(folder.name)
    events = read_journal(folder)
    if known is not None and known.status is not Status.RECORDING:
        return _catch_up_discard(catalogue, known, events)
    _enter(catalogue, folder, events, recipients, boot_id, now_ns, "adopted at start")
    return True


def _enter(
    catalogue: Catalogue,
    folder: Path,
    events: Sequence[dict[str, Any]],
    recipients: Sequence[X25519PublicKey],
    boot_id: str,
    now_ns: int,
    note: str,
) -> bool:
    """Hold what lies in the folder, whether the catalogue has heard of it or not."""
    manifest = _assemble(folder, events)  # before the catalogue hears of it: a damaged journal adds nothing
    if catalogue.recordings.find(folder.name) is None:
        _add(catalogue, folder.name, events)
    return _hold(
        catalogue, folder, manifest, recipients, boot_id, now_ns, note, discarded=was_discarded(events)
    )  # fmt: skip


def _catch_up_discard(catalogue: Catalogue, known: Recording, events: Sequence[dict[str, Any]]) -> bool:
    """Carry out a no of the teacher that reached the journal, and not the catalogue, before a crash."""
    if known.status in (Status.HELD, Status.RELEASED) and was_discarded(events):
        catalogue.recordings.move(known.id, Status.DISCARDED, "the journal says so")
    return False


def _add(catalogue: Catalogue, recording: str, events: Sequence[dict[str, Any]]) -> None:
    opened = next((event for event in events if event["event"] == "opened"), None)
    if opened is None:
        catalogue.recordings.add(recording, utc_now(), "", untrusted_clock=True)
        return
    catalogue.recordings.add(
        recording,
        opened["started_at"],
        "",  # it stands in the sealed permit only
        untrusted_clock=not opened["clock_trusted"],
        unclaimed=opened.get("unclaimed", False),
        booking=opened.get("booking", ""),
        register_number=opened.get("register_number", 0),
    )


def _hold_empty(catalogue: Catalogue, recording: str, boot_id: str, now_ns: int) -> None:
    catalogue.recordings.hold(
        recording, boot_id=boot_id, at_ns=now_ns, duration_us=0, dropped_frames=0, interrupted=True,
        objects=(), note="no footage reached the card",
    )  # fmt: skip
