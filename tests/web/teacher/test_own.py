"""Whose a recording is: its teachers' alone, whatever is typed into the address."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from device.web.app import access_table
from device.web.roles import Role
from tests.web.site import csrf_token
from tests.web.teacher.school import School

PAGES = ("", "/release", "/discard", "/withdraw", "/film")
DEEDS = ("/release", "/discard", "/withdraw", "/moments")


def answers(browser: FlaskClient, recording: str) -> set[int]:
    token = csrf_token(browser.get("/teacher/").text)
    asked = {browser.get(f"/teacher/recordings/{recording}{page}").status_code for page in PAGES}
    done = {
        browser.post(f"/teacher/recordings/{recording}{deed}", data={"csrf_token": token}).status_code
        for deed in DEEDS
    }
    return asked | done


def test_a_recording_of_a_colleague_does_not_exist_for_a_teacher(school: School) -> None:
    recording = school.record()
    assert answers(school.log_in("def"), recording) == {404}
    assert school.row(recording)["status"] == "held"
    assert recording not in school.log_in("def").get("/teacher/recordings").text


def test_what_never_was_answers_the_same(school: School) -> None:
    assert answers(school.log_in(), "01J00000000000000000000009") == {404}


@pytest.mark.parametrize(
    "name",
    [
        "..", ".", "%2e%2e", "..%2f..%2freview.key", "../review.key", "review.key", "%2fetc%2fpasswd", "a" * 26,
        "01j00000000000000000000000", "01J0000000000000000000000%00", "01J00000000000000000000000%0a", "*", "💥",
    ],
)  # fmt: skip
def test_no_spelling_of_a_name_reaches_another_file(school: School, name: str) -> None:
    school.record()
    browser = school.log_in()
    found = browser.get(f"/teacher/recordings/{name}/film")
    assert found.status_code in (404, 308)
    assert b"AGE-SECRET-KEY" not in browser.get(f"/teacher/recordings/{name}").data


def test_every_page_is_the_teachers_and_nobody_elses(school: School) -> None:
    mine = {name: each for name, each in access_table(school.site.app).items() if name.startswith("teacher.")}
    assert len(mine) >= 20
    assert {each.roles for each in mine.values()} == {frozenset({Role.TEACHER})}


@pytest.mark.parametrize("role", [Role.COACH, Role.IT])
def test_coach_and_it_see_no_held_footage(school: School, role: Role) -> None:
    recording = school.record()
    browser = school.site.log_in(role)
    for page in PAGES:
        assert browser.get(f"/teacher/recordings/{recording}{page}").status_code == 403
    assert browser.get("/teacher/unclaimed").status_code == 403


def test_what_is_no_name_of_a_recording_is_not_even_asked_for(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []
    real = school.unit.ask

    def noting(do: str, **values: Any) -> dict[str, Any]:
        asked.append(values)
        return real(do, **values)

    monkeypatch.setattr(school.unit, "ask", noting)
    assert school.log_in().get("/teacher/recordings/review.key/film").status_code == 404
    assert not any("recording" in values for values in asked)
