"""``leerblik network``: sets the network as IT asked for it on the page. Run by its unit, as root."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from device import systemd
from device.domain.errors import Permanent, Temporary
from device.domain.network_outcome import FILE_NAME, Outcome, Result, write_result
from device.footage.durable import replace_file
from device.network.apply import Applying
from device.network.nmcli import Nmcli

SUMMARY = "set the network as it was asked for on the page; its unit runs this"
_KEYFILES = Path("/etc/NetworkManager/system-connections")
_STATE = Path("/var/lib/leerblik/network")
_CREDENTIAL = "request"
# Everybody may read how it went: there is no secret in it.
_MODE = 0o644


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the action and its places."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    apply = actions.add_parser("apply", help="carry out a request, or put back what a power cut left")
    apply.add_argument(
        "--from", dest="source", type=Path, metavar="FILE",
        help="the request (default: the credential 'request' that systemd hands over)",
    )  # fmt: skip
    apply.add_argument("--keyfiles", type=Path, default=_KEYFILES, metavar="DIR", help=f"default {_KEYFILES}")
    apply.add_argument("--state", type=Path, default=_STATE, metavar="DIR", help=f"default {_STATE}")


def run(arguments: argparse.Namespace) -> int:
    """Carry out the request, and leave the result where the page finds it."""
    request = _request(arguments.source)
    try:
        with _alone(arguments.state):
            result = _carry_out(arguments.keyfiles, request)
            if result is not None:
                replace_file(arguments.state / FILE_NAME, write_result(result), _MODE)
    except OSError as error:
        raise Temporary(f"the network cannot be changed: {error}") from None
    good = result is None or result.outcome in (Outcome.UP, Outcome.REMOVED)
    return 0 if good else Temporary.exit_code


def _carry_out(keyfiles: Path, request: bytes | None) -> Result | None:
    if keyfiles.is_dir():
        return Applying(keyfiles, Nmcli(), _now).carry_out(request)
    return None if request is None else Result(Outcome.ABSENT, _now())


@contextlib.contextmanager
def _alone(state: Path) -> Iterator[None]:
    """Wait until nobody else changes the network: the unit begins when it sees what a person has just begun."""
    # Not the folder: whoever may read that could hold its lock.
    lock = os.open(state / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _request(source: Path | None) -> bytes | None:
    path = source or systemd.credential(_CREDENTIAL)
    try:
        return None if path is None else path.read_bytes()
    except OSError as error:
        raise Permanent(f"{path} cannot be read: {error.strerror or error}") from None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
