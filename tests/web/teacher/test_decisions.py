"""What a teacher decides about a recording, from the cooling-off until after it has arrived."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from device.domain.register.decisions import AgreementGiven, RecordingWithdrawn, TrajectoryClosed
from tests.support.register import AGREEMENT, BOOKING, TRAJECTORY, everything
from tests.web.teacher.school import COLLEAGUE, School, follow, submit


def page(recording: str, deed: str = "") -> str:
    return f"/teacher/recordings/{recording}{deed}"


def test_a_held_recording_says_how_long_there_is_to_think(school: School) -> None:
    recording = school.record()
    school.unit.clock.pass_s(3600)
    text = school.log_in().get(page(recording)).text
    assert "Another 23 hours to think: then it goes to your coach." in text


def test_nothing_happens_before_it_was_asked_once_more(school: School) -> None:
    recording, browser = school.record(), school.log_in()
    for deed in ("/release", "/discard"):
        asked = browser.get(page(recording, deed))
        assert asked.status_code == 200
        assert 'method="post"' in asked.text
        assert school.row(recording)["status"] == "held"


def test_releasing_lets_it_go_now(school: School) -> None:
    recording, browser = school.record(), school.log_in()
    answer = submit(browser, page(recording, "/release"))
    assert school.row(recording)["status"] == "released"
    assert "Released" in follow(browser, answer)


def test_discarding_erases_it(school: School) -> None:
    recording, browser = school.record(), school.log_in()
    answer = submit(browser, page(recording, "/discard"))
    school.chores()
    assert not (school.unit.spool / recording).exists()
    text = follow(browser, answer)
    assert "Discarded: it was erased, and nobody else has seen it." in text
    assert "<video" not in text


def test_what_was_released_can_still_be_discarded_while_it_waits(school: School) -> None:
    recording, browser = school.record(), school.log_in()
    school.ask("release", recording=recording)
    submit(browser, page(recording, "/discard"))
    assert school.row(recording)["discarded"]


def test_with_more_teachers_in_view_nobody_ends_the_others_time_to_think(tmp_path: Path) -> None:
    said = everything(booking={"teachers": ("abc", COLLEAGUE)}, trajectory={"teachers": ("abc", COLLEAGUE)})
    school = School(tmp_path, said)
    school.decide(f"teacher:{COLLEAGUE}", replace(AGREEMENT, teacher=COLLEAGUE))
    recording = school.record()
    for code in ("abc", COLLEAGUE):
        browser = school.log_in(code)
        assert "nobody can release it sooner" in browser.get(page(recording)).text
        follow(browser, submit(browser, page(recording, "/release"), on="/teacher/"))
        assert school.row(recording)["status"] == "held"
    # But each of them can say no.
    submit(school.log_in(COLLEAGUE), page(recording, "/discard"))
    assert school.row(recording)["discarded"]


def test_what_has_left_says_who_has_it_and_until_when(school: School) -> None:
    recording = school.record()
    school.deliver(recording)
    text = school.log_in().get(page(recording)).text
    assert "Only your coach, co," in text
    assert "18 December 2026" in text
    assert "Discard it" not in text


def test_taking_back_what_has_arrived_goes_into_the_register_and_is_carried_out(school: School) -> None:
    recording, browser = school.record(), school.log_in()
    school.deliver(recording)
    answer = submit(browser, page(recording, "/withdraw"))
    assert school.book.read().withdrawals[-1].decision == RecordingWithdrawn(recording, "abc")
    school.chores()
    assert school.row(recording)["status"] == "withdrawn"
    assert "being told to destroy it" in follow(browser, answer)


def test_what_was_destroyed_at_the_coachs_machine_says_when_and_that_it_was_proved(school: School) -> None:
    recording, browser = school.record(), school.log_in()
    school.deliver(recording)
    submit(browser, page(recording, "/withdraw"))
    school.chores()
    school.destroy(recording, "2026-09-01T09:00:00Z")
    text = browser.get(page(recording)).text
    assert (
        "Destroyed on 1 September 2026, on your coach&#39;s machine too: it signed a proof of that." in text
    )
    assert "Take it back" not in text


def test_what_belongs_to_a_trajectory_that_is_over_is_not_called_taken_back(school: School) -> None:
    recording, browser = school.record(), school.log_in()
    school.deliver(recording)
    school.decide("coach", TrajectoryClosed(TRAJECTORY.trajectory))
    school.chores()
    text = browser.get(page(recording)).text
    assert "The trajectory is over: your coach&#39;s machine is being told to destroy it." in text


def test_what_is_too_late_is_said_in_words(school: School) -> None:
    recording, browser = school.record(), school.log_in()
    school.deliver(recording)
    for deed in ("/release", "/discard"):
        asked = browser.get(page(recording, deed))
        assert "not possible for this recording now" in follow(browser, asked)
        done = submit(browser, page(recording, deed), on="/teacher/")
        assert "not possible for this recording now" in follow(browser, done)
    assert school.row(recording)["status"] in ("delivered", "purged")


def test_a_yes_is_written_with_the_pin_and_not_without(school: School) -> None:
    opened = replace(TRAJECTORY, trajectory="leerplein", teachers=("abc",))
    school.decide("coach", opened)
    browser, address = school.log_in(), "/teacher/agreement?trajectory=leerplein"
    assert "Trajectory “leerplein” waits for your yes or no." in browser.get("/teacher/").text
    wrong = submit(
        browser, "/teacher/agreement", on=address, trajectory="leerplein", pin="000000", sound="on"
    )
    assert wrong.status_code == 400
    assert "This is not your PIN" in wrong.text
    assert 'name="sound" checked' in wrong.text
    assert ("abc", "leerplein") not in school.book.read().agreements
    submit(browser, "/teacher/agreement", on=address, trajectory="leerplein", pin="582047", sound="on")
    given = school.book.read().agreements["abc", "leerplein"]
    assert given == AgreementGiven("abc", "leerplein", sound=True, pupil_films=False)


def test_guessing_the_pin_at_an_open_screen_is_slowed_down(school: School) -> None:
    browser, address = school.log_in(), "/teacher/agreement?trajectory=abc najaar"
    answers = [
        submit(browser, "/teacher/agreement", on=address, trajectory="abc najaar", pin=f"{n:06}").text
        for n in range(20)
    ]
    assert "too many tries" in answers[-1]
    right = submit(browser, "/teacher/agreement", on=address, trajectory="abc najaar", pin="582047")
    assert right.status_code == 400


def test_a_trajectory_of_others_cannot_be_agreed_to(school: School) -> None:
    school.decide("coach", replace(TRAJECTORY, trajectory="van def", teachers=(COLLEAGUE,)))
    browser = school.log_in()
    assert browser.get("/teacher/agreement?trajectory=van def").status_code == 404
    answer = submit(browser, "/teacher/agreement", on="/teacher/", trajectory="van def", pin="582047")
    assert answer.status_code == 404


def test_whoever_is_booked_in_view_is_asked_though_it_is_a_colleagues_trajectory(school: School) -> None:
    school.decide(
        "coach", replace(BOOKING, booking="01J00000000000000000000077", teachers=("abc", COLLEAGUE))
    )
    assert "waits for your yes or no" in school.log_in(COLLEAGUE).get("/teacher/").text


def test_taking_a_yes_back_says_what_happens_and_does_it(school: School) -> None:
    here, browser = school.record(), school.log_in()
    address = "/teacher/agreement/withdraw?trajectory=abc najaar"
    asked = browser.get(address).text
    assert "One recording that is still here is discarded at once." in asked
    answer = submit(browser, "/teacher/agreement/withdraw", on=address, trajectory="abc najaar")
    school.chores()
    school.chores()
    assert not (school.unit.spool / here).exists()
    assert "Discarded" in follow(browser, answer)
    assert ("abc", "abc najaar") not in school.book.read().agreements
    assert "A press now records nothing." in browser.get("/teacher/").text


def test_what_is_said_of_a_recording_under_way_is_how_far_it_is(school: School) -> None:
    recording = school.record()
    school.ask("release", recording=recording)
    assert "as soon as the network allows" in school.log_in().get("/teacher/").text
