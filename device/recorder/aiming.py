"""Aim mode: single stills for pointing the camera, for two minutes after a press at the device itself.

Somebody asks for it (the coach, on the page or the command line); the next press at the device opens the lens
instead of recording. The lights show it, the next press or the end of the time closes it, nothing is kept.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from device.domain.consent import AimLeave, authorise_aim
from device.domain.errors import LeerblikError, Refused
from device.footage.packets import NS_PER_S
from device.ports import Camera, Clock, Edge, Signal
from device.recorder import masks

_ASKED_NS = 120 * NS_PER_S
_log = logging.getLogger(__name__)


class Aiming:
    """Belongs to the recorder's loop. ``show`` shows a signal, ``announce`` tells whoever follows the events."""

    def __init__(
        self,
        camera: Camera,
        clock: Clock,
        state: Path,
        show: Callable[[Signal], None],
        announce: Callable[[str], None],
    ) -> None:
        self._camera = camera
        self._clock = clock
        self._state = state
        self._show = show
        self._announce = announce
        self._asked_until_ns = 0
        self._leave: AimLeave | None = None

    @property
    def is_open(self) -> bool:
        """Whether the lens is open for aiming."""
        return self._leave is not None

    @property
    def left_s(self) -> float:
        """Seconds that the lens stays open for aiming, or that a press at the device would open it; 0: neither."""
        until_ns = self._leave.until_ns if self._leave else self._asked_until_ns
        return max(0, until_ns - self._clock.monotonic_ns()) / NS_PER_S

    def ask(self) -> None:
        """Let the next press at the device open the lens for aiming."""
        self._asked_until_ns = self._clock.monotonic_ns() + _ASKED_NS

    def takes(self, edge: Edge) -> bool:
        """Take a press that is meant for aiming; False: it means what it always means."""
        if not edge.down:
            return False
        if self._leave is not None:
            self.close()
            return True
        if edge.at_ns >= self._asked_until_ns:
            return False
        leave = authorise_aim(edge.at_ns, self._clock.monotonic_ns(), by_hand=edge.by_hand)
        if leave is None:
            return False
        self._leave, self._asked_until_ns = leave, 0
        # The light first, as for a lesson.
        self._show(Signal.AIMING)
        self._announce("aim_opened")
        return True

    def still(self) -> bytes:
        """Return one JPEG; Refused unless somebody pressed at the device for it."""
        self.tick()
        if self._leave is None:
            raise Refused("the lens is closed: ask to aim, then press the button at the device itself")
        try:
            self._camera.mask(masks.load(self._state))
            return self._camera.aim(self._leave)
        except LeerblikError:
            self.close()
            raise

    def tick(self) -> None:
        """Close the lens when the time is over."""
        if self._leave is not None and self._clock.monotonic_ns() >= self._leave.until_ns:
            self.close()

    def close(self) -> None:
        """Close the lens. Harmless when it is closed; Temporary when the camera hangs."""
        if self._leave is None:
            return
        self._leave = None
        try:
            self._camera.stop()
        finally:
            self._show(Signal.READY)
            self._announce("aim_closed")
