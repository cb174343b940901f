"""Which lesson a press means and whether it may be recorded: random registers against the written rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from device.domain.booking import NEXT_PRESS_S, agreement_to_go_on, find_agreement
from device.domain.consent import Permit, Reason, Refusal, authorise
from device.domain.manifest import read_permit
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
from device.domain.register.state import Register
from device.domain.texts import LANGUAGES, reason_sentence
from device.domain.trajectory import Agreement, LegalBasis, Operator, Stage
from tests.domain.register.written_rules import Press, amsterdam, judge
from tests.support.register import (
    AGREEMENT,
    BOOKING,
    GROUP,
    NOW,
    PERMIT_ID,
    SCHOOL,
    TODAY,
    TRAJECTORY,
    ZONE,
    Said,
    a_register,
    a_situation,
    decided,
    everything,
    folded,
    ulid,
)

# `HYPOTHESIS_PROFILE=thorough` looks longer.
EXAMPLES = max(600, settings().max_examples)
TEACHERS, GROUPS, TRAJECTORIES = ("abc", "jkl"), ("1a", "2b"), ("T1", "T2")
SPACE = "plein"
ARRANGED = (Arrangement.OUT_OF_VIEW, Arrangement.MASK, Arrangement.NOT_THAT_HOUR)
# Both nights of the clock, an ordinary Tuesday, and a day of which the night belongs to another year.
DAYS = (date(2026, 9, 1), date(2026, 3, 29), date(2026, 10, 25), date(2026, 12, 31))
TIMES = (
    time(0, 0),
    time(0, 30),
    time(1, 30),
    time(2, 0),
    time(2, 30),
    time(3, 30),
    time(9, 0),
    time(23, 59),
)


def press(register: Register, at: Press) -> Permit | Refusal:
    """Press, as the recorder decides about it."""
    asked = find_agreement(
        register,
        at.situation.now,
        ZONE,
        clock_trusted=at.situation.clock_trusted,
        used=at.used,
        pressed_by=at.pressed_by,
    )
    return authorise(asked, at.situation, PERMIT_ID, at.pressed_by)


def pressed(
    register: Register, now: datetime = NOW, pressed_by: str = "", **situation: Any
) -> Permit | Refusal:
    return press(register, Press(a_situation(now, **situation), pressed_by))


# --- random lessons


class Stories:
    """Draws what could have been decided around a day: mostly right, so that permits are common, and then not."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.day = draw(st.sampled_from(DAYS))
        # Of every four: two in which all is well but for a few decisions, one of variety, one of trouble.
        self.plain, self.trouble = draw(st.sampled_from(((True, 0), (True, 0), (False, 0), (False, 3))))
        self.now = self.moment()

    def mostly(self, usual: Any, *others: Any) -> Any:
        return self.draw(st.sampled_from(others)) if self.draw(st.integers(1, 16)) <= self.trouble else usual

    def of(self, *values: Any) -> Any:
        """Return the first where nothing else is the matter."""
        return values[0] if self.plain else self.pick(*values)

    def pick(self, *values: Any) -> Any:
        return self.draw(st.sampled_from(values))

    def some(self, values: tuple[str, ...]) -> tuple[str, ...]:
        first, second = values
        others = () if self.plain else ((second,),)
        return self.draw(st.sampled_from(((first,), (first,), values, *others)))

    def near(self, usual: int) -> date:
        return self.day + timedelta(days=self.mostly(self.pick(usual, usual, 0), -14, -7, -1, 0, 1, 7, 14))

    def school(self) -> SchoolSet:
        basis = self.pick(*LegalBasis)
        return SchoolSet("Voorbeeldschool", basis, self.mostly(*Unbooked), "Europe/Amsterdam")

    def group(self, name: str) -> GroupRegistered:
        return GroupRegistered(
            group=name, pupils=3, asked=self.mostly(3, 2, 0), not_filmed=self.of(0, 0, 1),
            arrangement=self.mostly(self.of(*ARRANGED), Arrangement.NONE), sound=self.pick(True, True, False),
            informed_on=self.day, valid_from=self.near(-14), valid_until=self.near(14),
        )  # fmt: skip

    def trajectory(self, name: str) -> TrajectoryOpened:
        return TrajectoryOpened(
            name, TEACHERS, "co", "Wacht ik na een vraag?", "", (Stage.COACH_LEADS,), self.near(14)
        )

    def agreement(self, teacher: str, trajectory: str) -> AgreementGiven:
        return AgreementGiven(
            teacher, trajectory, sound=self.pick(True, True, False), pupil_films=self.of(True, True, False)
        )

    def booking(self, number: int) -> BookingMade:
        repeat = self.pick(Repeat.WEEKLY, *Repeat)
        first = self.near(0) if repeat is Repeat.ONCE else self.near(-7)
        start = self.of(0, 0, 0, 0, 1, 4)
        return BookingMade(
            booking=ulid(number), trajectory=self.of(*TRAJECTORIES), teachers=self.mostly(self.some(TEACHERS), ()),
            groups=self.mostly(self.some(GROUPS), ()), space=self.of("", "", "", SPACE), stage=self.of(*Stage),
            operator=self.of(Operator.TEACHER, Operator.TEACHER, Operator.PUPIL), sound=self.pick(True, True, False),
            repeat=repeat, start=Start.PRESS, first=first, last=self.mostly(first, self.day + timedelta(days=7))
            if repeat is Repeat.ONCE else self.near(7), from_time=TIMES[start],
            to_time=TIMES[self.of(-1, -1, -1, start + 1, start + 3)],
        )  # fmt: skip

    def said(self, by: str, decision: Decision) -> Said:
        """Return a decision with who made it, mostly who may, at a moment that may matter for the next press."""
        others = (
            "coach",
            "device",
            "it",
            "",
            "teacher:",
            "teacher:abc",
            "teacher:jkl",
            "abc",
            "teacher:coach",
        )
        ago = timedelta(seconds=self.of(60, 60, 60, 0, 3599, 3600, -1))
        return Said(self.mostly(by, *others), decision, self.now - ago)

    def usual(self) -> list[Said]:
        """Return what must be decided before anything can be recorded, here and there with something lacking."""
        coach: list[Decision] = [self.school(), *map(TeacherAdded, TEACHERS), *map(self.group, GROUPS)]
        coach += [self.trajectory(name) for name in TRAJECTORIES]
        coach += [SpaceRegistered(SPACE, self.some(TEACHERS), self.some(GROUPS))]
        usual = [self.said("coach", each) for each in coach]
        for teacher in TEACHERS:
            usual += [self.said(f"teacher:{teacher}", self.agreement(teacher, name)) for name in TRAJECTORIES]
        bookings = [self.booking(number) for number in range(self.of(1, 1, 2, 3))]
        return [*usual, *(self.said("coach", each) for each in bookings)]

    def twist(self) -> Said:
        """Return anything that anybody may come up with afterwards, or before."""
        self.plain, self.trouble = False, self.pick(0, 3)
        teacher, group = self.pick("abc", *TEACHERS), self.pick("1a", *GROUPS)
        trajectory = self.pick("T1", *TRAJECTORIES)
        kinds: tuple[Callable[[], Decision], ...] = (
            self.school,
            *[lambda: HolidaySet("h", self.near(-1), self.near(1))] * 2,
            lambda: HolidayRemoved("h"),
            lambda: TeacherAdded(teacher),
            *[lambda: TeacherLeft(teacher)] * 2,
            lambda: self.group(group),
            lambda: GroupWithdrawn(group),
            lambda: SpaceRegistered(SPACE, self.some(TEACHERS), self.some(GROUPS)),
            lambda: SpaceRemoved(SPACE),
            lambda: self.trajectory(trajectory),
            lambda: TrajectoryClosed(trajectory),
            lambda: self.agreement(teacher, trajectory),
            lambda: AgreementWithdrawn(teacher, trajectory),
            lambda: self.booking(self.of(0, 1)),
            lambda: BookingCancelled(ulid(self.of(0, 1))),
        )
        decision = self.of(*kinds)()
        usual = f"teacher:{teacher}" if isinstance(decision, AgreementGiven | AgreementWithdrawn) else "coach"
        return self.said(self.pick(usual, usual, usual, "coach", "teacher:abc", "teacher:jkl"), decision)

    def moment(self) -> datetime:
        """Return a moment in UTC, in the night of the clock as well as at the edge of lessons and days."""
        local = datetime.combine(self.near(0), self.pick(*TIMES)) + timedelta(
            seconds=self.pick(0, 1, 600, -1)
        )
        return (local - timedelta(hours=self.pick(2, 2, 1))).replace(tzinfo=UTC)


