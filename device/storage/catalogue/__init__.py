"""The catalogue (SQLite): an index of the spool, and the place where recorder, web and sync meet.

A :class:`Catalogue` belongs to one thread. Each status has exactly one writer.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from device.domain.errors import Temporary
from device.domain.lifecycle import Writer
from device.storage.catalogue.database import Damaged, Occupied, open_database, transaction
from device.storage.catalogue.endings import Endings, StoredOrder, new_order
from device.storage.catalogue.fresh import fresh_ulid
from device.storage.catalogue.recordings import Recording, Recordings, Step, StoredObject, utc_now
from device.storage.catalogue.sends import ProcessState, ProcessStates, Send, Sends, StoredReceipt

__all__ = [
    "FILE_NAME",
    "Catalogue",
    "Damaged",
    "Occupied",
    "ProcessState",
    "Recording",
    "Send",
    "Step",
    "StoredObject",
    "StoredOrder",
    "StoredReceipt",
    "fresh_ulid",
    "new_order",
    "utc_now",
]

FILE_NAME = "catalogue.sqlite"


class Catalogue:
    """One connection; ``writer`` says whose statuses may be written (None: only reading)."""

    def __init__(self, path: Path, writer: Writer | None) -> None:
        self._connection = open_database(path)
        self._path = path
        self._inode = path.stat().st_ino
        self.recordings = Recordings(self._connection, writer)
        self.endings = Endings(self._connection, self.recordings)
        self.sends = Sends(self._connection)
        self.processes = ProcessStates(self._connection)

    def wait_at_most(self, seconds: float) -> None:
        """From now on wait only so long for a process that is writing; then a write raises :class:`Occupied`.

        For a process that has something better to do, and tries again.
        """
        self._connection.execute(f"PRAGMA busy_timeout = {round(seconds * 1000)}")

    def check_is_free(self) -> None:
        """Raise :class:`Occupied` when another process is writing now."""
        with transaction(self._connection):
            """Nothing is written."""

    def check_is_current(self) -> None:
        """Raise Temporary when the recorder has put another catalogue in the place of this one."""
        try:
            inode = self._path.stat().st_ino
        except OSError:
            inode = -1
        if inode != self._inode:
            raise Temporary(f"the catalogue {self._path} was rebuilt; this process must be started anew")

    def close(self) -> None:
        """Let the connection go. Harmless twice."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
