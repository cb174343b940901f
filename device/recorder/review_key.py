"""The review key: made at boot, kept in memory only, so that the teacher can watch on the device meanwhile.

A unit that is unplugged and carried away has forgotten it, and can decrypt nothing.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
from pathlib import Path

import pyrage

NAME = "review.key"
_log = logging.getLogger(__name__)
_IN_MEMORY = (0x01021994, 0x858458F6)  # tmpfs and ramfs, from linux/magic.h
_STATFS_BYTES = 256  # more than struct statfs on any 64-bit architecture; its first word is f_type


def review_recipient(folder: Path) -> str | None:
    """Return the public half of this boot's review key; None when the folder is not in memory.

    A key that cannot be read (the recorder was killed while it made it) is replaced: nothing was sealed
    to it that the coach cannot read as well.
    """
    if not is_in_memory(folder):
        _log.info("%s is not in memory, so there is no review key: lessons cannot be watched here", folder)
        return None
    path = folder / NAME
    with contextlib.suppress(OSError, ValueError, pyrage.IdentityError):
        return str(pyrage.x25519.Identity.from_str(path.read_text("ascii").strip()).to_public())
    identity = pyrage.x25519.Identity.generate()
    fresh = folder / f".{NAME}"
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640), "w") as file:
        file.write(f"{identity}\n")
    fresh.rename(path)
    return str(identity.to_public())


def is_in_memory(folder: Path) -> bool:
    """Tell whether a folder lies in memory (tmpfs, ramfs) and not on the card."""
    answer = ctypes.create_string_buffer(_STATFS_BYTES)
    if ctypes.CDLL(None, use_errno=True).statfs(os.fsencode(folder), answer) != 0:
        return False
    return int.from_bytes(answer.raw[:8], "little") & 0xFFFFFFFF in _IN_MEMORY
