"""What the pages work with: plain collaborators, made once by the composition root (or by a test)."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from flask import current_app

from device.domain.errors import LeerblikError
from device.storage.register import RegisterBook
from device.web.accounts import Accounts
from device.web.asking import Asking
from device.web.hosts import Hosts
from device.web.limits import Limits
from device.web.roles import Actor
from device.web.sessions import Sessions

KEY = "leerblik"


class Recorder(Protocol):
    """The way to the recorder; :class:`device.recorder.client.RecorderClient` is one."""

    def ask(self, do: str, **values: Any) -> dict[str, Any]:
        """Return the answer; raises the LeerblikError that the recorder answered with."""
        ...


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything that a page may use. ``language`` is spoken to those who ask for none that there is."""

    asking: Asking
    book: RegisterBook
    recorder: Recorder
    accounts: Accounts
    sessions: Sessions
    limits: Limits
    hosts: Hosts
    language: str
    device_name: str
    timezone: str = "Europe/Amsterdam"
    tls: bool = False
    clock_s: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = _now
    # Who a machine's token (Authorization: Bearer ...) stands for; None: nobody.
    token_holder: Callable[[str], Actor | None] | None = None
    # Sealed footage, and this boot's key to it; read only.
    spool: Path = Path("/var/lib/leerblik/spool")
    runtime: Path = Path("/run/leerblik")

    def clock_trusted(self) -> bool:
        """Tell whether the device knows what time it is, as the recorder says; False when it does not answer."""
        try:
            return bool(self.recorder.ask("status").get("clock_trusted", False))
        except LeerblikError:
            return False


def services() -> Services:
    """Return the collaborators of the application that answers now."""
    made: Services = current_app.extensions[KEY]
    return made
