"""A small file of JSON that is always whole: written beside itself, put on the card, then given its name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from device.domain.errors import Permanent, Temporary
from device.footage.durable import replace_file


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
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(path, json.dumps(held, indent=1, sort_keys=True).encode(), 0o600)
    except OSError as error:
        raise Temporary(f"{path} cannot be written: {error.strerror or error}") from None
