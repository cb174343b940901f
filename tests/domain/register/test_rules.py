"""What may be written into the register: every objection in words, and nothing accepted that could not be."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, time, timedelta
from typing import Any, get_type_hints

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from device.domain.register.chain import read_line, write_line
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
from device.domain.register.rules import Objection, Problem, objections
from device.domain.register.sentences import objection_sentence
from device.domain.register.state import Register
from device.domain.register.text import MAX_ITEMS, MAX_TEXT
from device.domain.trajectory import LegalBasis, Operator, Stage
from tests.support.register import (
    AGREEMENT,
    BOOKING,
    EARLIER,
    GROUP,
    HOLIDAY,
    SCHOOL,
    TODAY,
    TRAJECTORY,
    Said,
    a_register,
    any_decision,
    anybody,
    decided,
    everything,
    folded,
    ulid,
)

DAY = timedelta(days=1)
SPACE = SpaceRegistered("leerplein", ("abc",), ("2b",))
CONSENT = decided("coach", replace(SCHOOL, legal_basis=LegalBasis.CONSENT))
NEXT = replace(BOOKING, booking=ulid(2))


@dataclass(frozen=True)
class Case:
    decision: Decision
    field: str
    value: str = ""
    by: str = "coach"
    before: Sequence[Said] = ()


CASES: dict[str, tuple[Problem, Case]] = {
    "coach agrees": (Problem.NOT_YOURS, Case(AGREEMENT, "")),
    "another agrees": (Problem.NOT_YOURS, Case(AGREEMENT, "", by="teacher:jkl")),
    "teacher registers": (Problem.COACH_DECIDES, Case(GROUP, "", by="teacher:abc")),
    "it books": (Problem.COACH_DECIDES, Case(NEXT, "", by="it")),
    "no name": (Problem.EMPTY, Case(replace(GROUP, group=""), "group")),
    "no question": (
        Problem.EMPTY,
        Case(replace(TRAJECTORY, trajectory="T", learning_question=""), "learning_question"),
    ),
    "no groups": (Problem.EMPTY, Case(replace(NEXT, groups=()), "groups")),
    "a full name": (Problem.NOT_A_CODE, Case(TeacherAdded("Jan Jansen"), "teacher", "Jan Jansen")),
    "names as a group": (Problem.NOT_A_GROUP, Case(replace(GROUP, group="Jan, Piet"), "group", "Jan, Piet")),
    "names as a space": (Problem.NOT_A_NAME, Case(replace(SPACE, space="Jan, Piet"), "space", "Jan, Piet")),
    "names as a trajectory": (
        Problem.NOT_A_TRAJECTORY,
        Case(replace(TRAJECTORY, trajectory="Jan, Piet"), "trajectory", "Jan, Piet"),
    ),
    "a long question": (
        Problem.NOT_A_LINE,
        Case(
            replace(TRAJECTORY, trajectory="T", learning_question="x" * 301),
            "learning_question",
            str(MAX_TEXT),
        ),
    ),
    "lines in a theme": (
        Problem.NOT_A_LINE,
        Case(replace(TRAJECTORY, trajectory="T", theme="a\nb"), "theme", str(MAX_TEXT)),
    ),
    "many in view": (
        Problem.TOO_MANY,
        Case(replace(SPACE, groups=("2b",) * (MAX_ITEMS + 1)), "groups", str(MAX_ITEMS)),
    ),
    "unknown teacher": (Problem.UNKNOWN, Case(replace(NEXT, teachers=("abc", "xyz")), "teachers", "xyz")),
    "unknown trajectory": (Problem.UNKNOWN, Case(replace(NEXT, trajectory="T"), "trajectory", "T")),
    "unknown booking": (Problem.UNKNOWN, Case(BookingCancelled(ulid(8)), "booking", ulid(8))),
    "no such recording": (
        Problem.UNKNOWN,
        Case(RecordingWithdrawn("../x", "abc"), "recording", "../x", by="teacher:abc"),
    ),
    "there already": (Problem.EXISTS, Case(TeacherAdded("abc"), "teacher", "abc")),
    "a name twice": (Problem.EXISTS, Case(TRAJECTORY, "trajectory", TRAJECTORY.trajectory)),
    "more than there are": (Problem.OUT_OF_RANGE, Case(replace(GROUP, not_filmed=25), "not_filmed", "0-24")),
    "not arranged": (Problem.NOT_ARRANGED, Case(replace(GROUP, not_filmed=2), "arrangement", "2")),
    "not asked": (Problem.NOT_ASKED, Case(replace(GROUP, asked=20), "asked", "4", before=[CONSENT])),
    "backwards": (Problem.ORDER, Case(replace(NEXT, to_time=time(9, 0)), "to_time", "09:30")),
    "trajectory for years": (
        Problem.TOO_LONG,
        Case(replace(TRAJECTORY, trajectory="new", closes_on=date(2029, 1, 1)), "closes_on", "731"),
    ),
    "for years": (Problem.TOO_LONG, Case(replace(GROUP, valid_until=date(2030, 1, 1)), "valid_until", "366")),
    "yesterday": (
        Problem.PAST,
        Case(replace(TRAJECTORY, trajectory="T", closes_on=TODAY - DAY), "closes_on", "2026-08-31"),
    ),
    "closed": (
        Problem.CLOSED,
        Case(
            NEXT,
            "trajectory",
            TRAJECTORY.trajectory,
            before=[decided("coach", TrajectoryClosed(TRAJECTORY.trajectory))],
        ),
    ),
    "not everybody in view": (
        Problem.NOT_IN_VIEW,
        Case(
            replace(NEXT, space="leerplein"),
            "teachers",
            "jkl",
            before=[
                decided("coach", TeacherAdded("jkl")),
                decided("coach", replace(SPACE, teachers=("abc", "jkl"))),
            ],
        ),
    ),
    "too late": (Problem.AFTER_CLOSING, Case(replace(NEXT, last=date(2026, 12, 19)), "last", "2026-12-18")),
    "claimed without a yes": (
        Problem.NOT_AGREED,
        Case(
            RecordingClaimed(ulid(7), "jkl", TRAJECTORY.trajectory, ("2b",)),
            "trajectory",
            TRAJECTORY.trajectory,
            by="teacher:jkl",
            before=[decided("coach", TeacherAdded("jkl"))],
        ),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_every_objection_names_its_field_and_what_was_found(case: str) -> None:
    problem, what = CASES[case]
    found = objections(a_register(*what.before), what.by, what.decision, TODAY)
    assert Objection(what.field, problem, what.value) in found
    assert what.field in {"", *(each.name for each in fields(what.decision))}


def test_before_the_legal_basis_was_chosen_no_group_is_registered() -> None:
    assert Objection("", Problem.NO_SCHOOL) in objections(Register(), "coach", GROUP, TODAY)


def test_every_problem_can_occur() -> None:
    assert {problem for problem, _ in CASES.values()} | {Problem.NO_SCHOOL} == set(Problem)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_every_problem_has_a_sentence_of_its_own_in_both_languages(language: str) -> None:
    sentences = [objection_sentence(Objection("x", problem, "VALUE"), language) for problem in Problem]
    assert len(set(sentences)) == len(Problem)
    for problem, sentence in zip(Problem, sentences, strict=True):
        assert sentence.endswith("."), sentence
        assert "{" not in sentence
        other = objection_sentence(Objection("x", problem, "VALUE"), "en" if language == "nl" else "nl")
        assert sentence != other


def test_what_was_found_is_told_as_it_is() -> None:
    unknown = Objection("teachers", Problem.UNKNOWN, "{value} {0}")
    assert "'{value} {0}'" in objection_sentence(unknown, "nl")
    assert "'{value} {0}'" in objection_sentence(unknown, "en")


def test_what_may_be_decided_meets_no_objection() -> None:
    history: list[Said] = []
    for said in everything():
        assert objections(folded(history), said.by, said.decision, TODAY) == (), said
        history.append(said)


# --- no pupil has a name here

# Every text that somebody fills in: whoever adds one decides what it may hold.
TEXTS = {
    "one word": {"group", "groups"},
    "a code": {"teacher", "teachers"},
    "a name without commas": {"name", "space", "trajectory"},
    "a line about the teaching": {"coach", "learning_question", "theme"},
    "made by the machine": {"booking", "recording", "zone"},
}
NAMES = (
    "Jan, Piet",
    "Jan Jansen, Piet Pietersen en Klaas",
    "Jan; Piet",
    "Jan\nPiet",
    "Jan\tPiet",
    "1. Jan 2. Piet: ziek",
)


def test_every_text_that_can_be_filled_in_is_known() -> None:
    texts = {
        name
        for kind in KINDS.values()
        for name, hint in get_type_hints(kind).items()
        if hint in (str, tuple[str, ...])
    }
    assert texts == set().union(*TEXTS.values())


@pytest.mark.parametrize("names", NAMES)
def test_a_list_of_names_is_refused_with_the_reason(names: str) -> None:
    fields_with_names: list[tuple[Decision, str]] = [
        (replace(GROUP, group=names), "group"),
        (TeacherAdded(names), "teacher"),
        (replace(SPACE, space=names), "space"),
        (replace(TRAJECTORY, trajectory=names), "trajectory"),
        (replace(HOLIDAY, name=names), "name"),
        (replace(SCHOOL, name=names), "name"),
    ]
    for decision, name in fields_with_names:
        (found,) = (each for each in objections(a_register(), "coach", decision, TODAY) if each.field == name)
        for language, word in (
            ("nl", r"[Nn]amen van leerlingen|[Gg]een (volledige )?naam"),
            ("en", r"[Nn]ames of pupils|[Nn]o(t a)? (full )?name"),
        ):
            assert re.search(word, objection_sentence(found, language)), (decision, found)


@pytest.mark.parametrize("name", ["Jan Jansen", "Sanne de Vries", "o'Neill", "Zoë"])
def test_a_group_is_a_word_and_no_first_and_last_name(name: str) -> None:
    (found,) = objections(a_register(), "coach", replace(GROUP, group=name), TODAY)
    assert found.problem is Problem.NOT_A_GROUP
    assert "kan ook niet uitlekken" in objection_sentence(found, "nl")


# --- whatever is accepted

_teacher = st.sampled_from(("abc", "jkl"))
_group = st.sampled_from(("2b", "1a"))
_trajectory = st.sampled_from((TRAJECTORY.trajectory, "T"))
_day = st.sampled_from([TODAY + DAY * days for days in (-400, -1, 0, 1, 100, 400)])
_number = st.sampled_from((0, 1, 2, 24, 200, 201, -1))
_several: Callable[[st.SearchStrategy[str]], st.SearchStrategy[tuple[str, ...]]] = lambda each: (  # noqa: E731
    st.lists(each, max_size=2).map(tuple)
)
_text = st.sampled_from(("x", "", " x", "x" * 300, "x" * 301, "a, b", "a\nb", "\ud800"))
_time = st.sampled_from((time(8), time(9), time(10)))
_space = st.sampled_from(("", "leerplein"))
_near: st.SearchStrategy[Decision] = st.one_of(
    st.builds(SchoolSet, _text, st.sampled_from(LegalBasis), st.sampled_from(Unbooked), _text),
    st.builds(HolidaySet, _text, _day, _day),
    st.builds(HolidayRemoved, _text),
    st.builds(TeacherAdded, st.one_of(_teacher, _text)),
    st.builds(TeacherLeft, _teacher),
    st.builds(
        GroupRegistered, st.one_of(_group, _text), _number, _number, _number, st.sampled_from(Arrangement),
        st.booleans(), _day, _day, _day,
    ),
    st.builds(GroupWithdrawn, _group),
    st.builds(SpaceRegistered, st.one_of(_space, _text), _several(_teacher), _several(_group)),
    st.builds(SpaceRemoved, _space),
    st.builds(
        TrajectoryOpened, st.one_of(_trajectory, _text), _several(_teacher), _text, _text, _text,
        st.lists(st.sampled_from(Stage), max_size=6).map(tuple), _day,
    ),
    st.builds(TrajectoryClosed, _trajectory),
    st.builds(AgreementGiven, _teacher, _trajectory, st.booleans(), st.booleans()),
    st.builds(AgreementWithdrawn, _teacher, _trajectory),
    st.builds(
        BookingMade, st.sampled_from((ulid(1), ulid(2), "x")), _trajectory, _several(_teacher), _several(_group),
        _space, st.sampled_from(Stage), st.sampled_from(Operator), st.booleans(), st.sampled_from(Repeat),
        st.sampled_from(Start), _day, _day, _time, _time,
    ),
    st.builds(BookingCancelled, st.sampled_from((ulid(1), ulid(2)))),
    st.builds(RecordingClaimed, st.sampled_from((ulid(7), "x")), _teacher, _trajectory, _several(_group)),
    st.builds(RecordingWithdrawn, st.sampled_from((ulid(7), "x")), _teacher),
)  # fmt: skip
# A change of what is right in one place is far more often still right than something random.
_changed: st.SearchStrategy[Decision] = st.one_of(
    st.builds(replace, st.just(GROUP), not_filmed=_number, arrangement=st.sampled_from(Arrangement)),
    st.builds(replace, st.just(GROUP), asked=_number, pupils=_number),
    st.builds(replace, st.just(GROUP), valid_from=_day, valid_until=_day),
    st.builds(replace, st.just(TRAJECTORY), trajectory=st.just("T"), teachers=_several(_teacher), closes_on=_day),
    st.builds(replace, st.just(TRAJECTORY), trajectory=st.just("T"), learning_question=_text, theme=_text),
    st.builds(replace, st.just(NEXT), teachers=_several(_teacher), groups=_several(_group), space=_space),
    st.builds(replace, st.just(NEXT), first=_day, last=_day, repeat=st.sampled_from(Repeat)),
    st.builds(replace, st.just(NEXT), trajectory=_trajectory, from_time=_time, to_time=_time),
)  # fmt: skip
_someone = st.sampled_from(("coach", "coach", "teacher:abc", "teacher:jkl", "it"))


@settings(max_examples=max(400, settings().max_examples))
@given(st.lists(st.tuples(_someone, st.one_of(_changed, _near)), min_size=1, max_size=8))
def test_whatever_is_accepted_can_be_read_back_and_keeps_the_rules(tries: list[tuple[str, Decision]]) -> None:
    history = everything()
    register = folded(history)
    for by, decision in tries:
        found = objections(register, by, decision, TODAY)
        for objection in found:
            assert objection_sentence(objection, "nl") != objection_sentence(objection, "en")
        if found:
            continue
        event(type(decision).__name__)
        line, _ = write_line(register.head, EARLIER, by, decision, clock_trusted=True)
        assert read_line(register.head, line)[0].decision == decision
        assert may_stand(register, by, decision) == ""
        history.append(decided(by, decision))
        register = folded(history)


@given(anybody, any_decision)
def test_about_anything_at_all_there_is_an_answer(by: str, decision: Decision) -> None:
    for register in (Register(), a_register()):
        for objection in objections(register, by, decision, TODAY):
            assert objection_sentence(objection, "en")


def may_stand(register: Register, by: str, decision: Any) -> str:
    """Return which of the written rules an accepted decision breaks; "" when none."""
    broken: dict[str, bool] = {}
    if isinstance(decision, GroupRegistered):
        basis_b = register.school is not None and register.school.legal_basis is LegalBasis.CONSENT
        broken = {
            "numbers": not 0 <= decision.not_filmed <= decision.pupils or not 1 <= decision.pupils <= 200,
            "asked": not 0 <= decision.asked <= decision.pupils,
            "basis B asks everybody": basis_b and decision.asked != decision.pupils,
            "arranged": decision.not_filmed > 0 and decision.arrangement is Arrangement.NONE,
            "informed first": not decision.informed_on <= decision.valid_from <= decision.valid_until,
            "a year at most": (decision.valid_until - decision.valid_from).days > 366,
            "not over": decision.valid_until < TODAY,
            "a word": not re.fullmatch(r"[\w.+/-]{1,12}", decision.group),
        }
    elif isinstance(decision, BookingMade):
        space = register.spaces.get(decision.space)
        opened = register.trajectories.get(decision.trajectory)
        dated = decision.repeat is not Repeat.NEXT_PRESS
        broken = {
            "who": by != "coach" and by.removeprefix("teacher:") not in decision.teachers,
            "nobody": not decision.teachers or not decision.groups,
            "everybody in view": space is not None
            and not ({*space.teachers} <= {*decision.teachers} and {*space.groups} <= {*decision.groups}),
            "known": not ({*decision.groups} <= {*register.groups} and (not decision.space or space)),
            "there": not all(register.teachers.get(each) for each in decision.teachers),
            "open": opened is None or opened.closed,
            "once is one day": decision.repeat is Repeat.ONCE and decision.first != decision.last,
            "order": dated and (decision.last < decision.first or decision.to_time <= decision.from_time),
            "past": dated and decision.last < TODAY,
            "closing": dated and opened is not None and decision.last > opened.opened.closes_on,
            "new": decision.booking in register.bookings,
        }
    elif isinstance(decision, AgreementGiven | AgreementWithdrawn | RecordingClaimed | RecordingWithdrawn):
        broken = {"her own": by != f"teacher:{decision.teacher}"}
    elif isinstance(decision, TrajectoryOpened):
        broken = {
            "by the coach": by != "coach",
            "new": decision.trajectory in register.trajectories,
            "stages": not 1 <= len(decision.stages) <= 5,
            "teachers": not decision.teachers
            or not all(register.teachers.get(each) for each in decision.teachers),
            "over": decision.closes_on < TODAY,
        }
    elif not isinstance(decision, BookingCancelled):
        broken = {"by the coach": by != "coach"}
    return ", ".join(rule for rule, is_broken in broken.items() if is_broken)
