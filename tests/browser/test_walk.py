"""A school begins with it, as new users would: from the code on the label to the first lesson at the coach's.

Real processes from the button to the coach's machine, and a real browser; the same walk in both languages, on a phone
and on a laptop, once with nothing but a keyboard, and once without JavaScript.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("flask")
pytest.importorskip("gpiozero")

from device.web.roles import Role
from tests.browser.visitor import Manner, Visitor, visiting
from tests.support.schools import PASSWORDS, PIN, TEACHER, PressableHouse, make_fresh_house, open_house

MANNERS = (
    Manner("nl", 360),
    Manner("nl", 1280, keyboard=True),
    Manner("en", 360, script=False),
    Manner("en", 1280),
)
TRAJECTORY = "abc wachten na een vraag"
RECORDS = {"nl": "Neemt op", "en": "Recording"}
_PLAYS = """() => {
    const video = document.querySelector("video");
    return video.error ? video.error.message : video.currentTime > 1 && video.readyState >= 2;
}"""
# The lightest and the darkest of a row of pixels in the middle of the picture.
_LIGHT = """() => {
    const video = document.querySelector("video"), canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
    const drawing = canvas.getContext("2d");
    drawing.drawImage(video, 0, 0);
    const row = drawing.getImageData(0, canvas.height / 2, canvas.width, 1).data;
    return [Math.max(...row.filter((_, index) => index % 4 === 1)), Math.min(...row.filter((_, at) => at % 4 === 1))];
}"""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[PressableHouse]:
    house = make_fresh_house(tmp_path / "house")
    try:
        open_house(house)
        yield house
    finally:
        house.close()


@pytest.mark.parametrize("manner", MANNERS, ids=str)
def test_from_the_label_to_the_first_lesson_at_the_coach(
    manner: Manner, house: PressableHouse, chromium: Any
) -> None:
    with visiting(chromium, house.address, manner) as visitor:
        claim_the_device(visitor, house)
        log_in(visitor, "coach", PASSWORDS[Role.COACH])
        invitation = add_a_teacher(visitor)
        register_a_group(visitor)
        open_a_trajectory(visitor)
    with visiting(chromium, house.address, manner) as visitor:
        choose_a_pin(visitor, invitation)
        agree(visitor)
        book_the_next_press(visitor)
        record(visitor, house)
        watch(chromium, visitor)
        name_moments(visitor)
        for name in ("inbox", "sync"):
            house.start(name)
        release(visitor)


def claim_the_device(visitor: Visitor, house: PressableHouse) -> None:
    """Code, press, school, keys and passwords, as somebody of IT and the coach do together."""
    code = house.claim_code()
    visitor.go("/start")
    visitor.fill("code", code.lower())
    visitor.send("Next")
    visitor.reads("Press the button on the device")
    assert house.client.ask("status")["pressed_ago_s"] is None
    house.press_by_hand()
    visitor.page.wait_for_url("**/start/school")  # by itself, with JavaScript and without
    visitor.look()
    visitor.tick("language", visitor.manner.language)
    visitor.fill("name", "voorbeeldschool")
    visitor.tick("legal_basis", "legitimate_interest")
    visitor.send("Next")
    visitor.fill("coach", house.coach_key)
    visitor.send("Next")
    visitor.tick("compared")
    for who, role in (("coach", Role.COACH), ("it", Role.IT)):
        visitor.fill(f"{who}_password", PASSWORDS[role])
        visitor.fill(f"{who}_again", PASSWORDS[role])
    visitor.send("Make this device ours")
    visitor.reads("This device is yours")
    visitor.follow("Log in")


def log_in(visitor: Visitor, role: str, secret: str) -> None:
    visitor.tick("role", role)
    visitor.fill("secret", secret)
    visitor.send("Log in")


def add_a_teacher(visitor: Visitor) -> str:
    """Follow what the overview says is to be done; return the invitation."""
    visitor.reads("To do")
    visitor.follow("Add a teacher")
    visitor.fill("teacher", TEACHER)
    visitor.send("Add and invite")
    return str(visitor.page.locator(".invitation").inner_text()).strip()


def register_a_group(visitor: Visitor) -> None:
    visitor.turn_to("Overview")
    visitor.follow("Register a group")
    visitor.fill("group", "2b")
    visitor.fill("pupils", "24")
    visitor.fill("not_filmed", "2")
    visitor.tick("arrangement", "out_of_view")
    visitor.tick("sound")
    visitor.fill("informed_on", str(date.today() - timedelta(days=7)))  # noqa: DTZ011  # as a person types it
    visitor.send("Register the group")
    visitor.reads("Group %(group)s is registered.", group="2b")


def open_a_trajectory(visitor: Visitor) -> None:
    visitor.turn_to("Overview")
    visitor.follow("Open a trajectory")
    visitor.fill("trajectory", TRAJECTORY)
    visitor.tick("teachers", TEACHER)
    visitor.fill("coach", "xyz")
    visitor.fill("learning_question", "Hoe lang wacht ik nadat ik een vraag heb gesteld?")
    for place, stage in enumerate("123"):
        visitor.select("stages", stage, place)
    visitor.fill("closes_on", str(date.today() + timedelta(days=90)))  # noqa: DTZ011  # as a person types it
    visitor.send("Open the trajectory")
    visitor.reads("not agreed yet.")


def choose_a_pin(visitor: Visitor, invitation: str) -> None:
    visitor.go("/login")
    visitor.follow("Choose a PIN with the invitation of your coach")
    visitor.fill("invitation", invitation)
    visitor.fill("pin", PIN)
    visitor.fill("pin_again", PIN)
    visitor.send("Set this PIN")
    visitor.reads("Your PIN is set. Only you know it.")


def agree(visitor: Visitor) -> None:
    visitor.follow("Read and answer")
    visitor.tick("sound")
    visitor.fill("pin", PIN)
    visitor.send("Yes, so it is agreed")


def book_the_next_press(visitor: Visitor) -> None:
    visitor.turn_to("Start")
    visitor.follow("The next press within this hour is mine")
    visitor.tick("groups", "2b")
    visitor.tick("sound")
    visitor.send("The next press is mine")


def record(visitor: Visitor, house: PressableHouse) -> None:
    """Press, look at the page for the room, press again."""
    house.press_by_hand()
    house.wait_for_state("recording")
    began_s = time.monotonic()
    visitor.go("/")
    assert visitor.page.locator("h1").inner_text() == RECORDS[visitor.manner.language]
    visitor.page.wait_for_timeout(max(0.0, 4 - (time.monotonic() - began_s)) * 1000)
    house.press_by_hand()
    house.wait_for_state("idle")
    visitor.go("/login")  # it knows who this is


def watch(chromium: Any, visitor: Visitor) -> None:
    """Play the film; the one thing for which a browser needs its script is this test's look at the picture."""
    visitor.turn_to("My recordings")
    visitor.enter(visitor.page.locator("main .cards a").first)
    if not visitor.manner.script:
        seeing = Manner(visitor.manner.language, visitor.manner.width_px)
        with visiting(chromium, visitor.page.url, seeing) as other:
            other.context.add_cookies(visitor.context.cookies())
            other.go("")
            _play(other)
        return
    _play(visitor)


