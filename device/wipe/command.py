"""``leerblik wipe``: destroys everything that Leerblik keeps on this device, and leaves a proof of it."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from device import __version__, config
from device.domain.errors import Busy, Refused, Temporary
from device.domain.wiping import ASKED_NAME, ORDER_NAME, UNFINISHED_NAME
from device.drivers.clock.system import SystemClock
from device.footage.durable import replace_file
from device.network.keyfile import FILE_NAME
from device.recorder.network import REQUEST_NAME
from device.wipe.inventory import take_inventory
from device.wipe.ledger import Order, read_order, write_order
from device.wipe.places import Keeping
from device.wipe.proof import STAYS
from device.wipe.trim import trim
from device.wipe.wiper import Result, Wiper, World

SUMMARY = "destroy everything that Leerblik keeps on this device, and leave a proof of it"
_SYSTEMD = Path("/run/systemd/system")
_PATH_UNIT, _UNIT = "leerblik-wipe.path", "leerblik-wipe.service"
# A change of the network that is under way comes to its end first, and may take five minutes.
_TAKEN_UP_S = 420.0
_LOOK_S = 0.5
_KEYFILES = Path("/etc/NetworkManager/system-connections")
# Also what lies beside it while it is changed.
_KEYFILES_BEGIN = FILE_NAME.removesuffix("nmconnection")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--dry-run", action="store_true", help="only show what would be destroyed")
    parser.add_argument(
        "--ordered",
        action="store_true",
        help="carry out what was ordered at the device (leerblik-wipe.service)",
    )
    parser.add_argument("--config", metavar="FILE", help=f"configuration (default {config.DEFAULT_PATH})")
    parser.epilog = (
        "IT can do it on the page, too: /it/wipe. What stays: " + "; ".join(each for each, _ in STAYS) + "."
    )


def run(arguments: argparse.Namespace) -> int:
    """Carry out what was ordered, or show what is here, or ask and then do it."""
    settings = config.load(arguments.config)
    keeping = _keeping(settings)
    device = settings.table("device")["name"]
    clock = SystemClock()
    wiper = Wiper(
        keeping, device, __version__, World(clock.now, clock.trusted, trim, partial(_forget_network, keeping))
    )
    if arguments.ordered:
        return _carry_out(wiper, keeping)
    keeping.check()
    _show(device, take_inventory(keeping), keeping)
    if arguments.dry_run:
        return 0
    _ask(device)
    order = Order(device, "it", "terminal", f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", clock.trusted())
    return _by_systemd(keeping, order) if _SYSTEMD.is_dir() else _here(wiper, keeping, order)


def _keeping(settings: config.Config) -> Keeping:
    device, web = settings.table("device"), settings.table("web")
    return Keeping(
        runtime=_real(device["runtime_dir"]), own=_real(device["recorder_dir"]), web=_real(web["dir"]),
        settings=_real(device["settings_dir"]), network=Path(device["settings_dir"]).with_name("network"),
        register=_real(device["register_dir"]), state=_real(device["state_dir"]),
        spool=_real(device["spool_dir"]), wiped=Path(device["wiped_dir"]),
        keyfiles=_KEYFILES, keyfiles_begin=_KEYFILES_BEGIN,
        # A link to it, which only root could make, is not what is to be destroyed.
        ssh_key=Path(settings.table("sync")["key_file"]).resolve(),
        spared=(Path(settings.source), Path(sys.prefix)),
    )  # fmt: skip


def _forget_network(keeping: Keeping) -> None:
    """Leave the wish that IT can have on the page, too: leerblik-network.service carries it out."""
    try:
        replace_file(keeping.runtime / REQUEST_NAME, b'{"forget": true}', 0o600)
    except OSError as error:
        raise Temporary(f"{keeping.runtime / REQUEST_NAME} cannot be written: {error.strerror}") from None


def _real(folder: str) -> Path:
    """Return where a folder really is, if that is root's doing: footage may lie on another disk."""
    path = Path(folder)
    with contextlib.suppress(OSError):
        if path.is_symlink() and path.lstat().st_uid == 0:
            return path.resolve()
    return path


def _carry_out(wiper: Wiper, keeping: Keeping) -> int:
    """Do what the recorder's order says, or go on with what the power cut; nothing without either."""
    begun = wiper.begun() if (keeping.wiped / ORDER_NAME).exists() else None
    asked = keeping.runtime / ASKED_NAME
    if begun is None and not asked.exists():
        print("nothing was ordered")
        return 0
    try:
        return _tell(wiper.wipe(begun.order if begun else read_order(asked)))
    finally:
        # An order that came to nothing must not be carried out again and again.
        if not (keeping.wiped / ORDER_NAME).exists():
            asked.unlink(missing_ok=True)


