"""No indicator: nothing is shown. Somebody else must tell the room that it is being recorded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from device.domain.settings import Setting
from device.ports import Indicator, Signal

OPTIONS: tuple[Setting, ...] = ()


def build(options: Mapping[str, Any]) -> Indicator:
    """Return the indicator that shows nothing."""
    return NoIndicator()


class NoIndicator:
    """Fulfils the seam."""

    def show(self, signal: Signal) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Go on showing nothing."""
