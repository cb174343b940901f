"""What the page says of a press is what the recorder then does, and nothing is overlooked for being quick."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.domain.booking import covers, find_agreement
from device.domain.consent import Reason
from device.domain.errors import Refused, Temporary
from device.domain.occurrences import occurrences, only_near
from device.domain.register.decisions import (
    AgreementWithdrawn,
    Arrangement,
    BookingCancelled,
    BookingMade,
    GroupWithdrawn,
    HolidaySet,
    Repeat,
    SpaceRegistered,
    Start,
    TeacherAdded,
    TeacherLeft,
    TrajectoryClosed,
)
from device.domain.texts import LANGUAGES, reason_sentence
from device.domain.trajectory import LegalBasis, Operator
from tests.support.clock import HandClock
from tests.support.recorder import Unit
from tests.support.register import BOOKING, NOW, TODAY, ZONE, Said, decided, everything, folded, ulid
from tests.web.coach.desk import Desk
from tests.web.real_recorder import RealRecorder

HELD_BACK: dict[str, tuple[dict[str, Any], Sequence[Said]]] = {
    "a teacher has not agreed": (
        {"booking": {"teachers": ("abc", "jkl")}},
        [decided("coach", TeacherAdded("jkl"))],
    ),
    "a teacher took it back": ({}, [decided("teacher:abc", AgreementWithdrawn("abc", "abc najaar"))]),
    "a teacher left": ({}, [decided("coach", TeacherLeft("abc"))]),
    "a group took it back": ({}, [decided("coach", GroupWithdrawn("2b"))]),
    "a group is unknown": ({"booking": {"groups": ("2b", "4d")}}, []),
    "a group expired": ({"group": {"valid_until": date(2026, 8, 30)}}, []),
    "a group does not count yet": ({"group": {"valid_from": date(2026, 9, 5)}}, []),
    "nothing was arranged": ({"group": {"not_filmed": 1}}, []),
    "no mask was drawn": ({"group": {"not_filmed": 1, "arrangement": Arrangement.MASK}}, []),
    "a pupil films": ({"booking": {"operator": Operator.PUPIL}}, []),
    "the trajectory is closed": ({}, [decided("coach", TrajectoryClosed("abc najaar"))]),
    "the trajectory is over": ({"trajectory": {"closes_on": date(2026, 8, 31)}}, []),
    "not everybody was asked": ({"school": {"legal_basis": LegalBasis.CONSENT}, "group": {"asked": 23}}, []),
    "two bookings at once": ({}, [decided("coach", replace(BOOKING, booking=ulid(2)))]),
    "others came into view": (
        {"booking": {"space": "plein"}},
        [
            decided("coach", TeacherAdded("jkl")),
            decided("coach", SpaceRegistered("plein", ("abc", "jkl"), ("2b",))),
        ],
    ),
}
FREE: dict[str, tuple[dict[str, Any], Sequence[Said]]] = {
    "all is well": ({}, []),
    "without sound": ({"agreement": {"sound": False}}, []),
    "a pupil may film": ({"booking": {"operator": Operator.PUPIL}, "agreement": {"pupil_films": True}}, []),
    "consent of everybody": ({"school": {"legal_basis": LegalBasis.CONSENT}}, []),
    "out of view": ({"group": {"not_filmed": 1, "arrangement": Arrangement.OUT_OF_VIEW}}, []),
    "the next press": ({"booking": {"repeat": Repeat.NEXT_PRESS}}, []),
}


def at_the_device(folder: Path, history: Sequence[Said], **settings: Any) -> tuple[Unit, Desk]:
    """Return a recorder that presses now, and the pages of its coach."""
    unit = Unit(folder, agreed=None, clock=HandClock(wall=NOW), **settings)
    desk = Desk(folder, RealRecorder(unit))
    for said in history:
        desk.book.decide(NOW, said.by, said.decision, clock_trusted=True)
    return unit, desk


@pytest.mark.parametrize("case", HELD_BACK)
def test_where_the_page_says_no_the_recorder_refuses_for_the_same_reasons(tmp_path: Path, case: str) -> None:
    changes, more = HELD_BACK[case]
    unit, desk = at_the_device(tmp_path, [*everything(**changes), *more])
    page = desk.see(f"/coach/bookings/one?booking={BOOKING.booking}")
    assert "A press then does not record:" in page
    assert "A press then records" not in page
    with pytest.raises(Refused):
        RealRecorder(unit).ask("start")
    assert unit.face.refusal
    for reason in unit.face.refusal:
        fact = reason_sentence(Reason(reason["reason"]), "en").partition(": ")[0]
        assert fact in page, case


@pytest.mark.parametrize("case", FREE)
def test_where_the_page_says_yes_the_recorder_records(tmp_path: Path, case: str) -> None:
    changes, more = FREE[case]
    unit, desk = at_the_device(tmp_path, [*everything(**changes), *more])
    assert "A press then records" in desk.see(f"/coach/bookings/one?booking={BOOKING.booking}")
    assert "A press then records" in desk.see("/coach/")
    RealRecorder(unit).ask("start")
    assert len(unit.lens.permits) == 1


def test_a_missing_key_of_the_coach_is_said_before_anybody_presses(tmp_path: Path) -> None:
    unit, desk = at_the_device(tmp_path, everything(), coach_key_present=False)
    page = desk.see(f"/coach/bookings/one?booking={BOOKING.booking}")
    assert ("A press then records" in page) == bool(unit.ask("status").get("coach_key", True))


def test_a_weekly_lesson_says_which_booking_goes_before_it(tmp_path: Path) -> None:
    once = replace(BOOKING, booking=ulid(2), repeat=Repeat.ONCE, last=TODAY)
    _unit, desk = at_the_device(tmp_path, [*everything(), decided("coach", once)])
    page = desk.see(f"/coach/bookings/one?booking={BOOKING.booking}")
    assert "Another booking goes first at this time." in page
    assert f"booking={once.booking}" in page


def test_the_pages_go_on_while_the_recorder_does_not_answer(tmp_path: Path) -> None:
    desk = Desk(tmp_path, Silent())
    for said in everything():
        desk.book.decide(NOW, said.by, said.decision, clock_trusted=True)
    assert "The recorder does not answer" in desk.see("/coach/")
    assert "The recorder does not answer" in desk.see("/coach/recordings")
    page = desk.see(f"/coach/bookings/one?booking={BOOKING.booking}")
    assert "what a press then does is not known now" in page
    assert "A press then records" not in page
    desk.see("/coach/trajectories/one?name=abc najaar")


def test_what_the_machine_lacks_now_is_said_of_a_lesson_that_is_going_on(tmp_path: Path) -> None:
    unit, desk = at_the_device(tmp_path, everything())
    unit.light.works = False
    page = desk.see(f"/coach/bookings/one?booking={BOOKING.booking}")
    assert reason_sentence(Reason.NO_LIGHT, "en").partition(": ")[0] in page
    assert desk.see("/coach/bookings?week=2026-W37").count("A press then records") == 1


def test_while_it_records_the_coach_reads_until_when(tmp_path: Path) -> None:
    unit, desk = at_the_device(tmp_path, everything())
    unit.clock.pass_s(10 * 60)
    desk.site.moment[0] = unit.clock.now()
    RealRecorder(unit).ask("start")
    assert re.search(r"booked time is over: <time[^>]*>10:25</time>", desk.see("/coach/"))


class Silent:
    """A recorder that is not there."""

    def ask(self, do: str, **values: Any) -> dict[str, Any]:
        raise Temporary("no recorder is listening")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_of_a_refusal_says_the_fact_before_the_advice(language: str) -> None:
    for reason in Reason:
        fact, _colon, advice = reason_sentence(reason, language).partition(": ")
        assert fact, reason
        assert advice, reason


# --- a week of a school year's bookings

_DAYS = st.integers(-20, 20).map(lambda days: TODAY + timedelta(days=days))
_MINUTES = st.sampled_from([time(0, 0), time(0, 30), time(8, 30), time(9, 30), time(10, 20), time(23, 59)])


@st.composite
def bookings(draw: st.DrawFn) -> Said:
    first, from_time, to_time = draw(_DAYS), draw(_MINUTES), draw(_MINUTES)
    repeat = draw(st.sampled_from(Repeat))
    last = first if repeat is Repeat.ONCE else first + timedelta(days=draw(st.integers(0, 30)))
    made = replace(
        BOOKING, booking=ulid(draw(st.integers(1, 10**6))), repeat=repeat, first=first, last=last,
        from_time=from_time, to_time=to_time, start=Start.PRESS,
    )  # fmt: skip
    return decided("coach", made, NOW + timedelta(minutes=draw(st.integers(-3000, 3000))))


@st.composite
def histories(draw: st.DrawFn) -> list[Said]:
    made = draw(st.lists(bookings(), max_size=6))
    free = (
        [decided("coach", HolidaySet("vrij", TODAY, TODAY + timedelta(days=3)))]
        if draw(st.booleans())
        else []
    )
    names = [each.decision.booking for each in made if isinstance(each.decision, BookingMade)]
    gone = draw(st.sets(st.sampled_from(names))) if names else ()
    return [
        *everything()[:-1],
        *free,
        *made,
        *(decided("coach", BookingCancelled(name)) for name in sorted(gone)),
    ]


def moments_of(history: list[Said]) -> list[datetime]:
    """Return moments at which something may be booked: most others are empty, and would show nothing."""
    made = [(each.at, each.decision) for each in history if isinstance(each.decision, BookingMade)]
    begins = [datetime.combine(booking.first, booking.from_time, ZONE) for _at, booking in made]
    week = timedelta(days=7)
    return [NOW, *(at for at, _booking in made), *begins, *(each + week for each in begins)]


@given(histories(), st.data(), st.sampled_from([0, 3]))
def test_a_booking_is_shown_exactly_when_a_press_would_count_for_it(
    history: list[Said], data: st.DataObject, days_before: int
) -> None:
    minutes = data.draw(st.sampled_from([-1, 0, 20, 59, 60]))
    moment = data.draw(st.sampled_from(moments_of(history))).astimezone(UTC) + timedelta(minutes=minutes)
    register = folded(history)
    since, until = moment - timedelta(days=days_before), moment + timedelta(days=4)
    shown = {
        each.booking.made.booking
        for each in occurrences(register, since, until, ZONE)
        if each.start <= moment < each.end
    }
    counting = {name for name, each in register.bookings.items() if covers(register, each, moment, ZONE, ())}
    assert shown == counting
    near = only_near(register, since, until, ZONE)
    found = [find_agreement(each, moment, ZONE, clock_trusted=True) for each in (register, near)]
    assert found[0] == found[1]
