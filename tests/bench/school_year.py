"""A school year as a device has it in its 31st week: a register of decisions, and a catalogue of 10,000 recordings.

Invented from beginning to end, and the same every time for the same day.
"""

from __future__ import annotations

import bisect
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from device.domain.identifiers import make_ulid
from device.domain.lifecycle import Status
from device.domain.register.chain import Head, read_line, write_line
from device.domain.register.decisions import (
    AgreementGiven,
    AgreementWithdrawn,
    Arrangement,
    BookingCancelled,
    BookingMade,
    Decision,
    GroupRegistered,
    GroupWithdrawn,
    HolidaySet,
    RecordingClaimed,
    RecordingWithdrawn,
    Repeat,
    SchoolSet,
    SpaceRegistered,
    Start,
    TeacherAdded,
    TrajectoryOpened,
    Unbooked,
)
from device.domain.register.effects import reaches
from device.domain.register.state import Register, fold
from device.domain.trajectory import LegalBasis, Operator, Stage
from device.storage.register import FILE_NAME
from tests.bench.year_catalogue import Row, write_rows
from tests.support.register import Said

ZONE = ZoneInfo("Europe/Amsterdam")
WEEKS, WEEKS_PAST, PER_WEEK, WEEKLY = 40, 30, 50, 5
_TERM_WEEKS = 8
_TEACHERS = tuple(f"t{number:02}" for number in range(40))
_GROUPS = tuple(f"{number // 10 + 1}{'abcdefghij'[number % 10]}" for number in range(60))
_WAITING = (*(Status.HELD,) * 12, *(Status.RELEASED,) * 4, *(Status.UPLOADING,) * 2, *(Status.DELIVERED,) * 3)
_PUPILS = 25


@dataclass
class Year:
    """What was made: ``teacher`` is one with a usual year; ``decisions`` are lines of the register."""

    now: datetime
    recordings: int
    said: list[Said] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    register: Register = field(default_factory=Register)
    teacher: str = _TEACHERS[7]
    random: random.Random = field(default_factory=lambda: random.Random(4))  # not a secret

    @property
    def monday(self) -> date:
        """The first day of the year."""
        today = self.now.astimezone(ZONE).date()
        return today - timedelta(days=today.weekday(), weeks=WEEKS_PAST)

    def name(self, at: datetime) -> str:
        """Return a fresh ULID of this moment."""
        return make_ulid(round(at.timestamp() * 1000), self.random.randbytes(10))


def make_year(folder: Path, recordings: int, now: datetime) -> Year:
    """Write ``register/`` and ``state/`` under a folder. The next press is the teacher's, for an hour from now on."""
    year = Year(now, recordings)
    year.said = sorted((*_beginning(year), *_weeks(year)), key=lambda said: said.at)
    _record(year)
    year.said = sorted([*year.said, *_taken_back(year)], key=lambda said: said.at)
    year.register = _write_register(folder / "register", year.said)
    _number(year)
    (folder / "state").mkdir()
    write_rows(folder / "state", year.rows)
    return year


def trajectories_of(teacher: str) -> tuple[str, str]:
    """Return the two trajectories that a teacher has in the year."""
    return f"{teacher} najaar", f"{teacher} voorjaar"


def _beginning(year: Year) -> Iterator[Said]:
    at = _at(year.monday, 8) - timedelta(days=7)
    first, last = year.monday - timedelta(days=10), year.monday + timedelta(weeks=WEEKS + 2)
    yield Said(
        "coach",
        SchoolSet("Voorbeeldschool", LegalBasis.LEGITIMATE_INTEREST, Unbooked.UNCLAIMED, ZONE.key),
        at,
    )
    for number in range(5):
        begins = year.monday + timedelta(weeks=8 * number + 7, days=5)
        yield Said("coach", HolidaySet(f"vakantie {number}", begins, begins + timedelta(days=1)), at)
    yield from (Said("coach", TeacherAdded(teacher), at) for teacher in _TEACHERS)
    yield from (Said("coach", _group(group, first, last), at) for group in _GROUPS)
    yield Said("coach", SpaceRegistered("leerplein", _TEACHERS[:2], _GROUPS[:2]), at)
    for number, teacher in enumerate(_TEACHERS):
        for name in trajectories_of(teacher):
            # Every fourth teacher goes through it with a colleague.
            both = (teacher, _TEACHERS[number - 1]) if number % 4 == 3 else (teacher,)
            question = "Wacht ik lang genoeg na een vraag?"
            opened = TrajectoryOpened(name, both, "co", question, "modelen", tuple(Stage), last)
            yield Said("coach", opened, at)
            yield from (_yes(each, name, at) for each in both)


def _yes(teacher: str, trajectory: str, at: datetime) -> Said:
    return Said(f"teacher:{teacher}", AgreementGiven(teacher, trajectory, sound=True, pupil_films=False), at)


def _group(group: str, first: date, last: date) -> GroupRegistered:
    return GroupRegistered(group, _PUPILS, _PUPILS, 0, Arrangement.NONE, True, first, first, last)


def _weeks(year: Year) -> Iterator[Said]:
    """Yield 50 bookings a week, five of them weekly ones of a term; cancelled ones, renewed groups, next presses."""
    for week in range(WEEKS):
        monday = year.monday + timedelta(weeks=week)
        at = min(_at(monday, 9) - timedelta(days=3), year.now - timedelta(days=1))
        made = [
            _booking(year, monday, slot, at) for slot in range(WEEKLY if week % _TERM_WEEKS else 0, PER_WEEK)
        ]
        yield from (Said("coach", each, at) for each in made)
        yield from (Said("coach", BookingCancelled(each.booking), at) for each in made[-3:])
        if week < WEEKS_PAST:
            until = year.monday + timedelta(weeks=WEEKS + 2)
            yield from (
                Said("coach", _group(year.random.choice(_GROUPS), monday, until), at) for _ in range(16)
            )
            yield from (_next_press(year, _at(monday, 10 + number)) for number in range(4))
    yield _next_press(year, year.now, year.teacher)


