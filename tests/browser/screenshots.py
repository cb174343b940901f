"""``python -m tests.browser.screenshots``: a picture of every page of every role into var/screenshots, to be looked at.

Each as <role>-<page>-<language>-<width>.png: on a phone and on a laptop, in both languages; of a school that is in
use, of one that has just begun ("begin"), and of the first start.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from device.web.roles import Role
from tests.browser.chromium import launch
from tests.browser.pages import TRAJECTORY, Sight, log_in, sights
from tests.browser.visitor import HEIGHTS_PX, Manner, Visitor, visiting
from tests.support.schools import (
    PASSWORDS,
    Facts,
    PressableHouse,
    make_fresh_house,
    open_empty_school,
    open_full_school,
    open_house,
)

FOLDER = Path("var/screenshots")
_LANGUAGES = ("nl", "en")
_START = Manner("nl", 360)
_FORMS_OF_THE_COACH = {
    "group": "/coach/groups/register", "trajectory": "/coach/trajectories/open", "holiday": "/coach/holidays",
    "teacher": "/coach/teachers", "booking": f"/coach/bookings/make?{urlencode({'trajectory': TRAJECTORY})}",
}  # fmt: skip


def main() -> int:
    """Take them all; 1 when there is no browser."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as folder, launch() as chromium:
        _take_first_start(chromium, Path(folder) / "fresh")
        _take_school(chromium, Path(folder) / "empty", "begin")
        _take_school(chromium, Path(folder) / "full", "")
    _say(f"{len(list(FOLDER.iterdir()))} pictures in {FOLDER}")
    return 0


class Camera:
    """Takes a page in both languages and at both widths, and says so in one line."""

    def __init__(self, visitor: Visitor, address: str) -> None:
        self._visitor = visitor
        self._address = address

    def take(self, role: Role, name: str, path: str) -> None:
        """Take the page at a path."""
        for language in _LANGUAGES:
            for width_px in HEIGHTS_PX:
                self._shape(width_px)
                query = "&" if "?" in path else "?"
                self._visitor.page.goto(f"{self._address}{path}{query}lang={language}")
                self._shoot(role, name, language, width_px)
        _say(f"{role.value:8} {name:36} {path}")

    def take_here(self, role: Role, name: str) -> None:
        """Take what is open now, an answer to a form, as it is."""
        for width_px in HEIGHTS_PX:
            self._shape(width_px)
            self._shoot(role, name, self._visitor.manner.language, width_px)
        _say(f"{role.value:8} {name}")

    def _shape(self, width_px: int) -> None:
        self._visitor.page.set_viewport_size({"width": width_px, "height": HEIGHTS_PX[width_px]})

    def _shoot(self, role: Role, name: str, language: str, width_px: int) -> None:
        self._visitor.page.wait_for_timeout(60)  # pictures of its own, and scripts
        path = FOLDER / f"{role.value}-{name}-{language}-{width_px}.png"
        self._visitor.page.screenshot(path=path, full_page=True)


@contextmanager
def _house(folder: Path, *, keyless: bool) -> Iterator[PressableHouse]:
    house = make_fresh_house(folder, keyless=keyless)
    try:
        yield house
    finally:
        house.close()


def _take_school(chromium: Any, folder: Path, kind: str) -> None:
    with _house(folder, keyless=bool(kind)) as house:
        facts = (open_empty_school if kind else open_full_school)(house)
        with tempfile.TemporaryDirectory() as empty:
            found = sights(Path(empty), facts)
        for role in Role:
            with visiting(chromium, house.address, _START, strict=False) as visitor:
                log_in(visitor, role, facts)
                camera = Camera(visitor, house.address)
                for sight in (each for each in found if each.role is role):
                    camera.take(role, _name(sight, kind), sight.path)
                if not kind:
                    _take_moments(camera, visitor, role, house, facts)


def _name(sight: Sight, kind: str) -> str:
    """Return what a page is called: without its role twice, which many endpoints begin with."""
    name = sight.name.removeprefix(f"{sight.role.value}-")
    return f"{kind}-{name}" if kind else name


