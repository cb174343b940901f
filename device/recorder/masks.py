"""The masks of this device, read anew before every lesson: one small file where only the recorder may write.

A mask covers what was meant only on the view that it was drawn on; with it stands which view that was.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from device.domain.errors import Permanent, Refused, Temporary
from device.domain.mask import Polygon, read_polygons, write_polygons
from device.domain.strict import Fields, parse_object
from device.footage.durable import sync_file, sync_folder

NAME = "masks.json"
# Says that masks were set once: a file that is gone does not mean that nothing is masked.
MARKER = "masks.set"
OTHER_VIEW = (
    "the camera looks differently than when the masks were drawn: aim and set the masks again, with "
    "'leerblik aim' and 'leerblik masks'"
)
_MODE = 0o640


@dataclass(frozen=True, slots=True)
class Drawn:
    """Masks, and the view that they were drawn on."""

    polygons: tuple[Polygon, ...] = ()
    view: str = ""


class Masks:
    """``folder`` belongs to the recorder alone; ``view`` is in a line how the camera looks now."""

    def __init__(self, folder: Path, view: str) -> None:
        self._folder = folder
        self._view = view

    def for_lesson(self) -> tuple[Polygon, ...]:
        """Return the masks, none when none were ever set; Refused when they were drawn on another view.

        Permanent when the file is gone or cannot be read: what should be masked is then unknown, so nothing may
        be filmed.
        """
        polygons = self.drawn()
        if not self.fits():
            raise Refused(OTHER_VIEW)
        return polygons

    def fits(self) -> bool:
        """Tell whether the masks were drawn on this view; no masks fit on any."""
        drawn = self._read()
        return not drawn.polygons or drawn.view == self._view

    def are_drawn(self) -> bool:
        """Tell whether there are masks for this view; what cannot be read is none."""
        try:
            return bool(self.drawn()) and self.fits()
        except Permanent:
            return False

    def drawn(self) -> tuple[Polygon, ...]:
        """Return the masks as they were drawn, also on another view: whoever aims sees where they are now."""
        return self._read().polygons

    def save(self, polygons: Sequence[Polygon]) -> None:
        """Put masks that were drawn on this view on the card, whole or not at all; Temporary when it refuses."""
        path, fresh = self._folder / NAME, self._folder / f".{NAME}"
        content = {"polygons": write_polygons(polygons), "view": self._view}
        try:
            _write_anew(fresh, json.dumps(content).encode())
            # Before the first masks: a cut in between leaves a device that films nothing, not one without masks.
            (self._folder / MARKER).touch(_MODE)
            sync_folder(self._folder)
            fresh.rename(path)
            sync_folder(self._folder)
        except OSError as error:
            with contextlib.suppress(OSError):
                fresh.unlink(missing_ok=True)
            raise Temporary(f"the card refused to store the masks: {error.strerror or error}") from None

    def _read(self) -> Drawn:
        path = self._folder / NAME
        try:
            fields = Fields(parse_object(path.read_bytes(), "the file"), "the file")
            drawn = Drawn(read_polygons(fields.take("polygons", list), "polygons"), fields.take("view", str))
            fields.done()
        except FileNotFoundError:
            if (self._folder / MARKER).exists():
                raise Permanent(
                    f"the masks of this device are gone from {path}; set them again with 'leerblik masks'"
                ) from None
            return Drawn()
        except (OSError, Permanent) as error:
            raise Permanent(
                f"the masks in {path} cannot be read ({error}); set them again with 'leerblik masks'"
            ) from None
        return drawn


def _write_anew(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE), "wb") as file:
        file.write(content)
    sync_file(path)
