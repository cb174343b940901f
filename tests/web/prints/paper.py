"""A site with the prints, a register in a file, and the settings of a made-up device."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from device import config
from device.recorder.assembly import overlay_of
from device.web.it.effective import effective
from device.web.it.pages import prepare
from device.web.prints import prints
from device.web.roles import Role
from tests.support.register import Said, everything, ulid
from tests.web.site import Site, make_site

CONFIG = """
[device]
name = "voorbeeld-1"
[coach]
recovery_recipient = ""
[recorder]
camera = "synthetic"
microphone = "synthetic"
triggers = ["control_socket", "gpio_button"]
indicators = ["{light}"]
cooling_off_s = {cooling_off_s}
maximum_length_s = 2700.0
[web]
port = 8123
hosts = ["leerblik-1.voorbeeldschool.example"]
[sync]
host = "coach.voorbeeldschool.example"
port = 2222
"""
COACH_KEY, RECOVERY_KEY = "age1" + "q" * 58, "age1" + "z" * 58
_WAY = ("recording", "held", "released", "uploading", "delivered", "purged", "withdrawn", "destroyed")


def recording(number: int, way: Iterable[str], *, day: int = 20, unclaimed: bool = False) -> dict[str, Any]:
    """Return a row as the recorder tells it; a step a day, each at noon in UTC."""
    history = [
        {"status": status, "at": f"2026-08-{day + at:02}T12:00:00Z", "note": "x"}
        for at, status in enumerate(way)
    ]
    return {
        "id": ulid(number), "status": history[-1]["status"], "unclaimed": unclaimed, "history": history,
        "trajectory": "MERKTEKEN", "teachers": ["MERKTEKEN"], "groups": ["MERKTEKEN"],
    }  # fmt: skip


ROWS = [
    recording(1, _WAY),
    recording(2, ("recording", "held"), unclaimed=True),
    recording(3, ("recording", "held", "discarded", "purged"), day=1),
    recording(4, ("recording", "held", "discarded", "purged"), day=5),
    recording(5, _WAY[:6]),
]


def a_site(
    folder: Path,
    said: Iterable[Said] | None = None,
    *,
    told: bool = True,
    light: str = "gpio_led",
    cooling_off_s: float = 5400.0,
) -> Site:
    """Return a site; ``told``: its pages know the settings."""
    (folder / "register").mkdir()
    site = make_site(folder, prints)
    book = site.services.book
    for each in everything() if said is None else said:
        book.decide(each.at, each.by, each.decision, clock_trusted=True)
    head = book.read().head
    site.status["register"] = {"number": head.number, "sha256": head.sha256, "problem": ""}
    site.recorder.answers |= {
        "keys": {"ok": True, "coach": COACH_KEY, "recovery": RECOVERY_KEY},
        "recordings": {"ok": True, "recordings": ROWS, "more": False, "next": ""},
    }
    if told:
        file = folder / "leerblik.toml"
        file.write_text(CONFIG.format(light=light, cooling_off_s=cooling_off_s))
        settings = config.load(str(file))
        site.recorder.answers["settings"] = {"ok": True, **overlay_of(settings).describe()}
        prepare(site.app, effective(settings), None)
    return site


def read(browser: FlaskClient, path: str, status: int = 200) -> str:
    """Return what a page says, without its markup and what stands around the sheet."""
    answer = browser.get(path)
    assert answer.status_code == status, answer.text
    return words_of(sheet_of(answer.text))


def sheet_of(page: str) -> str:
    """Return the sheet in a page; the main part of a page that has none."""
    found = re.search(r"<article.*</article>", page, re.DOTALL) or re.search(
        r"<main.*</main>", page, re.DOTALL
    )
    assert found is not None
    return found[0]


def words_of(markup: str) -> str:
    """Return the text, each run of blanks as one."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", markup)).split())


def coach(site: Site) -> FlaskClient:
    return site.log_in(Role.COACH)