@st.composite
def stories(draw: st.DrawFn) -> tuple[list[Said], Press]:
    story = Stories(draw)
    history = story.usual()
    pressed_by = story.of("", "", "", "abc", "abc", "jkl", "xyz")
    if story.trouble and draw(st.booleans()):
        history.pop(draw(st.integers(0, len(history) - 1)))
    for _ in range(draw(st.integers(0, 3))):
        at = story.pick(len(history), len(history), draw(st.integers(0, len(history))))
        history.insert(at, story.twist())
    situation = a_situation(
        story.now, clock_trusted=story.mostly(True, False), coach_key_present=story.mostly(True, False),
        free_bytes=story.mostly(10, 9), light_works=story.mostly(True, False),
        lens_covered=story.mostly(False, True), masks_drawn=story.of(True, True, False),
        masks_fit=story.mostly(True, False),
    )  # fmt: skip
    used = frozenset(story.mostly((), (ulid(0),)))
    return history, Press(situation, pressed_by, used)


@settings(max_examples=EXAMPLES)
@given(stories())
def test_no_permit_that_the_written_rules_forbid_and_no_refusal_without_the_reason_in_words(
    story: tuple[list[Said], Press],
) -> None:
    history, at = story
    rules = judge(history, at)
    decision = press(folded(history), at)
    if isinstance(decision, Refusal):
        event("refused")
        assert decision.reasons
        assert set(decision.reasons) == rules.against
        for language in LANGUAGES:
            assert all(reason_sentence(reason, language) for reason in decision.reasons)
        return
    event(
        f"permit {'unclaimed' if decision.agreement.unclaimed else rules.booking and rules.booking.repeat.value}"
    )
    assert not rules.against
    assert decision.sound == rules.sound
    agreement = decision.agreement
    if rules.booking is None:
        assert agreement.unclaimed
        assert (agreement.teachers, agreement.group, agreement.trajectory) == ((), "", "")
    else:
        assert not agreement.unclaimed
        assert agreement.booking == rules.booking.booking
        assert agreement.teachers == rules.booking.teachers
        assert agreement.group == ", ".join(rules.booking.groups)
    assert read_permit(decision.description().to_bytes()) == decision.description()
    assert decision.untrusted_clock is not at.situation.clock_trusted


