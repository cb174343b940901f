"""The first page: what a press would do now is what the recorder then does; and booking the next press."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from device.domain.errors import Refused, Temporary
from device.domain.register.decisions import (
    AgreementWithdrawn,
    BookingCancelled,
    GroupWithdrawn,
    Repeat,
    SpaceRegistered,
    TeacherAdded,
)
from device.web.roles import Actor, Role
from tests.support.register import AGREEMENT, BOOKING, NOW, TRAJECTORY, ZONE, everything
from tests.web.site import PIN
from tests.web.teacher.school import COLLEAGUE, School, follow, submit


def headline(school: School, code: str = "abc") -> str:
    found = re.search(r"<h1>(.*?)</h1>", school.log_in(code).get("/teacher/").text, re.DOTALL)
    assert found
    return found[1]


def records(school: School) -> bool:
    try:
        school.record()
    except Refused:
        return False
    return True


def test_in_a_booked_lesson_the_page_says_what_will_be_recorded(school: School) -> None:
    assert headline(school) == "A press now records you with 2b, with sound."
    assert headline(school, COLLEAGUE) == "A press now records a lesson that you are not in."
    assert records(school)


def test_outside_every_booking_the_page_says_why_not_and_the_press_agrees(school: School) -> None:
    school.unit.clock.pass_s(3 * 3600)
    page = school.log_in().get("/teacher/").text
    assert "A press now records nothing." in page
    assert "No recording is booked for now" in page
    assert not records(school)


def test_after_a_withdrawal_the_page_and_the_press_say_no(school: School) -> None:
    school.decide("coach", GroupWithdrawn("2b"))
    assert headline(school) == "A press now records nothing."
    assert "Permission for this group" in school.log_in().get("/teacher/").text
    assert not records(school)


def test_while_it_records_everybody_reads_that_it_does(school: School) -> None:
    school.ask("start")
    assert headline(school) == "It records now."
    assert "This is your lesson with 2b." in school.log_in().get("/teacher/").text
    assert "You are not in its booking" in school.log_in(COLLEAGUE).get("/teacher/").text
    school.ask("stop")


def test_while_it_records_she_reads_until_when(school: School) -> None:
    # The lesson is booked until 10:20, and may run over by five minutes.
    school.unit.clock.pass_s(10 * 60)
    school.ask("start")
    text = school.log_in().get("/teacher/").text
    assert "It stops by itself when the booked time is over: today 10:25." in text
    school.ask("stop")
    assert "It stops by itself" not in school.log_in().get("/teacher/").text


def test_what_has_no_booked_end_says_its_maximum_length(school: School) -> None:
    school.unit.clock.pass_s(3 * 3600)
    submit(school.log_in(), "/teacher/next-press", trajectory="abc najaar", groups="2b")
    school.ask("start")
    ends = f"{(NOW + timedelta(hours=3, minutes=50)).astimezone(ZONE):%H:%M}"
    text = school.log_in().get("/teacher/").text
    assert f"It stops by itself at its maximum length: today {ends}." in text


def test_while_the_camera_is_being_pointed_a_press_is_not_for_a_lesson(school: School) -> None:
    school.ask("aim")
    assert headline(school) == "The camera is being pointed."


def test_a_recorder_that_says_nothing_of_a_press_is_one_that_does_not_answer(school: School) -> None:
    recorder = school.site.services.recorder
    school.site.open(book=school.book, recorder=Forgetful(recorder), now=school.now)
    browser = school.log_in()
    assert "The recorder does not answer." in browser.get("/teacher/").text


class Forgetful:
    """A recorder that knows nothing of what a press would do."""

    def __init__(self, recorder: Any) -> None:
        self.recorder = recorder

    def ask(self, do: str, **values: Any) -> dict[str, Any]:
        return {"ok": True} if do == "outlook" else dict(self.recorder.ask(do, **values))


def test_the_next_press_is_booked_and_counts_once(school: School) -> None:
    school.unit.clock.pass_s(3 * 3600)
    browser = school.log_in()
    form = browser.get("/teacher/next-press").text
    assert 'value="2b" checked' in form  # from the last booking
    answer = submit(browser, "/teacher/next-press", trajectory="abc najaar", groups="2b", sound="on")
    assert "A press now records you with 2b, with sound." in follow(browser, answer)
    made = next(each.made for each in school.book.read().bookings.values() if each.by == "teacher:abc")
    assert (made.repeat, made.teachers, made.groups) == (Repeat.NEXT_PRESS, ("abc",), ("2b",))
    assert records(school)
    assert headline(school) == "A press now records nothing."
    assert not records(school)


def test_booking_it_again_takes_the_place_of_the_first(school: School) -> None:
    school.unit.clock.pass_s(3 * 3600)
    browser = school.log_in()
    for _each in range(2):
        submit(browser, "/teacher/next-press", trajectory="abc najaar", groups="2b")
    assert headline(school) == "A press now records you with 2b, without sound."
    assert records(school)


def test_after_an_hour_it_lapses(school: School) -> None:
    school.unit.clock.pass_s(3 * 3600)
    submit(school.log_in(), "/teacher/next-press", trajectory="abc najaar", groups="2b")
    school.unit.clock.pass_s(3600)
    assert headline(school) == "A press now records nothing."
    assert not records(school)


def test_on_a_leerplein_everybody_in_view_is_in_the_booking(tmp_path: Path) -> None:
    school = School(tmp_path, everything()[:-1])
    school.decide("coach", SpaceRegistered("leerplein", ("abc", COLLEAGUE), ("2b",)))
    browser = school.log_in()
    submit(browser, "/teacher/next-press", trajectory="abc najaar", space="leerplein")
    assert "Not every teacher in view has agreed" in browser.get("/teacher/").text
    assert not records(school)
    school.decide(f"teacher:{COLLEAGUE}", replace(AGREEMENT, teacher=COLLEAGUE))
    assert headline(school) == "A press now records you with 2b, without sound."
    assert records(school)


def test_what_was_typed_stays_when_something_is_missing(school: School) -> None:
    browser = school.log_in()
    answer = submit(browser, "/teacher/next-press", trajectory="abc najaar", sound="on")
    assert answer.status_code == 400
    assert 'id="groups-problem"' in answer.text
    assert 'name="sound" checked' in answer.text
    assert len(school.book.read().bookings) == 1


def test_nothing_is_booked_for_a_trajectory_without_her_yes(school: School) -> None:
    school.decide("coach", replace(TRAJECTORY, trajectory="van def", teachers=(COLLEAGUE,)))
    school.decide(f"teacher:{COLLEAGUE}", replace(AGREEMENT, teacher=COLLEAGUE, trajectory="van def"))
    answer = submit(school.log_in(), "/teacher/next-press", trajectory="van def", groups="2b")
    assert answer.status_code == 400


def test_who_has_agreed_to_nothing_is_told_what_to_do_first(school: School) -> None:
    text = school.log_in(COLLEAGUE).get("/teacher/next-press").text
    assert "Ask your coach to open one with you." in text


def test_a_booking_is_cancelled_after_asking(school: School) -> None:
    browser = school.log_in()
    assert "for every week" in browser.get(f"/teacher/bookings/{BOOKING.booking}/cancel").text
    assert not school.book.read().bookings[BOOKING.booking].cancelled
    submit(browser, f"/teacher/bookings/{BOOKING.booking}/cancel")
    assert school.book.read().bookings[BOOKING.booking].cancelled
    assert "no lesson is booked with you in view" in browser.get("/teacher/").text


def test_a_booking_of_others_cannot_be_cancelled(school: School) -> None:
    browser = school.log_in(COLLEAGUE)
    for answer in (
        browser.get(f"/teacher/bookings/{BOOKING.booking}/cancel"),
        submit(browser, f"/teacher/bookings/{BOOKING.booking}/cancel", on="/teacher/"),
    ):
        assert answer.status_code == 404


def test_a_held_recording_stands_among_what_waits_for_her(school: School) -> None:
    school.record()
    assert "goes to your coach in 24 hours" in school.log_in().get("/teacher/").text


def test_without_a_recorder_the_page_still_answers(school: School) -> None:
    school.site.open(recorder=_Silent())
    page = school.log_in().get("/teacher/")
    assert page.status_code == 200
    assert "The recorder does not answer." in page.text


def test_the_list_goes_on_page_after_page(school: School) -> None:
    names = [school.record() for _each in range(23)]
    browser = school.log_in()
    seen, address = "", "/teacher/recordings"
    while address:
        page = browser.get(address).text
        seen += page
        older = re.search(r'href="(/teacher/recordings\?before=[^"]+)"', page)
        address = older[1] if older else ""
    assert all(f"/teacher/recordings/{name}" in seen for name in names)


def test_her_data_are_all_there_and_a_withdrawn_yes_is_not(school: School) -> None:
    page = school.log_in().get("/teacher/account").text
    assert "Your code at school: abc." in page
    assert "Your yes to “abc najaar”, with sound." in page
    assert "A PIN was chosen." in page
    school.decide("teacher:abc", AgreementWithdrawn("abc", "abc najaar"))
    school.decide("coach", BookingCancelled(BOOKING.booking))
    assert "Your yes to “abc najaar”" not in school.log_in().get("/teacher/account").text


def test_a_new_pin_counts_at_once_and_ends_every_other_visit(school: School) -> None:
    other, browser = school.log_in(), school.log_in()
    fields = {"pin": "582047", "new_pin": "739184", "new_pin_again": "739184"}
    for wrong in ({"pin": "000000"}, {"new_pin": "123456"}, {"new_pin_again": "739185"}):
        answer = submit(browser, "/teacher/account/pin", on="/teacher/account", **{**fields, **wrong})
        assert answer.status_code == 400
        assert 'aria-invalid="true"' in answer.text
    answer = submit(browser, "/teacher/account/pin", on="/teacher/account", **fields)
    assert "Your PIN was changed" in follow(browser, answer)
    assert other.get("/teacher/").status_code == 303
    assert school.accounts.verify(Actor(Role.TEACHER, "abc"), "739184")
    assert not school.accounts.verify(Actor(Role.TEACHER, "abc"), "582047")


class _Silent:
    def ask(self, do: str, **values: object) -> dict[str, object]:
        raise Temporary("no recorder is listening")


def test_cancelling_says_which_booking_it_is(school: School) -> None:
    page = school.log_in().get(f"/teacher/bookings/{BOOKING.booking}/cancel").text
    assert "with 2b" in page
    assert f"trajectory “{BOOKING.trajectory}”" in page
    assert f"{BOOKING.from_time:%H:%M}" in page


def test_without_a_trajectory_the_next_step_is_to_ask_for_one(school: School) -> None:
    school.decide("coach", TeacherAdded("ghi"))
    school.accounts.choose_pin(school.accounts.invite("ghi"), PIN)
    page = school.log_in("ghi").get("/teacher/").text
    assert "Ask your coach to open one with you" in page
    assert "book here yourself" not in page
    assert "No, go back" not in school.log_in("ghi").get("/teacher/next-press").text
