"""Who may be recorded now: every reason, alone and together, and the one door through which a permit comes."""

from __future__ import annotations

import ast
import copy
import dataclasses
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.domain.consent import (
    Permit,
    Reason,
    Refusal,
    Situation,
    WarmLeave,
    authorise,
    authorise_warm,
    describe_claim,
    reasons_against,
)
from device.domain.manifest import PermitDescription, read_permit
from device.domain.trajectory import Operator
from tests.support.permits import NOW, agreement, permit

PERMIT_ID = "01J00000000000000000000000"
FINE = Situation(
    NOW,
    clock_trusted=True,
    coach_key_present=True,
    free_bytes=10,
    needed_bytes=10,
    light_works=True,
    lens_covered=False,
)

# Each reason with the change, of agreement or situation, that alone brings it about.
CAUSES: dict[Reason, dict[str, Any]] = {
    Reason.TRAJECTORY_CLOSED: {"closed": True},
    Reason.NOT_YET_VALID: {"valid_from": date(2030, 3, 5)},
    Reason.EXPIRED: {"valid_until": date(2030, 3, 3)},
    Reason.TEACHER_HAS_NOT_AGREED: {"teachers_agreed": ()},
    Reason.GROUP_HAS_NOT_AGREED: {"group_agreed": False},
    Reason.NOT_THIS_TEACHER: {},
    Reason.OBJECTIONS_NOT_ARRANGED: {"objecting_pupils": 1},
    Reason.PUPIL_FILMING_NOT_AGREED: {"operator": Operator.PUPIL},
    Reason.MASK_MISSING: {"mask_needed": True},
    Reason.OTHERS_IN_VIEW: {"others_in_view": True},
    Reason.MASKS_DO_NOT_FIT: {"masks_fit": False},
    Reason.NO_COACH_KEY: {"coach_key_present": False},
    Reason.NO_SPACE: {"free_bytes": 9},
    Reason.NO_LIGHT: {"light_works": False},
    Reason.LENS_COVERED: {"lens_covered": True},
}
_SITUATION_FIELDS = {field.name for field in dataclasses.fields(Situation)}


def _decide(*causes: Reason) -> Permit | Refusal:
    changes: dict[str, Any] = {}
    for cause in causes:
        changes |= CAUSES[cause]
    situation = {key: value for key, value in changes.items() if key in _SITUATION_FIELDS}
    agreed = {key: value for key, value in changes.items() if key not in _SITUATION_FIELDS}
    who = "teacher-9" if Reason.NOT_THIS_TEACHER in causes else ""
    return authorise(
        dataclasses.replace(agreement(), **agreed), dataclasses.replace(FINE, **situation), PERMIT_ID, who
    )


@given(st.sets(st.sampled_from(sorted(CAUSES, key=lambda reason: reason.value))))
def test_a_permit_is_given_exactly_when_there_is_no_reason_against_it_and_every_reason_is_told(
    causes: set[Reason],
) -> None:
    decision = _decide(*causes)
    if causes:
        assert isinstance(decision, Refusal)
        assert set(decision.reasons) == causes
        assert len(decision.reasons) == len(causes)
    else:
        assert isinstance(decision, Permit)


def test_without_an_agreement_there_is_no_permit_and_the_machine_is_judged_as_well() -> None:
    decision = authorise(None, dataclasses.replace(FINE, free_bytes=0), PERMIT_ID)
    assert decision == Refusal((Reason.NO_AGREEMENT, Reason.NO_SPACE))


# What is found before there is an agreement to judge: no booking means this press, or nothing can be looked up.
FOUND_BEFORE = (
    Reason.NO_AGREEMENT, Reason.NO_BOOKING, Reason.SEVERAL_BOOKINGS, Reason.CLOCK_NOT_SET, Reason.REGISTER_DAMAGED,
)  # fmt: skip


