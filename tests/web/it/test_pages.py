"""IT's pages: what they show, what they never show, and the restart."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from device import config
from device.domain.errors import Busy, LeerblikError, Refused, Temporary
from device.domain.register.chain import Head
from device.domain.register.decisions import GroupRegistered, SchoolSet, TeacherAdded, TrajectoryOpened
from device.storage.register import RegisterBook
from device.web.first_start.keys import fingerprint
from device.web.it.diary import KEPT, Diary
from device.web.it.effective import effective
from device.web.it.pages import it, prepare
from device.web.roles import Role
from tests.support.register import everything
from tests.web.it.test_health import FINE, ULID
from tests.web.site import Site, make_site, post

PAGES = ("/it/", "/it/now", "/it/settings", "/it/log", "/it/report.txt", "/it/restart")
MARKER = "MERKTEKEN"
# Chance could spell anything in it.
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
ROW = {
    "id": ULID, "status": "<code>held", "started_at": "2031-03-04T05:06:07Z", "trajectory": f"{MARKER}-traject",
    "teachers": [f"{MARKER}-jkl"], "groups": [f"{MARKER}-3b"], "booking": f"{MARKER}-boeking",
    "reflection": {"proud_us": [1], "improve_us": []}, "history": [{"note": MARKER}],
}  # fmt: skip
FULL = {
    **FINE,
    "recording": ULID, "booking": f"{MARKER}-boeking", "problem": f"problem of {MARKER}",
    "refusal": [{"reason": "x", "message": f"teacher {MARKER} has not agreed"}], "refusals": 1,
    "recordings": [ROW], "schedule": {"state": "soon", "key": MARKER, "in_s": 3.0},
    "register": {"number": 987654, "sha256": "ab" * 32, "problem": f"line of {MARKER}"},
    "processes": [{"process": "sync", "state": "sending", "message": f"sending recording {ULID}", "at": "2026"}],
}  # fmt: skip
CONFIG = f"""
[device]
name = "voorbeeld-1"
[coach]
recovery_recipient = ""
[recorder]
camera = "synthetic"
triggers = ["control_socket", "evdev_badge", "gpio_colours"]
[trigger.evdev_badge]
reader = "/dev/input/by-id/reader"
salt = "{MARKER}-salt-of-sixteen"
badges = ["0011223344556677889900112233445566778899001122334455667788990011={MARKER}"]
[trigger.gpio_colours]
buttons = ["GPIO5={MARKER}"]
[agreement]
teachers = ["{MARKER}"]
group = "{MARKER}"
trajectory = "{MARKER}"
learning_question = "{MARKER}"
"""


def a_site(folder: Path, status: Mapping[str, Any] = FULL, diary: Diary | None = None) -> Site:
    (folder / "register").mkdir()
    site = make_site(folder, it)
    site.recorder.status = dict(status)
    (folder / "leerblik.toml").write_text(CONFIG)
    prepare(site.app, effective(config.load(str(folder / "leerblik.toml"))), diary)
    return site


def filled(book: RegisterBook) -> None:
    """Write a register whose every word would be known again."""
    at = datetime(2026, 9, 1, tzinfo=UTC)
    for said in everything():
        decision: Any = said.decision
        changes: dict[str, Any] = {}
        if isinstance(decision, SchoolSet):
            changes = {"name": f"{MARKER} school"}
        elif isinstance(decision, TeacherAdded):
            changes = {"teacher": "mrktkn"}
        elif isinstance(decision, TrajectoryOpened):
            changes = {"learning_question": f"{MARKER} leervraag"}
        elif isinstance(decision, GroupRegistered):
            changes = {"group": f"{MARKER[:6]}"}
        book.decide(at, said.by, type(decision)(**{**_fields(decision), **changes}), clock_trusted=True)


def _fields(decision: Any) -> dict[str, Any]:
    return {name: getattr(decision, name) for name in decision.__dataclass_fields__}


@pytest.mark.parametrize("page", PAGES)
def test_no_page_of_it_shows_a_lesson_a_teacher_a_group_or_a_line_of_the_register(
    page: str, tmp_path: Path
) -> None:
    told = [{"event": kind, "recording": ULID, "message": f"in {ULID}", "who": MARKER} for kind in KEPT]
    told += [{"event": "refused", "message": f"teacher {MARKER}"}, {"event": "held", "recording": ULID}]
    diary = Diary(lambda: iter(told))
    diary.follow_once()
    site = a_site(tmp_path, diary=diary)
    filled(site.services.book)
    browser = site.log_in(Role.IT)
    for language in ("nl", "en"):
        shown = TOKEN.sub("", browser.get(f"{page}?lang={language}").text)
        assert len(shown) > 100
        for never in (
            MARKER,
            MARKER[:6],
            "mrktkn",
            ULID,
            "987654",
            "abab",
            "2031",
            "<code>held",
            "<code>refused",
        ):
            assert never.lower() not in shown.lower(), never
    head: Head = site.services.book.read().head
    assert head.number > 5


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("role", [Role.PUBLIC, Role.TEACHER, Role.COACH])
def test_nobody_else_opens_them(page: str, role: Role, tmp_path: Path) -> None:
    site = a_site(tmp_path)
    answer = site.log_in(role).get(page)
    assert answer.status_code == (303 if role is Role.PUBLIC else 403)
    assert not [asked for asked in site.recorder.asked if asked[0] == "restart"]


def test_it_lands_on_its_health_after_logging_in(tmp_path: Path) -> None:
    site = a_site(tmp_path, FINE)
    page = site.log_in(Role.IT).get("/login", follow_redirects=True)
    assert page.request.path == "/it/"
    assert '<noscript><meta http-equiv="refresh"' in page.text


def test_the_health_refreshes_itself_without_keeping_anybody_logged_in(tmp_path: Path) -> None:
    site = a_site(tmp_path, FINE)
    browser = site.log_in(Role.IT)
    for _ in range(3):
        part = browser.get("/it/now", headers={"HX-Request": "true"})
        assert "<html" not in part.text
        site.pass_s(9 * 60)
    site.pass_s(4 * 60)
    assert browser.get("/it/now").status_code == 303


def test_a_recorder_that_is_away_is_shown_and_not_an_error(tmp_path: Path) -> None:
    site = a_site(tmp_path)

    def away(do: str, **values: Any) -> dict[str, Any]:
        raise Temporary("no recorder is listening")

    browser = site.log_in(Role.IT)
    site.recorder.ask = away  # type: ignore[method-assign]
    for page in PAGES:
        assert browser.get(page).status_code == 200
    assert "systemctl status leerblik-recorder" in browser.get("/it/").text


def test_settings_in_effect_are_shown_with_their_file_and_without_secrets(tmp_path: Path) -> None:
    page = a_site(tmp_path).log_in(Role.IT).get("/it/settings").text
    assert str(tmp_path / "leerblik.toml") in page
    for shown in ("cooling_off_s", "7200.0", "synthetic", "/dev/input/by-id/reader"):
        assert shown in page
    assert "salt" not in page
    assert "agreement" not in page


def test_the_keys_in_effect_are_shown_by_their_fingerprint_wherever_they_came_from(tmp_path: Path) -> None:
    site = a_site(tmp_path, FINE)
    site.recorder.answers["keys"] = {"ok": True, "coach": "age1coach", "recovery": ""}
    page = site.log_in(Role.IT).get("/it/settings").text
    assert fingerprint("age1coach") in page
    assert "age1coach" not in page


def test_of_keys_only_the_fingerprint_is_told() -> None:
    class Told:
        source = "x"
        keys = {"recipient": "age1secretlooking", "recovery_recipient": "", "receipt_key": "abc"}  # noqa: RUF012

        def has(self, name: str) -> bool:
            return name == "sync"

        def table(self, name: str) -> Mapping[str, Any]:
            host_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJmGkVJ9bq4vhvmwhCkQV8KXcOqvJ4VfJGcQGcE9B0kR"
            return {"coach": self.keys, "sync": {"host_key": host_key, "key_file": "/secret"}}.get(name, {})

        def driver_options(self, kind: str, name: str) -> Mapping[str, Any]:
            return {}

        def chosen_drivers(self) -> list[tuple[str, str]]:
            return []

    rows = {(table, key): value for table, key, value in json.loads(effective(Told()))["rows"]}
    assert rows["sync", "host_key"].startswith("SHA256:")
    assert len(rows["coach", "receipt_key"].split()) == 6
    assert ("coach", "recipient") not in rows
    assert "secret" not in str(rows)


def test_the_report_is_a_file_that_can_be_sent_on(tmp_path: Path) -> None:
    diary = Diary(lambda: iter([{"event": "camera_failed", "message": "no pictures"}]))
    diary.follow_once()
    answer = a_site(tmp_path, FINE, diary).log_in(Role.IT).get("/it/report.txt?lang=en")
    assert answer.content_type.startswith("text/plain")
    assert 'filename="leerblik-voorbeeldschool-1-20260901-0800.txt"' in answer.headers["Content-Disposition"]
    for line in (
        "Temperature: in order. 48 °C",
        "Leerblik: ",
        "camera_failed no pictures",
        "device.name = voorbeeld-1",
    ):
        assert line in answer.text


def test_a_restart_is_asked_once_more_and_then_handed_to_the_recorder(tmp_path: Path) -> None:
    site = a_site(tmp_path, FINE)
    browser = site.log_in(Role.IT)
    assert browser.get("/it/restart").status_code == 200
    assert site.recorder.asked == []
    assert post(browser, "/it/restart").status_code == 202
    assert site.recorder.asked == [("restart", {})]


@pytest.mark.parametrize(("error", "status"), [(Busy("x"), 409), (Temporary("x"), 503), (Refused("x"), 503)])
def test_a_restart_that_cannot_be_says_why(error: LeerblikError, status: int, tmp_path: Path) -> None:
    site = a_site(tmp_path, FINE)
    browser = site.log_in(Role.IT)

    def refuse(do: str, **values: Any) -> dict[str, Any]:
        raise error

    site.recorder.ask = refuse  # type: ignore[method-assign]
    answer = post(browser, "/it/restart")
    assert answer.status_code == status
    assert 'role="alert"' in answer.text


def test_the_diary_goes_on_when_the_recorder_was_away_and_keeps_only_the_last() -> None:
    turns: Iterator[Any] = iter([Temporary("away"), OSError("gone"), [{"event": "card_stalls"}] * 600])

    def follow() -> Iterator[Mapping[str, Any]]:
        turn = next(turns)
        if isinstance(turn, Exception):
            raise turn
        return iter(turn)

    diary = Diary(follow)
    for expected in (0, 0, 500):
        diary.follow_once()
        assert len(diary.lines()) == expected
