"""A device that serves its API: a real recorder, real gunicorn, a register, a lesson that is held."""

from __future__ import annotations

import http.client
import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from flask import Flask

from device import config
from device.domain.errors import LeerblikError
from device.domain.register.decisions import BookingMade, GroupRegistered, Repeat, TrajectoryOpened
from device.domain.settings import toml_value
from device.recorder.client import RecorderClient
from device.storage.register import RegisterBook
from device.web.accounts import Accounts
from device.web.api.bearer import Bearer
from device.web.api.tokens import Tokens
from device.web.app import create_app
from device.web.command import environment
from device.web.limits import Limits
from device.web.roles import Role
from device.web.settings import FOLDER
from device.web.wsgi import services
from tests.support.material import COACH
from tests.support.register import Said, everything
from tests.support.waiting import wait_for
from tests.web.api.place import PARTS
from tests.web.served import free_port
from tests.web.site import PASSWORD, PIN, TEACHER, csrf_token

_START = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "start_new_session": True}


def application() -> Flask:
    """What gunicorn serves: the pages of the device, with the API and its tokens."""
    # Hours pass between two wrong tokens, so that what is answered to one is seen every time.
    patient = Limits(itertools.count(0.0, 3600.0).__next__)
    holder = Bearer(Tokens(Path(os.environ[FOLDER])), patient)
    return create_app(replace(services(), token_holder=holder), *PARTS)


def history(now: datetime) -> list[Said]:
    """Return the decisions under which a lesson may be recorded within this hour."""
    first, last = now.date() - timedelta(days=1), now.date() + timedelta(days=1)
    changes: dict[type, dict[str, Any]] = {
        BookingMade: {"repeat": Repeat.NEXT_PRESS},
        TrajectoryOpened: {"closes_on": last},
        GroupRegistered: {"informed_on": first, "valid_from": first, "valid_until": last},
    }
    return [
        replace(said, decision=replace(said.decision, **changes.get(type(said.decision), {})))
        for said in everything()
    ]


@dataclass
class Device:
    """Both processes, under one folder; ``port`` on loopback."""

    folder: Path
    port: int = field(default_factory=free_port)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start them, with accounts and a register; wait until both answer."""
        settings = config.load(str(self._configure()))
        web, register = self.folder / "web", self.folder / "register"
        register.mkdir()
        accounts, self.tokens = Accounts(web), Tokens(web)
        for role in (Role.COACH, Role.IT):
            accounts.set_password(role, PASSWORD)
        accounts.choose_pin(accounts.invite(TEACHER), PIN)
        book, now = RegisterBook(register), datetime.now(UTC)
        for said in history(now):
            book.decide(now, said.by, said.decision, clock_trusted=True)
        self._tokens = {
            role: self.tokens.make(role.value, role, Role.COACH) for role in (Role.COACH, Role.IT)
        }
        self.recorder = RecorderClient(self.folder / "run")
        self._run([*_PYTHON, "device.cli", "recorder", "--config", str(self.folder / "leerblik.toml")], {})
        self._run(
            [*_PYTHON, "gunicorn", "-c", "python:device.web.server", "tests.web.api.serving:application()"],
            environment(settings),
        )
        wait_for(self._answers)

    def record(self) -> str:
        """Record a little and return the recording, which is held then."""
        name: str = self.recorder.ask("start")["recording"]
        wait_for(lambda: self.recorder.ask("status")["recorded_s"] > 0.5)
        self.recorder.ask("stop")
        wait_for(lambda: self.recorder.ask("recording", recording=name)["recording"]["status"] == "held")
        return name

    def headers(self, role: Role) -> dict[str, str]:
        """Return what a client of a role sends: a token, or a teacher's cookie and CSRF token."""
        if role is Role.PUBLIC:
            return {}
        if role is not Role.TEACHER:
            return {"Authorization": f"Bearer {self._tokens[role]}"}
        cookie, page = self._get("/login", {})
        fields = {"role": "teacher", "code": TEACHER, "secret": PIN, "csrf_token": csrf_token(page)}
        cookie, _ = self._get("/login", {"Cookie": cookie}, urlencode(fields))
        _, page = self._get("/elsewhere", {"Cookie": cookie})
        return {"Cookie": cookie, "X-CSRF-Token": csrf_token(page)}

    def stop(self) -> None:
        for process in self.processes:
            os.killpg(process.pid, signal.SIGTERM)
        for process in self.processes:
            process.wait(30)

    def _get(self, path: str, headers: Mapping[str, str], body: str | None = None) -> tuple[str, str]:
        """Ask once; return the cookies that were set, and the page."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        form = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        connection.request("POST" if body else "GET", path, body, {**headers, **form})
        answer = connection.getresponse()
        cookies = [value.partition(";")[0] for value in answer.headers.get_all("Set-Cookie") or []]
        page = answer.read().decode()
        connection.close()
        return "; ".join(cookies), page

    def _answers(self) -> bool:
        try:
            return self._get("/healthz", {})[1].count("does not") == 0
        except (OSError, http.client.HTTPException, LeerblikError):
            return False

    def _run(self, command: list[str], more: Mapping[str, str]) -> None:
        path = os.pathsep.join(["", *sys.path])[1:]
        environment = {**os.environ, **more, "PYTHONPATH": path}
        self.processes.append(subprocess.Popen(command, env=environment, **_START))  # type: ignore[call-overload]

    def _configure(self) -> Path:
        places = ("spool", "state", "recorder", "register")
        tables: dict[str, dict[str, Any]] = {
            "device": {
                "name": "voorbeeldschool-1",
                "language": "en",
                "runtime_dir": str(self.folder / "run"),
                **{f"{each}_dir": str(self.folder / each) for each in places},
            },
            "coach": {"recipient": str(COACH.to_public())},
            "recorder": {
                "camera": "synthetic",
                "microphone": "synthetic",
                "triggers": ["control_socket"],
                "indicators": ["console"],
                "reserve_bytes": 0,
                "cooling_off_s": 3600.0,
            },
            "camera.synthetic": {"width": 320, "height": 180, "bitrate_bps": 400_000},
            "indicator.console": {"in_view": True},
            "web": {"address": "127.0.0.1", "port": self.port, "dir": str(self.folder / "web")},
        }
        path = self.folder / "leerblik.toml"
        path.write_text(
            "".join(
                f"[{table}]\n" + "".join(f"{key} = {toml_value(value)}\n" for key, value in values.items())
                for table, values in tables.items()
            )
        )
        return path


_PYTHON = [sys.executable, "-m"]
