"""What may be written into the register: every objection to a decision, before it is made.

The fold in ``state`` does not depend on this: what slipped through is judged again at every press.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from device.domain.identifiers import is_ulid
from device.domain.register.decisions import (
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
    TeacherAdded,
    TeacherLeft,
    TrajectoryClosed,
    TrajectoryOpened,
)
from device.domain.register.state import OWN_DECISIONS, Register, may_decide
from device.domain.register.text import MAX_ITEMS, MAX_TEXT, is_line
from device.domain.trajectory import LegalBasis

MAX_PUPILS = 200
MAX_STAGES = 5
_LONGEST = timedelta(days=366)
_LONGEST_TRAJECTORY = timedelta(days=731)
_LONGEST_HOLIDAY = timedelta(days=120)
# As the accounts of the page have it.
_TEACHER = re.compile(r"[a-z][a-z0-9]{1,7}")
_GROUP = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+/-]{0,11}")
_NAME = re.compile(r"[0-9A-Za-zÀ-ÿ][0-9A-Za-zÀ-ÿ .&+/'()-]{0,39}")
# A colon only after its first word ("abc: wachten"): further on it would make room for a list of pupils.
_TRAJECTORY = re.compile(r"(?=.{1,40}$)(?:[0-9A-Za-zÀ-ÿ]+: ?)?" + _NAME.pattern)


class Problem(enum.Enum):
    """What is wrong; each has a sentence in both languages in ``sentences``."""

    NOT_YOURS = "not_yours"
    COACH_DECIDES = "coach_decides"
    NO_SCHOOL = "no_school"
    EMPTY = "empty"
    NOT_A_CODE = "not_a_code"
    NOT_A_GROUP = "not_a_group"
    NOT_A_NAME = "not_a_name"
    NOT_A_TRAJECTORY = "not_a_trajectory"
    NOT_A_LINE = "not_a_line"
    TOO_MANY = "too_many"
    UNKNOWN = "unknown"
    EXISTS = "exists"
    OUT_OF_RANGE = "out_of_range"
    NOT_ARRANGED = "not_arranged"
    NOT_ASKED = "not_asked"
    ORDER = "order"
    TOO_LONG = "too_long"
    PAST = "past"
    CLOSED = "closed"
    NOT_IN_VIEW = "not_in_view"
    AFTER_CLOSING = "after_closing"
    NOT_AGREED = "not_agreed"


@dataclass(frozen=True, slots=True)
class Objection:
    """What is wrong with which field of a decision; ``value`` is what was found there, or what is missing."""

    field: str
    problem: Problem
    value: str = ""


def objections(register: Register, by: str, decision: Decision, today: date) -> tuple[Objection, ...]:
    """Return every objection to a decision that ``by`` wants to make today (a day of the school); empty: none."""
    if not may_decide(by, decision, register):
        own = isinstance(decision, OWN_DECISIONS)
        return (Objection("", Problem.NOT_YOURS if own else Problem.COACH_DECIDES),)
    return tuple(_CHECKS[type(decision)](register, decision, today))


Found = Iterator[Objection]


def _matches(name: str, value: str, pattern: re.Pattern[str], problem: Problem) -> Found:
    if not value:
        yield Objection(name, Problem.EMPTY)
    elif not pattern.fullmatch(value):
        yield Objection(name, problem, value)


def _between(name: str, value: int, low: int, high: int) -> Found:
    if not low <= value <= high:
        yield Objection(name, Problem.OUT_OF_RANGE, f"{low}-{high}")


def _line(name: str, value: str, *, needed: bool = True) -> Found:
    if needed and not value:
        yield Objection(name, Problem.EMPTY)
    if not is_line(value):
        yield Objection(name, Problem.NOT_A_LINE, str(MAX_TEXT))


def _ordered(name: str, first: Any, then: Any) -> Found:
    if then < first:
        yield Objection(name, Problem.ORDER, str(first))


def _known(name: str, values: Iterable[str], known: Iterable[str], *, needed: bool = True) -> Found:
    values, known = list(values), set(known)
    if needed and not values:
        yield Objection(name, Problem.EMPTY)
    if len(values) > MAX_ITEMS:
        yield Objection(name, Problem.TOO_MANY, str(MAX_ITEMS))
    for value in values:
        if value not in known:
            yield Objection(name, Problem.UNKNOWN, value)


def _present(register: Register) -> list[str]:
    return [teacher for teacher, present in register.teachers.items() if present]


def _open(register: Register, trajectory: str) -> Found:
    found = register.trajectories.get(trajectory)
    if found is None:
        yield Objection("trajectory", Problem.UNKNOWN, trajectory)
    elif found.closed:
        yield Objection("trajectory", Problem.CLOSED, trajectory)


def _school(register: Register, decision: SchoolSet, today: date) -> Found:
    yield from _matches("name", decision.name, _NAME, Problem.NOT_A_NAME)
    yield from _line("zone", decision.zone)


def _holiday(register: Register, decision: HolidaySet, today: date) -> Found:
    yield from _matches("name", decision.name, _NAME, Problem.NOT_A_NAME)
    yield from _ordered("last", decision.first, decision.last)
    if decision.last - decision.first > _LONGEST_HOLIDAY:
        yield Objection("last", Problem.TOO_LONG, str(_LONGEST_HOLIDAY.days))


def _no_holiday(register: Register, decision: HolidayRemoved, today: date) -> Found:
    yield from _known("name", [decision.name], register.holidays)


def _teacher(register: Register, decision: TeacherAdded, today: date) -> Found:
    yield from _matches("teacher", decision.teacher, _TEACHER, Problem.NOT_A_CODE)
    if register.teachers.get(decision.teacher, False):
        yield Objection("teacher", Problem.EXISTS, decision.teacher)


def _teacher_left(register: Register, decision: TeacherLeft, today: date) -> Found:
    yield from _known("teacher", [decision.teacher], _present(register))


def _group(register: Register, decision: GroupRegistered, today: date) -> Found:
    yield from _matches("group", decision.group, _GROUP, Problem.NOT_A_GROUP)
    yield from _between("pupils", decision.pupils, 1, MAX_PUPILS)
    yield from _between("not_filmed", decision.not_filmed, 0, max(decision.pupils, 0))
    yield from _between("asked", decision.asked, 0, max(decision.pupils, 0))
    if register.school is None:
        yield Objection("", Problem.NO_SCHOOL)
    basis = register.school.legal_basis if register.school else None
    if basis is LegalBasis.CONSENT and decision.asked < decision.pupils:
        yield Objection("asked", Problem.NOT_ASKED, str(decision.pupils - decision.asked))
    if decision.not_filmed > 0 and decision.arrangement is Arrangement.NONE:
        yield Objection("arrangement", Problem.NOT_ARRANGED, str(decision.not_filmed))
    yield from _ordered("valid_from", decision.informed_on, decision.valid_from)
    yield from _ordered("valid_until", decision.valid_from, decision.valid_until)
    if decision.valid_until - decision.valid_from > _LONGEST:
        yield Objection("valid_until", Problem.TOO_LONG, str(_LONGEST.days))
    if decision.valid_until < today:
        yield Objection("valid_until", Problem.PAST, str(decision.valid_until))


def _group_withdrawn(register: Register, decision: GroupWithdrawn, today: date) -> Found:
    yield from _known("group", [decision.group], register.groups)


def _space(register: Register, decision: SpaceRegistered, today: date) -> Found:
    yield from _matches("space", decision.space, _NAME, Problem.NOT_A_NAME)
    yield from _known("teachers", decision.teachers, _present(register))
    yield from _known("groups", decision.groups, register.groups)


def _no_space(register: Register, decision: SpaceRemoved, today: date) -> Found:
    yield from _known("space", [decision.space], register.spaces)


def _trajectory(register: Register, decision: TrajectoryOpened, today: date) -> Found:
    yield from _matches("trajectory", decision.trajectory, _TRAJECTORY, Problem.NOT_A_TRAJECTORY)
    if decision.trajectory in register.trajectories:
        yield Objection("trajectory", Problem.EXISTS, decision.trajectory)
    yield from _known("teachers", decision.teachers, _present(register))
    yield from _line("coach", decision.coach)
    yield from _line("learning_question", decision.learning_question)
    yield from _line("theme", decision.theme, needed=False)
    if not 1 <= len(decision.stages) <= MAX_STAGES:
        yield Objection("stages", Problem.OUT_OF_RANGE, f"1-{MAX_STAGES}")
    if decision.closes_on < today:
        yield Objection("closes_on", Problem.PAST, str(decision.closes_on))
    if decision.closes_on - today > _LONGEST_TRAJECTORY:
        yield Objection("closes_on", Problem.TOO_LONG, str(_LONGEST_TRAJECTORY.days))


def _trajectory_closed(register: Register, decision: TrajectoryClosed, today: date) -> Found:
    yield from _open(register, decision.trajectory)


def _agreement(register: Register, decision: AgreementGiven, today: date) -> Found:
    yield from _known("teacher", [decision.teacher], _present(register))
    yield from _open(register, decision.trajectory)


def _agreement_withdrawn(register: Register, decision: AgreementWithdrawn, today: date) -> Found:
    yield from _known("trajectory", [decision.trajectory], register.trajectories)


def _booking(register: Register, decision: BookingMade, today: date) -> Found:
    if not is_ulid(decision.booking) or decision.booking in register.bookings:
        yield Objection("booking", Problem.EXISTS, decision.booking)
    yield from _open(register, decision.trajectory)
    yield from _known("teachers", decision.teachers, _present(register))
    yield from _known("groups", decision.groups, register.groups)
    yield from _known("space", [decision.space] if decision.space else [], register.spaces, needed=False)
    yield from _in_view(register, decision)
    if decision.repeat is not Repeat.NEXT_PRESS:
        yield from _times(register, decision, today)


def _in_view(register: Register, decision: BookingMade) -> Found:
    space = register.spaces.get(decision.space)
    if space is not None:
        for name in ("teachers", "groups"):
            for absent in sorted(set(getattr(space, name)) - set(getattr(decision, name))):
                yield Objection(name, Problem.NOT_IN_VIEW, absent)


def _times(register: Register, decision: BookingMade, today: date) -> Found:
    if decision.to_time <= decision.from_time:
        yield Objection("to_time", Problem.ORDER, decision.from_time.strftime("%H:%M"))
    last = decision.first if decision.repeat is Repeat.ONCE else decision.last
    yield from _ordered("last", decision.first, decision.last)
    if last < today:
        yield Objection("last", Problem.PAST, str(last))
    if decision.last - decision.first > _LONGEST or (
        decision.repeat is Repeat.ONCE and last != decision.last
    ):
        yield Objection("last", Problem.TOO_LONG, str(_LONGEST.days))
    trajectory = register.trajectories.get(decision.trajectory)
    if trajectory is not None and last > trajectory.opened.closes_on:
        yield Objection("last", Problem.AFTER_CLOSING, str(trajectory.opened.closes_on))


def _booking_cancelled(register: Register, decision: BookingCancelled, today: date) -> Found:
    booking = register.bookings.get(decision.booking)
    if booking is None or booking.cancelled:
        yield Objection("booking", Problem.UNKNOWN, decision.booking)


def _claim(register: Register, decision: RecordingClaimed, today: date) -> Found:
    if not is_ulid(decision.recording):
        yield Objection("recording", Problem.UNKNOWN, decision.recording)
    if decision.recording in register.claims:
        yield Objection("recording", Problem.EXISTS, decision.recording)
    yield from _open(register, decision.trajectory)
    yield from _known("groups", decision.groups, register.groups)
    if (decision.teacher, decision.trajectory) not in register.agreements:
        yield Objection("trajectory", Problem.NOT_AGREED, decision.trajectory)


def _recording_withdrawn(register: Register, decision: RecordingWithdrawn, today: date) -> Found:
    if not is_ulid(decision.recording):
        yield Objection("recording", Problem.UNKNOWN, decision.recording)


_CHECKS: dict[type[Decision], Callable[[Register, Any, date], Found]] = {
    SchoolSet: _school,
    HolidaySet: _holiday,
    HolidayRemoved: _no_holiday,
    TeacherAdded: _teacher,
    TeacherLeft: _teacher_left,
    GroupRegistered: _group,
    GroupWithdrawn: _group_withdrawn,
    SpaceRegistered: _space,
    SpaceRemoved: _no_space,
    TrajectoryOpened: _trajectory,
    TrajectoryClosed: _trajectory_closed,
    AgreementGiven: _agreement,
    AgreementWithdrawn: _agreement_withdrawn,
    BookingMade: _booking,
    BookingCancelled: _booking_cancelled,
    RecordingClaimed: _claim,
    RecordingWithdrawn: _recording_withdrawn,
}
