"""A flag that a signal handler may raise: unlike threading.Event it takes no lock that it could interrupt."""

from __future__ import annotations

import os
import select


class Stopping:
    """Raised once, for good. ``set`` is safe in a signal handler and from any thread."""

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)
        self._is_set = False

    def set(self) -> None:
        """Raise the flag and wake who waits."""
        if not self._is_set:
            self._is_set = True
            os.write(self._writer, b"!")

    def is_set(self) -> bool:
        """Tell whether it was raised."""
        return self._is_set

    def wait(self, timeout_s: float) -> bool:
        """Wait until it is raised, at most so long; tell whether it was."""
        if not self._is_set:
            select.select([self._reader], [], [], timeout_s)
        return self._is_set