@pytest.mark.parametrize("reason", FOUND_BEFORE)
def test_why_there_is_no_agreement_is_told_with_what_the_machine_lacks(reason: Reason) -> None:
    assert authorise(Refusal((reason,)), FINE, PERMIT_ID) == Refusal((reason,))
    covered = dataclasses.replace(FINE, lens_covered=True)
    assert authorise(Refusal((reason,)), covered, PERMIT_ID) == Refusal((reason, Reason.LENS_COVERED))


def test_every_reason_can_occur() -> None:
    assert {*CAUSES, *FOUND_BEFORE} == set(Reason)


def test_an_unclaimed_lesson_is_nobodys_and_only_the_machine_is_judged() -> None:
    nobodys = dataclasses.replace(
        agreement(sound=False), teachers=(), teachers_agreed=(), group="", trajectory="", unclaimed=True
    )
    granted = authorise(nobodys, FINE, PERMIT_ID)
    assert isinstance(granted, Permit)
    assert read_permit(granted.description().to_bytes()).teachers == ()
    dark = dataclasses.replace(FINE, light_works=False)
    assert authorise(nobodys, dark, PERMIT_ID) == Refusal((Reason.NO_LIGHT,))


def test_dates_are_days_at_school_where_these_are_known() -> None:
    evening = dataclasses.replace(FINE, now=datetime(2030, 7, 1, 22, 30, tzinfo=UTC))
    assert isinstance(authorise(agreement(), evening, PERMIT_ID), Permit)
    next_day = dataclasses.replace(agreement(), day=date(2030, 7, 2))
    assert authorise(next_day, evening, PERMIT_ID) == Refusal((Reason.EXPIRED,))


@given(st.sets(st.sampled_from(sorted(set(CAUSES), key=lambda reason: reason.value))))
def test_a_recording_that_is_claimed_later_is_judged_by_the_same_rules_without_the_machine(
    causes: set[Reason],
) -> None:
    changes: dict[str, Any] = {}
    for cause in causes:
        changes |= {key: value for key, value in CAUSES[cause].items() if key not in _SITUATION_FIELDS}
    claimed = dataclasses.replace(agreement(), **changes)
    decision = describe_claim(claimed, NOW, PERMIT_ID, masks_drawn=False)
    against = {cause for cause in causes if set(CAUSES[cause]) - _SITUATION_FIELDS}
    if against:
        assert isinstance(decision, Refusal)
        assert set(decision.reasons) == against
    else:
        assert isinstance(decision, PermitDescription)
        assert read_permit(decision.to_bytes()) == decision


def test_the_button_of_a_teacher_of_the_agreement_counts_and_is_noted() -> None:
    permit = authorise(agreement(), FINE, PERMIT_ID, agreement().teachers[0])
    assert isinstance(permit, Permit)
    assert permit.pressed_by == agreement().teachers[0]


def test_first_and_last_day_of_an_agreement_count() -> None:
    for day in (date(2030, 1, 1), date(2030, 7, 1)):
        now = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        assert isinstance(authorise(agreement(), dataclasses.replace(FINE, now=now), PERMIT_ID), Permit)
        for outside in (now - timedelta(days=1), now + timedelta(days=1)):
            inside = date(2030, 1, 1) <= outside.date() <= date(2030, 7, 1)
            decision = authorise(agreement(), dataclasses.replace(FINE, now=outside), PERMIT_ID)
            assert isinstance(decision, Permit) is inside


def test_one_teacher_of_two_is_not_enough_and_no_teacher_is_none() -> None:
    two = dataclasses.replace(agreement(), teachers=("teacher-1", "teacher-2"))
    none = dataclasses.replace(agreement(), teachers=(), teachers_agreed=())
    for agreed in (two, none):
        assert authorise(agreed, FINE, PERMIT_ID) == Refusal((Reason.TEACHER_HAS_NOT_AGREED,))


def test_pupils_who_objected_are_no_obstacle_once_something_was_arranged() -> None:
    arranged = dataclasses.replace(agreement(), objecting_pupils=2, arrangement="seated out of view")
    assert isinstance(authorise(arranged, FINE, PERMIT_ID), Permit)


