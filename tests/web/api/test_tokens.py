"""Tokens for machines: shown once, kept as a hash, and good for the API alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest.importorskip("flask", reason="flask is not installed here")

from device.domain.errors import Permanent, Refused
from device.web.api.tokens import FILE_NAME, MOST, Tokens
from device.web.roles import Role
from tests.web.api.place import Place, ask, make_place
from tests.web.site import post, try_to_log_in


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return make_place(tmp_path)


def test_a_token_is_found_again_after_a_restart_and_stands_nowhere(tmp_path: Path) -> None:
    token = Tokens(tmp_path).make("monitoring", Role.IT, Role.IT)
    found = Tokens(tmp_path).find(token)
    assert found is not None
    assert (found.name, found.role, found.made_by) == ("monitoring", Role.IT, Role.IT)
    file = tmp_path / FILE_NAME
    assert token.removeprefix("leerblik_") not in file.read_text()
    assert file.stat().st_mode & 0o077 == 0


def test_what_is_no_token_is_none(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path)
    token = tokens.make("monitoring", Role.IT, Role.IT)
    for wrong in ("", "x", token[:-1], token + "x", token.upper(), "\ud800"):
        assert tokens.find(wrong) is None


def test_a_revoked_token_means_nothing_at_once_and_after_a_restart(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path)
    token = tokens.make("monitoring", Role.IT, Role.IT)
    tokens.revoke("monitoring")
    tokens.revoke("monitoring")
    assert tokens.find(token) is None
    assert Tokens(tmp_path).find(token) is None


def test_it_cannot_make_a_token_that_opens_the_register(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path)
    for role, maker in ((Role.COACH, Role.IT), (Role.TEACHER, Role.COACH), (Role.IT, Role.TEACHER)):
        with pytest.raises(Refused):
            tokens.make("x", role, maker)
    assert tokens.all() == ()


@pytest.mark.parametrize("name", ["", " x", "a" * 41, "<b>", "a\nb", "é"])
def test_a_token_has_a_plain_name(name: str, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="called after its machine"):
        Tokens(tmp_path).make(name, Role.IT, Role.IT)


def test_there_are_only_so_many_and_each_name_once(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path)
    for number in range(MOST):
        tokens.make(f"machine {number}", Role.IT, Role.IT)
    with pytest.raises(Refused, match="already"):
        tokens.make("machine 0", Role.IT, Role.IT)
    with pytest.raises(Refused, match="as many"):
        tokens.make("one more", Role.IT, Role.IT)


@pytest.mark.parametrize(
    "text",
    ["{}", '{"version": 2, "tokens": {}}', '{"version": 1, "tokens": {"x": {"role": "it"}}}', "[]", "{"],
)
def test_a_file_that_is_not_understood_is_not_guessed_at(text: str, tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text(text)
    with pytest.raises(Permanent):
        Tokens(tmp_path)


def test_a_token_opens_the_api_and_no_page(place: Place) -> None:
    machine = place.machine(Role.COACH)
    ask(machine, "register")
    assert machine.get("/it/tokens").status_code == 303
    answer = machine.post("/it/tokens", data={"name": "another", "role": "coach"})
    assert answer.status_code in (401, 403)
    assert len(place.tokens.all()) == 1


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Basic abc", "bearer leerblik_", "Bearer \udcff"])
def test_what_is_no_token_opens_nothing(header: str, place: Place) -> None:
    machine = place.site.browser()
    machine.environ_base["HTTP_AUTHORIZATION"] = header
    ask(machine, "register", status=401)


def test_many_wrong_tokens_are_slowed_down_and_a_right_one_is_not(place: Place) -> None:
    wrong, right = place.site.browser(), place.machine(Role.COACH)
    statuses = []
    for number in range(30):
        wrong.environ_base["HTTP_AUTHORIZATION"] = f"Bearer leerblik_{number}"
        answer = wrong.get("/api/v1/register")
        statuses.append(answer.status_code)
    assert statuses[0] == 401
    assert statuses[-1] == 429
    assert int(answer.headers["Retry-After"]) > 0
    ask(right, "register")
    # Nor does it keep the people behind that address from logging in.
    assert try_to_log_in(place.site.browser(), Role.COACH, "vier losse woorden samen").status_code == 303


@pytest.mark.parametrize("role", [Role.COACH, Role.IT])
def test_a_person_makes_one_on_the_page_and_sees_it_once(role: Role, place: Place) -> None:
    browser = place.site.log_in(role)
    answer = post(browser, "/it/tokens", name="monitoring", role="it")
    assert answer.status_code == 201
    (token,) = re.findall("leerblik_[A-Za-z0-9_-]{43}", answer.text)
    machine = place.site.browser()
    machine.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    ask(machine, "health")
    page = browser.get("/it/tokens").text
    assert "monitoring" in page
    assert token not in page
    asked = browser.get("/it/tokens/revoke?name=monitoring")
    assert asked.status_code == 200
    answer = post(browser, "/it/tokens/revoke", on="/it/tokens/revoke?name=monitoring", name="monitoring")
    assert answer.status_code == 303
    ask(machine, "health", status=401)


def test_the_page_keeps_what_was_typed_and_says_what_is_wrong(place: Place) -> None:
    browser = place.site.log_in(Role.COACH)
    answer = post(browser, "/it/tokens", name="<pupil>", role="coach")
    assert answer.status_code == 400
    assert 'value="&lt;pupil&gt;"' in answer.text
    assert 'aria-invalid="true"' in answer.text
    answer = post(place.site.log_in(Role.IT), "/it/tokens", name="x", role="coach")
    assert answer.status_code == 400
    assert place.tokens.all() == ()
    assert browser.get("/it/tokens/revoke?name=nothing").status_code == 404