# --- the same in examples that a person can check

CASES: dict[str, tuple[Reason, dict[str, Any]]] = {
    "another teacher's yes": (Reason.TEACHER_HAS_NOT_AGREED, {"booking": {"teachers": ("abc", "jkl")}}),
    "nobody in view": (Reason.TEACHER_HAS_NOT_AGREED, {"booking": {"teachers": ()}}),
    "no group": (Reason.GROUP_HAS_NOT_AGREED, {"booking": {"groups": ()}}),
    "a group that nobody knows": (Reason.GROUP_HAS_NOT_AGREED, {"booking": {"groups": ("2b", "1a")}}),
    "too early": (Reason.NOT_YET_VALID, {"group": {"valid_from": date(2026, 9, 2)}}),
    "too late": (Reason.EXPIRED, {"group": {"valid_until": date(2026, 8, 31)}}),
    "nothing arranged": (Reason.OBJECTIONS_NOT_ARRANGED, {"group": {"not_filmed": 1}}),
    "a trajectory that is over": (Reason.TRAJECTORY_CLOSED, {"trajectory": {"closes_on": date(2026, 8, 31)}}),
    "a trajectory that nobody opened": (Reason.TRAJECTORY_CLOSED, {"trajectory": {"trajectory": "other"}}),
    "a pupil films": (Reason.PUPIL_FILMING_NOT_AGREED, {"booking": {"operator": Operator.PUPIL}}),
    "another day": (Reason.NO_BOOKING, {"booking": {"first": date(2026, 9, 2)}}),
}