def _play(visitor: Visitor) -> None:
    page = visitor.page
    if visitor.manner.keyboard:
        visitor.press_on(page.locator("video"), "Space")
    else:
        page.evaluate("() => document.querySelector('video').play()")
    page.wait_for_function(_PLAYS)
    assert page.evaluate("() => document.querySelector('video').error") is None
    lightest, darkest = page.evaluate(_LIGHT)
    assert lightest - darkest > 60, "the picture is one colour"
    assert page.evaluate("() => document.querySelector('video').webkitAudioDecodedByteCount") > 1000


def name_moments(visitor: Visitor) -> None:
    for name, moment in (("proud_1", "0:01"), ("proud_2", "0:02"), ("improve", "0:03")):
        visitor.fill(name, moment)
    visitor.send("Keep these moments")
    for name, moment in (("proud_1", "0:01"), ("proud_2", "0:02"), ("improve", "0:03")):
        assert visitor.page.locator(f"[name={name}]").input_value() == moment


def release(visitor: Visitor) -> None:
    """Release it, and wait until the page says in words that the coach has it."""
    recording = visitor.page.url
    visitor.follow("Release it now")
    visitor.page.locator("main form button").wait_for()
    visitor.send_only()
    visitor.page.goto(recording)
    deadline_s = time.monotonic() + 15
    while visitor.page.get_by_text(visitor.manner.words("Take it back")).count() == 0:
        assert time.monotonic() < deadline_s, visitor.page.locator("main").inner_text()
        visitor.page.wait_for_timeout(300)
        visitor.page.reload()
    visitor.look()
