"""The links on top of every page: the same for one role wherever it is, and each leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest.importorskip("flask")

from device.web.api.bearer import Bearer
from device.web.api.tokens import Tokens
from device.web.roles import Role
from tests.web.site import Site, make_site

SHARED = ("/prints/", "/it/tokens")
HOMES = {Role.TEACHER: "/teacher/", Role.COACH: "/coach/", Role.IT: "/it/"}


def a_site(folder: Path) -> Site:
    site = make_site(folder)
    site.open(token_holder=Bearer(Tokens(folder / "web"), site.services.limits))
    site.recorder.answers["recordings"] = {"ok": True, "recordings": [], "more": False}
    return site


def links(page: str) -> list[str]:
    """Return where the navigation leads to."""
    found = re.search('<nav [^>]*class="own no-print">(.*?)</nav>', page, re.DOTALL)
    return re.findall('href="([^"]+)"', found[1]) if found else []


@pytest.mark.parametrize("role", HOMES)
def test_every_link_leads_to_a_page_that_has_the_same_links_and_says_where_one_is(
    role: Role, tmp_path: Path
) -> None:
    browser = a_site(tmp_path).log_in(role)
    expected = links(browser.get(HOMES[role]).text)
    assert len(expected) >= 5
    for link in expected:
        answer = browser.get(link)
        assert answer.status_code == 200, link
        assert links(answer.text) == expected, link
        assert f'<a href="{link}" aria-current="page">' in answer.text


@pytest.mark.parametrize(("role", "start"), [(Role.COACH, "/coach/setup"), (Role.IT, "/it/")])
def test_coach_and_it_find_tokens_and_prints_and_the_way_back(role: Role, start: str, tmp_path: Path) -> None:
    browser = a_site(tmp_path).log_in(role)
    page = browser.get(start).text
    for path in SHARED:
        assert f'href="{path}"' in page
        answer = browser.get(path)
        assert answer.status_code == 200
        there = answer.text
        assert HOMES[role] in links(there)
        assert re.search('aria-current="(true|page)"', there)


def test_who_is_not_logged_in_gets_no_links_that_would_be_refused(tmp_path: Path) -> None:
    assert links(make_site(tmp_path).browser().get("/login").text) == []


@pytest.mark.parametrize(
    ("role", "page", "belongs_to"),
    [
        (Role.COACH, "/coach/groups/register", "/coach/setup"),
        (Role.COACH, "/coach/bookings/make", "/coach/bookings"),
        (Role.COACH, "/coach/trajectories/open", "/coach/trajectories"),
        (Role.COACH, "/coach/certificates", "/coach/recordings"),
        (Role.TEACHER, "/teacher/next-press", ""),
    ],
)
def test_a_page_further_in_says_to_which_of_them_it_belongs(
    role: Role, page: str, belongs_to: str, tmp_path: Path
) -> None:
    text = a_site(tmp_path).log_in(role).get(page).text
    found = re.search('<nav [^>]*class="own no-print">(.*?)</nav>', text, re.DOTALL)
    assert found
    assert re.findall('href="([^"]+)" aria-current="true"', found[1]) == ([belongs_to] if belongs_to else [])
