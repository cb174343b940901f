"""From an empty device to a press that records, on the coach's pages alone; only her yes is the teacher's own."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from device.domain.register.decisions import Arrangement, GroupWithdrawn, Repeat, Start, TeacherAdded
from device.domain.trajectory import LegalBasis, Operator, Stage
from device.web.roles import Actor, Role
from tests.web.coach.desk import AGREED, ALL_SET, GROUP, LESSON, SCHOOL, TRAJECTORY, Desk
from tests.web.site import PIN

SCHOOL_FORM = {
    "name": "voorbeeldschool", "legal_basis": "legitimate_interest", "unbooked": "refuse", "zone": "Europe/Amsterdam",
}  # fmt: skip
GROUP_FORM = {
    "group": "2b", "pupils": "24", "not_filmed": "0", "arrangement": "none", "sound": "yes",
    "informed_on": "2026-08-24", "valid_from": "2026-08-31", "valid_until": "2027-07-31",
}  # fmt: skip
TRAJECTORY_FORM = {
    "trajectory": "modelen najaar", "teachers": ["jkl"], "coach": "xyz", "learning_question": "Wie helpt wie?",
    "theme": "modelen", "stages": ["1", "1", "3", "", ""], "closes_on": "2026-12-18",
}  # fmt: skip
BOOKING_FORM = {
    "trajectory": "modelen najaar", "repeat": "once", "first": "2026-09-03", "last": "2026-12-18",
    "from_time": "09:30", "to_time": "10:20", "start": "press", "space": "", "teachers": ["jkl"], "groups": ["2b"],
    "stage": "1", "operator": "teacher", "sound": "yes",
}  # fmt: skip


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_an_empty_device_says_where_to_begin_and_nothing_else(desk: Desk) -> None:
    page = desk.see("/coach/")
    assert "Start here: choose the school" in page
    assert "No group is registered yet" not in page


def test_from_nothing_to_a_press_that_records(desk: Desk) -> None:
    assert "No group is registered yet" in desk.saved("/coach/school", SCHOOL_FORM)
    desk.saved("/coach/groups/register", GROUP_FORM)
    invitation = _invitation(desk.send("/coach/teachers", {"teacher": "jkl"}).text)
    page = desk.saved("/coach/trajectories/open", TRAJECTORY_FORM)
    assert "choose a PIN with the invitation" in page
    assert desk.site.services.accounts.choose_pin(invitation, PIN) == "jkl"
    booked = desk.saved(
        "/coach/bookings/make", BOOKING_FORM, on="/coach/bookings/make?trajectory=modelen najaar"
    )
    assert "A press then does not record" in booked
    assert "Not every teacher in view has agreed in person: jkl." in booked
    desk.decided(replace(AGREED, teacher="jkl"))
    booking = next(iter(desk.book.read().bookings))
    assert "A press then records" in desk.see(f"/coach/bookings/one?booking={booking}")
    assert "Nothing: everything is in order." in desk.see("/coach/")


def test_planned_recordings_of_one_stage_may_come_twice(desk: Desk) -> None:
    desk.decided(SCHOOL, TeacherAdded("jkl"))
    desk.saved("/coach/trajectories/open", TRAJECTORY_FORM)
    stages = desk.book.read().trajectories["modelen najaar"].opened.stages
    assert stages == (Stage.COACH_LEADS, Stage.COACH_LEADS, Stage.TEACHER_PREPARES)


def test_a_name_of_a_pupil_is_refused_beside_its_field_and_what_was_typed_stays(desk: Desk) -> None:
    desk.decided(SCHOOL)
    answer = desk.send(
        "/coach/groups/register", GROUP_FORM | {"group": "Jan Voorbeeld", "pupils": "24 (ook Jan)"}
    )
    assert answer.status_code == 400
    assert "names of pupils do not belong on this device" in answer.text
    assert re.search(r'id="pupils-problem".*\n<input id="pupils".*aria-invalid="true"', answer.text)
    assert 'value="Jan Voorbeeld"' in answer.text
    assert not desk.book.read().groups


def test_who_must_not_be_filmed_needs_an_arrangement(desk: Desk) -> None:
    desk.decided(SCHOOL)
    answer = desk.send("/coach/groups/register", GROUP_FORM | {"not_filmed": "2"})
    assert 'id="arrangement-problem"' in answer.text
    desk.saved("/coach/groups/register", GROUP_FORM | {"not_filmed": "2", "arrangement": "mask"})
    assert desk.book.read().groups["2b"].registered.arrangement is Arrangement.MASK


def test_under_consent_everybody_must_have_answered(desk: Desk) -> None:
    desk.saved("/coach/school", SCHOOL_FORM | {"legal_basis": "consent"})
    answer = desk.send("/coach/groups/register", GROUP_FORM | {"asked": "20"})
    assert 'id="asked-problem"' in answer.text
    desk.saved("/coach/groups/register", GROUP_FORM | {"asked": "24"})


def test_another_legal_basis_says_which_groups_must_be_registered_again(desk: Desk) -> None:
    desk.decided(SCHOOL, GROUP)
    page = desk.saved("/coach/school", SCHOOL_FORM | {"legal_basis": "consent"})
    assert "1 group was registered under the other legal basis" in page
    assert desk.book.read().school == replace(SCHOOL, legal_basis=LegalBasis.CONSENT)
    assert "does not count under the school" in desk.see("/coach/groups")


def test_a_time_zone_that_does_not_exist_is_refused(desk: Desk) -> None:
    assert 'id="zone-problem"' in desk.send("/coach/school", SCHOOL_FORM | {"zone": "../etc/passwd"}).text
    assert desk.book.read().is_empty


def test_renewing_a_group_begins_with_its_numbers_and_new_days(desk: Desk) -> None:
    desk.decided(SCHOOL, replace(GROUP, pupils=27, valid_until=date(2026, 9, 20)))
    assert "Valid for less than 30 days: 2b." in desk.see("/coach/")
    form = desk.see("/coach/groups/register?group=2b")
    assert re.search(r'id="pupils"[^>]*value="27"', form)
    assert re.search(r'id="valid_until"[^>]*value="2027-07-31"', form)
    assert re.search(r'id="informed_on"[^>]*value=""', form)


def test_withdrawing_a_group_says_what_it_does_before_it_is_done(desk: Desk) -> None:
    desk.decided(*ALL_SET)
    asked = desk.see("/coach/groups/withdraw?group=2b")
    assert "thrown away" in asked
    assert "your machine destroys them and proves it" in asked
    assert "It reaches 1 booking or recording." in asked
    assert not desk.book.read().groups["2b"].withdrawn
    desk.saved("/coach/groups/withdraw", {"group": "2b"}, on="/coach/groups/withdraw?group=2b")
    assert desk.book.read().groups["2b"].withdrawn
    assert isinstance(desk.book.read().withdrawals[0].decision, GroupWithdrawn)


def test_an_invitation_is_shown_once_and_a_new_one_ends_it(desk: Desk) -> None:
    first = _invitation(desk.send("/coach/teachers", {"teacher": "jkl"}).text)
    second = _invitation(desk.send("/coach/teachers/invite", {"teacher": "jkl"}, on="/coach/teachers").text)
    for path in ("/coach/teachers", "/coach/", "/coach/log", "/coach/log/export"):
        assert not {first, second} & set(re.findall(r"[A-Z0-9]{4}-[A-Z0-9]{4}", desk.see(path)))
    accounts = desk.site.services.accounts
    assert accounts.invited(first) is None
    assert accounts.invited(second) == "jkl"


@pytest.mark.parametrize("code", ["1ab", "Jan Voorbeeld", "", "abcdefghi"])
def test_a_code_that_could_have_no_account_never_enters_the_register(desk: Desk, code: str) -> None:
    answer = desk.send("/coach/teachers", {"teacher": code})
    assert answer.status_code == 400
    assert 'id="teacher-problem"' in answer.text
    assert desk.book.read().is_empty
    assert [each.code for each in desk.site.services.accounts.teachers()] == ["abc"]


def test_who_leaves_is_logged_out_and_known_no_more(desk: Desk) -> None:
    desk.decided(*ALL_SET)
    desk.site.services.sessions.open(Actor(Role.TEACHER, "abc"))
    desk.saved("/coach/teachers/left", {"teacher": "abc"}, on="/coach/teachers/left?teacher=abc")
    assert desk.site.services.accounts.teacher("abc") is None
    assert not desk.book.read().agreements
    assert "left; nothing is recorded with this teacher" in desk.see(
        "/coach/trajectories/one?name=modelen najaar"
    )
    desk.see("/coach/teachers/left?teacher=abc", 404)


def test_a_space_brings_its_teachers_and_groups_into_a_booking(desk: Desk) -> None:
    desk.decided(*ALL_SET[:-1], TeacherAdded("jkl"), replace(GROUP, group="3c"))
    desk.saved(
        "/coach/spaces/edit", {"space": "leerplein", "teachers": ["abc", "jkl"], "groups": ["2b", "3c"]}
    )
    page = desk.saved(
        "/coach/bookings/make", BOOKING_FORM | {"space": "leerplein", "teachers": ["abc"]},
        on="/coach/bookings/make?trajectory=modelen najaar",
    )  # fmt: skip
    made = next(iter(desk.book.read().bookings.values())).made
    assert (made.teachers, made.groups) == (("abc", "jkl"), ("2b", "3c"))
    assert "Always in view in this space, and added: jkl, 3c." in page
    assert "Not every teacher in view has agreed in person: jkl." in page


def test_the_next_press_needs_no_day_and_nothing_announces_it(desk: Desk) -> None:
    desk.decided(*ALL_SET[:-1])
    bare = {
        "repeat": "next_press",
        "first": "",
        "last": "",
        "from_time": "",
        "to_time": "",
        "start": "schedule",
    }
    page = desk.saved(
        "/coach/bookings/make", BOOKING_FORM | bare | {"teachers": ["abc"]},
        on="/coach/bookings/make?trajectory=modelen najaar",
    )  # fmt: skip
    made = next(iter(desk.book.read().bookings.values())).made
    assert (made.repeat, made.start) == (Repeat.NEXT_PRESS, Start.PRESS)
    assert "A press then records" in page
    desk.site.pass_s(3600)
    desk.coach = desk.site.log_in(Role.COACH)
    assert "This booking is over." in desk.see(f"/coach/bookings/one?booking={made.booking}")


def test_a_single_booking_lasts_one_day_and_its_problem_stands_beside_that_day(desk: Desk) -> None:
    desk.decided(*ALL_SET[:-1])
    on = "/coach/bookings/make?trajectory=modelen najaar"
    late = BOOKING_FORM | {"teachers": ["abc"], "first": "2027-01-15"}
    answer = desk.send("/coach/bookings/make", late, on=on)
    assert answer.status_code == 400
    assert re.search(r'id="first-problem".*The trajectory ends on 2026-12-18', answer.text)
    desk.saved("/coach/bookings/make", late | {"first": "2026-09-03"}, on=on)
    made = next(iter(desk.book.read().bookings.values())).made
    assert made.first == made.last == date(2026, 9, 3)


def test_sound_that_would_not_be_recorded_is_explained(desk: Desk) -> None:
    desk.decided(
        *ALL_SET[:3], TRAJECTORY, replace(AGREED, sound=False), replace(GROUP, group="3c", sound=False)
    )
    desk.decided(replace(LESSON, groups=("2b", "3c")))
    page = desk.see(f"/coach/bookings/one?booking={LESSON.booking}")
    assert "without sound." in page
    assert "Sound was not registered for: 3c." in page
    assert "No yes to sound yet from: abc." in page


def test_a_pupil_with_the_camera_needs_a_yes_of_its_own(desk: Desk) -> None:
    desk.decided(*ALL_SET[:-1], replace(LESSON, operator=Operator.PUPIL))
    page = desk.see(f"/coach/bookings/one?booking={LESSON.booking}")
    assert "Not every teacher in view has agreed that a pupil films: abc." in page


def test_a_cancelled_booking_counts_no_more_and_what_is_unknown_is_not_found(desk: Desk) -> None:
    desk.decided(*ALL_SET)
    path = f"/coach/bookings/cancel?booking={LESSON.booking}"
    desk.saved("/coach/bookings/cancel", {"booking": LESSON.booking}, on=path)
    assert desk.book.read().bookings[LESSON.booking].cancelled
    assert "This booking was cancelled." in desk.see(f"/coach/bookings/one?booking={LESSON.booking}")
    for unknown in (
        "bookings/one",
        "bookings/cancel",
        "trajectories/one?name=x",
        "groups/withdraw?group=%00",
    ):
        desk.see(f"/coach/{unknown}", 404)


def test_holidays_and_a_closed_trajectory_take_what_was_booked_away(desk: Desk) -> None:
    weekly = replace(LESSON, repeat=Repeat.WEEKLY, last=date(2026, 12, 15))
    desk.decided(*ALL_SET[:-1], weekly)
    assert "A press then records" in desk.see("/coach/bookings?week=2026-W42")
    days = {"name": "herfstvakantie", "first": "2026-10-10", "last": "2026-10-18"}
    desk.saved("/coach/holidays", days)
    week = desk.see("/coach/bookings?week=2026-W42")
    assert "A press then" not in week
    assert "holiday" in week
    name = {"name": "herfstvakantie"}
    desk.saved("/coach/holidays/remove", name, on="/coach/holidays/remove?name=herfstvakantie")
    closing = {"name": "modelen najaar"}
    desk.saved("/coach/trajectories/close", closing, on="/coach/trajectories/close?name=modelen najaar")
    assert "This trajectory is closed" in desk.see("/coach/bookings?week=2026-W42")
    assert "modelen najaar" in desk.see("/coach/trajectories?closed=1")


@pytest.mark.parametrize("week", ["", "2026-W99", "9999-W52", "0001-W01", "x", "2026-W00", "1-W1"])
def test_any_week_in_the_address_gives_a_page(desk: Desk, week: str) -> None:
    desk.decided(*ALL_SET)
    assert desk.coach.get("/coach/bookings", query_string={"week": week}).status_code == 200


def _invitation(page: str) -> str:
    return str(re.findall(r'class="invitation">([A-Z0-9]{4}-[A-Z0-9]{4})<', page)[0])


def test_an_empty_form_says_everything_at_once_and_of_which_field(desk: Desk) -> None:
    desk.decided(SCHOOL, TeacherAdded("jkl"))
    page = desk.send("/coach/trajectories/open", {}).text
    for name in ("trajectory", "teachers", "coach", "learning_question"):
        assert re.search(rf'id="{name}-problem".*Fill this in\.', page), name
    assert re.search(r'id="closes_on-problem".*Choose a day\.', page)
    assert '<a href="#closes_on">Last day: Choose a day.</a>' in page
    assert not re.search(r'id="theme-problem"', page)


def test_what_only_follows_from_an_unreadable_field_is_not_said(desk: Desk) -> None:
    desk.decided(SCHOOL)
    page = desk.send("/coach/holidays", {"name": "herfst", "first": "", "last": "2026-08-01"}).text
    assert '<a href="#first">First day: Choose a day.</a>' in page
    assert 'id="last-problem"' not in page


def test_a_choice_that_was_not_made_is_asked_for_as_a_choice(desk: Desk) -> None:
    page = desk.send("/coach/school", {"name": "voorbeeldschool", "zone": "Europe/Amsterdam"}).text
    assert re.search(r'id="legal_basis-problem".*Choose one of these\.', page)
    assert "one line" not in page


def test_a_trajectory_may_have_a_colon_in_its_name_and_no_comma(desk: Desk) -> None:
    desk.decided(SCHOOL, TeacherAdded("jkl"))
    answer = desk.send("/coach/trajectories/open", TRAJECTORY_FORM | {"trajectory": "jkl, wachten"})
    assert "No commas" in answer.text
    desk.saved("/coach/trajectories/open", TRAJECTORY_FORM | {"trajectory": "jkl: wachten"})
    assert "jkl: wachten" in desk.book.read().trajectories


def test_a_booking_that_goes_on_says_until_when(desk: Desk) -> None:
    desk.decided(*ALL_SET)
    assert re.search(
        r"now, until\s+<time[^>]*>10:30</time>", desk.see("/coach/trajectories/one?name=modelen najaar")
    )
