"""Everything a catalogue knows, for whoever can do without: a damaged one knows nothing.

Read in a copy of its own: whoever opens it is root, and others may write where it lies. SQLite does as a journal beside
a database says, which can name any file to remove; so only the database and its WAL are copied, and never a journal.
"""

from __future__ import annotations

import sqlite3
import tempfile
from pathlib import Path

from device.domain.errors import LeerblikError
from device.storage.catalogue import Catalogue, Recording
from device.storage.regular import read_regular

_EVERY = -1  # SQLite's word for no limit
# Hundreds of thousands of recordings; more is no catalogue of ours.
_MOST_BYTES = 64 << 20


def glance(path: Path) -> dict[str, Recording] | None:
    """Return every recording by its name; None when there is no catalogue, or it cannot be read."""
    try:
        with tempfile.TemporaryDirectory(prefix="leerblik-") as folder:
            copy = Path(folder) / path.name
            if not _copy(path, copy):
                return None
            _copy(_wal(path), _wal(copy))
            with Catalogue(copy, None) as catalogue:
                return {each.id: each for each in catalogue.recordings.latest(_EVERY)}
    except (LeerblikError, OSError, ValueError, sqlite3.DatabaseError):
        return None


def _copy(path: Path, copy: Path) -> bool:
    data = read_regular(path, _MOST_BYTES)
    if data is not None:
        copy.write_bytes(data)
    return data is not None


def _wal(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")
