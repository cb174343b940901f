"""The school year's device at work: its recorder and its web page as real processes, and a browser for each role."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

from device.domain.errors import LeerblikError
from device.domain.settings import toml_value
from device.recorder.client import RecorderClient
from device.web.accounts import Accounts
from device.web.hashing import Hasher
from device.web.roles import Role
from tests.bench.school_year import Year, make_year
from tests.support.material import COACH
from tests.web.served import free_port
from tests.web.site import CHEAP_KIB, PASSWORD, PIN, csrf_token

_ROOT = Path(__file__).parents[2]
_PYTHON = (sys.executable, "-m")
_LIMIT_S = 30.0
_LESSON_S = 12.0
_MEMORY = Path("/dev/shm")  # noqa: S108


class Browser:
    """One connection that is kept, and its cookies."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_LIMIT_S)
        self.cookies: dict[str, str] = {}

    def ask(self, path: str, body: str | None = None, **headers: str) -> tuple[int, bytes]:
        """Return the status and the whole answer; a connection that the server ended meanwhile is made anew."""
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        for again in (True, False):
            try:
                self._connection.request("GET" if body is None else "POST", path, body, headers)
                answer = self._connection.getresponse()
                break
            except (http.client.RemoteDisconnected, ConnectionError):
                self._connection.close()
                if not again:
                    raise
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer.status, answer.read()

    def log_in(self, role: Role, code: str) -> Self:
        """Log in as a person would, with a form."""
        secret = PIN if role is Role.TEACHER else PASSWORD
        token = csrf_token(self.ask("/login")[1].decode())
        fields = {"role": role.value, "code": code, "secret": secret, "csrf_token": token}
        status, _page = self.ask("/login", urlencode(fields))
        if status != http.HTTPStatus.SEE_OTHER:
            raise RuntimeError(f"nobody could log in as {role.value}: {status}")
        return self


class SchoolHouse:
    """Everything under one folder; enter it to start, leave it to stop all. ``lesson`` is held, and can be watched."""

    def __init__(self, folder: Path, recordings: int) -> None:
        self.folder = folder
        self.year: Year = make_year(folder, recordings, datetime.now(UTC).replace(microsecond=0))
        self.port = free_port()
        # In memory as on a device: only there is a key to watch lessons with.
        self._runtime = tempfile.TemporaryDirectory(
            prefix="leerblik-bench-", dir=_MEMORY if _MEMORY.is_dir() else None
        )
        self.recorder = RecorderClient(Path(self._runtime.name))
        self.lesson = ""
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._config = _configure(folder, Path(self._runtime.name), self.port)
        self._figures = folder / "longest.json"
        accounts = Accounts(folder / "web", Hasher(CHEAP_KIB))
        for role in (Role.COACH, Role.IT):
            accounts.set_password(role, PASSWORD)
        for teacher in self.year.register.teachers:
            accounts.choose_pin(accounts.invite(teacher), PIN)

    def __enter__(self) -> Self:
        try:
            words = ("--config", str(self._config))
            self._start("recorder", "tests.bench.watched_recorder", str(self._figures), *words)
            _wait(self._answers, "the recorder")
            self._record()
            self._start("web", "device.cli", "web", *words)
            _wait(self._serves, "the page")
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop both. Harmless twice."""
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            try:
                process.wait(_LIMIT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._runtime.cleanup()

    def browser(self, role: Role) -> Browser:
        """Return a browser in which somebody of this role is logged in."""
        browser = Browser(self.port)
        return browser if role is Role.PUBLIC else browser.log_in(role, self.year.teacher)

    def busy_ms(self) -> Mapping[str, tuple[float, float]]:
        """Return how long the recorder's loop was busy with one thing since this was asked last: see its stopwatch."""
        self._figures.unlink(missing_ok=True)
        self._processes["recorder"].send_signal(signal.SIGUSR1)
        _wait(self._figures.exists, "the recorder's stopwatch")
        figures: dict[str, tuple[float, float]] = json.loads(self._figures.read_text("utf-8"))
        return figures

    def pids(self, name: str) -> list[int]:
        """Return a process and its children."""
        first = self._processes[name].pid
        children = Path(f"/proc/{first}/task/{first}/children").read_text("ascii").split()
        return [first, *map(int, children)]

    def _start(self, name: str, *words: str) -> None:
        with (self.folder / f"{name}.log").open("wb") as log:
            # As on a device: what is installed is imported, not what lies where it was started.
            path = os.pathsep.join([str(_ROOT), *sys.path[1:]])
            self._processes[name] = subprocess.Popen(
                [*_PYTHON, *words], stdin=subprocess.DEVNULL, stdout=log, stderr=log, process_group=0, cwd=_ROOT,
                env={**os.environ, "PYTHONPATH": path},
            )  # fmt: skip

    def _record(self) -> None:
        """Record a real lesson, so that a film can be watched."""
        self.lesson = self.recorder.ask("start")["recording"]
        _wait(lambda: self.recorder.ask("status")["recorded_s"] > _LESSON_S, "the lesson")
        self.recorder.ask("stop")
        _wait(lambda: self._row()["status"] == "held", "the lesson to be held")

    def _row(self) -> dict[str, Any]:
        row: dict[str, Any] = self.recorder.ask("recording", recording=self.lesson)["recording"]
        return row

    def _answers(self) -> bool:
        with suppress(LeerblikError):
            return bool(self.recorder.ask("status"))
        return False

    def _serves(self) -> bool:
        with suppress(OSError, http.client.HTTPException):
            return Browser(self.port).ask("/healthz")[0] == http.HTTPStatus.OK
        return False


def _wait(look: Callable[[], bool], what: str) -> None:
    deadline_s = time.monotonic() + _LIMIT_S
    while not look():
        if time.monotonic() > deadline_s:
            raise RuntimeError(f"waited {_LIMIT_S:g} s for {what} in vain")
        time.sleep(0.05)


def _configure(folder: Path, runtime: Path, port: int) -> Path:
    tables: dict[str, dict[str, Any]] = {
        "device": {
            "name": "voorbeeldschool-1", "language": "nl", "runtime_dir": str(runtime),
            **{f"{name}_dir": str(folder / name) for name in ("spool", "state", "recorder", "register")},
        },
        "coach": {"recipient": str(COACH.to_public())},
        "recorder": {
            "camera": "synthetic", "microphone": "synthetic", "triggers": ["control_socket"],
            "indicators": ["console"], "reserve_bytes": 0, "cooling_off_s": 7200.0,
        },
        "camera.synthetic": {"width": 320, "height": 180, "bitrate_bps": 400_000},
        "indicator.console": {"in_view": True},
        "web": {"address": "127.0.0.1", "port": port, "dir": str(folder / "web")},
    }  # fmt: skip
    path = folder / "leerblik.toml"
    lines = []
    for table, values in tables.items():
        lines += [f"[{table}]", *(f"{key} = {toml_value(value)}" for key, value in values.items())]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
