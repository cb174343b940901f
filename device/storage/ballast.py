"""A few megabytes that are given up when the card is full: without them not even the catalogue could be opened.

Somebody else may have filled the card (a log, a copy); the recorder must come up all the same, say so, and let
go of what has been delivered.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
from pathlib import Path

NAME = "ballast"
SIZE_BYTES = 8 << 20
_log = logging.getLogger(__name__)


def drop_when_full(state: Path) -> bool:
    """Give the ballast up when there is less room than it takes; True when that was done."""
    path = state / NAME
    if shutil.disk_usage(state).free >= SIZE_BYTES or not path.exists():
        return False
    path.unlink()
    _log.warning("the card is full; %d MiB that were kept for this were given up", SIZE_BYTES >> 20)
    return True


def take_when_roomy(state: Path, free_bytes: int, reserve_bytes: int) -> None:
    """Take the ballast (again) when there is more room than must be kept free."""
    if free_bytes < max(reserve_bytes, 4 * SIZE_BYTES):
        return
    path = state / NAME
    # What cannot be had is no reason to stop: it is tried again later.
    with contextlib.suppress(OSError):
        if not _is_whole(path):
            _fill(path)


def _is_whole(path: Path) -> bool:
    """Tell whether all of it is there; what could be had in part is filled up later."""
    return path.exists() and path.stat().st_size >= SIZE_BYTES


def _fill(path: Path) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.posix_fallocate(fd, 0, SIZE_BYTES)
    finally:
        os.close(fd)
