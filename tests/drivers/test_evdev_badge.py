"""Who pressed, by badge: what a reader types is a press of a teacher, and its number is kept nowhere."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.domain.errors import Permanent, Temporary
from device.domain.settings import Table
from device.drivers import load
from device.drivers.trigger._badge import BadgeLine, hash_badge
from device.drivers.trigger._keyboard import find_keyboard
from device.ports import Edge
from tests.support.keyboards import ENTER, Desk
from tests.support.waiting import Collector

SALT = "a salt for the tests"
NUMBER = "0012345678"
S = 1_000_000_000
KEYS = {digit: code for code, digit in enumerate("1234567890", 2)}
PAD = dict(zip("7894561230", (71, 72, 73, 75, 76, 77, 79, 80, 81, 82), strict=True))


def _type(line: BadgeLine, codes: list[int], at_ns: int = 0) -> list[str | None]:
    return [line.key(code, at_ns) for code in codes]


# --- what a reader types


@given(st.text("0123456789", min_size=1, max_size=20), st.booleans())
def test_a_number_is_its_digits_until_enter_from_either_half_of_the_keyboard(number: str, pad: bool) -> None:
    codes = [(PAD if pad else KEYS)[digit] for digit in number]
    assert _type(BadgeLine(), [*codes, 96 if pad else ENTER]) == [None] * len(codes) + [number]


def test_hexadecimal_digits_are_digits_with_shift_or_without() -> None:
    assert _type(BadgeLine(), [KEYS["0"], 42, 30, 42, 33, ENTER])[-1] == "0AF"


def test_what_a_reader_would_not_type_is_no_number_and_the_next_badge_is_one() -> None:
    line = BadgeLine()
    space, tab = 57, 15
    for wrong in ([KEYS["1"], space, ENTER], [ENTER], [tab, ENTER], [KEYS["1"]] * 65 + [ENTER]):
        assert not any(_type(line, wrong))
    assert _type(line, [KEYS["7"], ENTER]) == [None, "7"]


def test_half_a_number_is_forgotten_after_a_pause() -> None:
    line = BadgeLine()
    _type(line, [KEYS["1"], 57])
    assert _type(line, [KEYS["2"], ENTER], at_ns=2 * S) == [None, "2"]


def test_the_hash_says_nothing_about_the_number_and_depends_on_the_salt() -> None:
    hashed = hash_badge(NUMBER, SALT)
    assert hashed == hash_badge(f" {NUMBER}\n", SALT)
    assert hash_badge("0af", SALT) == hash_badge("0AF", SALT)
    assert len(hashed) == 32
    assert NUMBER not in hashed
    assert hashed != hash_badge(NUMBER, SALT + "!")
    assert hashed != hash_badge(NUMBER[1:], SALT)


@pytest.mark.parametrize(("number", "salt"), [("", SALT), ("12 34", SALT), ("name", SALT), (NUMBER, "short")])
def test_what_is_no_badge_number_or_no_salt_is_refused(number: str, salt: str) -> None:
    with pytest.raises(Permanent):
        hash_badge(number, salt)


# --- a reader on the desk


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.plug_in()
    return desk


def _trigger(desk: Desk, again_s: float = 0.0, **options: Any) -> Any:
    module = load("trigger", "evdev_badge")
    badges = [f"{hash_badge(NUMBER, SALT)}=teacher-1", f"{hash_badge('42', SALT)}=teacher-2"]
    given_options = {"reader": "a test", "badges": badges, "salt": SALT, "again_s": again_s, **options}
    return module.build(Table("trigger", "a test", module.OPTIONS).read(given_options), find=desk.find)


@pytest.fixture
def edges() -> Collector[Edge]:
    return Collector()


def test_a_badge_is_one_press_of_its_teacher(desk: Desk, edges: Collector[Edge]) -> None:
    trigger = _trigger(desk)
    trigger.start(edges)
    desk.hold_badge(NUMBER)
    desk.hold_badge("42")
    edges.wait(4)
    trigger.stop()
    pressed = [(edge.who, edge.down, edge.by_hand) for edge in edges.seen]
    assert pressed == [(who, down, True) for who in ("teacher-1", "teacher-2") for down in (True, False)]


def test_a_badge_that_stays_on_the_reader_is_one_press(desk: Desk, edges: Collector[Edge]) -> None:
    trigger = _trigger(desk, again_s=60.0)
    trigger.start(edges)
    for number in (NUMBER, NUMBER, NUMBER, "42"):
        desk.hold_badge(number)
    edges.wait(4)
    trigger.stop()
    assert [edge.who for edge in edges.seen] == ["teacher-1"] * 2 + ["teacher-2"] * 2


def test_an_unknown_badge_presses_nothing_and_its_number_is_not_written_down(
    desk: Desk, edges: Collector[Edge], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    trigger = _trigger(desk)
    trigger.start(edges)
    desk.hold_badge("987654")
    desk.hold_badge(NUMBER)
    edges.wait(2)
    trigger.stop()
    assert [edge.who for edge in edges.seen] == ["teacher-1"] * 2
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    for secret in ("987654", hash_badge("987654", SALT), NUMBER):
        assert secret not in caplog.text


def test_a_reader_that_was_unplugged_in_the_middle_of_a_number_is_used_again_when_it_is_back(
    desk: Desk, edges: Collector[Edge]
) -> None:
    trigger = _trigger(desk)
    keyboard = desk.find()
    trigger.start(edges)
    keyboard.type_codes(KEYS["9"], KEYS["9"])
    desk.unplug()
    desk.plug_in()
    desk.hold_badge(NUMBER)
    edges.wait(2)
    trigger.stop()
    assert edges.seen[0].who == "teacher-1"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"badges": []}, "badges is empty"),
        ({"badges": ["0012345678=teacher-1"]}, "the hash of a badge"),
        ({"badges": [f"{'a' * 32}=t1", f"{'a' * 32}=t2"]}, "stands there twice"),
        ({"salt": "short"}, "at least 16 characters"),
    ],
)
def test_settings_that_are_wrong_or_hold_a_number_in_clear_are_refused(
    desk: Desk, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(Permanent, match=said):
        _trigger(desk, **options)


@pytest.mark.parametrize("badges", [[f"{NUMBER}=teacher-1"], [NUMBER], [f"{NUMBER}=t1", f"{NUMBER}=t2"]])
def test_a_number_in_clear_is_not_even_repeated_in_the_refusal(desk: Desk, badges: list[str]) -> None:
    with pytest.raises(Permanent) as caught:
        _trigger(desk, badges=badges)
    assert NUMBER not in str(caught.value)


# --- a real reader, as far as this machine has one


def test_without_a_reader_of_that_name_it_is_temporary() -> None:
    pytest.importorskip("evdev", reason="python-evdev is not installed here")
    with pytest.raises(Temporary, match="no such reader"):
        find_keyboard("no such reader")


@pytest.fixture
def reader() -> Iterator[Any]:
    evdev = pytest.importorskip("evdev", reason="python-evdev is not installed here")
    if not os.access("/dev/uinput", os.W_OK) or not Path("/dev/input").is_dir():
        pytest.skip("needs /dev/uinput to make a reader of, as in a virtual machine, and leave to use it")
    device = evdev.UInput(name="leerblik test reader")
    yield device
    device.close()


def test_a_real_reader_is_found_by_its_name_and_heard_by_nobody_else(
    reader: Any, edges: Collector[Edge]
) -> None:
    evdev = pytest.importorskip("evdev")
    module = load("trigger", "evdev_badge")
    options = {
        "reader": "leerblik test reader",
        "badges": [f"{hash_badge(NUMBER, SALT)}=teacher-1"],
        "salt": SALT,
    }
    trigger = module.build(Table("trigger", "a test", module.OPTIONS).read(options))
    for _ in range(200):  # udev makes its file a moment later
        if any(evdev.InputDevice(path).name == reader.name for path in evdev.list_devices()):
            break
        time.sleep(0.02)
    trigger.start(edges)
    (other,) = [each for each in map(evdev.InputDevice, evdev.list_devices()) if each.name == reader.name]
    for code in (*(KEYS[digit] for digit in NUMBER), ENTER):
        for value in (1, 0):
            reader.write(evdev.ecodes.EV_KEY, code, value)
            reader.syn()
    edges.wait(2)
    assert other.read_one() is None
    trigger.stop()
    other.close()
    assert [edge.who for edge in edges.seen] == ["teacher-1"] * 2
