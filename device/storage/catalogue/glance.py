"""Everything a catalogue knows, for whoever can do without: a damaged one knows nothing."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from device.domain.errors import LeerblikError
from device.storage.catalogue import Catalogue, Recording

_EVERY = -1  # SQLite's word for no limit


def glance(path: Path) -> dict[str, Recording] | None:
    """Return every recording by its name; None when there is no catalogue, or it cannot be read."""
    if path.is_symlink() or not path.is_file():
        return None
    try:
        with Catalogue(path, None) as catalogue:
            return {each.id: each for each in catalogue.recordings.latest(_EVERY)}
    except (LeerblikError, OSError, ValueError, sqlite3.DatabaseError):
        return None
