"""An example school with one device: a real recorder, a real register, and teachers who log in."""

from __future__ import annotations

import functools
import tempfile
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from device.domain.destruction import Reason
from device.domain.lifecycle import Status, Writer
from device.domain.register.decisions import Decision, TeacherAdded
from device.domain.withdrawal import Certificate, sign_certificate
from device.storage.catalogue import FILE_NAME as CATALOGUE
from device.storage.catalogue import Catalogue, fresh_ulid
from device.storage.register import RegisterBook
from device.web.accounts import FILE_NAME
from device.web.roles import Role
from tests.support.material import COACH
from tests.support.recorder import Unit
from tests.support.register import NOW, Said, decided, everything, written
from tests.web.real_recorder import RealRecorder
from tests.web.site import PIN, Site, post, try_to_log_in

__all__ = ["PIN", "School"]
COLLEAGUE = "def"


@functools.cache
def _accounts() -> bytes:
    """Return the file of accounts of such a school, made once: every secret in it takes its time."""
    with tempfile.TemporaryDirectory() as folder:
        accounts = Site(Path(folder)).open().populate().services.accounts
        accounts.choose_pin(accounts.invite(COLLEAGUE), PIN)
        return (Path(folder) / "web" / FILE_NAME).read_bytes()


@dataclass
class School:
    """``unit`` is the recorder; it and the pages look at one clock. Teachers abc (with an agreement) and def."""

    folder: Path
    said: list[Said] = field(default_factory=everything)
    unit: Unit = field(init=False)
    site: Site = field(init=False)
    book: RegisterBook = field(init=False)

    def __post_init__(self) -> None:
        self.unit = Unit(self.folder / "device", cooling_off_s=24 * 3600)
        self.unit.clock.wall = NOW
        self.book = RegisterBook(self.unit.root)
        lines = written([*self.said, decided("coach", TeacherAdded(COLLEAGUE))])
        (self.unit.root / "register.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
        # What this boot's key would be: the tests' recorder seals to the coach, whose key is at hand.
        (self.unit.root / "review.key").write_text(f"{COACH}\n", "ascii")
        (self.folder / "web").mkdir(mode=0o700)
        (self.folder / "web" / FILE_NAME).write_bytes(_accounts())
        (self.folder / "web" / FILE_NAME).chmod(0o600)
        self.site = Site(self.folder).open(
            book=self.book, recorder=RealRecorder(self.unit), spool=self.unit.spool,
            runtime=self.unit.root, now=self.now, clock_s=lambda: self.unit.clock.monotonic_ns() / 1e9,
        )  # fmt: skip
        self.accounts = self.site.services.accounts

    def now(self) -> datetime:
        moment: datetime = self.unit.clock.wall
        return moment

    def decide(self, by: str, decision: Decision) -> None:
        self.book.decide(self.now(), by, decision, clock_trusted=True)

    def record(self, seconds: int = 1) -> str:
        """Record a lesson and return its name."""
        name: str = self.ask("start")["recording"]
        if seconds > 1:
            self.unit.lens.show(seconds)
        self.ask("stop")
        self.chores()
        return name

    def chores(self) -> None:
        """Let the recorder see what the register wants."""
        self.unit.desk.do_chores()

    def ask(self, do: str, **values: Any) -> dict[str, Any]:
        return RealRecorder(self.unit).ask(do, **values)

    def row(self, recording: str) -> dict[str, Any]:
        found: dict[str, Any] = self.ask("recording", recording=recording)["recording"]
        return found

    def deliver(self, recording: str) -> None:
        """Let it arrive at the coach, as the sync would write it."""
        if self.row(recording)["status"] == "held":
            self.ask("release", recording=recording)
        sync = Catalogue(self.unit.root / CATALOGUE, Writer.SYNC)
        for status in (Status.UPLOADING, Status.DELIVERED):
            sync.recordings.move(recording, status, "")
        sync.close()

    def destroy(self, recording: str, at: str) -> None:
        """Let the coach's machine prove that it destroyed it, as the sync would write it."""
        with Catalogue(self.unit.root / CATALOGUE, Writer.SYNC) as sync:
            order, found = sync.endings.order(recording), sync.recordings.get(recording)
            assert order is not None
            certificate = Certificate(
                recording, fresh_ulid(), order.sha256, found.manifest_sha256 or "", Reason(order.reason),
                objects=2, size_bytes=1000, film=True, destroyed_at=at,
            )  # fmt: skip
            sync.endings.destroy(recording, sign_certificate(certificate, Ed25519PrivateKey.generate()))

    def log_in(self, code: str = "abc") -> FlaskClient:
        browser = self.site.browser()
        answer = try_to_log_in(browser, Role.TEACHER, PIN, code)
        assert answer.status_code == 303, answer.text
        browser.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
        return browser


def submit(browser: FlaskClient, path: str, *, on: str | None = None, **fields: Any) -> TestResponse:
    """Send a form as its page would."""
    return post(browser, path, on=on, **fields)


def follow(browser: FlaskClient, answer: TestResponse) -> str:
    """Return the page that an answer leads to."""
    assert answer.status_code == 303, answer.text
    return browser.get(answer.location).text
