"""The private thread of a camera that can also be asked for a still, or to stand ready."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event

from device.domain.consent import WarmLeave
from device.domain.errors import Busy
from device.drivers._source import Worker
from device.drivers.camera._leave import require_warm_leave


class CameraWorker(Worker):
    """A worker that knows whether the lens is taken, or ready to be."""

    _ready_until_ns = 0

    @property
    def busy(self) -> bool:
        """Whether it was started, and not stopped since."""
        return self._thread is not None

    def require_idle(self) -> None:
        """Raise Busy while started: the lens belongs to the lesson."""
        if self.busy:
            raise Busy(f"the {self._name} is recording; a still can be had when the lesson is over")

    def prepare(self, leave: WarmLeave) -> None:
        """Stand ready, for a camera that has nothing to open before it films; see :meth:`Camera.prepare`."""
        require_warm_leave(leave)
        if self.busy:
            raise Busy(f"the {self._name} is recording; it need not be held ready")
        self._ready_until_ns = leave.until_ns

    @property
    def is_ready(self) -> bool:
        """Whether it stands ready."""
        return not self.busy and time.monotonic_ns() < self._ready_until_ns

    def start(self, work: Callable[[Event], None], failed: Callable[[str], None]) -> None:
        """Begin; from then on it does not stand ready but works."""
        super().start(work, failed)
        self._ready_until_ns = 0

    def stop(self) -> None:
        """End the work, and stand ready no longer."""
        self._ready_until_ns = 0
        super().stop()

    def spend(self) -> None:
        """Stand ready no longer: the lens is wanted for something else."""
        self._ready_until_ns = 0
