"""What keeps a picture from being seen: masks and blanking, drawn before the encoder, failing closed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from device.domain.mask import Polygon
from device.drivers.camera import _paint
from device.drivers.camera._paint import Box, Layers

_log = logging.getLogger(__name__)


class Curtain:
    """One camera's wishes: which areas, and whether everything. Safe from any thread."""

    def __init__(self) -> None:
        self._polygons: tuple[Polygon, ...] = ()
        self._blanked = threading.Event()

    def mask(self, polygons: Sequence[Polygon]) -> None:
        """Paint these areas from the next :meth:`hang` on."""
        self._polygons = tuple(polygons)

    def blank(self, blanked: bool) -> None:
        """Paint everything, from the next picture on, until told otherwise."""
        if blanked:
            self._blanked.set()
        else:
            self._blanked.clear()

    @property
    def blanked(self) -> bool:
        """Whether everything is to be painted."""
        return self._blanked.is_set()

    def hang(self, width: int, height: int, failed: Callable[[str], None], *, aiming: bool = False) -> Cover:
        """Return what covers pictures of this size. ``failed`` hears once that a mask could not be painted.

        ``aiming``: stills for pointing the camera; blanking belongs to a lesson and does not darken them.
        """
        return Cover(self, self._polygons, (width, height), failed, aiming=aiming)


class Cover:
    """Covers the pictures of one take. After one failure every later picture is black, too."""

    def __init__(
        self,
        curtain: Curtain,
        polygons: Sequence[Polygon],
        size: tuple[int, int],
        failed: Callable[[str], None],
        *,
        aiming: bool,
    ) -> None:
        self._curtain = curtain
        self._failed = failed
        self._aiming = aiming
        self._boxes: tuple[Box, ...] = ()
        self.broken = False
        try:
            self._boxes = _paint.boxes_of(polygons, *size)
        except Exception as error:  # noqa: BLE001  # whatever it was, the masks are missing: black, not bare
            self.fail(error)

    @property
    def idle(self) -> bool:
        """Whether there is nothing to paint at this moment."""
        return not (self._boxes or self.broken or self._dark)

    def draw(self, picture: Layers) -> None:
        """Paint a picture in place. Raises only when it cannot even be made black: then nobody may have it."""
        try:
            if not self.broken and not self._dark:
                _paint.paint(picture, self._boxes)
                return
        except Exception as error:  # noqa: BLE001  # fails closed, whatever it was
            self.fail(error)
        _paint.blacken(picture)

    def fail(self, error: Exception) -> None:
        """Note that masks cannot be painted, and say so once."""
        if self.broken:
            return
        self.broken = True
        _log.error("a privacy mask could not be painted", exc_info=error)
        self._failed(
            f"a privacy mask could not be painted ({type(error).__name__}); the picture is black instead"
        )

    @property
    def _dark(self) -> bool:
        return self._curtain.blanked and not self._aiming
