"""A small file of JSON that is always whole: written beside itself, put on the card, then given its name."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any

from device.domain.errors import Permanent, Temporary
from device.footage.durable import sync_folder


def read(path: Path) -> dict[str, Any] | None:
    """Return what it holds; None when there is no such file. Permanent when it cannot be understood."""
    try:
        held = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Permanent(f"{path} cannot be read: {error.strerror or error}") from None
    except ValueError:
        raise Permanent(f"{path} is damaged; put it back from a copy, or remove it to begin anew") from None
    if not isinstance(held, dict):
        raise Permanent(f"{path} is damaged; put it back from a copy, or remove it to begin anew")
    return held


def write(path: Path, held: dict[str, Any]) -> None:
    """Replace it for this user's eyes only; Temporary when the card does not take it, and the old one stays."""
    fresh = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh.unlink(missing_ok=True)
        fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(json.dumps(held, indent=1, sort_keys=True).encode())
            file.flush()
            os.fsync(fd)
        fresh.rename(path)
        sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise Temporary(f"{path} cannot be written: {error.strerror or error}") from None
