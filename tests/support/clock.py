"""A clock that is moved by hand."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.support.permits import NOW


class HandClock:
    """Fulfils ``device.ports.Clock``; it stands still until :meth:`pass_s`."""

    def __init__(self, wall: datetime = NOW) -> None:
        self.ns = 1_000_000_000
        self.wall = wall
        self.boot = "boot-1"
        self.is_trusted = True

    def pass_s(self, seconds: float) -> None:
        """Let so much time go by."""
        self.ns += round(seconds * 1_000_000_000)
        self.wall += timedelta(seconds=seconds)

    def monotonic_ns(self) -> int:
        """Return the steady time."""
        return self.ns

    def now(self) -> datetime:
        """Return the wall time."""
        return self.wall

    def trusted(self) -> bool:
        """Tell what was set."""
        return self.is_trusted

    def boot_id(self) -> str:
        """Return the name of this boot."""
        return self.boot
