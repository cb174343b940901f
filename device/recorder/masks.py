"""The masks of this device: one small file in the state folder, read anew before every lesson."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from pathlib import Path

from device.domain.errors import Permanent, Temporary
from device.domain.mask import Polygon, read_polygons, write_polygons
from device.footage.durable import sync_file, sync_folder

NAME = "masks.json"


def load(state: Path) -> tuple[Polygon, ...]:
    """Return the masks, none when none were ever set.

    Permanent when the file cannot be read: what should be masked is then unknown, so nothing may be filmed.
    """
    path = state / NAME
    try:
        return read_polygons(json.loads(path.read_text("utf-8")), "masks")
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, Permanent) as error:
        raise Permanent(
            f"the masks in {path} cannot be read ({error}); set them again with 'leerblik masks'"
        ) from None


def save(state: Path, polygons: Sequence[Polygon]) -> None:
    """Put the masks on the card, whole or not at all; Temporary when it refuses."""
    path, fresh = state / NAME, state / f".{NAME}"
    try:
        fresh.write_text(json.dumps(write_polygons(polygons)), "utf-8")
        sync_file(fresh)
        fresh.rename(path)
        sync_folder(state)
    except OSError as error:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise Temporary(f"the card refused to store the masks: {error.strerror or error}") from None
