"""Many recordings for a catalogue at once, with everything that happened to them, as recorder and sync wrote it."""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device.domain.destruction import Reason
from device.domain.lifecycle import WRITERS, Status
from device.domain.withdrawal import Certificate, sign_certificate
from device.storage.catalogue import FILE_NAME, Catalogue, new_order

SEGMENTS = 6
_KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
_LENGTH_US = 50 * 60 * 1_000_000
_SEGMENT_BYTES = 40_000_000
_WAY = (Status.RECORDING, Status.HELD, Status.RELEASED, Status.UPLOADING, Status.DELIVERED, Status.PURGED)
_LEFT = (Status.UPLOADING, Status.DELIVERED, Status.PURGED, Status.WITHDRAWN, Status.DESTROYED)


@dataclass
class Row:
    """A recording; ``began`` in UTC. DISCARDED means thrown away and erased since."""

    id: str
    began: datetime
    trajectory: str
    booking: str
    teacher: str
    status: Status = Status.PURGED
    unclaimed: bool = False
    register_number: int = 0


def write_rows(state: Path, rows: Sequence[Row]) -> None:
    """Make a catalogue of them in a folder."""
    Catalogue(state / FILE_NAME, None).close()
    with contextlib.closing(sqlite3.connect(state / FILE_NAME)) as connection, connection:
        connection.executemany(
            "INSERT INTO recordings (id, status, started_at, trajectory, held_boot_id, held_ns, duration_us,"
            " size_bytes, unclaimed, manifest_sha256, booking, register_number)"
            " VALUES (?, ?, ?, ?, 'an earlier boot', 0, ?, ?, ?, ?, ?, ?)",
            (
                (row.id, _now(row).value, _text(row.began), row.trajectory, _LENGTH_US, SEGMENTS * _SEGMENT_BYTES,
                 row.unclaimed, _sha256(row, SEGMENTS), row.booking, row.register_number)
                for row in rows
            ),
        )  # fmt: skip
        connection.executemany(
            "INSERT INTO history (recording, status, writer, at, note) VALUES (?, ?, ?, ?, '')",
            (
                (row.id, status.value, WRITERS[status].value, _text(row.began + timedelta(hours=number)))
                for row in rows
                for number, status in enumerate(_way(row))
            ),
        )
        connection.executemany(
            "INSERT INTO objects (recording, position, file, size_bytes, sha256) VALUES (?, ?, ?, ?, ?)",
            (
                (row.id, n, f"{row.id}-{n}.age", _SEGMENT_BYTES, _sha256(row, n))
                for row in rows
                for n in range(SEGMENTS + 1)
            ),
        )
        connection.executemany(
            "INSERT INTO sends (remote_name, recording, sha256, size_bytes, sent_bytes, confirmed, is_manifest, at)"
            " VALUES (?, ?, ?, ?, ?, 1, ?, ?)",
            _sends(rows),
        )
        _write_endings(connection, [row for row in rows if row.status is Status.DESTROYED])


def _write_endings(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    """Write the orders for what was destroyed, and the certificates that came back."""
    order = new_order(b"a sealed order", Reason.TEACHER.value, "")
    connection.executemany(
        "INSERT INTO orders (recording, data, sha256, reason, at) VALUES (?, ?, ?, ?, ?)",
        ((row.id, order.data, order.sha256, order.reason, _text(row.began)) for row in rows),
    )
    connection.executemany(
        "INSERT INTO certificates (recording, data, at) VALUES (?, ?, ?)",
        ((row.id, _certificate(row, order.sha256), _text(row.began)) for row in rows),
    )


def _certificate(row: Row, order_sha256: str) -> bytes:
    found = Certificate(
        row.id, row.id, order_sha256, _sha256(row, SEGMENTS), Reason.TEACHER, SEGMENTS + 1,
        SEGMENTS * _SEGMENT_BYTES, film=True, destroyed_at=_text(row.began + timedelta(days=1)),
    )  # fmt: skip
    return sign_certificate(found, _KEY)


def _sends(rows: Sequence[Row]) -> Iterator[tuple[object, ...]]:
    for row in rows:
        if _now(row) in _LEFT and row.status is not Status.DISCARDED:
            for n in range(SEGMENTS + 1):
                yield (
                    f"{row.id}-{n}", row.id, _sha256(row, n), _SEGMENT_BYTES, _SEGMENT_BYTES, n == SEGMENTS,
                    _text(row.began),
                )  # fmt: skip


def _now(row: Row) -> Status:
    return Status.PURGED if row.status is Status.DISCARDED else row.status


def _way(row: Row) -> tuple[Status, ...]:
    if row.status is Status.DISCARDED:
        return (Status.RECORDING, Status.HELD, Status.DISCARDED, Status.PURGED)
    if row.status is Status.DESTROYED:
        return (*_WAY, Status.WITHDRAWN, Status.DESTROYED)
    return _WAY[: _WAY.index(row.status) + 1]


def _sha256(row: Row, number: int) -> str:
    return hashlib.sha256(f"{row.id}{number}".encode()).hexdigest()


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
