"""Logging in, out, and choosing a PIN: who gets in, who does not, and how long guessing takes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest.importorskip("flask", reason="flask is not installed here")

from flask.testing import FlaskClient

from device.domain.errors import Busy
from device.web.current import cookie_name
from device.web.limits import ADDRESS, MOST
from device.web.limits import PIN as PIN_PACE
from device.web.roles import Actor, Role
from tests.web.site import PASSWORD, PIN, TEACHER, Site, csrf_token, make_site, post, try_to_log_in

WRONG = "749205"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return make_site(tmp_path)


def is_in(browser: FlaskClient) -> bool:
    return "/logout" in browser.get("/elsewhere").text


def session_cookie(browser: FlaskClient) -> str | None:
    with browser.application.app_context():
        held = browser.get_cookie(cookie_name())
    return None if held is None else held.value


@pytest.mark.parametrize("role", [Role.TEACHER, Role.COACH, Role.IT], ids=lambda role: role.value)
def test_whoever_knows_the_secret_gets_in_and_out(role: Role, site: Site) -> None:
    browser = site.log_in(role)
    assert is_in(browser)
    kept = session_cookie(browser)
    assert post(browser, "/logout", on="/elsewhere").status_code == 303
    assert not is_in(browser)
    browser.set_cookie("leerblik", kept or "")
    assert not is_in(browser), "the old cookie is worth nothing"


@pytest.mark.parametrize(
    ("role", "code", "secret"),
    [
        (Role.TEACHER, TEACHER, WRONG),
        (Role.TEACHER, "zzz", PIN),
        (Role.TEACHER, "", PIN),
        (Role.TEACHER, "a\x00c'; --", PIN),
        (Role.TEACHER, TEACHER, PASSWORD),
        (Role.COACH, "", PIN),
        (Role.COACH, "", ""),
        (Role.PUBLIC, "", PASSWORD),
        (Role.IT, "", "x" * 10_000),
    ],
)
def test_a_wrong_secret_is_refused_and_says_nothing_of_the_right_one(
    role: Role, code: str, secret: str, site: Site
) -> None:
    browser = site.browser()
    answer = try_to_log_in(browser, role, secret, code)
    assert answer.status_code == 401
    problem = re.search('role="alert"[^>]*>([^<]+)<', answer.text)
    assert problem is not None
    assert (
        problem[1]
        == "Dat klopt niet. Kijk naar de code en de pincode of het wachtwoord, en probeer het opnieuw."
    )
    assert not is_in(browser)
    if secret:
        assert secret not in answer.text


def test_a_teachers_code_may_be_typed_in_capitals(site: Site) -> None:
    assert try_to_log_in(site.browser(), Role.TEACHER, PIN, f" {TEACHER.upper()} ").status_code == 303


def test_logging_in_begins_a_session_that_nobody_could_know_before(site: Site) -> None:
    browser, attacker = site.browser(), site.log_in(Role.IT)
    planted = session_cookie(attacker)
    assert planted is not None
    browser.set_cookie("leerblik", planted)
    post(browser, "/logout", on="/elsewhere")
    browser.set_cookie("leerblik", planted)
    assert try_to_log_in(browser, Role.COACH, PASSWORD).status_code == 303
    assert session_cookie(browser) != planted
    assert not is_in(attacker), "what was planted is not logged in"


def test_logging_in_again_ends_the_session_of_before(site: Site) -> None:
    browser = site.log_in(Role.COACH)
    first = session_cookie(browser)
    token = csrf_token(browser.get("/elsewhere").text)
    browser.post("/login", data={"csrf_token": token, "role": "it", "secret": PASSWORD})
    assert first not in (None, session_cookie(browser))
    assert site.services.sessions.find(first or "") is None


def test_logging_out_everywhere_ends_every_session_of_this_account_and_no_other(site: Site) -> None:
    browsers = [site.log_in(Role.COACH) for _ in range(3)]
    other = site.log_in(Role.IT)
    post(browsers[0], "/logout", on="/elsewhere", everywhere="yes")
    assert [is_in(browser) for browser in browsers] == [False, False, False]
    assert is_in(other)


def test_a_session_ends_by_itself_when_nobody_is_there(site: Site) -> None:
    teacher, coach = site.log_in(Role.TEACHER), site.log_in(Role.COACH)
    site.pass_s(10 * 60)
    # The status page, which a tablet asks for every five seconds, keeps nobody logged in.
    for browser in (teacher, coach):
        assert browser.get("/").status_code == 200
    assert not is_in(teacher)
    assert is_in(coach)
    site.pass_s(20 * 60)
    assert not is_in(coach)


@pytest.mark.slow
def test_a_thousand_wrong_pins_open_nothing_and_leave_everybody_else_alone(site: Site) -> None:
    """Each comes as soon as it may, from ever new addresses, and still the first day has hardly begun."""
    other = site.services.accounts.invite("def")
    site.services.accounts.choose_pin(other, "927461")
    began_s, browser, tried = site.clock_s(), site.browser(), 0
    token = csrf_token(browser.get("/login").text)
    for number in range(1000):
        address = f"10.0.{number % 250}.{number // 250}"
        answer = browser.post(
            "/login",
            data={"role": "teacher", "code": TEACHER, "secret": f"{100000 + number}", "csrf_token": token},
            environ_overrides={"REMOTE_ADDR": address},
        )
        assert answer.status_code in (401, 429)
        tried += answer.status_code == 401
        site.pass_s(float(answer.headers.get("Retry-After", "0")))
    # Half of the answers said how long to wait; beyond the first few it was a minute each.
    assert site.clock_s() - began_s > (tried - 12) * PIN_PACE.ceiling_s
    assert not is_in(browser)
    assert site.services.limits.size() < MOST
    assert try_to_log_in(site.browser(), Role.TEACHER, "927461", "def").status_code == 303
    assert site.browser().get("/").status_code == 200


def test_the_owner_gets_in_from_a_known_browser_while_somebody_guesses_in_her_name(site: Site) -> None:
    known = site.log_in(Role.TEACHER)
    post(known, "/logout", on="/elsewhere")
    for number in range(40):
        try_to_log_in(site.browser(), Role.TEACHER, WRONG, address=f"10.0.0.{number}")
    stranger = try_to_log_in(site.browser(), Role.TEACHER, PIN, address="10.0.1.1")
    assert (stranger.status_code, "Retry-After" in stranger.headers) == (429, True)
    assert try_to_log_in(known, Role.TEACHER, PIN).status_code == 303


def test_the_owner_gets_in_from_a_known_browser_though_somebody_guesses_from_the_same_address(
    site: Site,
) -> None:
    known = site.log_in(Role.TEACHER)
    post(known, "/logout", on="/elsewhere")
    for number in range(40):
        try_to_log_in(site.browser(), Role.TEACHER, WRONG, f"t{number}", "10.0.0.1")
    stranger = try_to_log_in(site.browser(), Role.TEACHER, PIN, address="10.0.0.1")
    assert stranger.status_code == 429
    assert try_to_log_in(known, Role.TEACHER, PIN, address="10.0.0.1").status_code == 303


def test_a_known_browser_is_no_way_to_guess_faster(site: Site) -> None:
    known = site.log_in(Role.TEACHER)
    post(known, "/logout", on="/elsewhere")
    answers = [try_to_log_in(known, Role.TEACHER, WRONG).status_code for _ in range(20)]
    assert answers.count(401) <= 6
    assert answers[-1] == 429


def test_a_browser_that_knows_one_account_is_a_stranger_to_the_others(site: Site) -> None:
    known = site.log_in(Role.TEACHER)
    post(known, "/logout", on="/elsewhere")
    for number in range(40):
        try_to_log_in(site.browser(), Role.IT, WRONG, address=f"10.0.0.{number}")
    assert try_to_log_in(known, Role.IT, PASSWORD).status_code == 429


def test_nobody_is_locked_out_for_ever(site: Site) -> None:
    for number in range(200):
        try_to_log_in(site.browser(), Role.COACH, WRONG, address=f"10.0.0.{number}")
        try_to_log_in(site.browser(), Role.TEACHER, WRONG, address="10.9.9.9")
    site.pass_s(5)
    assert try_to_log_in(site.browser(), Role.COACH, PASSWORD).status_code == 303
    site.pass_s(ADDRESS.ceiling_s)
    assert try_to_log_in(site.browser(), Role.TEACHER, PIN, address="10.9.9.9").status_code == 303


def test_one_address_does_not_guess_at_many_accounts(site: Site) -> None:
    codes = [f"t{number}" for number in range(40)]
    answers = [
        try_to_log_in(site.browser(), Role.TEACHER, WRONG, code, "10.0.0.1").status_code for code in codes
    ]
    assert answers.count(401) <= ADDRESS.free + 1


def test_when_too_many_log_in_at_once_it_says_so_and_counts_no_try(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crowded(actor: Actor, secret: str) -> bool:
        raise Busy("Many people are logging in at this moment; try again in a few seconds.")

    monkeypatch.setattr(site.services.accounts, "verify", crowded)
    answers = [try_to_log_in(site.browser(), Role.COACH, PASSWORD) for _ in range(20)]
    assert {answer.status_code for answer in answers} == {503}
    assert "Er loggen nu veel mensen in" in answers[0].text
    monkeypatch.undo()
    assert try_to_log_in(site.browser(), Role.COACH, PASSWORD).status_code == 303


def test_a_teacher_chooses_her_own_pin_with_an_invitation(site: Site) -> None:
    invitation = site.services.accounts.invite("ghi")
    browser = site.browser()
    answer = post(browser, "/invitation", invitation=invitation.lower(), pin="630472", pin_again="630472")
    assert answer.status_code == 303
    page = browser.get("/elsewhere").text
    assert "Docent ghi" in page
    assert "Je pincode is ingesteld." in page
    assert "Je pincode is ingesteld." not in browser.get("/elsewhere").text, "said once"
    assert try_to_log_in(site.browser(), Role.TEACHER, "630472", "ghi").status_code == 303
    again = post(site.browser(), "/invitation", invitation=invitation, pin="630475", pin_again="630475")
    assert again.status_code == 400, "an invitation works once"


@pytest.mark.parametrize(
    ("pin", "again", "sentence"),
    [
        ("123456", "123456", "te makkelijk te raden"),
        ("150208", "150208", "lijkt op een datum"),
        ("63047", "63047", "precies 6 cijfers"),
        ("630472", "630473", "niet gelijk"),
    ],
)
def test_a_pin_that_will_not_do_is_explained_and_the_invitation_stays(
    pin: str, again: str, sentence: str, site: Site
) -> None:
    invitation = site.services.accounts.invite("ghi")
    answer = post(site.browser(), "/invitation", invitation=invitation, pin=pin, pin_again=again)
    assert answer.status_code == 400
    assert sentence in answer.text
    assert pin not in answer.text
    assert (
        post(
            site.browser(), "/invitation", invitation=invitation, pin="630472", pin_again="630472"
        ).status_code
        == 303
    )


def test_choosing_a_new_pin_ends_every_session_of_the_old_one(site: Site) -> None:
    old = site.log_in(Role.TEACHER)
    invitation = site.services.accounts.invite(TEACHER)
    assert is_in(old), "an invitation alone changes nothing"
    post(site.browser(), "/invitation", invitation=invitation, pin="630472", pin_again="630472")
    assert not is_in(old)
    assert try_to_log_in(site.browser(), Role.TEACHER, PIN).status_code == 401


def test_guessing_invitations_is_slow_too(site: Site) -> None:
    site.services.accounts.invite("ghi")
    answers = [
        post(site.browser(), "/invitation", invitation=f"CDFH-JKM{letter}", pin="630472", pin_again="630472")
        for letter in "CDFHJKMNPQRT"
    ]
    assert [answer.status_code for answer in answers].count(429) >= 5
    assert "Retry-After" in answers[-1].headers


def test_both_pages_are_in_both_languages(site: Site) -> None:
    for language, login, choose in (
        ("nl", "Inloggen", "Kies je pincode"),
        ("en", "Log in", "Choose your PIN"),
    ):
        browser = site.browser()
        assert f"<h1>{login}</h1>" in browser.get(f"/login?lang={language}").text
        assert f"<h1>{choose}</h1>" in browser.get("/invitation").text, "the choice is remembered"