def _take_moments(camera: Camera, visitor: Visitor, role: Role, house: PressableHouse, facts: Facts) -> None:
    """Take what is there only at some moment: while it records, while the lens is open, when a form was refused."""
    if role is Role.PUBLIC:
        house.client.ask("start")
        house.wait_for_state("recording")
        camera.take(role, "status-recording", "/")
        house.client.ask("stop")
        house.wait_for_state("idle")
        visitor.go("/login?lang=nl")
        visitor.fill("code", "abc")
        visitor.fill("secret", "000000")
        visitor.send("Log in")
        camera.take_here(role, "login-refused")
        camera.take(role, "no-such-page", "/no/such/page")
    if role is Role.IT:
        for name, path in (("coachs-machine", "/it/server"), ("network", "/it/network")):
            _refuse(camera, visitor, role, name, path)
    if role is Role.TEACHER:
        _refuse(camera, visitor, role, "next-press", "/teacher/next-press")
        _refuse(camera, visitor, role, "claim", f"/teacher/unclaimed/{facts.recordings['unclaimed']}")
    if role is Role.COACH:
        for name, path in _FORMS_OF_THE_COACH.items():
            _refuse(camera, visitor, role, name, path)
        house.client.ask("aim")
        camera.take(role, "masks-asked", "/coach/masks")
        house.press_by_hand()
        visitor.page.wait_for_timeout(3000)
        camera.take(role, "masks-open", "/coach/masks")
        visitor.go("/coach/teachers?lang=nl")
        visitor.fill("teacher", "ghi")
        visitor.send("Add and invite")
        camera.take_here(role, "invited")


def _refuse(camera: Camera, visitor: Visitor, role: Role, name: str, path: str) -> None:
    """Send a form with nothing in it, past what the browser itself asks."""
    page = visitor.page
    visitor.go(f"{path}{'&' if '?' in path else '?'}lang=nl")
    with page.expect_navigation():
        page.evaluate("""() => {
            const form = [...document.querySelectorAll("main form[method=post]")].at(-1);
            for (const each of form.elements) {
                if (each.type === "hidden" || each.type === "submit") continue;
                if (each.checked) each.checked = false; else if (each.localName === "input") each.value = "";
            }
            form.noValidate = true;
            form.requestSubmit();
        }""")
    camera.take_here(role, f"refused-{name}")


def _take_first_start(chromium: Any, folder: Path) -> None:
    with _house(folder, keyless=True) as house:
        open_house(house)
        with visiting(chromium, house.address, _START, strict=False) as visitor:
            camera = Camera(visitor, house.address)
            camera.take(Role.PUBLIC, "start-0-no-code", "/start")
            code = house.claim_code()
            camera.take(Role.PUBLIC, "start-1-code", "/start")
            visitor.go("/start?lang=nl")
            visitor.fill("code", code)
            visitor.send("Next")
            camera.take(Role.PUBLIC, "start-2-press", "/start/press")
            house.press_by_hand()
            visitor.page.wait_for_url("**/start/school")
            camera.take(Role.PUBLIC, "start-3-school", "/start/school")
            visitor.go("/start/school?lang=nl")
            visitor.tick("language", "nl")
            visitor.fill("name", "voorbeeldschool")
            visitor.tick("legal_basis", "consent")
            visitor.send("Next")
            camera.take(Role.PUBLIC, "start-4-keys", "/start/keys")
            visitor.go("/start/keys?lang=nl")
            visitor.fill("coach", house.coach_key)
            visitor.send("Next")
            camera.take(Role.PUBLIC, "start-5-finish", "/start/finish")
            visitor.go("/start/finish?lang=nl")
            visitor.tick("compared")
            for who, role in (("coach", Role.COACH), ("it", Role.IT)):
                visitor.fill(f"{who}_password", PASSWORDS[role])
                visitor.fill(f"{who}_again", PASSWORDS[role])
            visitor.send("Make this device ours")
            camera.take(Role.PUBLIC, "start-6-done", "/start/done")


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201  # to whoever waits for the pictures


if __name__ == "__main__":
    sys.exit(main())
