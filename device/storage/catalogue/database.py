"""Opening the catalogue: WAL with full syncs, checked at start, brought up to date by numbered migrations."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import sqlite3
import time
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from device.domain.errors import Permanent, Temporary

BUSY_TIMEOUT_S = 20.0


class Damaged(Permanent):
    """The catalogue's file is broken; it can be rebuilt from the spool."""


class Occupied(Temporary):
    """Another process is writing, and we waited as long as we may; nothing was changed."""


def open_database(path: Path) -> sqlite3.Connection:
    """Open (or create) a catalogue and bring it up to date.

    Damaged when the file is not a sound database, Permanent when it is newer than this program,
    Temporary when the folder cannot be written.
    """
    _create(path)
    try:
        connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
    except sqlite3.OperationalError as error:
        raise Temporary(f"the catalogue {path} cannot be opened: {error}") from None
    try:
        connection.row_factory = sqlite3.Row
        # FULL: with WAL's usual NORMAL the last commits are lost when the plug is pulled.
        _patiently(connection, "PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        if connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise Damaged(f"the catalogue {path} is damaged")
        _migrate(connection, path)
        if _schema(connection) != _expected_schema():
            raise Damaged(f"the catalogue {path} has another shape than version {max(_read_migrations())}")
    except sqlite3.OperationalError as error:
        connection.close()
        raise _meaning(error, f"the catalogue {path} cannot be used now: {error}") from None
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        # UnicodeDecodeError: SQLite's own sentence quotes what rotted in the schema.
        connection.close()
        raise Damaged(f"the catalogue {path} is damaged: {error}") from None
    except BaseException:
        connection.close()
        raise
    return connection


def _create(path: Path) -> None:
    """Make the file if it is not there, for the group to write: SQLite itself would never let the sync write."""
    with contextlib.suppress(OSError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o660))


def _meaning(error: sqlite3.OperationalError, sentence: str) -> Damaged | Temporary:
    """Tell a file that is in another shape than ours (a table is missing or there already) from the world."""
    if _code(error) == sqlite3.SQLITE_BUSY:
        return Occupied(sentence)
    return Damaged(sentence) if _code(error) == sqlite3.SQLITE_ERROR else Temporary(sentence)


def _code(error: sqlite3.OperationalError) -> int:
    """Return SQLite's primary code; Python raises some errors itself (text that is not UTF-8) without one."""
    return int(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)) & 0xFF


def _patiently(connection: sqlite3.Connection, statement: str) -> None:
    """Run a statement; SQLite's own busy timeout does not hold for the change to WAL of a new file."""
    deadline_s = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute(statement)
        except sqlite3.OperationalError as error:
            if _code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline_s:
                raise
            time.sleep(0.02)
        else:
            return


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Run the body as one transaction that takes the write lock at once.

    Temporary when the disk refuses, :class:`Occupied` when another process holds the lock for too long.
    """
    try:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
    except sqlite3.OperationalError as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise _meaning(error, f"the catalogue could not be written: {error}") from None


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    migrations = _read_migrations()
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > max(migrations):
        raise Permanent(
            f"the catalogue {path} has version {version}; this program knows {max(migrations)}; update it"
        )
    # An up-to-date catalogue is opened without the write lock: a reader waits for nobody.
    for number in sorted(number for number in migrations if number > version):
        with transaction(connection):
            # Read again under the lock: another process may have been first.
            if connection.execute("PRAGMA user_version").fetchone()[0] >= number:
                continue
            for statement in migrations[number]:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")


def _schema(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute(
        "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'"
    )
    return sorted(row[0] for row in rows)


@functools.cache
def _expected_schema() -> list[str]:
    """Return the schema as the migrations make it: a rotten byte in a column's name passes quick_check."""
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        for _, statements in sorted(_read_migrations().items()):
            for statement in statements:
                connection.execute(statement)
        return _schema(connection)


def _read_migrations() -> dict[int, list[str]]:
    text = resources.files("device.storage").joinpath("schema.sql").read_text("utf-8")
    parts = re.split(r"^-- migration (\d+)$", text, flags=re.MULTILINE)
    numbers, bodies = parts[1::2], parts[2::2]
    return {int(number): _statements(body) for number, body in zip(numbers, bodies, strict=True)}


def _statements(body: str) -> list[str]:
    without_comments = re.sub(r"--[^\n]*", "", body)
    return [statement for statement in map(str.strip, without_comments.split(";")) if statement]
