"""The private thread of a camera that can also be asked for a still."""

from __future__ import annotations

from device.domain.errors import Busy
from device.drivers._source import Worker


class CameraWorker(Worker):
    """A worker that knows whether the lens is taken."""

    @property
    def busy(self) -> bool:
        """Whether it was started, and not stopped since."""
        return self._thread is not None

    def require_idle(self) -> None:
        """Raise Busy while started: the lens belongs to the lesson."""
        if self.busy:
            raise Busy(f"the {self._name} is recording; a still can be had when the lesson is over")
