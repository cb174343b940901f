"""The sheet for the door and the letter: filled from register and settings, and naming nobody."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from device.domain.register.decisions import (
    Arrangement,
    GroupWithdrawn,
    TeacherAdded,
    TrajectoryClosed,
    TrajectoryOpened,
)
from device.domain.register.state import Register
from device.domain.trajectory import LegalBasis, Stage
from device.web.app import access_table
from device.web.prints.address import public_address
from device.web.prints.configuration import configuration_of
from device.web.prints.door import coaches_of, door_of
from device.web.prints.letter import letter_of
from device.web.roles import Role, may
from tests.support.register import SCHOOL, TODAY, TRAJECTORY, a_register, decided, everything
from tests.web.prints.paper import a_site, coach, read, sheet_of

PATHS = {
    "/prints/": {Role.COACH, Role.IT},
    "/prints/facts": {Role.COACH, Role.IT},
    "/prints/door": {Role.COACH},
    "/prints/letter": {Role.COACH},
    "/prints/letter/print": {Role.COACH},
}
SHEETS = ("/prints/door", "/prints/letter/print?group=2b", "/prints/letter/print?group=2b&in=en")
B = {"legal_basis": LegalBasis.CONSENT}
UNTOLD = configuration_of("", [])


@pytest.mark.parametrize("role", list(Role))
def test_each_print_is_for_the_coach_and_only_the_facts_for_it(tmp_path: Path, role: Role) -> None:
    site = a_site(tmp_path)
    browser = site.log_in(role)
    for path, allowed in PATHS.items():
        status = browser.get(path).status_code
        assert (status == 200) == (role in allowed), (path, status)
    endpoints = [each for each in access_table(site.app) if each.startswith("prints.")]
    assert len(endpoints) == len(PATHS)
    assert any(may(access_table(site.app), each, role) for each in endpoints) == (role in PATHS["/prints/"])


def test_the_overview_shows_it_only_what_it_may_open(tmp_path: Path) -> None:
    site = a_site(tmp_path)
    assert "/prints/door" not in site.log_in(Role.IT).get("/prints/").text
    assert "/prints/door" in coach(site).get("/prints/").text


@pytest.mark.parametrize("path", ["/prints/door", "/prints/letter", "/prints/letter/print"])
def test_before_the_school_is_set_up_there_is_only_the_way_to_do_that(tmp_path: Path, path: str) -> None:
    page = coach(a_site(tmp_path, [], told=False)).get(path)
    assert page.status_code == 200
    assert 'href="/coach/school"' in page.text
    assert "<article" not in page.text


def test_a_damaged_register_is_no_ground_for_a_promise_on_paper(tmp_path: Path) -> None:
    site = a_site(tmp_path)
    browser = coach(site)
    file = tmp_path / "register" / "register.jsonl"
    file.write_bytes(file.read_bytes()[:40])
    assert browser.get("/prints/").status_code == 200
    for path in ("/prints/door", "/prints/letter", "/prints/letter/print?group=2b"):
        assert browser.get(path).status_code == 503


def test_the_door_sheet_says_it_in_two_languages_whoever_prints_it(tmp_path: Path) -> None:
    browser = coach(a_site(tmp_path))
    for language in ("nl", "en"):
        said = read(browser, f"/prints/door?lang={language}")
        assert "Hier wordt soms gefilmd" in said
        assert "We sometimes film here" in said
        assert "Voorbeeldschool" in said


def test_the_code_on_the_door_leads_to_the_public_page_under_the_name_that_the_school_gave(
    tmp_path: Path,
) -> None:
    page = coach(a_site(tmp_path)).get("/prints/door").text
    assert "http://leerblik-1.voorbeeldschool.example:8123/" in page
    assert "<svg viewBox" in page
    assert "http://localhost" not in page


def test_without_a_given_name_the_code_leads_to_the_address_in_the_browser(tmp_path: Path) -> None:
    app = a_site(tmp_path, told=False).app
    for asked, right in (
        ("http://10.0.0.7:8080/", "http://10.0.0.7:8080/"),
        ("http://zaal-3.local/", "http://zaal-3.local/"),
        ("http://[fd00::7]:8080/", "http://[fd00::7]:8080/"),
    ):
        with app.test_request_context("/prints/door", base_url=asked):
            assert public_address(UNTOLD) == right
    for asked in ("http://127.0.0.1:8080/", "http://localhost:8080/", "http://[::1]:8080/"):
        with app.test_request_context("/prints/door", base_url=asked):
            assert public_address(UNTOLD).endswith(".local:8080/"), "nobody else can open a loopback address"


def test_sound_is_on_the_door_only_where_a_group_and_a_microphone_are(tmp_path: Path) -> None:
    silent = configuration_of("", [("recorder", "microphone", "none")])
    assert door_of(a_register(), SCHOOL, UNTOLD).sound
    assert not door_of(a_register(), SCHOOL, silent).sound
    assert not door_of(a_register(group={"sound": False}), SCHOOL, UNTOLD).sound
    assert not door_of(a_register(decided("coach", GroupWithdrawn("2b"))), SCHOOL, UNTOLD).sound


def test_a_light_of_many_colours_is_told_with_its_colours(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "many").mkdir()
    assert "(rood)" not in read(coach(a_site(tmp_path / "one")), "/prints/door")
    assert "(rood)" in read(coach(a_site(tmp_path / "many", light="gpio_rgb")), "/prints/door")


def test_the_letter_says_what_the_register_and_the_settings_say(tmp_path: Path) -> None:
    browser = coach(a_site(tmp_path))
    said = read(browser, "/prints/letter/print?group=2b&in=en")
    assert "group 2b" in said
    assert "December 18, 2026" in said
    assert "1 hour and 30 minutes to think again" in said
    assert "lasts 45 minutes at most" in said
    assert "sound is recorded as well" in said
    assert "legitimate interest" in said
    assert "Permission" not in said, "under A there is nothing to sign"
    numbers = set(re.findall(r"\d+", said))
    assert numbers <= {"2", "1", "2026", "18", "30", "45", "6"}, (
        "the date, the group, the settings, the article"
    )
    dutch = read(browser, "/prints/letter/print?group=2b")
    assert "18 december 2026" in dutch
    assert "1 uur en 30 minuten bedenktijd" in dutch


def test_under_consent_there_is_a_form_with_a_yes_and_a_no_for_each_purpose(tmp_path: Path) -> None:
    for sound, purposes in ((True, 3), (False, 2)):
        folder = tmp_path / str(sound)
        folder.mkdir()
        browser = coach(a_site(folder, everything(school=B, group={"sound": sound})))
        page = sheet_of(browser.get("/prints/letter/print?group=2b&in=en").text)
        assert page.count('<th scope="row">') == purposes
        assert ("Sound: what is said" in page) == sound
        assert "GDPR, article 6, paragraph 1, under a)" in page


@pytest.mark.parametrize(
    ("arrangement", "words"),
    [
        (Arrangement.NONE, "before the lesson"),
        (Arrangement.OUT_OF_VIEW, "where the camera does not see them"),
        (Arrangement.MASK, "made black"),
        (Arrangement.NOT_THAT_HOUR, "elsewhere"),
    ],
)
def test_the_letter_says_what_was_arranged_and_never_for_how_many(
    tmp_path: Path, arrangement: Arrangement, words: str
) -> None:
    group = {"arrangement": arrangement, "not_filmed": 13 if arrangement is not Arrangement.NONE else 0}
    said = read(coach(a_site(tmp_path, everything(group=group))), "/prints/letter/print?group=2b&in=en")
    assert words in said
    assert "13" not in said


def test_what_this_page_was_not_told_is_a_line_to_fill_in(tmp_path: Path) -> None:
    said = coach(a_site(tmp_path, told=False)).get("/prints/letter/print?group=2b&in=en").text
    assert re.search(r"time to think again: <span class=\"blank\"", said)
    assert "minutes at most" not in said


def test_a_letter_can_be_written_before_the_group_is_registered(tmp_path: Path) -> None:
    browser = coach(a_site(tmp_path))
    assert "We record no sound" in read(browser, "/prints/letter/print?in=en")
    said = read(browser, "/prints/letter/print?in=en&sound=yes")
    assert "sound is recorded as well" in said
    assert "2b" not in said
    assert "December" not in said


@pytest.mark.parametrize("query", ["group=9z", "in=de", "group=2b&in=xx", "group=" + "x" * 500])
def test_another_group_or_language_is_not_there(tmp_path: Path, query: str) -> None:
    assert coach(a_site(tmp_path)).get(f"/prints/letter/print?{query}").status_code == 404


def test_a_trajectory_that_is_over_gives_no_date() -> None:
    register = a_register(decided("coach", TrajectoryClosed(TRAJECTORY.trajectory)))
    letter = letter_of(register, SCHOOL, UNTOLD, "2b", TODAY, sound=False)
    assert letter is not None
    assert letter.closes_on is None
    late = letter_of(a_register(), SCHOOL, UNTOLD, "2b", TODAY.replace(year=2027), sound=False)
    assert late is not None
    assert late.closes_on is None


def test_no_page_has_a_field_to_type_in(tmp_path: Path) -> None:
    browser = coach(a_site(tmp_path, everything(school=B)))
    for path in (*PATHS, *SHEETS):
        page = browser.get(path).text
        assert not re.search(r"<(input|textarea|select)(?![^>]*csrf_token)", page), path


CODES = st.from_regex(r"[qwx]{3}", fullmatch=True)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.sets(CODES, min_size=1, max_size=4), st.data())
def test_whoever_is_known_as_a_teacher_stands_on_no_sheet(codes: set[str], data: Any) -> None:
    names = st.sampled_from([*codes, *(each.upper() for each in codes), "Voorbeeldcoach", "coach"])
    coaches = data.draw(st.lists(st.lists(names, min_size=1, max_size=2).map(" / ".join), max_size=4))
    said = [decided("coach", TeacherAdded(code)) for code in sorted(codes)]
    for number, name in enumerate(coaches):
        opened = TrajectoryOpened(f"t{number}", tuple(codes), name, "?", "", (Stage.COACH_LEADS,), TODAY)
        said.append(decided("coach", opened))
    register: Register = a_register(*said)
    found = coaches_of(register, register.trajectories.values())
    assert set(found) <= {"co", "Voorbeeldcoach", "Voorbeeldcoach / Voorbeeldcoach"}
    assert ("Voorbeeldcoach" in found) == ("Voorbeeldcoach" in coaches)


@pytest.mark.parametrize("path", SHEETS)
def test_no_code_of_a_teacher_and_no_question_stands_on_a_sheet(tmp_path: Path, path: str) -> None:
    said = everything(trajectory={"coach": "abc"}, school=B)
    sheet = read(coach(a_site(tmp_path, said)), path)
    assert "abc" not in sheet.lower()
    assert TRAJECTORY.learning_question not in sheet
    assert "modelen" not in sheet


@pytest.mark.parametrize("language", ["nl", "en"])
def test_every_page_is_valid_html(tmp_path: Path, language: str) -> None:
    html5lib = pytest.importorskip("html5lib", reason="html5lib is not installed (pip install html5lib)")
    browser = coach(a_site(tmp_path, everything(school=B)))
    for path in (*PATHS, *SHEETS):
        page = browser.get(path, headers={"Accept-Language": language}).text
        html5lib.HTMLParser(strict=True).parse(page)
        assert " style=" not in page
        assert len(re.findall("<h1", page)) == 1
        ids = re.findall(r' id="([^"]+)"', page)
        assert len(ids) == len(set(ids))