@pytest.mark.parametrize("case", CASES)
def test_what_lacks_is_told(case: str) -> None:
    reason, changes = CASES[case]
    decision = pressed(a_register(**changes))
    assert isinstance(decision, Refusal)
    assert reason in decision.reasons


def test_everything_that_is_needed_is_enough_also_for_sound() -> None:
    decision = pressed(a_register())
    assert isinstance(decision, Permit)
    assert decision.sound
    assert decision.agreement.register_number == len(everything())
    assert decision.description().register_sha256 == a_register().head.sha256


@pytest.mark.parametrize("step", ["booking", "group", "agreement"])
def test_one_no_to_sound_makes_the_lesson_silent_and_forbids_nothing_else(step: str) -> None:
    decision = pressed(a_register(**{step: {"sound": False}}))
    assert isinstance(decision, Permit)
    assert not decision.sound


def test_each_step_is_needed() -> None:
    steps = everything()
    for left_out in range(len(steps)):
        assert isinstance(pressed(folded(steps[:left_out] + steps[left_out + 1 :])), Refusal), steps[left_out]


@pytest.mark.parametrize(
    "by", ["coach", "device", "it", "teacher:jkl", "teacher:", "abc", "", "teacher:abc "]
)
def test_nobody_can_agree_on_a_teachers_behalf(by: str) -> None:
    steps = [decided(by, said.decision) if said.decision == AGREEMENT else said for said in everything()]
    assert pressed(folded(steps)) == Refusal((Reason.TEACHER_HAS_NOT_AGREED,))


def test_a_yes_to_what_does_not_exist_yet_is_none() -> None:
    *before, trajectory, agreement, booking = everything()
    assert pressed(folded([*before, agreement, trajectory, booking])) == Refusal(
        (Reason.TEACHER_HAS_NOT_AGREED,)
    )


def test_who_comes_back_to_the_school_decides_anew() -> None:
    yes = decided("teacher:abc", AGREEMENT)
    gone = [decided("coach", TeacherLeft("abc")), yes, decided("coach", TeacherAdded("abc"))]
    assert pressed(a_register(*gone)) == Refusal((Reason.TEACHER_HAS_NOT_AGREED,))
    assert isinstance(pressed(a_register(*gone, yes)), Permit)


def test_what_was_taken_back_counts_no_more_until_it_is_said_again() -> None:
    for taken_back, again in (
        (
            decided("teacher:abc", AgreementWithdrawn("abc", TRAJECTORY.trajectory)),
            decided("teacher:abc", AGREEMENT),
        ),
        (decided("coach", GroupWithdrawn("2b")), decided("coach", GROUP)),
    ):
        assert isinstance(pressed(a_register(taken_back)), Refusal)
        assert isinstance(pressed(a_register(taken_back, again)), Permit)


def test_a_school_that_changes_its_legal_basis_asks_every_group_again() -> None:
    changed = decided("coach", replace(SCHOOL, legal_basis=LegalBasis.CONSENT))
    assert pressed(a_register(changed)) == Refusal((Reason.GROUP_HAS_NOT_AGREED,))
    assert isinstance(pressed(a_register(changed, decided("coach", GROUP))), Permit)
    one_lacks = decided("coach", replace(GROUP, asked=GROUP.pupils - 1))
    assert pressed(a_register(changed, one_lacks)) == Refusal((Reason.GROUP_HAS_NOT_AGREED,))


