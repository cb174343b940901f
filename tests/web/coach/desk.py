"""A coach at the pages: a site with a register in a file, and what coach and teachers do there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from device.domain.register.decisions import (
    AgreementGiven,
    Arrangement,
    BookingMade,
    Decision,
    GroupRegistered,
    Repeat,
    SchoolSet,
    Start,
    TeacherAdded,
    TrajectoryOpened,
    Unbooked,
)
from device.domain.register.state import Register
from device.domain.trajectory import LegalBasis, Operator, Stage
from device.storage.register import RegisterBook
from device.web.roles import Role
from tests.support.clock import HandClock
from tests.support.recorder import Unit
from tests.web.real_recorder import RealRecorder
from tests.web.site import Site, csrf_token, make_site

BOOKING = "01K3ZZZZZZZZZZZZZZZZZZZZZZ"
SCHOOL = SchoolSet("voorbeeldschool", LegalBasis.LEGITIMATE_INTEREST, Unbooked.REFUSE, "Europe/Amsterdam")
GROUP = GroupRegistered(
    "2b", 24, 0, 0, Arrangement.NONE, sound=True, informed_on=date(2026, 8, 24), valid_from=date(2026, 8, 31),
    valid_until=date(2027, 7, 31),
)  # fmt: skip
TRAJECTORY = TrajectoryOpened(
    "modelen najaar", ("abc",), "xyz", "Wanneer vragen leerlingen elkaar om hulp?", "modelen", tuple(Stage),
    date(2026, 12, 18),
)  # fmt: skip
AGREED = AgreementGiven("abc", "modelen najaar", sound=True, pupil_films=False)
# The site's clock shows 1 September 2026, 10:00 at school.
LESSON = BookingMade(
    BOOKING, "modelen najaar", ("abc",), ("2b",), "", Stage.COACH_LEADS, Operator.TEACHER, sound=True,
    repeat=Repeat.ONCE, start=Start.PRESS, first=date(2026, 9, 1), last=date(2026, 9, 1), from_time=time(9, 30),
    to_time=time(10, 30),
)  # fmt: skip
ALL_SET = (SCHOOL, GROUP, TeacherAdded("abc"), TRAJECTORY, AGREED, LESSON)


@dataclass
class Desk:
    """A coach who is logged in, in English unless told otherwise."""

    folder: Path
    recorder: Any = None
    language: str = "en"
    site: Site = field(init=False)
    coach: FlaskClient = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.book = RegisterBook(self.folder)
        more = {} if self.recorder is None else {"recorder": self.recorder}
        self.site = make_site(self.folder, book=self.book, **more)
        self.site.recorder.answers |= {
            "masks": {"ok": True, "polygons": [], "fits": True},
            "recordings": {"ok": True, "recordings": [], "more": False},
            "outlook": self._outlook,
        }
        self.coach = self.site.log_in(Role.COACH)

    def _outlook(self, **values: Any) -> dict[str, Any]:
        """Ask a recorder that reads the same register at the same moment."""
        unit = Unit(self.folder, agreed=None, clock=HandClock(wall=self.site.now()))
        return RealRecorder(unit).ask("outlook", **values)

    def decided(self, *decisions: Decision) -> Register:
        """Let these be decided, each by whoever may."""
        register = self.book.read()
        for each in decisions:
            by = f"teacher:{each.teacher}" if isinstance(each, AgreementGiven) else "coach"
            register = self.book.decide(self.site.now(), by, each, clock_trusted=True)
        return register

    def see(self, path: str, status: int = 200) -> str:
        """Return a page."""
        answer = self.coach.get(path, headers={"Accept-Language": self.language})
        assert answer.status_code == status, answer.text
        return answer.text

    def send(
        self, path: str, fields: Mapping[str, Any] | None = None, *, on: str | None = None
    ) -> TestResponse:
        """Send a form as its page would; a list is several fields of one name."""
        token = csrf_token(self.see(on or path))
        values: MultiDict[str, Any] = MultiDict({"csrf_token": token})
        for name, value in (fields or {}).items():
            values.setlist(name, value if isinstance(value, list) else [value])
        return self.coach.post(path, data=values, headers={"Accept-Language": self.language})

    def saved(self, path: str, fields: Mapping[str, Any], *, on: str | None = None) -> str:
        """Send a form that is accepted, and return the page that follows."""
        answer = self.send(path, fields, on=on)
        assert answer.status_code == 303, answer.text
        return self.see(answer.location)


def row(recording: str, status: str = "held", **more: Any) -> dict[str, Any]:
    """Return a recording as the recorder tells of it."""
    return {
        "id": recording, "status": status, "started_at": "2026-09-01T07:30:00+00:00", "duration_s": 777.0,
        "size_bytes": 1000, "sent_bytes": 0, "discarded": False, "unclaimed": False, "cooling_off_left_s": 555.0,
        "booking": BOOKING, "trajectory": "modelen najaar", "teachers": ["abc"], "groups": ["2b"], "stage": 1,
        "withdrawn": False, "reflection": None, "sound": True, "watchable": True,
        "history": [{"status": status, "at": "2026-09-01T07:50:00+00:00", "note": ""}],
    } | more  # fmt: skip
