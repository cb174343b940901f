"""Reads a small file that somebody else could have put there: never a pipe, a device, a link or one without an end."""

from __future__ import annotations

import os
import stat
from pathlib import Path

_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


def read_regular(path: Path, most_bytes: int) -> bytes | None:
    """Return what a file holds; None for whatever is no file, is larger, or cannot be read. Waits for nobody."""
    try:
        # What is no file is not even opened; what takes its place in between is opened without waiting for it.
        if not stat.S_ISREG(path.lstat().st_mode):
            return None
        with os.fdopen(os.open(path, _FLAGS), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return None
            data = file.read(most_bytes + 1)
    except OSError:
        return None
    return data if len(data) <= most_bytes else None
