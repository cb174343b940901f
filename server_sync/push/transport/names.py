"""The names a transport accepts: no path, no surprise on any file system."""

from __future__ import annotations

import re

from device.domain.errors import Permanent

_NAME = re.compile(r"[A-Za-z0-9._-]{1,255}")


def check_name(name: str) -> None:
    """Permanent unless ``name`` is a plain file name: up to 255 letters, digits, ``.``, ``_``, ``-``."""
    if _NAME.fullmatch(name) is None or name == "." or ".." in name:
        raise Permanent(
            f"{name!r} cannot be an object's name: use 1 to 255 letters, digits, '.', '_', '-', without '..'"
        )