def test_whoever_came_into_view_of_a_space_after_the_booking_is_booked_first() -> None:
    jkl = decided("coach", TeacherAdded("jkl"))
    for teachers, groups in ((("abc", "jkl"), ("2b",)), (("abc",), ("2b", "1a"))):
        space = decided("coach", SpaceRegistered("plein", teachers, groups))
        assert pressed(a_register(jkl, space, booking={"space": "plein"})) == Refusal(
            (Reason.OTHERS_IN_VIEW,)
        )
    fewer = decided("coach", SpaceRegistered("plein", ("abc",), ()))
    assert isinstance(pressed(a_register(fewer, booking={"space": "plein"})), Permit)


SECOND = replace(GROUP, group="1a")


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        ({}, {"valid_from": date(2026, 9, 2)}, Reason.NOT_YET_VALID),
        ({}, {"valid_until": date(2026, 8, 31)}, Reason.EXPIRED),
        (
            {"not_filmed": 1, "arrangement": Arrangement.OUT_OF_VIEW},
            {"not_filmed": 1},
            Reason.OBJECTIONS_NOT_ARRANGED,
        ),
    ],
)
def test_what_one_of_two_groups_lacks_the_lesson_lacks(
    first: dict[str, Any], second: dict[str, Any], reason: Reason
) -> None:
    for one, other in ((first, second), (second, first)):
        more = decided("coach", replace(SECOND, **other))
        register = a_register(more, group=one, booking={"groups": ("2b", "1a")})
        assert pressed(register) == Refusal((reason,))
    both = a_register(decided("coach", SECOND), booking={"groups": ("2b", "1a")})
    assert isinstance(pressed(both), Permit)


def test_a_trajectory_that_is_opened_again_stays_as_it_was_opened_and_closed() -> None:
    again = decided("coach", replace(TRAJECTORY, closes_on=date(2027, 6, 1)))
    over = {"closes_on": date(2026, 8, 31)}
    closed = decided("coach", TrajectoryClosed(TRAJECTORY.trajectory))
    assert pressed(a_register(again, trajectory=over)) == Refusal((Reason.TRAJECTORY_CLOSED,))
    assert pressed(a_register(closed, again)) == Refusal((Reason.TRAJECTORY_CLOSED,))


def test_a_booking_for_once_counts_on_one_day_whatever_its_last_day_says() -> None:
    register = a_register(booking={"repeat": Repeat.ONCE, "first": TODAY - timedelta(days=1)})
    assert pressed(register) == Refusal((Reason.NO_BOOKING,))


def test_a_mask_that_was_arranged_must_be_drawn() -> None:
    register = a_register(group={"not_filmed": 2, "arrangement": Arrangement.MASK})
    assert isinstance(pressed(register), Permit)
    assert pressed(register, masks_drawn=False) == Refusal((Reason.MASK_MISSING,))


@pytest.mark.parametrize("operator", Operator)
def test_a_pupil_films_only_where_the_teacher_said_yes_to_just_that(operator: Operator) -> None:
    register = a_register(agreement={"pupil_films": True}, booking={"operator": operator})
    decision = pressed(register)
    assert isinstance(decision, Permit)
    assert decision.description().operator == operator.value


