"""No other site makes a visitor's browser do something here."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("flask", reason="flask is not installed here")

from flask import Blueprint
from flask.testing import FlaskClient

from device.web.roles import Role, open_to
from tests.web.site import PASSWORD, Site, csrf_token, make_site, post


@pytest.fixture
def site(tmp_path: Path) -> Site:
    room = Blueprint("room", __name__)
    changing = [room.post, room.put, room.patch, room.delete]
    for number, add in enumerate(changing):
        add("/room", endpoint=f"change{number}")(open_to(Role.COACH)(lambda: "changed"))
    return make_site(tmp_path, room)


@pytest.fixture
def coach(site: Site) -> FlaskClient:
    return site.log_in(Role.COACH)


def token_of(browser: FlaskClient) -> str:
    return csrf_token(browser.get("/elsewhere").text)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_every_change_needs_the_token_of_this_session(method: str, site: Site, coach: FlaskClient) -> None:
    strangers = token_of(site.log_in(Role.COACH))
    assert coach.open("/room", method=method).status_code == 403
    for wrong in ("", "x", strangers, token_of(site.browser()), "\u00e9"):
        assert coach.open("/room", method=method, data={"csrf_token": wrong}).status_code == 403
    assert coach.open("/room", method=method, data={"csrf_token": token_of(coach)}).text == "changed"


def test_a_program_of_ours_sends_the_token_in_a_header(coach: FlaskClient) -> None:
    assert coach.post("/room", headers={"X-CSRF-Token": token_of(coach)}).text == "changed"


@pytest.mark.parametrize(
    ("name", "value", "passes"),
    [
        ("Origin", "http://localhost", True),
        ("Origin", "http://elsewhere.example", False),
        ("Origin", "https://localhost", False),
        ("Origin", "http://localhost.elsewhere.example", False),
        ("Origin", "null", False),
        ("Sec-Fetch-Site", "same-origin", True),
        ("Sec-Fetch-Site", "same-site", False),
        ("Sec-Fetch-Site", "cross-site", False),
    ],
)
def test_what_a_browser_says_of_where_the_form_stood_counts(
    name: str, value: str, passes: bool, coach: FlaskClient
) -> None:
    answer = coach.post("/room", data={"csrf_token": token_of(coach)}, headers={name: value})
    assert (answer.status_code == 200) is passes


def test_the_login_form_has_a_token_too(site: Site) -> None:
    fields = {"role": "coach", "secret": PASSWORD}
    victim, attacker = site.browser(), site.browser()
    assert victim.post("/login", data=fields).status_code == 403
    # The attacker's own token, sent by the victim's browser, which has another cookie or none.
    fields["csrf_token"] = token_of(attacker)
    assert victim.post("/login", data=fields).status_code == 403
    victim.get("/login")
    assert victim.post("/login", data=fields).status_code == 403
    assert attacker.post("/login", data=fields).status_code == 303


def test_a_token_from_before_logging_in_is_worth_nothing_afterwards(site: Site) -> None:
    browser = site.browser()
    before = token_of(browser)
    post(browser, "/login", role="coach", secret=PASSWORD)
    assert browser.post("/room", data={"csrf_token": before}).status_code == 403


def test_no_cookie_can_be_read_by_a_script_or_is_sent_along_by_another_site(site: Site) -> None:
    browser = site.browser()
    cookies = browser.get("/login").headers.getlist("Set-Cookie")
    cookies += post(browser, "/login", role="coach", secret=PASSWORD).headers.getlist("Set-Cookie")
    assert len(cookies) == 3
    for cookie in cookies:
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert "Path=/" in cookie
        assert "Domain" not in cookie


def test_under_tls_cookies_are_bound_to_this_host(tmp_path: Path) -> None:
    browser = make_site(tmp_path, tls=True).browser()
    form = browser.get("/login", base_url="https://localhost")
    answer = browser.post(
        "/login",
        data={"role": "coach", "secret": PASSWORD, "csrf_token": csrf_token(form.text)},
        base_url="https://localhost",
        headers={"Origin": "https://localhost"},
    )
    assert answer.status_code == 303
    for cookie in (*form.headers.getlist("Set-Cookie"), *answer.headers.getlist("Set-Cookie")):
        assert cookie.startswith("__Host-")
        assert "; Secure" in cookie
