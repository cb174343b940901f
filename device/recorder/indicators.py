"""Several indicators as one."""

from __future__ import annotations

from collections.abc import Sequence

from device.ports import Indicator, Signal


class Indicators:
    """Shows every signal on every light, sound and line."""

    def __init__(self, members: Sequence[Indicator]) -> None:
        self._members = members

    def show(self, signal: Signal) -> None:
        """Show a signal."""
        for member in self._members:
            member.show(signal)

    def close(self) -> None:
        """Go dark."""
        for member in self._members:
            member.close()