@pytest.mark.parametrize(
    ("now", "counts"),
    [
        (datetime(2026, 9, 1, 7, 29, 59, tzinfo=UTC), False),
        (datetime(2026, 9, 1, 7, 30, tzinfo=UTC), True),
        (datetime(2026, 9, 1, 8, 19, 59, tzinfo=UTC), True),
        (datetime(2026, 9, 1, 8, 20, tzinfo=UTC), False),
        (datetime(2026, 9, 8, 8, 0, tzinfo=UTC), True),
        (datetime(2026, 9, 9, 8, 0, tzinfo=UTC), False),
        # After the clock went back the lesson is still at half past nine at school.
        (datetime(2026, 10, 27, 8, 0, tzinfo=UTC), False),
        (datetime(2026, 10, 27, 9, 0, tzinfo=UTC), True),
        (datetime(2026, 12, 15, 9, 0, tzinfo=UTC), True),
        (datetime(2026, 12, 22, 9, 0, tzinfo=UTC), False),
    ],
    ids=str,
)
def test_a_weekly_booking_counts_on_its_weekday_at_the_schools_own_time(now: datetime, counts: bool) -> None:
    decision = pressed(a_register(trajectory={"closes_on": date(2027, 6, 1)}), now)
    assert decision == Refusal((Reason.NO_BOOKING,)) if not counts else isinstance(decision, Permit)


def test_on_a_holiday_weekly_bookings_rest_and_a_booking_for_that_very_day_counts() -> None:
    holiday = decided("coach", HolidaySet("day off", TODAY, TODAY))
    assert pressed(a_register(holiday)) == Refusal((Reason.NO_BOOKING,))
    assert isinstance(pressed(a_register(holiday, decided("coach", HolidayRemoved("day off")))), Permit)
    once = {"repeat": Repeat.ONCE, "last": TODAY}
    assert isinstance(pressed(a_register(holiday, booking=once)), Permit)


@pytest.mark.parametrize(("after_s", "counts"), [(-1, False), (0, True), (3599, True), (3600, False)])
def test_the_next_press_counts_for_one_hour_and_once(after_s: int, counts: bool) -> None:
    booked = [*everything()[:-1], decided("coach", replace(BOOKING, repeat=Repeat.NEXT_PRESS), NOW)]
    at = Press(a_situation(NOW + timedelta(seconds=after_s)))
    assert isinstance(press(folded(booked), at), Permit) is counts
    assert press(folded(booked), replace(at, used=frozenset({BOOKING.booking}))) == Refusal(
        (Reason.NO_BOOKING,)
    )
    assert NEXT_PRESS_S == 3600


def test_in_the_night_of_the_clock_an_hour_that_comes_twice_counts_twice_and_one_that_lacks_never() -> None:
    for day, hours in (
        (date(2026, 10, 25), {0: True, 1: True, 2: False}),
        (date(2026, 3, 29), {0: False, 1: False}),
    ):
        night = {"first": day, "last": day, "repeat": Repeat.ONCE, "from_time": time(2), "to_time": time(3)}
        register = a_register(booking=night, group={"valid_from": date(2026, 1, 1)})
        for hour, counts in hours.items():
            moment = datetime(day.year, day.month, day.day, hour, 30, tzinfo=UTC)
            assert isinstance(pressed(register, moment), Permit) is counts


def test_just_after_midnight_the_day_at_school_counts_and_not_the_one_in_utc() -> None:
    night = {"first": TODAY, "from_time": time(0), "to_time": time(1)}
    over = a_register(booking=night, group={"valid_until": date(2026, 8, 31)})
    assert pressed(over, datetime(2026, 8, 31, 22, 30, tzinfo=UTC)) == Refusal((Reason.EXPIRED,))
    begins = a_register(booking=night, group={"valid_from": TODAY})
    assert isinstance(pressed(begins, datetime(2026, 8, 31, 22, 30, tzinfo=UTC)), Permit)


JKL = [
    decided("coach", TeacherAdded("jkl")),
    decided("teacher:jkl", replace(AGREEMENT, teacher="jkl")),
]


def another(**changes: Any) -> list[Said]:
    """Return a second booking for the same hour, of teacher jkl."""
    return [*JKL, decided("coach", replace(BOOKING, booking=ulid(2), teachers=("jkl",), **changes))]


