"""The single things that ``leerblik doctor`` looks at; each gives one finding with a piece of advice."""

from __future__ import annotations

import importlib
import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from device import config, drivers
from device.commands.finding import Finding
from device.commands.running import check_recorder
from device.commands.status import clock_text
from device.commands.unfinished import agreement_problem, missing_for_sync
from device.domain.errors import LeerblikError
from device.domain.receipt import read_public_key
from device.drivers.clock.system import SystemClock
from device.footage.seal import read_recipient
from device.recorder.client import RecorderClient

_PYTHON = (3, 11)
_ROUGH_BYTES_PER_S = 600_000
_CONNECT_TIMEOUT_S = 3.0
_KEY_MODE_MASK = 0o077
_INSTALLS = "deploy/device/install.sh --inbox makes it"
_COACHS_FOLDERS = {
    "drop_box_dir": "deploy/sshd/README.md says how to make one for each device",
    "library_dir": _INSTALLS,
    "film_dir": _INSTALLS,
    "keys_dir": _INSTALLS,
}


def check_machine(*, for_coach: bool) -> Iterator[Finding]:
    """Look at what does not depend on the configuration, but for whether this is the coach's machine."""
    version = ".".join(map(str, sys.version_info[:3]))
    good = sys.version_info >= _PYTHON
    yield Finding("python", good, version, "" if good else "install Python 3.11 or newer")
    if sys.maxsize <= 2**32:
        yield Finding("system", False, "this is a 32-bit system", "use the 64-bit Raspberry Pi OS")
    yield from _libraries(() if for_coach else (("paramiko", "sending"),))
    trusted = SystemClock().trusted()
    message = "kept in step by a time service" if trusted else "not synchronised since boot"
    advice = "" if trusted else "recordings are marked 'untrusted_clock'; check the network and timedatectl"
    yield Finding("clock", True if trusted else None, message, advice)


def _libraries(more: tuple[tuple[str, str], ...]) -> Iterator[Finding]:
    for name, use in (("av", "footage"), ("pyrage", "keys"), ("cryptography", "sealing"), *more):
        try:
            module = importlib.import_module(name)
        except ImportError as error:
            yield Finding(
                name, False, f"not usable: {error}", f"{use} needs it; install leerblik with its extras"
            )
        else:
            yield Finding(name, True, f"{getattr(module, '__version__', 'installed')} ({use})")


def check_coach(settings: config.Config) -> Iterator[Finding]:
    """Look at the folders and keys of the coach's machine."""
    inbox = settings.table("inbox")
    for key, how in _COACHS_FOLDERS.items():
        path = Path(inbox[key])
        there = path.is_dir()
        finding = _folder(key, path)
        yield finding if there else Finding(key, False, f"{path} does not exist", how)
    if not any(Path(inbox["keys_dir"]).glob("*.age")):
        yield Finding("keys", False, "there are none yet", "make them with 'leerblik inbox keys'")


def check_setup(settings: config.Config) -> Iterator[Finding]:
    """Look at what the configuration names."""
    device = settings.table("device")
    for key in ("spool_dir", "state_dir", "recorder_dir", "runtime_dir"):
        yield _folder(key, Path(device[key]))
    yield _space(settings)
    yield from _keys(settings)
    yield _agreement(settings)
    runs, recorder = check_recorder(settings, RecorderClient(Path(device["runtime_dir"])))
    # A running recorder holds camera and pins; a second hand on them would disturb it.
    if not runs:
        yield from _drivers(settings)
    yield from _sync(settings)
    yield from recorder


def _folder(name: str, path: Path) -> Finding:
    if not path.is_dir():
        return Finding(name, None, f"{path} does not exist yet", "the recorder makes it at its first start")
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        return Finding(
            name,
            False,
            f"{path} cannot be written by this user",
            f"say 'sudo leerblik doctor'; if that says the same, chown {path}",
        )
    return Finding(name, True, str(path))


