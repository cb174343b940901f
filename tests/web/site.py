"""A whole site without a server: hand clocks, real accounts on a real file, and browsers to log in with."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from device import config
from device.recorder.settings_overlay import SettingsOverlay, defaults_of
from device.storage.register import RegisterBook
from device.web.accounts import Accounts
from device.web.app import create_app
from device.web.asking import Asking
from device.web.hashing import Hasher
from device.web.hosts import Hosts
from device.web.limits import Limits
from device.web.roles import Role
from device.web.services import KEY, Services
from device.web.sessions import Sessions

PASSWORD = "vier losse woorden samen"
PIN = "582047"
TEACHER = "abc"
# Costs nothing, so that a thousand wrong PINs are quick; that the real costs are paid is tested apart.
CHEAP_KIB = 8
# Of a device on which nobody has filled in the coach's machine.
NOTHING_SET = SettingsOverlay(
    Path("/nonexistent"), {}, {}, check=lambda _overlay: None,
    defaults=defaults_of({name: config.defaults(name) for name in ("sync", "coach")}),
)  # fmt: skip
_MADE: dict[tuple[tuple[Blueprint, ...], str, str], Flask] = {}


class StandInRecorder:
    """The recorder's end of the conversation: answers its status, remembers what else it was asked."""

    def __init__(self, status: dict[str, Any]) -> None:
        self.status = status
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.answers: dict[str, dict[str, Any] | Callable[..., dict[str, Any]]] = {
            "settings": {"ok": True, **NOTHING_SET.describe()},
            "network": {"ok": True, "pending": False, "result": None},
        }

    def ask(self, do: str, **values: Any) -> dict[str, Any]:
        if do == "status":
            return self.status
        self.asked.append((do, values))
        answer = self.answers.get(do, {"ok": True})
        return answer(**values) if callable(answer) else answer


@dataclass
class Site:
    """The application and the hands on its clocks."""

    folder: Path
    seconds: list[float] = field(default_factory=lambda: [1000.0])
    moment: list[datetime] = field(default_factory=lambda: [datetime(2026, 9, 1, 8, 0, tzinfo=UTC)])
    status: dict[str, Any] = field(default_factory=lambda: {"state": "idle", "clock_trusted": True})
    recorder: StandInRecorder = field(init=False)
    services: Services = field(init=False)
    app: Flask = field(init=False)

    def __post_init__(self) -> None:
        accounts = Accounts(self.folder / "web", Hasher(CHEAP_KIB), self.now)
        self.recorder = StandInRecorder(self.status)
        self.services = Services(
            asking=Asking(lambda: self.recorder.ask("status"), self.clock_s), recorder=self.recorder,
            book=RegisterBook(self.folder / "register"), spool=self.folder / "spool",
            runtime=self.folder / "run", accounts=accounts, sessions=Sessions(self.clock_s),
            limits=Limits(self.clock_s), hosts=Hosts(()), language="nl", device_name="voorbeeldschool-1",
            clock_s=self.clock_s, now=self.now,
        )  # fmt: skip

    def clock_s(self) -> float:
        return self.seconds[0]

    def now(self) -> datetime:
        return self.moment[0]

    def pass_s(self, seconds: float) -> None:
        """Let time pass on both clocks."""
        self.seconds[0] += seconds
        self.moment[0] += timedelta(seconds=seconds)

    def open(self, *more: Blueprint, **services: Any) -> Site:
        """Make the application, with other pages and other collaborators if you like."""
        self.services = replace(self.services, **services)
        self.app = app_for(self.services, *more)
        return self

    def populate(self) -> Site:
        """Give the coach and IT their password and one teacher a PIN."""
        for role in (Role.COACH, Role.IT):
            self.services.accounts.set_password(role, PASSWORD)
        self.services.accounts.choose_pin(self.services.accounts.invite(TEACHER), PIN)
        return self

    def browser(self) -> FlaskClient:
        return self.app.test_client()

    def log_in(self, role: Role) -> FlaskClient:
        """Return a browser in which somebody of this role is logged in; for PUBLIC just a browser."""
        browser = self.browser()
        if role is not Role.PUBLIC:
            answer = try_to_log_in(browser, role, PIN if role is Role.TEACHER else PASSWORD)
            assert answer.status_code == 303, answer.text
        return browser


def app_for(services: Services, *more: Blueprint) -> Flask:
    """Return an application of its own for these services, without compiling every route and template anew.

    What tests change of an application (its services, what a part was told) is not shared between two of them.
    """
    if (more, services.timezone, services.device_name) not in _MADE:
        _MADE[more, services.timezone, services.device_name] = create_app(services, *more)
    made = _MADE[more, services.timezone, services.device_name]
    twin = copy.copy(made)
    twin.config = copy.copy(made.config)
    twin.extensions = {**made.extensions, KEY: services}
    return twin


def make_site(folder: Path, *more: Blueprint, **services: Any) -> Site:
    """Return a site with accounts for everybody."""
    return Site(folder).open(*more, **services).populate()


def try_to_log_in(
    browser: FlaskClient,
    role: Role,
    secret: str,
    code: str = TEACHER,
    address: str = "127.0.0.1",
    **more: str,
) -> TestResponse:
    fields = {"role": role.value, "code": code, "secret": secret, **more}
    return post(browser, "/login", address=address, **fields)


def post(
    browser: FlaskClient, path: str, *, on: str | None = None, address: str = "127.0.0.1", **fields: str
) -> TestResponse:
    """Send a form as its page would: with the token that the page (``on``, else the same path) carries."""
    token = csrf_token(browser.get(on or path).text)
    return browser.post(
        path, data={"csrf_token": token, **fields}, environ_overrides={"REMOTE_ADDR": address}
    )


def csrf_token(page: str) -> str:
    found = re.search('name="csrf_token" value="([^"]+)"', page) or re.search(
        r'"X-CSRF-Token": "([^"]+)"', page
    )
    assert found is not None, "the page has no form token"
    return found[1]