def test_of_two_bookings_the_button_tells_which_and_without_it_nothing_is_recorded() -> None:
    register = a_register(*another())
    assert pressed(register) == Refusal((Reason.SEVERAL_BOOKINGS,))
    assert pressed(register, pressed_by="xyz") == Refusal((Reason.SEVERAL_BOOKINGS,))
    for teacher, booking in (("abc", ulid(1)), ("jkl", ulid(2))):
        decision = pressed(register, pressed_by=teacher)
        assert isinstance(decision, Permit)
        assert (decision.pressed_by, decision.agreement.booking) == (teacher, booking)


def test_the_button_of_somebody_else_does_not_start_a_lesson() -> None:
    assert pressed(a_register(), pressed_by="xyz") == Refusal((Reason.NOT_THIS_TEACHER,))


def test_what_was_booked_for_one_moment_goes_before_what_is_booked_every_week() -> None:
    decision = pressed(a_register(*another(repeat=Repeat.ONCE, last=TODAY)))
    assert isinstance(decision, Permit)
    assert decision.agreement.booking == ulid(2)


def test_a_booking_that_was_cancelled_counts_no_more_and_only_its_people_can_cancel_it() -> None:
    for by, gone in (
        ("coach", True),
        ("teacher:abc", True),
        ("teacher:jkl", False),
        ("it", False),
        ("", False),
    ):
        decision = pressed(a_register(decided(by, BookingCancelled(BOOKING.booking))))
        assert isinstance(decision, Refusal) is gone, by


def test_outside_every_booking_the_school_decides_and_what_is_recorded_names_nobody() -> None:
    after = NOW + timedelta(hours=5)
    assert pressed(a_register(), after) == Refusal((Reason.NO_BOOKING,))
    decision = pressed(a_register(school={"unbooked": Unbooked.UNCLAIMED}), after, "abc")
    assert isinstance(decision, Permit)
    assert decision.agreement.unclaimed
    assert not decision.sound
    assert read_permit(decision.description().to_bytes()).teachers == ()


def test_a_lesson_that_was_booked_and_is_forbidden_does_not_become_an_unclaimed_one() -> None:
    register = a_register(decided("coach", GroupWithdrawn("2b")), school={"unbooked": Unbooked.UNCLAIMED})
    assert pressed(register) == Refusal((Reason.GROUP_HAS_NOT_AGREED,))


def test_a_clock_that_nobody_set_is_told_where_no_booking_is_found() -> None:
    found = pressed(a_register(), NOW + timedelta(hours=5), clock_trusted=False)
    assert found == Refusal((Reason.NO_BOOKING, Reason.CLOCK_NOT_SET))


def test_before_the_school_decided_anything_nothing_is_recorded() -> None:
    assert pressed(Register()) == Refusal((Reason.NO_AGREEMENT,))


@given(stories(), st.integers(0, 3))
def test_a_lesson_goes_on_by_what_counts_now_for_its_own_booking_or_not_at_all(
    story: tuple[list[Said], Press], since: int
) -> None:
    history, at = story
    now = at.situation.now
    began = find_agreement(
        folded(history[: len(history) - since]), now, ZONE, clock_trusted=True, pressed_by=at.pressed_by
    )
    if isinstance(began, Refusal):
        return
    goes_on = agreement_to_go_on(folded(history), began.booking, now.astimezone(ZONE).date())
    event(f"{'unclaimed' if began.unclaimed else 'booked'} and {type(goes_on).__name__}")
    if since == 0:
        assert goes_on == began
    if isinstance(goes_on, Agreement):
        assert (goes_on.booking, goes_on.unclaimed) == (began.booking, began.unclaimed)


@given(st.datetimes(datetime(2000, 1, 1), datetime(2037, 1, 1)))  # noqa: DTZ001 - UTC is added
def test_the_clock_of_the_written_rules_is_the_one_in_amsterdam(moment: datetime) -> None:
    utc = moment.replace(tzinfo=UTC)
    assert amsterdam(utc) == utc.astimezone(ZONE).replace(tzinfo=None)