def _space(settings: config.Config) -> Finding:
    path = Path(settings.table("device")["spool_dir"])
    while not path.exists():
        path = path.parent
    free = shutil.disk_usage(path).free - settings.table("recorder")["reserve_bytes"]
    if free <= 0:
        return Finding(
            "space",
            False,
            "the card is full",
            "deliver recordings (see 'leerblik status') or use a larger card",
        )
    return Finding(
        "space", True, f"about {clock_text(free / _ROUGH_BYTES_PER_S)} of footage fit (hours:minutes:seconds)"
    )


def _keys(settings: config.Config) -> Iterator[Finding]:
    coach = settings.table("coach")
    how = "make them on the coach's machine with 'leerblik inbox keys' and copy the public halves here"
    yield _key("coach key", coach["recipient"], read_recipient, how, needed=True)
    yield _key(
        "recovery key",
        coach["recovery_recipient"],
        read_recipient,
        "make one with 'leerblik keys recovery'",
        needed=False,
    )
    yield _key("receipt key", coach["receipt_key"], read_public_key, how, needed=True)


def _key(name: str, text: str, read: Callable[[str], object], advice: str, *, needed: bool) -> Finding:
    if not text:
        return Finding(name, False if needed else None, "missing", advice)
    try:
        read(text)
    except LeerblikError as error:
        return Finding(name, False, str(error), advice)
    return Finding(name, True, f"{text[:12]}…")


def _drivers(settings: config.Config) -> Iterator[Finding]:
    for kind, name in settings.chosen_drivers():
        try:
            driver = drivers.load(kind, name).build(settings.driver_options(kind, name))
            if kind in ("camera", "microphone"):
                driver.format()
            elif kind == "indicator":
                driver.close()
        except (LeerblikError, ImportError) as error:
            yield Finding(
                kind, False, f"{name}: {error}", f"check the plug and [{kind}.{name}] in the configuration"
            )
        else:
            yield Finding(kind, True, name)


def _agreement(settings: config.Config) -> Finding:
    problem = agreement_problem(settings, SystemClock().now())
    if problem:
        return Finding("agreement", False, problem, "fill in [agreement]; until then every press is refused")
    agreed = settings.table("agreement")
    return Finding("agreement", True, f"{agreed['trajectory']}, until {agreed['valid_until']}")


def _sync(settings: config.Config) -> Iterator[Finding]:
    if not settings.has("sync"):
        yield Finding(
            "server",
            None,
            "there is no [sync]: recordings stay on this device",
            "fill it in on the page, or [sync]",
        )
    elif missing := missing_for_sync(settings):
        yield Finding(
            "server",
            False,
            f"{' and '.join(missing)} not filled in yet",
            "fill it in on the page, or in [sync]",
        )
    elif settings.table("sync")["transport"] == "sftp":
        yield _server(settings)


def _server(settings: config.Config) -> Finding:
    sync = settings.table("sync")
    key = Path(sync["key_file"])
    if not key.exists():
        return Finding(
            "server", False, f"the SSH key {key} is missing", "make it with 'leerblik keys device'"
        )
    if key.stat().st_mode & _KEY_MODE_MASK:
        return Finding("server", False, f"the SSH key {key} can be read by others", f"chmod 600 {key}")
    where = f"{sync['host']}:{sync['port']}"
    try:
        with socket.create_connection((sync["host"], sync["port"]), _CONNECT_TIMEOUT_S) as connection:
            connection.settimeout(_CONNECT_TIMEOUT_S)
            banner = connection.recv(64).decode("ascii", "replace").strip()
    except OSError as error:
        return Finding(
            "server",
            None,
            f"{where} does not answer: {error}",
            "is the coach's machine on? recordings wait until it is",
        )
    if not banner.startswith("SSH-"):
        return Finding(
            "server", False, f"{where} answers, but not as an SSH server", "check sync.host and sync.port"
        )
    return Finding("server", True, f"{where} answers ({banner})")
