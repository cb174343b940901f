"""No indicator: nothing is shown, and without another one nothing is recorded."""

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
    """Fulfils the seam; it is no light, so alone it lets nothing be recorded."""

    works = False

    def show(self, signal: Signal) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Go on showing nothing."""
