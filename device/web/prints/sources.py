"""Everything that the facts are made of, gathered once, so that one sheet tells of one moment."""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from device.domain.errors import LeerblikError, Permanent
from device.domain.register.chain import Head, read_lines
from device.domain.register.state import Register
from device.web.first_start.keys import Keys
from device.web.first_start.plan import present_keys
from device.web.prints.configuration import Configuration
from device.web.prints.tally import Tally, tally
from device.web.services import Services


@dataclass(frozen=True, slots=True)
class Chain:
    """The log as it was read from its beginning, now: how far it is whole, and whether that is all of it."""

    head: Head
    whole: bool


@dataclass(frozen=True, slots=True)
class Sources:
    """What is None did not answer, or could not be read. ``now`` is on the school's clock."""

    now: datetime
    known: Configuration
    register: Register | None
    chain: Chain | None
    status: Mapping[str, Any] | None
    keys: Keys | None
    keys_answered: bool
    tally: Tally | None
    device_name: str
    tls: bool
    spool: Path
    runtime: Path
    user: str


def gather(services: Services, known: Configuration, now: datetime) -> Sources:
    """Ask everybody once."""
    status = _status(services)
    keys, answered = _keys(services)
    return Sources(
        now=now,
        known=known,
        register=register_of(services),
        chain=_chain(services),
        status=status,
        keys=keys,
        keys_answered=answered,
        tally=None if status is None else tally(services.recorder, status),
        device_name=services.device_name,
        tls=services.tls,
        spool=services.spool,
        runtime=services.runtime,
        user=_user(),
    )


def register_of(services: Services) -> Register | None:
    """Return the register; None when it was damaged or cannot be read."""
    try:
        return services.book.read()
    except LeerblikError:
        return None


def permissions(path: Path) -> int | None:
    """Return the permission bits of a folder; None when there is none, 0 when this process may not look there.

    What systemd keeps from a service looks to it like a folder that nobody may open.
    """
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return None
    except OSError:
        return 0


def _status(services: Services) -> Mapping[str, Any] | None:
    try:
        return services.recorder.ask("status")
    except LeerblikError:
        return None


def _keys(services: Services) -> tuple[Keys | None, bool]:
    try:
        return present_keys(services.recorder), True
    except LeerblikError:
        return None, False


def _chain(services: Services) -> Chain | None:
    try:
        return Chain(services.book.check(), whole=True)
    except Permanent:
        return _whole_until(services)
    except LeerblikError:
        return None


def _whole_until(services: Services) -> Chain | None:
    """Return how far a log that was changed can be read still."""
    head = Head()
    try:
        for _entry, after in read_lines(services.book.lines().split(b"\n")[:-1]):
            head = after
    except Permanent:
        # Its own words may repeat what stands in the line.
        return Chain(head, whole=False)
    except LeerblikError:
        return None
    return Chain(head, whole=False)


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
