"""A school to play with: its register, its accounts and its page, all of them made up, as anybody can see."""

from __future__ import annotations

import secrets
import socket
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from deploy.demo.house import House
from device.domain.errors import Refused
from device.domain.register.decisions import (
    AgreementGiven,
    Arrangement,
    BookingMade,
    Decision,
    GroupRegistered,
    HolidaySet,
    Repeat,
    SchoolSet,
    SpaceRegistered,
    Start,
    TeacherAdded,
    TrajectoryOpened,
    Unbooked,
)
from device.domain.trajectory import LegalBasis, Operator, Stage
from device.storage.catalogue import fresh_ulid
from device.storage.register import RegisterBook
from device.web.accounts import Accounts
from device.web.roles import Role

ZONE = "Europe/Amsterdam"
TEACHERS = ("abc", "def")
TRAJECTORY = "abc: wachten na een vraag"
_PLEIN = "leerplein oost"
# Long enough to look at a lesson, to name its moments and to think again.
COOLING_OFF_S = 900.0


@dataclass(frozen=True, slots=True)
class Entrance:
    """Where the page is, and how to come in: names, passwords and PINs of this demonstration alone."""

    address: str
    secrets: tuple[tuple[str, str], ...]


def open_school(house: House) -> Entrance:
    """Fill the register, make accounts and serve the page; lessons now wait long enough to be looked at.

    Temporary when the page does not come up.
    """
    now = datetime.now(UTC)
    book = RegisterBook(house.folder / "register")
    for by, decision in decisions(now.astimezone(ZoneInfo(ZONE))):
        book.decide(now, by, decision, clock_trusted=True)
    known = _accounts(house.folder / "web")
    port = _free_port()
    house.stop("recorder")
    house.change({"recorder": {"cooling_off_s": COOLING_OFF_S}, "web": {"port": port}})
    house.start("recorder")
    house.start("web")
    house.wait_for_recorder()
    house.wait_for_page(port)
    return Entrance(f"http://localhost:{port}/", known)


def decisions(now: datetime) -> list[tuple[str, Decision]]:
    """Return a school year as it was agreed on; ``now`` is a time at school, within a booking that lasts all day."""
    day = now.date()
    first, last = day - timedelta(days=30), day + timedelta(days=200)
    made: list[tuple[str, Decision]] = [
        ("coach", SchoolSet("Voorbeeldschool", LegalBasis.LEGITIMATE_INTEREST, Unbooked.UNCLAIMED, ZONE)),
        ("coach", HolidaySet("vakantie", day + timedelta(days=60), day + timedelta(days=69))),
        *(("coach", TeacherAdded(code)) for code in TEACHERS),
        ("coach", _group("2b", 24, 2, Arrangement.OUT_OF_VIEW, first, last, sound=True)),
        ("coach", _group("3c", 27, 0, Arrangement.NONE, first, last, sound=False)),
        ("coach", SpaceRegistered(_PLEIN, TEACHERS, ("2b", "3c"))),
        (
            "coach",
            _trajectory(TRAJECTORY, ("abc",), "Hoe lang wacht ik nadat ik een vraag heb gesteld?", last),
        ),
        ("coach", _trajectory("team: samen op het plein", TEACHERS, "Wie helpt wie op het leerplein?", last)),
        ("teacher:abc", AgreementGiven("abc", TRAJECTORY, sound=True, pupil_films=False)),
        ("coach", _booking(TRAJECTORY, ("abc",), ("2b",), "", day, day, time(0), time(23, 59), Repeat.ONCE)),
    ]
    next_day = day + timedelta(days=1)
    weekly = _booking(
        TRAJECTORY, ("abc",), ("2b",), "", next_day, next_day + timedelta(days=90), time(10, 30), time(11, 20),
        Repeat.WEEKLY,
    )  # fmt: skip
    return [*made, ("coach", weekly)]


def _group(
    name: str, pupils: int, not_filmed: int, arrangement: Arrangement, first: date, last: date, *, sound: bool
) -> GroupRegistered:
    return GroupRegistered(name, pupils, pupils, not_filmed, arrangement, sound, first, first, last)


def _trajectory(name: str, teachers: tuple[str, ...], question: str, last: date) -> TrajectoryOpened:
    stages = (Stage.COACH_LEADS, Stage.TEACHER_LEADS, Stage.TEACHER_PREPARES)
    return TrajectoryOpened(name, teachers, "xyz", question, "modelen", stages, last)


def _booking(
    trajectory: str, teachers: tuple[str, ...], groups: tuple[str, ...], space: str, first: date, last: date,
    from_time: time, to_time: time, repeat: Repeat,
) -> BookingMade:  # fmt: skip
    return BookingMade(
        fresh_ulid(), trajectory, teachers, groups, space, Stage.COACH_LEADS, Operator.TEACHER, True, repeat,
        Start.PRESS, first, last, from_time, to_time,
    )  # fmt: skip


def _accounts(folder: Path) -> tuple[tuple[str, str], ...]:
    """Make accounts with secrets of this run: there are no default passwords, not even here."""
    accounts = Accounts(folder)
    known: list[tuple[str, str]] = []
    for role in (Role.COACH, Role.IT):
        password = "-".join(secrets.token_hex(2) for _ in range(3))
        accounts.set_password(role, password)
        known.append((role.value, password))
    known.append((f"teacher {TEACHERS[0]}", _pin(accounts, TEACHERS[0])))
    known.append((f"teacher {TEACHERS[1]}", f"invitation {accounts.invite(TEACHERS[1])}"))
    return tuple(known)


def _pin(accounts: Accounts, code: str) -> str:
    invitation = accounts.invite(code)
    while True:
        pin = f"{secrets.randbelow(10**6):06}"
        try:
            accounts.choose_pin(invitation, pin)
        except Refused:
            continue  # one that everybody would guess
        return pin


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
