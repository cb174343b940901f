"""Registers for tests: one under which a lesson may be recorded, every kind of decision, and random ones."""

from __future__ import annotations

import dataclasses
import enum
import typing
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from device.domain.consent import Situation
from device.domain.identifiers import make_ulid
from device.domain.register.chain import Head, read_lines, write_line
from device.domain.register.decisions import (
    KINDS,
    AgreementGiven,
    AgreementWithdrawn,
    Arrangement,
    BookingCancelled,
    BookingMade,
    Decision,
    GroupRegistered,
    GroupWithdrawn,
    HolidayRemoved,
    HolidaySet,
    RecordingClaimed,
    RecordingWithdrawn,
    Repeat,
    SchoolSet,
    SpaceRegistered,
    SpaceRemoved,
    Start,
    TeacherAdded,
    TeacherLeft,
    TrajectoryClosed,
    TrajectoryOpened,
    Unbooked,
)
from device.domain.register.state import Register, fold
from device.domain.trajectory import LegalBasis, Operator, Stage

ZONE = ZoneInfo("Europe/Amsterdam")
TODAY = date(2026, 9, 1)
# A Tuesday, 10:00 at school: within the booking of `everything`.
NOW = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)
EARLIER = datetime(2026, 8, 31, 12, 0, tzinfo=UTC)
PERMIT_ID = make_ulid(1, bytes(10))


@dataclasses.dataclass(frozen=True, slots=True)
class Said:
    """A decision, with who made it and when."""

    by: str
    decision: Decision
    at: datetime = EARLIER


def ulid(number: int) -> str:
    """Return a ULID; the same number gives the same one."""
    return make_ulid(1_788_251_400_250, number.to_bytes(10, "big"))


def decided(by: str, decision: Decision, at: datetime = EARLIER) -> Said:
    """Return a decision as somebody made it; ``by``: coach, device, or ``teacher:`` and the code."""
    return Said(by, decision, at)


def written(history: Iterable[Said]) -> list[bytes]:
    """Return the lines that tell of these decisions, without their newlines."""
    lines, head = [], Head()
    for said in history:
        line, head = write_line(head, said.at, said.by, said.decision, clock_trusted=True)
        lines.append(line)
    return lines


def folded(history: Iterable[Said]) -> Register:
    """Return the register after these decisions, which were written and read on the way."""
    return fold(read_lines(written(history)))


SCHOOL = SchoolSet("Voorbeeldschool", LegalBasis.LEGITIMATE_INTEREST, Unbooked.REFUSE, "Europe/Amsterdam")
HOLIDAY = HolidaySet("autumn", date(2026, 10, 17), date(2026, 10, 25))
GROUP = GroupRegistered(
    group="2b", pupils=24, asked=24, not_filmed=0, arrangement=Arrangement.NONE, sound=True,
    informed_on=date(2026, 8, 20), valid_from=date(2026, 8, 24), valid_until=date(2027, 7, 1),
)  # fmt: skip
TRAJECTORY = TrajectoryOpened(
    trajectory="abc najaar", teachers=("abc",), coach="co", learning_question="Wacht ik na een vraag?",
    theme="modelen", stages=(Stage.COACH_LEADS, Stage.TEACHER_LEADS, Stage.TEACHER_PREPARES),
    closes_on=date(2026, 12, 18),
)  # fmt: skip
AGREEMENT = AgreementGiven("abc", TRAJECTORY.trajectory, sound=True, pupil_films=False)
BOOKING = BookingMade(
    booking=ulid(1), trajectory=TRAJECTORY.trajectory, teachers=("abc",), groups=("2b",), space="",
    stage=Stage.COACH_LEADS, operator=Operator.TEACHER, sound=True, repeat=Repeat.WEEKLY, start=Start.PRESS,
    first=TODAY, last=date(2026, 12, 15), from_time=time(9, 30), to_time=time(10, 20),
)  # fmt: skip