def _tell(result: Result) -> int:
    if not result.complete:
        raise Temporary(
            f"something could not be removed, and the device records nothing until it is: see {result.proof}"
        )
    print(f"this device was wiped; the proof is {result.proof}")
    return 0


def _show(device: str, found: dict[str, Any], keeping: Keeping) -> None:
    print(f"Device: {device}")
    for place in keeping.places():
        counted = found["found"].get(place.name)
        size = f"{counted['files']} files, {counted['size_bytes'] / 1e6:.1f} MB" if counted else "in memory"
        print(f"  {place.folder!s:32} {size}")
    for file in keeping.key_files():
        print(f"  {file!s:32} {'this SSH key' if file.exists() else 'not there'}")
    print(f"Recordings: {len(found['recordings'])}, {found['recorded_s'] / 3600:.1f} hours")
    print(f"NOT YET WITH THE COACH, lost for ever: {found['not_with_the_coach']}")
    print(f"Withdrawals that the coach's machine has not heard of: {found['withdrawals_unheard']}")
    print("This stays:", *(f"  {each}" for each, _ in STAYS), sep="\n")


def _ask(device: str) -> None:
    if os.geteuid() != 0:
        raise Refused("wiping takes root's rights: say 'sudo leerblik wipe'")
    if not sys.stdin.isatty():
        raise Refused("wiping is confirmed by hand, on a terminal; nothing was done")
    try:
        answer = input("Type the name of this device to destroy all of this (Ctrl-C: nothing happens): ")
    except EOFError:
        answer = ""
    if answer.strip() != device:
        raise Refused("that is not the name of this device; nothing was done")


def _by_systemd(keeping: Keeping, order: Order) -> int:
    """Leave the order to the unit, which ends the services first and works in a sandbox; wait for its end."""
    before = _proofs(keeping.wiped)
    if not keeping.runtime.is_dir():
        raise Temporary(f"{keeping.runtime} is not there: say 'sudo systemctl start leerblik.target' first")
    write_order(keeping.runtime / ASKED_NAME, order)
    print("The services end now, and then everything goes. Leave the device on.", flush=True)
    until_s = time.monotonic() + _TAKEN_UP_S
    while (keeping.runtime / ASKED_NAME).exists():
        if time.monotonic() > until_s or _has_failed():
            (keeping.runtime / ASKED_NAME).unlink(missing_ok=True)
            raise Temporary(f"nobody took it up{_what_is_the_case(keeping.wiped)}")
        time.sleep(_LOOK_S)
    while (keeping.wiped / ORDER_NAME).exists():
        if _has_failed():
            raise Temporary(f"it broke off{_what_is_the_case(keeping.wiped)}")
        time.sleep(_LOOK_S)
    fresh = sorted(_proofs(keeping.wiped) - before)
    if not fresh:
        raise Temporary("it left no proof: see 'journalctl -u leerblik-wipe'")
    return _tell(Result(not (keeping.wiped / UNFINISHED_NAME).exists(), keeping.wiped / fresh[-1]))


def _has_failed() -> bool:
    """Tell whether systemd tries no more: the unit failed too often, and waits for a person."""
    words = ["systemctl", "is-failed", "--quiet", _PATH_UNIT]
    try:
        return subprocess.run(words, check=False, capture_output=True).returncode == 0
    except OSError:
        return False


def _what_is_the_case(wiped: Path) -> str:
    if (wiped / ORDER_NAME).exists():
        so = "a wipe was begun and is not complete: the device records nothing until it is"
    elif (wiped / UNFINISHED_NAME).exists():
        so = "nothing more was wiped, and of an earlier wipe something is left: the device records nothing"
    else:
        so = "nothing was wiped"
    return (
        f"; {so}. 'journalctl -u {_UNIT}' says why; after 'systemctl reset-failed {_PATH_UNIT} {_UNIT}' and "
        f"'systemctl restart {_PATH_UNIT}' it can be tried again"
    )


def _proofs(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("wiped-*.json") if not path.name.endswith(".key.json")}


def _here(wiper: Wiper, keeping: Keeping, order: Order) -> int:
    """Where no systemd runs there is nobody to end the services: they must have ended."""
    with contextlib.suppress(FileNotFoundError), (keeping.runtime / "recorder.lock").open("rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Busy("a recorder is running here: end it first, and the page and the sync") from None
    return _tell(wiper.wipe(order))
