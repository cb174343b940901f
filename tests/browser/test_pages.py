"""Every page of every role, in a school that is in use and in one that has just begun, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("flask")
pytest.importorskip("gpiozero")

from device.web.roles import Role
from tests.browser.pages import Sight, log_in, sights
from tests.browser.visitor import Manner, Visitor, visiting
from tests.support.schools import (
    Facts,
    PressableHouse,
    make_fresh_house,
    open_empty_school,
    open_full_school,
)

MANNERS = (Manner("nl", 360), Manner("nl", 1280), Manner("en", 360), Manner("en", 1280))
TWO_MANNERS = (Manner("nl", 360), Manner("en", 1280))
# Where the focus is, as whoever looks at the screen sees it: nothing, or how it is shown.
_FOCUS = """() => {
    const here = document.activeElement, look = getComputedStyle(here);
    if (here === document.body) return "nowhere";
    // On a part that the browser made, such as a player's button; it shows that one itself.
    if (!here.matches(":focus") || here.localName === "video") return "";
    const wide = look.outlineStyle === "auto" || parseFloat(look.outlineWidth) >= 2;
    const is_shown = look.outlineStyle !== "none" && wide;
    const box = here.getBoundingClientRect();
    const is_there = box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth;
    return is_shown && is_there ? "" : here.outerHTML.slice(0, 160);
}"""
_MOST_TABS = 15


@pytest.fixture(scope="module")
def full_school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[PressableHouse, Facts]]:
    house = make_fresh_house(tmp_path_factory.mktemp("full") / "house", keyless=False)
    try:
        yield house, open_full_school(house)
    finally:
        house.close()


@pytest.fixture(scope="module")
def empty_school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[PressableHouse, Facts]]:
    house = make_fresh_house(tmp_path_factory.mktemp("empty") / "house")
    try:
        yield house, open_empty_school(house)
    finally:
        house.close()


@pytest.mark.parametrize("role", Role, ids=lambda role: role.value)
@pytest.mark.parametrize("manner", MANNERS, ids=str)
def test_every_page_of_a_school_in_use_can_be_used_by_everybody(
    manner: Manner, role: Role, full_school: tuple[PressableHouse, Facts], chromium: Any, tmp_path: Path
) -> None:
    look_at_all(manner, role, full_school, chromium, tmp_path)


@pytest.mark.parametrize("role", Role, ids=lambda role: role.value)
@pytest.mark.parametrize("manner", TWO_MANNERS, ids=str)
def test_every_page_of_a_school_that_begins_can_be_used_by_everybody(
    manner: Manner, role: Role, empty_school: tuple[PressableHouse, Facts], chromium: Any, tmp_path: Path
) -> None:
    look_at_all(manner, role, empty_school, chromium, tmp_path)


@pytest.mark.parametrize("role", Role, ids=lambda role: role.value)
def test_the_focus_is_always_seen_and_the_first_tab_skips_what_is_on_every_page(
    role: Role, full_school: tuple[PressableHouse, Facts], chromium: Any, tmp_path: Path
) -> None:
    house, facts = full_school
    with visiting(chromium, house.address, Manner("nl", 1280), strict=False) as visitor:
        log_in(visitor, role, facts)
        for sight in of_role(role, tmp_path, facts):
            visitor.page.goto(house.address + sight.path)
            complain_about_the_focus(visitor, sight)


def look_at_all(
    manner: Manner, role: Role, school: tuple[PressableHouse, Facts], chromium: Any, folder: Path
) -> None:
    """Open every page of a role; the visitor complains at the end about all that is wrong with them."""
    house, facts = school
    with visiting(chromium, house.address, manner) as visitor:
        log_in(visitor, role, facts)
        for sight in of_role(role, folder, facts):
            answer = visitor.open(sight.path)
            assert answer.status == 200, f"{sight.path} answers {answer.status}"
            assert "/login" not in visitor.page.url or "/login" in sight.path, sight.path


def of_role(role: Role, folder: Path, facts: Facts) -> list[Sight]:
    return [sight for sight in sights(folder, facts) if sight.role is role]


def complain_about_the_focus(visitor: Visitor, sight: Sight) -> None:
    page = visitor.page
    if page.locator(".skip").count():
        page.keyboard.press("Tab")
        assert page.locator(".skip").evaluate("each => each === document.activeElement"), sight.path
        page.keyboard.press("Enter")
        assert page.evaluate("() => document.activeElement.id") == "content", sight.path
    for _ in range(_MOST_TABS):
        page.keyboard.press("Tab")
        where = page.evaluate(_FOCUS)
        if where == "nowhere":
            break
        assert where == "", f"{sight.path}: the focus is not to be seen on {where}"
