"""The mask editor in a real browser, with a real recorder behind it: by mouse, finger, keyboard, without script."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("flask", reason="flask is not installed here")

from tests.web.masks.room import QUARTER, Room  # what comes first decides whether it is skipped
from tests.web.site import PASSWORD

Mask = list[list[int]]


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    with Room(tmp_path) as made:
        yield made


@pytest.fixture
def enter(room: Room, serve: Callable[[Any], str]) -> Callable[[Any], None]:
    """Log the coach in, ask for the lens, press at the device, and wait for the picture."""

    def open_editor(page: Any) -> None:
        address = serve(room.site.app)
        page.goto(f"{address}/login?lang=en")
        page.check("[name=role][value=coach]")
        page.fill("[name=secret]", PASSWORD)
        page.click("main button[type=submit]")
        page.goto(f"{address}/coach/masks")
        page.click("main form button")
        page.wait_for_selector("#lens[data-sight=asked]")
        room.press()
        page.click("text=The button was pressed")
        page.wait_for_selector("#still")

    return open_editor


@pytest.fixture
def phone(chromium: Any) -> Iterator[Any]:
    """A small screen with fingers."""
    context = chromium.new_context(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    yield context.new_page()
    context.close()


def drawn(page: Any) -> list[Mask]:
    masks: list[Mask] = json.loads(page.input_value("#polygons"))
    return masks


def masked(room: Room) -> list[Mask]:
    polygons: list[Mask] = room.ask("masks")["polygons"]
    return polygons


def place(page: Any, right: float, down: float) -> tuple[float, float]:
    """Return where a part of the picture is on the screen."""
    box = page.locator("#drawing").bounding_box()
    return box["x"] + box["width"] * right, box["y"] + box["height"] * down


def drag(page: Any, one: tuple[float, float], other: tuple[float, float]) -> None:
    page.locator("#drawing").scroll_into_view_if_needed()
    page.mouse.move(*place(page, *one))
    page.mouse.down()
    page.mouse.move(*place(page, *other), steps=4)
    page.mouse.up()


def swipe(page: Any, one: tuple[float, float], other: tuple[float, float]) -> None:
    """Drag with a finger."""
    page.locator("#drawing").scroll_into_view_if_needed()
    finger = page.context.new_cdp_session(page)
    middle = ((one[0] + other[0]) / 2, (one[1] + other[1]) / 2)
    for kind, at in (("touchStart", one), ("touchMove", middle), ("touchMove", other), ("touchEnd", None)):
        points = [] if at is None else [dict(zip("xy", place(page, *at), strict=True))]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def nearly(masks: list[Mask], wanted: list[Mask], off: int = 120) -> bool:
    """Whether masks are the same up to about a pixel of a phone's screen and a finger's."""
    flat, other = (str(each).replace("[", "").replace("]", "").split(",") for each in (masks, wanted))
    return len(flat) == len(other) and all(
        abs(int(one) - int(two)) <= off for one, two in zip(flat, other, strict=True)
    )


def save(page: Any) -> None:
    with page.expect_navigation():
        page.click("#save")


BOX = [[1000, 2000], [4000, 2000], [4000, 6000], [1000, 6000]]


def test_a_mask_is_drawn_moved_and_saved_with_the_mouse(
    page: Any, room: Room, enter: Callable[[Any], None]
) -> None:
    enter(page)
    drag(page, (0.4, 0.6), (0.1, 0.2))
    assert nearly(drawn(page), [BOX])
    drag(page, (0.4, 0.6), (0.5, 0.8))
    assert nearly(drawn(page), [[[1000, 2000], [4000, 2000], [5000, 8000], [1000, 6000]]])
    # It keeps its shape, also when it is pushed against the edge.
    drag(page, (0.2, 0.3), (0.0, 0.3))
    assert nearly(drawn(page), [[[0, 2000], [3000, 2000], [4000, 8000], [0, 6000]]])
    assert page.inner_text("#list").startswith("Mask 1: 4 corners; from left to right 0%")
    assert page.inner_text("#unsaved") == "Not saved yet."
    wanted = drawn(page)
    save(page)
    assert masked(room) == wanted
    assert "The masks are saved." in page.inner_text("main")
    assert page.complaints == []


def test_a_tap_draws_nothing(page: Any, enter: Callable[[Any], None]) -> None:
    enter(page)
    drag(page, (0.5, 0.5), (0.505, 0.505))
    assert drawn(page) == []
    assert page.is_disabled("#undo")


def test_a_mask_is_drawn_and_saved_with_the_keyboard_alone(
    page: Any, room: Room, enter: Callable[[Any], None]
) -> None:
    enter(page)
    page.focus("#add")
    page.keyboard.press("Enter")
    # Focus is on its first corner.
    for key in ("ArrowLeft", "ArrowLeft", "ArrowUp", "Shift+ArrowDown"):
        page.keyboard.press(key)
    assert drawn(page) == [[[3300, 3410], [6500, 3500], [6500, 6500], [3500, 6500]]]
    assert page.inner_text("#said") == "Mask 1, corner 1: 33% from the left, 34.1% from the top"
    page.keyboard.press("Tab")
    page.keyboard.press("Delete")
    assert drawn(page) == [[[3300, 3410], [6500, 6500], [3500, 6500]]]
    page.keyboard.press("Control+z")
    assert len(drawn(page)[0]) == 4
    wanted = drawn(page)
    while page.evaluate("() => document.activeElement.id") != "save":
        page.keyboard.press("Tab")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert masked(room) == wanted
    assert page.complaints == []


def test_the_last_corners_take_the_mask_with_them_and_undo_brings_it_back(
    page: Any, enter: Callable[[Any], None]
) -> None:
    enter(page)
    page.click("#add")
    for _corner in range(2):
        page.keyboard.press("Delete")
    assert drawn(page) == []
    assert page.inner_text("#list") == "Nothing is masked."
    page.click("#undo")
    assert len(drawn(page)[0]) == 3
    page.click("#undo")
    page.click("#undo")
    assert page.evaluate("() => document.activeElement.id") == "add"
    assert page.is_disabled("#undo")


def test_corners_come_and_go_by_button_and_stay_in_the_picture(
    page: Any, enter: Callable[[Any], None]
) -> None:
    enter(page)
    page.click("#add")
    page.click("text=Add a corner to mask 1")
    assert drawn(page)[0][1] == [5000, 3500]
    for _step in range(40):
        page.click("[data-move='0 -1']")
    assert drawn(page)[0][1] == [5000, 0]
    page.click("#drop")
    assert len(drawn(page)[0]) == 4
    page.click("text=Remove mask 1")
    assert drawn(page) == []


def test_a_mask_is_drawn_and_saved_with_a_finger_at_360_pixels(
    phone: Any, room: Room, enter: Callable[[Any], None]
) -> None:
    enter(phone)
    swipe(phone, (0.1, 0.2), (0.4, 0.6))
    assert nearly(drawn(phone), [BOX])
    # The page did not scroll away under the finger, nor is there anything beside the screen.
    swipe(phone, (0.4, 0.6), (0.6, 0.9))
    assert nearly(drawn(phone), [[[1000, 2000], [4000, 2000], [6000, 9000], [1000, 6000]]])
    assert phone.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    wanted = drawn(phone)
    save(phone)
    assert masked(room) == wanted


def test_the_picture_renews_itself_and_the_drawing_stays(
    page: Any, room: Room, enter: Callable[[Any], None]
) -> None:
    enter(page)
    page.click("#add")
    page.wait_for_function("() => document.getElementById('still').src.includes('?at=')")
    assert len(drawn(page)) == 1
    assert page.locator(".point").count() == 4
    room.press()  # the lens closes
    page.wait_for_selector("text=The lens is closed.")
    assert page.evaluate("() => document.getElementById('still').naturalWidth") == 640
    save(page)
    assert masked(room) == [[[3500, 3500], [6500, 3500], [6500, 6500], [3500, 6500]]]


def test_without_its_script_a_rectangle_is_typed(
    chromium: Any, room: Room, enter: Callable[[Any], None]
) -> None:
    room.ask("masks", polygons=QUARTER)
    context = chromium.new_context(viewport={"width": 360, "height": 740}, java_script_enabled=False)
    page = context.new_page()
    try:
        enter(page)
        assert page.locator("#shapes polygon").count() == 1
        assert not page.is_visible("#add")
        page.click("summary")
        for name, percent in {"left": "50", "top": "0", "width": "25", "height": "100"}.items():
            page.fill(f"#{name}", percent)
        page.click("text=Add the rectangle and save")
        assert masked(room) == [*QUARTER, [[5000, 0], [7500, 0], [7500, 10000], [5000, 10000]]]
    finally:
        context.close()
