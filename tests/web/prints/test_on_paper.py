"""The sheets as a printer gets them: Chromium's own pages are counted."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import make_server

from device.domain.register.decisions import Arrangement
from device.domain.trajectory import LegalBasis
from device.web.roles import Role
from tests.support.register import Said, everything
from tests.web.prints.paper import a_site

pytestmark = pytest.mark.slow

_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]
_PAGE = re.compile(rb"/Type\s*/Page\b")
_LONG = {"name": "Openbare Voorbeeldschool voor vmbo, havo en vwo aan de Voorbeeldlaan, locatie Noordoost"}
_CONSENT = {**_LONG, "legal_basis": LegalBasis.CONSENT}
_MASKED = {"not_filmed": 3, "arrangement": Arrangement.MASK}
_COACH = {"coach": "Voornaam Tussenvoegsel Achternaam-Tweedenaam"}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("chromium is not installed (apt install chromium)")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=_FLAGS)
        yield browser
        browser.close()


def pages(
    chromium: Any, folder: Path, said: list[Said], paths: tuple[str, ...], light: str = "gpio_rgb"
) -> list[int]:
    """Return how many pages each path takes on the paper that its style asks for."""
    site = a_site(folder, said, light=light)
    cookie = site.log_in(Role.COACH).get_cookie("leerblik")
    assert cookie is not None
    server = make_server("127.0.0.1", 0, site.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"
    context = chromium.new_context(locale="nl-NL")
    context.add_cookies([{"name": "leerblik", "value": cookie.value, "url": address}])
    try:
        page = context.new_page()
        return [_printed(page, address + path) for path in paths]
    finally:
        context.close()
        server.shutdown()
        thread.join()
        server.server_close()


def _printed(page: Any, address: str) -> int:
    answer = page.goto(address)
    assert answer.status == 200
    return len(_PAGE.findall(page.pdf(prefer_css_page_size=True)))


PATHS = ("/prints/door", "/prints/letter/print?group=2b", "/prints/letter/print?group=2b&in=en")


def test_with_long_names_the_door_sheet_and_the_letter_are_one_page_each(
    chromium: Any, tmp_path: Path
) -> None:
    said = everything(school=_LONG, group=_MASKED, trajectory=_COACH)
    assert pages(chromium, tmp_path, said, PATHS) == [1, 1, 1]


def test_a_letter_that_asks_consent_has_one_page_more_for_the_form(chromium: Any, tmp_path: Path) -> None:
    said = everything(school=_CONSENT, group=_MASKED, trajectory=_COACH)
    assert pages(chromium, tmp_path, said, PATHS) == [1, 2, 2]
