"""The whole house on one machine: keys, configuration, server, and the three processes it has on the device."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from deploy.demo.ssh_keys import make_ssh_key
from deploy.demo.sshd import DropBoxServer
from device.domain.errors import Busy, LeerblikError, Permanent, Refused, Temporary
from device.domain.settings import toml_value
from device.recorder.client import RecorderClient
from server_sync.inbox.keys import make_coach_keys

_MARKER = ".leerblik-demo"
_START_LIMIT_S = 30.0
_STOP_LIMIT_S = 20.0
PROCESSES = ("inbox", "recorder", "sync")


class Server(Protocol):
    """The SSH server of the demonstration, real or embedded."""

    host: str
    port: int
    user: str
    host_key: str
    root: Path

    def start(self) -> None:
        """Start it."""
        ...

    def stop(self) -> None:
        """Stop it."""
        ...


class House:
    """Everything under one folder, which is emptied first. Enter it to start, leave it to stop all.

    ``tables`` overrides settings, by table and key. ``notes`` are sentences worth showing to a person.
    """

    def __init__(self, folder: Path, tables: Mapping[str, Mapping[str, Any]]) -> None:
        self.folder = folder.resolve()
        self._lock = _empty(self.folder)
        self.films = self.folder / "film"
        self.spool = self.folder / "spool"
        self.config = self.folder / "leerblik.toml"
        self.notes: list[str] = []
        self.server_words = "OpenSSH drop box"
        self.client = RecorderClient(self.folder / "run")
        self.passphrase = secrets.token_hex(8)
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._keys = make_coach_keys(_made(self.folder / "coach" / "keys"), self.passphrase)
        key_line = make_ssh_key(self.folder / "device_ssh_key")
        self._key_line = key_line
        self.server = self._choose_server()
        self._tables = self._own_tables()
        self.change(tables)
        _made(self.folder / "log")

    def start(self, name: str) -> None:
        """Start one process, as its unit on the device would."""
        words = [sys.executable, "-m", "device.cli", name, "--config", str(self.config)]
        give: int | None = None
        if name == "inbox":
            give = self._passphrase_pipe()
            words += ["run", "--passphrase-fd", str(give)]
        with self.log(name).open("ab") as log:
            self._running[name] = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *words],  # noqa: S607  # of util-linux, on the PATH
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=[give] if give is not None else [],
                process_group=0, env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )  # fmt: skip
        if give is not None:
            os.close(give)

    def kill(self, name: str) -> None:
        """End one process as a crash would (SIGKILL)."""
        process = self._running.pop(name)
        process.kill()
        process.wait()

    def stop(self, name: str) -> int:
        """Ask one process to end, and return its exit code."""
        process = self._running.pop(name)
        process.terminate()
        try:
            return process.wait(_STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise Temporary(
                f"the {name} did not end within {_STOP_LIMIT_S:g} s; see {self.log(name)}"
            ) from None

    def check(self) -> None:
        """Raise Temporary, with its last words, when a process has died."""
        for name, process in self._running.items():
            if process.poll() is not None:
                raise Temporary(
                    f"the {name} ended by itself: {self.last_words(name)} (all of it: {self.log(name)})"
                )

    def log(self, name: str) -> Path:
        """Return the log of a process."""
        return self.folder / "log" / f"{name}.log"

    def last_words(self, name: str) -> str:
        """Return the last line that a process wrote."""
        lines = self.log(name).read_text("utf-8", errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def wait_for_recorder(self) -> None:
        """Return when the recorder answers."""
        deadline_s = time.monotonic() + _START_LIMIT_S
        while True:
            self.check()
            try:
                self.client.ask("status")
            except Temporary:
                if time.monotonic() > deadline_s:
                    raise
                time.sleep(0.05)
            else:
                return

    def wait_for_page(self, port: int) -> None:
        """Return when the page is served on this port of this machine."""
        deadline_s = time.monotonic() + _START_LIMIT_S
        while True:
            self.check()
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                return
            if time.monotonic() > deadline_s:
                raise Temporary(
                    f"the page does not come up: {self.last_words('web')} (all of it: {self.log('web')})"
                )
            time.sleep(0.05)

    def __enter__(self) -> Self:
        try:
            for name in PROCESSES:
                self.start(name)
            self.wait_for_recorder()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop everything. Harmless twice."""
        for name in list(self._running):
            with suppress(LeerblikError):
                self.stop(name)
        self.server.stop()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _choose_server(self) -> Server:
        """Return OpenSSH's server, running; where that cannot be had, say why and return the embedded one."""
        folder = _made(self.folder / "server")
        try:
            server: Server = DropBoxServer(folder, [self._key_line])
            server.start()
        except LeerblikError as error:
            server = self._embedded(folder, str(error))
            server.start()
        return server

    def _embedded(self, folder: Path, why: str) -> Server:
        from deploy.demo.embedded_sftp import EmbeddedDropBoxServer

        self.server_words = "embedded SFTP server"
        self.notes.append(
            f"OpenSSH is not to be had here ({why}), so an embedded SFTP server stands in for it"
        )
        return EmbeddedDropBoxServer(folder, [self._key_line])

    def _passphrase_pipe(self) -> int:
        """Hand the coach's passphrase over in memory; it is never written to a file."""
        reader, writer = os.pipe()
        os.write(writer, self.passphrase.encode() + b"\n")
        os.close(writer)
        return reader

    def change(self, tables: Mapping[str, Mapping[str, Any]]) -> None:
        """Change settings, by table and key; a process learns of it when it is started anew."""
        for name, values in tables.items():
            self._tables.setdefault(name, {}).update(values)
        lines = ["# Made by 'leerblik demo'; every key is explained by 'leerblik config example'."]
        for name, values in self._tables.items():
            lines += [f"\n[{name}]", *(f"{key} = {toml_value(value)}" for key, value in values.items())]
        self.config.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def _own_tables(self) -> dict[str, dict[str, Any]]:
        server = self.server
        return {
            "device": {
                "name": "demo", "spool_dir": str(self.spool), "state_dir": str(self.folder / "state"),
                "recorder_dir": str(self.folder / "recorder"), "runtime_dir": str(self.folder / "run"),
                "register_dir": str(_made(self.folder / "register")), "language": "en",
                "settings_dir": str(self.folder / "settings"),
            },
            "web": {"address": "127.0.0.1", "dir": str(self.folder / "web")},
            "coach": {"recipient": self._keys.recipient, "receipt_key": self._keys.receipt_key},
            "sync": {
                "host": server.host, "port": server.port, "user": server.user, "host_key": server.host_key,
                "key_file": str(self.folder / "device_ssh_key"), "poll_interval_s": 0.3,
                "retry_first_s": 0.5, "retry_limit_s": 2.0,
            },
            "inbox": {
                "drop_box_dir": str(server.root), "library_dir": str(self.folder / "coach" / "library"),
                "film_dir": str(_made(self.films)), "keys_dir": str(self.folder / "coach" / "keys"),
                "language": "en", "poll_interval_s": 0.3,
            },
        }  # fmt: skip


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def _empty(folder: Path) -> int:
    """Empty the folder if it is ours, and lock it; returns the lock."""
    try:
        return _empty_ours(folder)
    except OSError as error:
        raise Permanent(f"{folder} cannot be used for the demonstration: {error.strerror}") from None


def _empty_ours(folder: Path) -> int:
    strangers = folder.exists() and any(folder.iterdir()) and not (folder / _MARKER).exists()
    if strangers:
        raise Refused(
            f"{folder} holds files that are not from a demonstration; choose an empty folder with --folder"
        )
    _made(folder)
    lock = os.open(folder / _MARKER, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise Busy(f"a demonstration is running in {folder} already; end it with Ctrl-C first") from None
    for path in folder.iterdir():
        if path.name == _MARKER:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    return lock