def test_an_untrusted_clock_does_not_forbid_but_is_remembered() -> None:
    decision = authorise(agreement(), dataclasses.replace(FINE, clock_trusted=False), PERMIT_ID)
    assert isinstance(decision, Permit)
    assert decision.untrusted_clock


def test_a_permit_cannot_be_made_anywhere_else() -> None:
    for issuer in (None, object(), "issuer"):
        with pytest.raises(TypeError, match="authorise only"):
            Permit(PERMIT_ID, agreement(), NOW, False, "", issuer)


def test_a_permit_cannot_be_turned_into_one_for_something_else() -> None:
    silent = permit(sound=False)
    with pytest.raises((TypeError, ValueError)):
        dataclasses.replace(silent, agreement=agreement(sound=True))  # type: ignore[call-arg]  # that is the point
    with pytest.raises(dataclasses.FrozenInstanceError):
        silent.agreement = agreement(sound=True)  # type: ignore[misc]
    assert not hasattr(silent, "_issuer")
    assert not copy.copy(silent).sound


def test_what_travels_with_the_footage_can_be_read_back() -> None:
    granted = permit()
    described = granted.description()
    assert read_permit(described.to_bytes()) == described
    assert described.granted_at == "2030-03-04T10:00:00Z"
    assert described.sound
    assert not permit(sound=False).description().sound


def test_no_other_module_even_tries_to_make_a_permit() -> None:
    root = Path(__file__).parents[2]
    modules = [
        path for package in ("device", "server_sync", "deploy") for path in (root / package).rglob("*.py")
    ]
    makers = [
        path.relative_to(root).as_posix()
        for path in modules
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "Permit"
    ]
    assert makers == ["device/domain/consent.py"]


# --- a camera that stands ready


@given(st.sets(st.sampled_from(sorted(CAUSES, key=str)), max_size=3), st.booleans(), st.booleans())
def test_a_camera_stands_ready_only_while_a_press_by_anybody_would_record_what_was_booked(
    causes: set[Reason], trusted: bool, booked: bool
) -> None:
    changes: dict[str, Any] = {}
    for cause in causes:
        changes |= CAUSES[cause]
    situation = dataclasses.replace(
        FINE,
        clock_trusted=trusted,
        **{key: value for key, value in changes.items() if key in _SITUATION_FIELDS},
    )
    agreed = {key: value for key, value in changes.items() if key not in _SITUATION_FIELDS}
    asked = dataclasses.replace(agreement(), **agreed)
    found = authorise_warm(asked, situation, 5 if booked else None)
    records = isinstance(authorise(asked, situation, PERMIT_ID), Permit)
    assert isinstance(found, WarmLeave) == (records and trusted and booked)
    if isinstance(found, WarmLeave):
        assert found.until_ns == 5
    else:
        assert found.reasons


@given(st.sets(st.sampled_from(sorted(CAUSES, key=str)), max_size=3))
def test_the_reasons_that_are_foreseen_are_those_of_the_press(causes: set[Reason]) -> None:
    decision = _decide(*sorted(causes, key=str))
    changes: dict[str, Any] = {}
    for cause in sorted(causes, key=str):
        changes |= CAUSES[cause]
    situation = {key: value for key, value in changes.items() if key in _SITUATION_FIELDS}
    agreed = {key: value for key, value in changes.items() if key not in _SITUATION_FIELDS}
    who = "teacher-9" if Reason.NOT_THIS_TEACHER in causes else ""
    foreseen = reasons_against(
        dataclasses.replace(agreement(), **agreed), dataclasses.replace(FINE, **situation), who
    )
    assert foreseen == (decision.reasons if isinstance(decision, Refusal) else ())


def test_leave_to_stand_ready_is_made_in_one_place_and_opens_no_lens() -> None:
    with pytest.raises(TypeError, match="authorise_warm"):
        WarmLeave(5, object())
    found = authorise_warm(agreement(), FINE, 5)
    assert isinstance(found, WarmLeave)
    with pytest.raises((TypeError, ValueError)):
        dataclasses.replace(found, until_ns=6)  # type: ignore[call-arg]  # that is the point
