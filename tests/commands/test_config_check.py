"""``leerblik config check``: right is what works; what is not filled in yet is named, what cannot work is refused."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device import cli
from device.domain.errors import Permanent
from device.domain.settings import toml_value
from device.drivers import pins
from tests.support.houses import AGREEMENT

KEY = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
FILLED_IN: dict[str, dict[str, Any]] = {
    "device": {"name": "d"},
    "coach": {"recipient": KEY, "receipt_key": base64.b64encode(bytes(31) + b"\x09").decode()},
    "recorder": {"camera": "synthetic", "indicators": ["gpio_led"]},
    "agreement": AGREEMENT,
    "sync": {"host": "coach.school.example", "host_key": "ssh-ed25519 " + "A" * 68},
}


def check(folder: Path, changes: Mapping[str, Mapping[str, Any]]) -> int:
    tables = {name: dict(values) for name, values in FILLED_IN.items()}
    for name, values in changes.items():
        tables.setdefault(name, {}).update(values)
    lines: list[str] = []
    for name, values in tables.items():
        lines += [
            f"[{name}]",
            *(f"{key} = {toml_value(value)}" for key, value in values.items() if value is not None),
        ]
    path = folder / "leerblik.toml"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return cli.main(["config", "check", "--config", str(path)])


def test_check_calls_right_only_what_is_filled_in_altogether(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(tmp_path, {}) == 0
    assert capsys.readouterr().out == f"{tmp_path}/leerblik.toml is right\n"


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"coach": {"recipient": ""}}, "coach.recipient"),
        ({"coach": {"receipt_key": None}}, "coach.receipt_key"),
        ({"sync": {"host": "", "host_key": ""}}, "sync.host, sync.host_key"),
        ({"sync": {"transport": "local"}}, "sync.local_dir"),
        ({"agreement": {"trajectory": "", "group": ""}}, "[agreement]"),
        (
            {"recorder": {"indicators": ["console"]}},
            "recorder.indicators (a light that the class sees, such as gpio_led)",
        ),
    ],
)
def test_check_names_what_is_still_to_be_filled_in_and_that_is_no_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, dict[str, Any]], wanted: str
) -> None:
    assert check(tmp_path, changes) == 0
    said = capsys.readouterr().out
    assert said == f"{tmp_path}/leerblik.toml can be read, but this is still to be filled in: {wanted}\n"


def test_a_terminal_that_the_class_sees_is_a_light(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changes: dict[str, dict[str, Any]] = {
        "recorder": {"indicators": ["console"]},
        "indicator.console": {"in_view": True},
    }
    assert check(tmp_path, changes) == 0
    assert capsys.readouterr().out.endswith(" is right\n")


def test_an_empty_file_is_not_right(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "leerblik.toml"
    path.write_text("# nothing yet\n", "utf-8")
    assert cli.main(["config", "check", "--config", str(path)]) == Permanent.exit_code
    assert (
        "leerblik.toml says nothing; a device needs at least [device] and [recorder]"
        in capsys.readouterr().err
    )


BUTTONS = {"triggers": ["gpio_button", "gpio_privacy"]}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"device": {"name": " "}}, "device.name is empty"),
        ({"device": {"spool_dir": "spool"}}, "device.spool_dir is a full path"),
        ({"recorder": {"triggers": []}}, "recorder.triggers is empty, so nobody could press"),
        (
            {"recorder": {"triggers": ["gpio_button", "gpio_button"]}},
            "recorder.triggers names 'gpio_button' twice",
        ),
        ({"recorder": {"indicators": []}}, "recorder.indicators names no light"),
        ({"recorder": {"indicators": ["none"]}}, "recorder.indicators names no light"),
        (
            {
                "recorder": {"triggers": ["gpio_button"]},
                "trigger.gpio_button": {"pin": "GPIO27"},
                "indicator.gpio_led": {"led_pin": "GPIO27"},
            },
            "trigger.gpio_button.pin and indicator.gpio_led.led_pin are both GPIO27; give each its own",
        ),
        (
            {"recorder": BUTTONS, "trigger.gpio_privacy": {"pin": "BOARD11"}},
            "trigger.gpio_button.pin and trigger.gpio_privacy.pin are both GPIO17; give each its own",
        ),
        (
            {
                "recorder": {"triggers": ["gpio_colours"]},
                "trigger.gpio_colours": {"buttons": ["GPIO5=t1", "BOARD29=t2"]},
            },
            "trigger.gpio_colours.buttons names GPIO5 twice",
        ),
        (
            {"indicator.gpio_led": {"buzzer_pin": "GPIO27"}},
            "indicator.gpio_led.led_pin and indicator.gpio_led.buzzer_pin are both GPIO27",
        ),
        (
            {"recorder": {"indicators": ["gpio_led", "gpio_rgb"]}},
            "indicator.gpio_led.led_pin and indicator.gpio_rgb.red_pin are both GPIO27",
        ),
        (
            {"indicator.gpio_led": {"led_pin": "GPIO99"}},
            "indicator.gpio_led.led_pin: there is no pin 'GPIO99'",
        ),
        ({"indicator.gpio_led": {"led_pin": "links"}}, "indicator.gpio_led.led_pin: there is no pin 'links'"),
        (
            {"agreement": {"valid_from": "2026-09-01", "valid_until": "2026-08-31"}},
            "agreement.valid_until (2026-08-31) is before agreement.valid_from (2026-09-01)",
        ),
        (
            {"agreement": {"teachers_agreed": ["teacher-1", "teacher-9"]}},
            "agreement.teachers_agreed names 'teacher-9', who is not in agreement.teachers",
        ),
        ({"web": {"address": "hier"}}, "web.address is an address such as 0.0.0.0"),
        ({"camera.synthetic": {"width": 1921}}, "camera.synthetic.width must be even, found 1921"),
        (
            {"recorder": {"camera": "picamera2"}, "camera.picamera2": {"width": 1921, "height": 1080}},
            "camera.picamera2.width must be even",
        ),
        ({"recorder": {"camera": "v4l2"}, "camera.v4l2": {"height": 721}}, "camera.v4l2.height must be even"),
        (
            {"recorder": {"microphone": "alsa"}, "microphone.alsa": {"card": "A", "second_card": "A"}},
            "card and second_card are both 'A'",
        ),
    ],
)
def test_check_refuses_what_cannot_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, dict[str, Any]], said: str
) -> None:
    assert check(tmp_path, changes) == Permanent.exit_code
    error = capsys.readouterr().err
    assert f"leerblik: {tmp_path}/leerblik.toml: {said}" in error
    assert error.count("leerblik.toml: ") == 1


def test_a_buzzer_that_does_not_sound_takes_no_pin(tmp_path: Path) -> None:
    assert check(tmp_path, {"indicator.gpio_led": {"buzzer_pin": "GPIO27", "tones": False}}) == 0


def test_drivers_that_are_not_chosen_may_want_the_same_pin(tmp_path: Path) -> None:
    assert check(tmp_path, {"trigger.gpio_button": {"pin": "GPIO27"}}) == 0


def test_all_drivers_on_pins_together_want_different_ones_as_they_come(tmp_path: Path) -> None:
    triggers = ["gpio_button", "gpio_cover", "gpio_power", "gpio_privacy"]
    assert (
        check(tmp_path, {"recorder": {"triggers": triggers}, "indicator.gpio_led": {"buzzer_pin": "GPIO22"}})
        == 0
    )


def test_pins_are_those_of_gpiozero() -> None:
    board = pytest.importorskip("gpiozero.pins.pi").PiBoardInfo.from_revision(0xC03114)
    known = {
        str(name): int(pin.name.removeprefix("GPIO"))
        for header in board.headers.values()
        for pin in header.pins.values()
        if "gpio" in pin.interfaces
        for name in pin.names
        if not str(name).startswith("WPI")
    }
    assert len(known) > 100
    assert {name: pins.number(name, "a pin") for name in known} == known


@given(st.one_of(st.text(max_size=8), st.from_regex(r"(GPIO|BCM|BOARD|J8:|)[0-9]{1,3}", fullmatch=True)))
def test_whatever_names_a_pin_it_is_one_of_28_or_refused(text: str) -> None:
    number = None
    with contextlib.suppress(Permanent):
        number = pins.number(text, "a pin")
    assert number is None or 0 <= number <= 27