def _booking(year: Year, monday: date, slot: int, at: datetime) -> BookingMade:
    day, hour = monday + timedelta(days=slot % 5), 8 + slot // 5
    weekly = slot < WEEKLY
    teacher = year.random.choice(_TEACHERS)
    return BookingMade(
        booking=year.name(at), trajectory=trajectories_of(teacher)[year.random.randrange(2)], teachers=(teacher,),
        groups=(year.random.choice(_GROUPS),), space="", stage=year.random.choice(list(Stage)),
        operator=Operator.TEACHER, sound=True, repeat=Repeat.WEEKLY if weekly else Repeat.ONCE,
        start=Start.PRESS if slot % 10 else Start.SCHEDULE, first=day,
        last=day + timedelta(weeks=_TERM_WEEKS - 1) if weekly else day, from_time=time(hour, 5),
        to_time=time(hour, 55),
    )  # fmt: skip


def _next_press(year: Year, at: datetime, teacher: str = "") -> Said:
    who = teacher or year.random.choice(_TEACHERS)
    day = at.astimezone(ZONE).date()
    made = BookingMade(
        booking=year.name(at), trajectory=trajectories_of(who)[0], teachers=(who,), groups=(_GROUPS[3],), space="",
        stage=Stage.COACH_LEADS, operator=Operator.TEACHER, sound=True, repeat=Repeat.NEXT_PRESS, start=Start.PRESS,
        first=day, last=day, from_time=time(), to_time=time(),
    )  # fmt: skip
    return Said(f"teacher:{who}", made, at)


def _record(year: Year) -> None:
    """Record under every booking of the past again and again, and sometimes under none."""
    past = [
        (_at(said.decision.first, said.decision.from_time.hour), said.decision)
        for said in year.said
        if isinstance(said.decision, BookingMade) and said.decision.repeat is not Repeat.NEXT_PRESS
    ]
    past = sorted((each for each in past if each[0] < year.now - timedelta(days=1)), key=lambda each: each[0])
    for number in range(year.recordings):
        began, made = past[number * len(past) // year.recordings]
        began += timedelta(seconds=5 * (number % 97))
        status = _status(year, year.recordings - 1 - number)
        unclaimed = status is Status.HELD and number % 3 == 0
        row = Row(year.name(began), began, made.trajectory, made.booking, made.teachers[0], status, unclaimed)
        if unclaimed or number % 80 == 0:
            row.booking = ""
        year.rows.append(row)


def _status(year: Year, age: int) -> Status:
    if age < len(_WAITING):
        return _WAITING[age]
    return year.random.choices((Status.PURGED, Status.DISCARDED), (96, 4))[0]


def _taken_back(year: Year) -> Iterator[Said]:
    """Yield claims and withdrawals; what they reach is destroyed by now."""
    old = [row for row in year.rows if row.status is Status.PURGED]
    for row in year.rows:
        if not row.booking and not row.unclaimed:
            claim = RecordingClaimed(row.id, row.teacher, row.trajectory, (_GROUPS[5],))
            yield Said(f"teacher:{row.teacher}", claim, row.began + timedelta(hours=3))
    for row in old[:: max(1, len(old) // 100)]:
        yield Said(
            f"teacher:{row.teacher}", RecordingWithdrawn(row.id, row.teacher), row.began + timedelta(days=9)
        )
        row.status = Status.DESTROYED
    for number in range(15):
        at, teacher = _at(year.monday + timedelta(weeks=number, days=2), 17), _TEACHERS[10 + number]
        name = trajectories_of(teacher)[0]
        yield Said(f"teacher:{teacher}", AgreementWithdrawn(teacher, name), at)
        yield _yes(teacher, name, at + timedelta(days=30))
    for number in range(5):
        at, group = _at(year.monday + timedelta(weeks=3 * number, days=2), 17), _GROUPS[20 + number]
        yield Said("coach", GroupWithdrawn(group), at)
        again = _group(group, at.date(), year.monday + timedelta(weeks=WEEKS + 2))
        yield Said("coach", again, at + timedelta(days=30))


def _write_register(folder: Path, said: list[Said]) -> Register:
    folder.mkdir(parents=True)
    head, entries = Head(), []
    with (folder / FILE_NAME).open("wb") as file:
        for each in said:
            line, after = write_line(head, each.at, each.by, each.decision, clock_trusted=True)
            entries.append(read_line(head, line))
            head = after
            file.write(line + b"\n")
    return fold(entries)


def _number(year: Year) -> None:
    """Note how many lines the register had at each recording, and destroy what was taken back since."""
    times = [said.at for said in year.said]
    by_booking: dict[str, list[Row]] = {}
    for row in year.rows:
        row.register_number = bisect.bisect(times, row.began)
        by_booking.setdefault(row.booking, []).append(row)
    by_name = {row.id: row for row in year.rows}
    for withdrawal in year.register.withdrawals:
        found = reaches(year.register, withdrawal)
        rows = [row for name in found.bookings for row in by_booking.get(name, ())]
        rows = [row for row in rows if row.register_number < withdrawal.number]
        for row in (*rows, *(by_name[name] for name in found.recordings if name in by_name)):
            row.status = Status.DISCARDED if row.status is Status.DISCARDED else Status.DESTROYED


def _at(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour, 5), ZONE).astimezone(UTC)


def said_of(year: Year, kind: type[Decision]) -> int:
    """Return how many decisions of a kind there are."""
    return sum(isinstance(said.decision, kind) for said in year.said)