def everything(**changes: dict[str, Any]) -> list[Said]:
    """Return the decisions under which a lesson may be recorded at :data:`NOW`, in their order.

    ``changes`` by step: ``school``, ``group``, ``trajectory``, ``agreement``, ``booking``; for example
    ``booking={"sound": False}``.
    """

    def changed(step: str, decision: Any) -> Any:
        return dataclasses.replace(decision, **changes.get(step, {}))

    unknown = set(changes) - {"school", "group", "trajectory", "agreement", "booking"}
    assert not unknown, unknown
    agreement = changed("agreement", AGREEMENT)
    return [
        decided("coach", changed("school", SCHOOL)),
        decided("coach", TeacherAdded(agreement.teacher)),
        decided("coach", changed("group", GROUP)),
        decided("coach", changed("trajectory", TRAJECTORY)),
        decided(f"teacher:{agreement.teacher}", agreement),
        decided("coach", changed("booking", BOOKING)),
    ]


def a_register(*more: Said, **changes: dict[str, Any]) -> Register:
    """Return a register under which a lesson may be recorded at :data:`NOW`, with ``more`` decided after it."""
    return folded([*everything(**changes), *more])


def a_situation(now: datetime = NOW, **changes: Any) -> Situation:
    """Return a machine that lacks nothing."""
    values: dict[str, Any] = {
        "clock_trusted": True, "coach_key_present": True, "free_bytes": 10, "needed_bytes": 10,
        "light_works": True, "lens_covered": False, "masks_drawn": True,
    }  # fmt: skip
    return Situation(now, **(values | changes))


ONE_OF_EACH: Sequence[Decision] = (
    SCHOOL, HOLIDAY, HolidayRemoved("autumn"), TeacherAdded("jkl"), TeacherLeft("abc"), GROUP, GroupWithdrawn("2b"),
    SpaceRegistered("leerplein", ("abc", "jkl"), ("2b",)), SpaceRemoved("leerplein"), TRAJECTORY,
    TrajectoryClosed(TRAJECTORY.trajectory), AGREEMENT, AgreementWithdrawn("abc", TRAJECTORY.trajectory), BOOKING,
    BookingCancelled(BOOKING.booking), RecordingClaimed(ulid(9), "abc", TRAJECTORY.trajectory, ("2b",)),
    RecordingWithdrawn(ulid(9), "abc"),
)  # fmt: skip

# --- random decisions

_lines = st.text(st.characters(exclude_categories=["Cs"]), max_size=300).map(
    lambda text: "".join(letter for letter in text if letter.isprintable()).strip()
)
_minutes = st.builds(time, st.integers(0, 23), st.integers(0, 59))


def _values(hint: Any) -> st.SearchStrategy[Any]:
    if typing.get_origin(hint) is tuple:
        return st.lists(_values(typing.get_args(hint)[0]), max_size=5).map(tuple)
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return st.sampled_from(list(hint))
    by_type = {
        str: _lines,
        int: st.integers(0, 1 << 40),
        bool: st.booleans(),
        date: st.dates(),
        time: _minutes,
    }
    return by_type[hint]


def decisions_of(kind: type[Decision]) -> st.SearchStrategy[Any]:
    """Return decisions of one kind, with any values that their types allow."""
    hints = typing.get_type_hints(kind)
    return st.builds(kind, **{name: _values(hint) for name, hint in hints.items()})


any_decision: st.SearchStrategy[Decision] = st.one_of([decisions_of(kind) for kind in KINDS.values()])
anybody = st.sampled_from(
    ["coach", "device", "it", "public", "", "teacher:", "teacher:abc", "teacher:jkl", "teacher:xyz", "abc"]
)
moments = st.datetimes(datetime(1970, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001 - UTC is added
    lambda moment: moment.replace(microsecond=0)
)
any_said = st.builds(Said, anybody, any_decision, moments)
