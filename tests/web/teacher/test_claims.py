"""Recordings that nobody booked: unseen until a teacher says with her PIN that it was her lesson."""

from __future__ import annotations

from pathlib import Path

import pytest

from device.domain.register.decisions import RecordingClaimed, Unbooked
from tests.support.register import everything
from tests.web.teacher.school import COLLEAGUE, PIN, School, follow, submit


@pytest.fixture
def unbooked(tmp_path: Path) -> School:
    """A school where a press outside every booking records, and one such recording was made."""
    said = everything(school={"unbooked": Unbooked.UNCLAIMED})[:-1]
    return School(tmp_path, said)


def claim(school: School, recording: str, code: str = "abc", **changes: str) -> str:
    browser, address = school.log_in(code), f"/teacher/unclaimed/{recording}"
    fields = {"trajectory": "abc najaar", "groups": "2b", "pin": PIN, **changes}
    answer = submit(browser, address, on="/teacher/", **fields)
    return answer.text if answer.status_code != 303 else follow(browser, answer)


def test_everybody_sees_that_there_is_one_and_nobody_sees_it(unbooked: School) -> None:
    recording = unbooked.record()
    for code in ("abc", COLLEAGUE):
        browser = unbooked.log_in(code)
        assert "One recording was made outside every booking." in browser.get("/teacher/").text
        listed = browser.get("/teacher/unclaimed").text
        assert "This was my lesson" in listed
        assert "<video" not in listed + browser.get(f"/teacher/unclaimed/{recording}").text
        assert browser.get(f"/teacher/recordings/{recording}/film").status_code == 404


def test_a_claim_with_the_pin_makes_it_hers_and_her_time_to_think_begins(unbooked: School) -> None:
    recording = unbooked.record()
    unbooked.unit.clock.pass_s(10 * 3600)
    assert "The recording is yours" in claim(unbooked, recording)
    assert unbooked.book.read().claims[recording] == RecordingClaimed(recording, "abc", "abc najaar", ("2b",))
    unbooked.chores()
    browser = unbooked.log_in()
    assert "Another 24 hours to think" in browser.get(f"/teacher/recordings/{recording}").text
    assert browser.get(f"/teacher/recordings/{recording}/film").status_code == 200


def test_between_the_claim_and_its_being_carried_out_it_is_nobody_elses_and_not_shown(
    unbooked: School,
) -> None:
    recording = unbooked.record()
    assert "You claimed it" in claim(unbooked, recording)
    assert unbooked.log_in().get(f"/teacher/recordings/{recording}/film").status_code == 404
    assert unbooked.log_in(COLLEAGUE).get(f"/teacher/unclaimed/{recording}").status_code == 404


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"pin": "111111"}, "This is not your PIN"),
        ({"pin": ""}, "This is not your PIN"),
        ({"groups": ""}, "Permission for this group has not been arranged"),
        ({"groups": "9z"}, "Permission for this group has not been arranged"),
        ({"trajectory": ""}, "Choose a trajectory"),
        ({"trajectory": "van een ander"}, "This trajectory is closed"),
    ],
)
def test_a_claim_that_lacks_something_is_not_made(
    unbooked: School, changes: dict[str, str], sentence: str
) -> None:
    recording = unbooked.record()
    assert sentence in claim(unbooked, recording, **changes)
    assert recording not in unbooked.book.read().claims


def test_who_has_agreed_to_nothing_cannot_claim(unbooked: School) -> None:
    recording = unbooked.record()
    assert "once you have said yes to a trajectory" in claim(unbooked, recording, COLLEAGUE)
    assert recording not in unbooked.book.read().claims


def test_what_was_booked_is_not_to_be_claimed(school: School) -> None:
    recording = school.record()
    assert school.log_in().get(f"/teacher/unclaimed/{recording}").status_code == 404
    assert claim(school, recording).find("Not found") > 0
