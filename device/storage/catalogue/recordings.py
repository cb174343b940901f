"""Recordings in the catalogue: their status, their objects, and every status they had."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from device.domain.errors import Permanent, Refused
from device.domain.lifecycle import WRITERS, Status, Writer, check_transition
from device.storage.catalogue.database import transaction


@dataclass(frozen=True, slots=True)
class StoredObject:
    """A sealed object of a recording: its file name in the recording's folder, size and hash."""

    file: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Recording:
    """One row of the catalogue. ``duration_us`` and ``size_bytes`` are None while it is recorded."""

    id: str
    status: Status
    started_at: str
    trajectory: str
    held_boot_id: str | None
    held_ns: int | None
    duration_us: int | None
    size_bytes: int | None
    dropped_frames: int
    interrupted: bool
    unclaimed: bool
    untrusted_clock: bool
    manifest_sha256: str | None
    booking: str = ""
    register_number: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a recording's history."""

    status: Status
    writer: str
    at: str
    note: str


class Recordings:
    """Reads for everybody; a process writes the statuses that are its own."""

    def __init__(self, connection: sqlite3.Connection, writer: Writer | None) -> None:
        self._db = connection
        self._writer = writer
        self._counted: tuple[tuple[int, int], tuple[dict[str, int], float]] | None = None

    def add(
        self,
        recording: str,
        started_at: str,
        trajectory: str,
        *,
        untrusted_clock: bool,
        unclaimed: bool = False,
        booking: str = "",
        register_number: int = 0,
    ) -> None:
        """Add a recording that begins now; Permanent when it is there already, Refused to other processes."""
        if self._writer is not WRITERS[Status.RECORDING]:
            raise Refused("only the recorder begins recordings")
        with transaction(self._db):
            if self.find(recording) is not None:
                raise Permanent(f"recording {recording} is in the catalogue already")
            self._db.execute(
                "INSERT INTO recordings (id, status, started_at, trajectory, untrusted_clock, unclaimed, booking,"
                " register_number) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    recording, Status.RECORDING.value, started_at, trajectory, untrusted_clock, unclaimed, booking,
                    register_number,
                ),
            )  # fmt: skip
            self._note(recording, Status.RECORDING, "")

    def hold(
        self,
        recording: str,
        *,
        boot_id: str,
        at_ns: int,
        duration_us: int,
        dropped_frames: int,
        interrupted: bool,
        objects: Sequence[StoredObject],
        note: str = "",
        discarded: bool = False,
    ) -> None:
        """Close a recording: it has its objects (the manifest last) and the cooling-off begins.

        ``discarded``: the teacher has said no already. It is never held for a moment in between.
        """
        with transaction(self._db):
            self.move_within(recording, Status.HELD, note)
            self._db.executemany(
                "INSERT OR REPLACE INTO objects (recording, position, file, size_bytes, sha256) VALUES (?, ?, ?, ?, ?)",
                [(recording, i, o.file, o.size_bytes, o.sha256) for i, o in enumerate(objects)],
            )
            self._db.execute(
                "UPDATE recordings SET held_boot_id = ?, held_ns = ?, duration_us = ?, dropped_frames = ?,"
                " interrupted = ?, size_bytes = ?, manifest_sha256 = ? WHERE id = ?",
                (
                    boot_id, at_ns, duration_us, dropped_frames, interrupted,
                    sum(o.size_bytes for o in objects), objects[-1].sha256 if objects else None, recording,
                ),
            )  # fmt: skip
            if discarded:
                self.move_within(recording, Status.DISCARDED, "the journal says so")

    def restart_cooling_off(self, recording: str, *, boot_id: str, at_ns: int) -> None:
        """Begin the cooling-off anew: the clock it was counted on is gone with the last boot."""
        with transaction(self._db):
            self._db.execute(
                "UPDATE recordings SET held_boot_id = ?, held_ns = ? WHERE id = ?",
                (boot_id, at_ns, recording),
            )

    def replace_manifest(
        self, recording: str, manifest: StoredObject, *, started_at: str, untrusted_clock: bool
    ) -> None:
        """Put another manifest in the place of the last; Refused once the recording may have left."""
        with transaction(self._db):
            status = self.get(recording).status
            if status is not Status.HELD or self._writer is not WRITERS[Status.HELD]:
                raise Refused(f"recording {recording} is {status.value}; its manifest is settled")
            self._db.execute(
                "UPDATE objects SET size_bytes = ?, sha256 = ? WHERE recording = ? AND file = ?",
                (manifest.size_bytes, manifest.sha256, recording, manifest.file),
            )
            self._db.execute(
                "UPDATE recordings SET started_at = ?, untrusted_clock = ?, manifest_sha256 = ?, size_bytes ="
                " (SELECT SUM(size_bytes) FROM objects WHERE recording = ?) WHERE id = ?",
                (started_at, untrusted_clock, manifest.sha256, recording, recording),
            )

    def move(self, recording: str, status: Status, note: str = "") -> None:
        """Give a recording its next status; Refused when that is not its next or not ours to write."""
        with transaction(self._db):
            self.move_within(recording, status, note)

    def find(self, recording: str) -> Recording | None:
        """Return a recording, or None."""
        row = self._db.execute("SELECT * FROM recordings WHERE id = ?", (recording,)).fetchone()
        return None if row is None else recording_of(row)

    def get(self, recording: str) -> Recording:
        """Return a recording; Permanent when there is none."""
        found = self.find(recording)
        if found is None:
            raise Permanent(f"there is no recording {recording} in the catalogue")
        return found

    def with_status(self, *statuses: Status) -> list[Recording]:
        """Return all recordings with one of these statuses, oldest first."""
        marks = ", ".join("?" * len(statuses))
        rows = self._db.execute(
            f"SELECT * FROM recordings WHERE status IN ({marks}) ORDER BY id",  # noqa: S608  # only marks
            [status.value for status in statuses],
        )
        return [recording_of(row) for row in rows]

    def latest(self, limit: int) -> list[Recording]:
        """Return the newest recordings, newest first."""
        rows = self._db.execute("SELECT * FROM recordings ORDER BY id DESC LIMIT ?", (limit,))
        return [recording_of(row) for row in rows]

    def page(self, limit: int, before: str = "", status: Status | None = None) -> list[Recording]:
        """Return so many recordings older than ``before`` ("": the newest), newest first; of one status if told."""
        which = "" if status is None else "status = :status AND "
        rows = self._db.execute(
            f"SELECT * FROM recordings WHERE {which}(:before = '' OR id < :before)"  # noqa: S608  # ours
            " ORDER BY id DESC LIMIT :limit",
            {"before": before, "limit": limit, "status": status.value if status else ""},
        )
        return [recording_of(row) for row in rows]

    def page_of(
        self, limit: int, before: str, *, bookings: Collection[str], names: Collection[str]
    ) -> list[Recording]:
        """Return so many recordings older than ``before`` ("": the newest) that may concern somebody, newest first.

        Those under these bookings, those with these names, and those that are held and nobody's yet. Found by
        indexes, however many others there are.
        """
        rows = self._db.execute(
            "SELECT * FROM recordings WHERE id IN ("
            " SELECT id FROM recordings WHERE booking IN (SELECT value FROM json_each(:bookings))"
            " UNION SELECT value FROM json_each(:names)"
            " UNION SELECT id FROM recordings WHERE status = :held AND unclaimed"
            ") AND (:before = '' OR id < :before) ORDER BY id DESC LIMIT :limit",
            {
                "bookings": json.dumps(sorted(bookings)), "names": json.dumps(sorted(names)),
                "held": Status.HELD.value, "before": before, "limit": limit,
            },
        )  # fmt: skip
        return [recording_of(row) for row in rows]

    def under(
        self, bookings: Collection[str], before_number: int, statuses: Collection[Status] = tuple(Status)
    ) -> list[Recording]:
        """Return what was recorded under these bookings before the register had so many lines, oldest first.

        Only what has one of these statuses now.
        """
        rows = self._db.execute(
            "SELECT * FROM recordings WHERE booking IN (SELECT value FROM json_each(?)) AND register_number < ?"
            " AND status IN (SELECT value FROM json_each(?)) ORDER BY id",
            (json.dumps(sorted(bookings)), before_number, json.dumps([each.value for each in statuses])),
        )
        return [recording_of(row) for row in rows]

    def counts(self) -> tuple[dict[str, int], float]:
        """Return how many recordings have each status, and the seconds that were ever recorded.

        Counted anew only when the catalogue was written since: by this process, or by another.
        """
        version = (self._db.total_changes, self._db.execute("PRAGMA data_version").fetchone()[0])
        if self._counted is None or self._counted[0] != version:
            self._counted = version, self._count()
        by_status, recorded_s = self._counted[1]
        return dict(by_status), recorded_s

    def _count(self) -> tuple[dict[str, int], float]:
        rows = self._db.execute(
            "SELECT status, COUNT(*), COALESCE(SUM(duration_us), 0) FROM recordings GROUP BY status"
        ).fetchall()
        return {row[0]: row[1] for row in rows}, sum(row[2] for row in rows) / 1e6

    def used_bookings(self, bookings: Collection[str]) -> frozenset[str]:
        """Return those of these bookings under which something was recorded."""
        rows = self._db.execute(
            "SELECT DISTINCT booking FROM recordings WHERE booking IN (SELECT value FROM json_each(?))",
            (json.dumps(sorted(bookings)),),
        )
        return frozenset(row[0] for row in rows)

    def claim(self, recording: str, trajectory: str, *, boot_id: str, at_ns: int) -> None:
        """An unclaimed recording has found its teacher; its cooling-off begins now."""
        with transaction(self._db):
            status = self.get(recording).status
            if status is not Status.HELD or self._writer is not WRITERS[Status.HELD]:
                raise Refused(f"recording {recording} is {status.value}; only what is held can be claimed")
            self._db.execute(
                "UPDATE recordings SET unclaimed = 0, trajectory = ?, held_boot_id = ?, held_ns = ? WHERE id = ?",
                (trajectory, boot_id, at_ns, recording),
            )
            self._note(recording, Status.HELD, "claimed by a teacher")

    def objects(self, recording: str) -> list[StoredObject]:
        """Return the sealed objects of a recording, the manifest last."""
        rows = self._db.execute(
            "SELECT file, size_bytes, sha256 FROM objects WHERE recording = ? ORDER BY position", (recording,)
        )
        return [StoredObject(*row) for row in rows]

    def history(self, recording: str) -> list[Step]:
        """Return every status a recording had, in order."""
        rows = self._db.execute(
            "SELECT status, writer, at, note FROM history WHERE recording = ? ORDER BY number", (recording,)
        )
        return [_step(row) for row in rows]

    def histories(self, recordings: Collection[str]) -> dict[str, list[Step]]:
        """Return every status that each of these recordings had, in order, with one question for all of them."""
        found: dict[str, list[Step]] = {recording: [] for recording in recordings}
        rows = self._db.execute(
            "SELECT recording, status, writer, at, note FROM history"
            " WHERE recording IN (SELECT value FROM json_each(?)) ORDER BY recording, number",
            (json.dumps(list(found)),),
        )
        for row in rows:
            found[row["recording"]].append(_step(row))
        return found

    def move_within(self, recording: str, status: Status, note: str) -> None:
        """Do the same in a transaction that the caller has begun."""
        if self._writer is None:
            raise Refused("this process only reads the catalogue")
        check_transition(self.get(recording).status, status, self._writer)
        self._db.execute("UPDATE recordings SET status = ? WHERE id = ?", (status.value, recording))
        self._note(recording, status, note)

    def _note(self, recording: str, status: Status, note: str) -> None:
        writer = self._writer.value if self._writer else ""
        self._db.execute(
            "INSERT INTO history (recording, status, writer, at, note) VALUES (?, ?, ?, ?, ?)",
            (recording, status.value, writer, utc_now(), note),
        )


def utc_now() -> str:
    """Return the wall time as text, for people to read; all it decides is when an order goes out anew."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _step(row: sqlite3.Row) -> Step:
    return Step(Status(row["status"]), row["writer"], row["at"], row["note"])


def recording_of(row: sqlite3.Row) -> Recording:
    """Return a row of the table as a recording."""
    values: dict[str, Any] = dict(row)
    values["status"] = Status(values["status"])
    for flag in ("interrupted", "unclaimed", "untrusted_clock"):
        values[flag] = bool(values[flag])
    return Recording(**values)
