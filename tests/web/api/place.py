"""A device with its register, its recorder and its API, and programs that ask it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from device.storage.register import FILE_NAME, RegisterBook
from device.web.api.bearer import Bearer
from device.web.api.blueprint import OPERATIONS, api
from device.web.api.fitting import fits
from device.web.api.operation import JSON, Operation
from device.web.api.tokens import Tokens
from device.web.api.tokens_page import tokens_page
from device.web.app import BLUEPRINTS
from device.web.roles import Role
from tests.support.clock import HandClock
from tests.support.recorder import Unit
from tests.support.register import NOW, Said, everything, written
from tests.web.real_recorder import RealRecorder
from tests.web.site import Site, csrf_token

PARTS = tuple(each for each in (api, tokens_page) if each not in BLUEPRINTS)
BY_NAME: dict[str, Operation] = {each.name: each for each in OPERATIONS}


@dataclass
class Place:
    """What a test holds in its hands."""

    site: Site
    unit: Unit
    book: RegisterBook
    tokens: Tokens

    def record(self) -> str:
        """Record a lesson and return its name; it is held then."""
        name: str = self.unit.loop.request_start()
        self.unit.loop.request_stop()
        return name

    def browser(self, role: Role) -> FlaskClient:
        """Return a browser in which somebody is logged in, and that sends its CSRF token along."""
        browser = self.site.log_in(role)
        browser.environ_base["HTTP_X_CSRF_TOKEN"] = csrf_token(browser.get("/elsewhere").text)
        return browser

    def machine(self, role: Role) -> FlaskClient:
        """Return a program with a token."""
        client = self.site.browser()
        token = self.tokens.make(f"machine {len(self.tokens.all())}", role, Role.COACH)
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        return client


def make_place(folder: Path, history: list[Said] | None = None) -> Place:
    """Return a device on which a lesson may be recorded now."""
    (folder / FILE_NAME).write_bytes(
        b"".join(line + b"\n" for line in written(everything() if history is None else history))
    )
    unit = Unit(folder, agreed=None, clock=HandClock(wall=NOW))
    book, tokens = RegisterBook(folder), Tokens(folder / "web", unit.clock.now)
    site = Site(folder)
    site.open(
        *PARTS,
        book=book,
        recorder=RealRecorder(unit),
        now=unit.clock.now,
        token_holder=Bearer(tokens, site.services.limits),
    ).populate()
    return Place(site, unit, book, tokens)


def ask(client: FlaskClient, name: str, body: Any = None, status: int | None = None, **values: Any) -> Any:
    """Ask for an operation; what is answered must be what its declaration says."""
    operation = BY_NAME[name]
    path = operation.path.format(**values)
    query = {key: value for key, value in values.items() if key in operation.query}
    return judged(
        operation, client.open(path, method=operation.method, json=body, query_string=query), status
    )


def judged(operation: Operation, answer: TestResponse, status: int | None = None) -> Any:
    """Return what was answered; the test fails when the declaration of the operation does not tell of it."""
    assert answer.status_code == (operation.status if status is None else status), answer.text
    declared = operation.answers()[answer.status_code]
    assert answer.mimetype == declared.media
    if declared.media != JSON:
        return answer.text
    found = json.loads(answer.text)
    assert declared.schema is not None
    assert fits(declared.schema, found), found
    return found
