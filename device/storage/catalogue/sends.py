"""What the sync sent, what came back, and what each process says about itself."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass

from device.storage.catalogue.database import transaction
from device.storage.catalogue.recordings import utc_now


@dataclass(frozen=True, slots=True)
class Send:
    """One object under one name on the server; never continued, only confirmed or abandoned."""

    remote_name: str
    recording: str
    sha256: str
    size_bytes: int
    sent_bytes: int
    confirmed: bool
    is_manifest: bool


@dataclass(frozen=True, slots=True)
class StoredReceipt:
    """A receipt as it came."""

    manifest_name: str
    accepted: bool
    data: bytes


@dataclass(frozen=True, slots=True)
class ProcessState:
    """What a process last said: a word, a sentence, and when."""

    process: str
    state: str
    message: str
    at: str


class Sends:
    """Written by the sync, read by everybody."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def begin(self, send: Send) -> None:
        """Note a name before the first byte goes out under it."""
        with transaction(self._db):
            self._db.execute(
                "INSERT INTO sends (remote_name, recording, sha256, size_bytes, is_manifest, at)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (send.remote_name, send.recording, send.sha256, send.size_bytes, send.is_manifest, utc_now()),
            )

    def progress(self, remote_name: str, sent_bytes: int) -> None:
        """Note how far an object is, for people who watch."""
        with transaction(self._db):
            self._db.execute(
                "UPDATE sends SET sent_bytes = ? WHERE remote_name = ?", (sent_bytes, remote_name)
            )

    def confirm(self, remote_name: str) -> None:
        """Note that the server has all of an object."""
        with transaction(self._db):
            self._db.execute(
                "UPDATE sends SET sent_bytes = size_bytes, confirmed = 1 WHERE remote_name = ?",
                (remote_name,),
            )

    def forget(self, recording: str, sha256: str) -> None:
        """An object that arrived damaged or not at all must be sent again."""
        with transaction(self._db):
            self._db.execute(
                "UPDATE sends SET confirmed = 0 WHERE recording = ? AND sha256 = ?", (recording, sha256)
            )

    def of(self, recording: str) -> list[Send]:
        """Return everything that was sent of a recording, in the order it was begun."""
        rows = self._db.execute(
            "SELECT remote_name, recording, sha256, size_bytes, sent_bytes, confirmed, is_manifest"
            " FROM sends WHERE recording = ? ORDER BY rowid",
            (recording,),
        )
        return [
            Send(
                remote_name=row["remote_name"],
                recording=row["recording"],
                sha256=row["sha256"],
                size_bytes=row["size_bytes"],
                sent_bytes=row["sent_bytes"],
                confirmed=bool(row["confirmed"]),
                is_manifest=bool(row["is_manifest"]),
            )
            for row in rows
        ]

    def sent_bytes(self, recordings: Collection[str]) -> dict[str, int]:
        """Return how many bytes of each of these recordings went out, with one question for all of them.

        Of an object that was sent under several names the last one counts.
        """
        found = dict.fromkeys(recordings, 0)
        rows = self._db.execute(
            "SELECT recording, sent_bytes FROM sends WHERE rowid IN (SELECT MAX(rowid) FROM sends"
            " WHERE recording IN (SELECT value FROM json_each(?)) GROUP BY recording, sha256)",
            (json.dumps(list(found)),),
        )
        for recording, sent_bytes in rows:
            found[recording] += sent_bytes
        return found

    def add_receipt(self, recording: str, receipt: StoredReceipt) -> None:
        """Keep a receipt; the same one twice is harmless."""
        with transaction(self._db):
            self._db.execute(
                "INSERT OR IGNORE INTO receipts (manifest_name, recording, accepted, data, at) VALUES (?, ?, ?, ?, ?)",
                (receipt.manifest_name, recording, receipt.accepted, receipt.data, utc_now()),
            )

    def receipts(self, recording: str) -> list[StoredReceipt]:
        """Return all receipts for a recording, oldest first."""
        rows = self._db.execute(
            "SELECT manifest_name, accepted, data FROM receipts WHERE recording = ? ORDER BY rowid",
            (recording,),
        )
        return [StoredReceipt(row[0], bool(row[1]), row[2]) for row in rows]


class ProcessStates:
    """One row per process, written by that process only."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def write(self, process: str, state: str, message: str) -> None:
        """Say how it is."""
        with transaction(self._db):
            self._db.execute(
                "INSERT OR REPLACE INTO process_states (process, state, message, at) VALUES (?, ?, ?, ?)",
                (process, state, message, utc_now()),
            )

    def all(self) -> list[ProcessState]:
        """Return what every process last said."""
        rows = self._db.execute("SELECT process, state, message, at FROM process_states ORDER BY process")
        return [ProcessState(*row) for row in rows]
