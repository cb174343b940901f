"""Houses with their page, as a browser meets them: one out of its box, one that was claimed, and one that is in use."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from deploy.demo.house import House
from deploy.demo.school import TRAJECTORY, open_school
from device.domain.register.decisions import (
    BookingCancelled,
    BookingMade,
    Decision,
    RecordingWithdrawn,
    TeacherAdded,
)
from device.recorder.client import RecorderClient
from device.storage.catalogue import fresh_ulid
from device.storage.register import RegisterBook
from device.web.accounts import Accounts
from device.web.api.tokens import Tokens
from device.web.roles import Role
from tests.support.houses import SMALL, until, wait_for
from tests.web.served import free_port

MEMORY = "/dev/shm"  # noqa: S108  # memory is what is asked for
TEACHER = "abc"
PASSWORDS = {Role.COACH: "vier losse woorden samen", Role.IT: "vijf andere woorden hier"}
PIN = "582047"


class PressableHouse(House):
    """A house with a button that a test can press by hand."""

    def __init__(self, folder: Path, tables: Mapping[str, Mapping[str, Any]]) -> None:
        self._hand = -1
        # The review key is kept in memory only, and without one no lesson can be watched.
        self._runtime = Path(tempfile.mkdtemp(prefix="leerblik-run-", dir=MEMORY))
        super().__init__(folder, tables)
        self.port = free_port()
        self.change({"web": {"port": self.port}, "device": {"runtime_dir": str(self._runtime)}})
        self.client = RecorderClient(self._runtime)

    @property
    def address(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def coach_key(self) -> str:
        """The public key on the coach's machine."""
        return self._keys.recipient

    def start(self, name: str) -> None:
        if name != "recorder":
            super().start(name)
            return
        reader, self._hand = os.pipe()
        with self.log(name).open("ab") as log:
            self._running[name] = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", sys.executable, "-m", "tests.support.pressed_recorder",
                 "--config", str(self.config)],
                stdin=reader, stdout=log, stderr=log, process_group=0,
                env={**os.environ, "PYTHONUNBUFFERED": "1"}, cwd=Path(__file__).parents[2],
            )  # fmt: skip
        os.close(reader)

    def press_by_hand(self) -> None:
        """Press the button on the device, and let go."""
        os.write(self._hand, b"d")
        time.sleep(0.15)
        os.write(self._hand, b"u")

    def stop(self, name: str) -> int:
        code = super().stop(name)
        if name == "recorder" and self._hand >= 0:
            os.close(self._hand)
            self._hand = -1
        return code

    def close(self) -> None:
        super().close()
        shutil.rmtree(self._runtime, ignore_errors=True)

    def state(self) -> str:
        return str(self.client.ask("status")["state"])

    def wait_for_state(self, state: str) -> None:
        until(lambda: {} if self.state() == state else None, f"the recorder to be {state}", 20)

    def claim_code(self) -> str:
        """Make the code for the label with the real command."""
        done = subprocess.run(
            [sys.executable, "-m", "device.cli", "web", "claim-code", "--config", str(self.config)],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout.splitlines()[0]


def make_fresh_house(folder: Path, *, keyless: bool = True) -> PressableHouse:
    """Return a house out of its box: no agreement, nobody's, and (``keyless``) nobody who can read what it records."""
    tables: dict[str, dict[str, Any]] = {
        "recorder": {
            "camera": "synthetic", "microphone": "synthetic", "triggers": ["control_socket", "gpio_button"],
            "indicators": ["console"], "segment_s": 1.0, "cooling_off_s": 900.0, "reserve_bytes": 0,
        },
        "indicator.console": {"in_view": True},
        "camera.synthetic": {**SMALL, "speed": "real"},
        "microphone.synthetic": {"speed": "real"},
    }  # fmt: skip
    house = PressableHouse(folder, tables)
    if keyless:
        house.change({"coach": {"recipient": ""}})
    (folder / "web").mkdir(mode=0o700, exist_ok=True)
    return house


def open_house(house: PressableHouse) -> None:
    """Start the recorder and the page."""
    for name in ("recorder", "web"):
        house.start(name)
    house.wait_for_recorder()
    house.wait_for_page(house.port)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a page's address may name in a school: the newest recording of each kind, and a booking."""

    secrets: Mapping[Role, str]
    recordings: Mapping[str, str]
    booking: str


def open_empty_school(house: PressableHouse) -> Facts:
    """Open a school in which nothing was decided yet, but that a teacher takes part who has a PIN."""
    accounts = Accounts(house.folder / "web")
    for role, password in PASSWORDS.items():
        accounts.set_password(role, password)
    accounts.choose_pin(accounts.invite(TEACHER), PIN)
    _decide(house, TeacherAdded(TEACHER))
    open_house(house)
    return Facts({**PASSWORDS, Role.TEACHER: PIN}, {}, "")


def open_full_school(house: PressableHouse) -> Facts:
    """Open the example school with recordings of every kind, which were really made."""
    for name in ("inbox", "recorder", "sync"):
        house.start(name)
    house.wait_for_recorder()
    Tokens(house.folder / "web").make("meetpunt", Role.IT, Role.IT)
    entrance = open_school(house)
    house.port = int(entrance.address.rsplit(":", 1)[1].strip("/"))
    known = dict(entrance.secrets)
    recordings = {name: _record(house) for name in ("destroyed", "sent", "discarded", "held")}
    house.client.ask("discard", recording=recordings["discarded"])
    for name in ("destroyed", "sent"):
        house.client.ask("release", recording=recordings[name])
    house.client.ask("reflect", recording=recordings["held"], proud_us=[500_000], improve_us=[1_500_000])
    booking = _booked_now(house)
    _decide(house, BookingCancelled(booking.booking))
    recordings["unclaimed"] = _record(house)
    again = BookingMade(**{**_values(booking), "booking": fresh_ulid()})
    _decide(house, again)
    for name in ("destroyed", "sent"):
        wait_for(house, recordings[name], "delivered", "purged")
    _decide(house, RecordingWithdrawn(recordings["destroyed"], TEACHER), f"teacher:{TEACHER}")
    wait_for(house, recordings["destroyed"], "destroyed")
    secrets = {Role.COACH: known["coach"], Role.IT: known["it"], Role.TEACHER: known[f"teacher {TEACHER}"]}
    return Facts(secrets, recordings, again.booking)


def _record(house: PressableHouse) -> str:
    """Record two seconds and return the recording's name."""
    house.client.ask("start")
    house.wait_for_state("recording")
    recording = str(house.client.ask("status")["recording"])
    time.sleep(2)
    house.client.ask("stop")
    wait_for(house, recording, "held")
    house.wait_for_state("idle")
    return recording


def _decide(house: House, decision: Decision, by: str = "coach") -> None:
    RegisterBook(house.folder / "register").decide(datetime.now(UTC), by, decision, clock_trusted=True)


def _booked_now(house: House) -> BookingMade:
    register = RegisterBook(house.folder / "register").read()
    return next(
        each.made
        for each in register.bookings.values()
        if each.made.trajectory == TRAJECTORY and each.made.first <= date.today()  # noqa: DTZ011  # as the school does
    )


def _values(decision: BookingMade) -> dict[str, Any]:
    return {name: getattr(decision, name) for name in decision.__dataclass_fields__}
