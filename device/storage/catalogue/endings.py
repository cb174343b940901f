"""Recordings on their way to destruction: what is left of a trajectory, the orders that go out, the certificates."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass

from device.domain.lifecycle import Status
from device.domain.register.effects import Reached
from device.storage.catalogue.database import transaction
from device.storage.catalogue.recordings import Recording, Recordings, recording_of, utc_now

# A recording under a trajectory: of one of its bookings, claimed for it, or under no booking, by the settings alone.
_UNDER = (
    " FROM recordings WHERE id IN (SELECT id FROM recordings WHERE booking IN (SELECT value FROM json_each(:bookings))"
    " UNION SELECT id FROM recordings WHERE booking = '' AND trajectory = :trajectory AND trajectory != ''"
    " UNION SELECT value FROM json_each(:names))"
)
_ENDED = (Status.DISCARDED, Status.WITHDRAWN, Status.DESTROYED)


@dataclass(frozen=True, slots=True)
class StoredOrder:
    """A sealed order and why it was given; ``at`` is the device's wall time."""

    data: bytes
    sha256: str
    reason: str
    at: str


def new_order(sealed: bytes, reason: str, at: str) -> StoredOrder:
    """Return a sealed order as it is stored."""
    return StoredOrder(sealed, hashlib.sha256(sealed).hexdigest(), reason, at)


class Endings:
    """The recorder writes orders, the sync writes what became of them; everybody reads."""

    def __init__(self, connection: sqlite3.Connection, recordings: Recordings) -> None:
        self._db = connection
        self._recordings = recordings

    def left(self, reached: Reached) -> list[Recording]:
        """Return what is under bookings or names and still has to go, oldest first.

        Claims that were not carried out yet are among it. What was discarded and purged has no copy anywhere. One
        lookup for each booking, whatever else there is.
        """
        rows = self._db.execute(
            f"SELECT *{_UNDER} AND status NOT IN (SELECT value FROM json_each(:ended))"  # noqa: S608  # ours
            " AND (status != :purged OR EXISTS (SELECT 1 FROM history WHERE recording = recordings.id"
            " AND history.status = :delivered)) ORDER BY id",
            {
                **_names(reached), "ended": json.dumps([each.value for each in _ENDED]),
                "purged": Status.PURGED.value, "delivered": Status.DELIVERED.value,
            },
        )  # fmt: skip
        return [recording_of(row) for row in rows]

    def withdraw(self, recording: str, order: StoredOrder, note: str) -> None:
        """Make a recording withdrawn, with the order that reaches its copy; errors as ``Recordings.move``."""
        with transaction(self._db):
            self._recordings.move_within(recording, Status.WITHDRAWN, note)
            self._add(recording, order)

    def add(self, recording: str, order: StoredOrder) -> None:
        """Give an order for a recording that was withdrawn without one; harmless when there is one."""
        with transaction(self._db):
            self._add(recording, order)

    def owed(self, limit: int) -> list[Recording]:
        """Return some recordings that were withdrawn and have no order yet."""
        rows = self._db.execute(
            "SELECT * FROM recordings WHERE status = ? AND id NOT IN (SELECT recording FROM orders)"
            " ORDER BY id LIMIT ?",
            (Status.WITHDRAWN.value, limit),
        )
        return [recording_of(row) for row in rows]

    def order(self, recording: str) -> StoredOrder | None:
        """Return the order for a recording, None while there is none."""
        row = self._db.execute(
            "SELECT data, sha256, reason, at FROM orders WHERE recording = ?", (recording,)
        ).fetchone()
        return None if row is None else StoredOrder(*row)

    def reasons(self, recordings: Collection[str]) -> dict[str, str]:
        """Return why each of these recordings was withdrawn; those without an order are not in it."""
        rows = self._db.execute(
            "SELECT recording, reason FROM orders WHERE recording IN (SELECT value FROM json_each(?))",
            (json.dumps(sorted(recordings)),),
        )
        return {row[0]: row[1] for row in rows}

    def begin(self, remote_name: str, recording: str) -> None:
        """Note a name before the first byte of an order goes out under it."""
        with transaction(self._db):
            self._db.execute(
                "INSERT INTO order_sends (remote_name, recording, at) VALUES (?, ?, ?)",
                (remote_name, recording, utc_now()),
            )

    def confirm(self, remote_name: str) -> None:
        """Note that the server has all of an order."""
        with transaction(self._db):
            self._db.execute("UPDATE order_sends SET confirmed = 1 WHERE remote_name = ?", (remote_name,))

    def forget(self, recording: str) -> None:
        """An order that was refused, or is never answered, must be sent again."""
        with transaction(self._db):
            self._db.execute("UPDATE order_sends SET confirmed = 0 WHERE recording = ?", (recording,))

    def sent_as(self, recording: str) -> str | None:
        """Return the name under which the server has all of its order, the last one; None while it has not."""
        row = self._db.execute(
            "SELECT remote_name FROM order_sends WHERE recording = ? AND confirmed ORDER BY rowid DESC",
            (recording,),
        ).fetchone()
        return None if row is None else str(row[0])

    def sent_at(self, remote_name: str) -> str:
        """Return the wall time in UTC at which an order went out under a name, as :func:`utc_now` writes it."""
        row = self._db.execute("SELECT at FROM order_sends WHERE remote_name = ?", (remote_name,)).fetchone()
        return str(row[0])

    def destroy(self, recording: str, certificate: bytes) -> None:
        """Keep the certificate and make the recording destroyed, both or neither; errors as ``Recordings.move``."""
        with transaction(self._db):
            self._recordings.move_within(recording, Status.DESTROYED, "certificate verified")
            self._db.execute(
                "INSERT INTO certificates (recording, data, at) VALUES (?, ?, ?)",
                (recording, certificate, utc_now()),
            )

    def certificates(self, recordings: Collection[str]) -> dict[str, bytes]:
        """Return the certificates of these recordings, as they came, with one question for all of them."""
        rows = self._db.execute(
            "SELECT recording, data FROM certificates WHERE recording IN (SELECT value FROM json_each(?))",
            (json.dumps(sorted(recordings)),),
        )
        return {row[0]: row[1] for row in rows}

    def _add(self, recording: str, order: StoredOrder) -> None:
        self._db.execute(
            "INSERT OR IGNORE INTO orders (recording, data, sha256, reason, at) VALUES (?, ?, ?, ?, ?)",
            (recording, order.data, order.sha256, order.reason, order.at),
        )


def _names(reached: Reached) -> dict[str, str]:
    return {
        "bookings": json.dumps(sorted(reached.bookings)),
        "names": json.dumps(sorted(reached.recordings)),
        "trajectory": reached.trajectory,
    }
