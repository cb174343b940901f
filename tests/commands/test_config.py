"""The configuration: every wrong key is named with what would be right, and nothing is guessed."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from device import cli, config, drivers
from device.commands import config as command
from device.domain.errors import LeerblikError, Permanent
from device.domain.settings import REQUIRED, Setting, Table, toml_value
from device.domain.trajectory import read_agreement

MINIMAL = '[device]\nname = "d"\n[recorder]\ncamera = "synthetic"\n'
TABLES = [*config.known_tables(), config.driver_table("camera", "synthetic")]
SETTINGS = [(table, setting) for table in TABLES for setting in table.settings]


def load(folder: Path, text: str | bytes) -> config.Config:
    path = folder / "leerblik.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return config.load(str(path))


def test_little_is_needed_and_the_rest_has_defaults(tmp_path: Path) -> None:
    found = load(tmp_path, MINIMAL)
    for table in config.known_tables():
        if table.name != "inbox":  # that one is for the coach's machine
            assert (
                found.table(table.name).items()
                >= {
                    setting.name: setting.default
                    for setting in table.settings
                    if setting not in table.required
                }.items()
            )


def test_without_a_table_nothing_can_be_recorded_by_default(tmp_path: Path) -> None:
    assert read_agreement(load(tmp_path, MINIMAL).table("agreement")) is None


@pytest.mark.parametrize(("table", "setting"), SETTINGS, ids=lambda each: getattr(each, "name", ""))
def test_every_setting_refuses_what_it_cannot_be_by_its_full_name(
    tmp_path: Path, table: Table, setting: Setting
) -> None:
    needed = [f"{each.name} = {toml_value(each.example)}" for each in table.required if each is not setting]
    for wrong in ("1979-05-27", "{}", "nan", "-1" if setting.low is not None else "[1]"):
        text = "\n".join([f"[{table.name}]", *needed, f"{setting.name} = {wrong}"])
        with pytest.raises(Permanent) as caught:
            load(tmp_path, text).table(table.name)
        assert f"leerblik.toml: {table.name}.{setting.name} must be" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (MINIMAL + "[recordre]\n", r"unknown table \[recordre\]; known tables are agreement, camera"),
        (MINIMAL + "nane = 1\n", "unknown key recorder.nane; known keys are"),
        ("[device]\n", "device.name is missing"),
        ("name = 5\n", r"unknown table \[name\]"),
        ("device = 5\n", r"\[device\] must be a table"),
        ("[[device]]\nname = 'x'\n", r"\[device\] must be a table"),
        (MINIMAL + "[camera.poloroid]\n", "there is no camera driver named 'poloroid'; choose one of"),
        (MINIMAL + "[camera.synthetic]\nwidht = 5\n", "unknown key camera.synthetic.widht"),
        ('camera = "synthetic"\n' + MINIMAL, "camera must be a table of drivers, such as"),
        ("trigger = 5\n" + MINIMAL, "trigger must be a table of drivers, such as"),
        ("[[microphone]]\n" + MINIMAL, "microphone must be a table of drivers, such as"),
        ("camera.synthetic = 5\n" + MINIMAL, r"\[camera.synthetic\] must be a table"),
        ("[device\n", "is not valid TOML"),
        ("[device]\nname = 'a'\nname = 'b'\n", "is not valid TOML"),
        ("\x00", "is not valid TOML"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(Permanent, match=sentence):
        load(tmp_path, text).table("device")


def test_a_file_that_is_missing_or_no_text_is_told_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(
        Permanent, match=r"there is no configuration at .*copy .*deploy/device/leerblik\.toml"
    ):
        config.load(str(tmp_path / "missing.toml"))
    with pytest.raises(Permanent, match=f"{tmp_path} is a folder; name the configuration in it"):
        config.load(str(tmp_path))
    with pytest.raises(Permanent, match=r"leerblik\.toml is not a text file in UTF-8"):
        load(tmp_path, b"\xff\xfe")


@pytest.fixture
def nobody() -> Iterator[None]:
    """Be a user who may read nothing of this one's, also where the tests run as root."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    yield
    os.seteuid(before)


def test_a_file_that_is_not_for_this_user_is_told_with_what_to_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    load(tmp_path, MINIMAL)
    path = tmp_path / "leerblik.toml"
    path.chmod(0)
    request.getfixturevalue("nobody")
    sentence = rf"{path} may not be read by \w+: say 'sudo leerblik \.\.\.'"
    with pytest.raises(Permanent, match=sentence) as caught:
        config.load(str(path))
    assert "usermod" not in str(caught.value)
    monkeypatch.setattr(config, "DEFAULT_PATH", path)  # a device's own: there are groups for it
    with pytest.raises(
        Permanent, match=sentence + r", or once 'sudo usermod -aG leerblik,leerblik-data \w+'"
    ):
        config.load(None)


@settings(max_examples=150, deadline=None)
@given(
    text=st.one_of(
        st.text(max_size=60), st.sampled_from(("[[", "camera = []", "[camera]\nx=1", "coach.x.y=1"))
    )
)
@example(text="a" * 1000 + "=" + "[" * 500)
def test_whatever_is_in_the_file_the_error_is_ours(
    text: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    try:
        found = load(tmp_path_factory.getbasetemp(), text.encode("utf-8", "replace"))
        found.table("device")
    except LeerblikError:
        return
    raise AssertionError("a device without a name was accepted")


def test_the_file_is_the_one_given_or_named_in_the_environment_or_the_usual_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(config.ENVIRONMENT, "/from/environment")
    assert config.find_path("/given") == Path("/given")
    assert config.find_path(None) == Path("/from/environment")
    monkeypatch.delenv(config.ENVIRONMENT)
    assert config.find_path(None) == config.DEFAULT_PATH


@pytest.mark.parametrize(
    "day", ["", "yesterday", "2026-02-30", "01-09-2026", "2026-09-01T00:00:00", "2026-09-01 "]
)
def test_a_day_that_is_none_is_refused(tmp_path: Path, day: str) -> None:
    text = f'{MINIMAL}[agreement]\ntrajectory = "T-1"\ngroup = "3B"\nvalid_from = "{day}"\n'
    with pytest.raises(Permanent, match=r"agreement\.valid_from is a day such as 2026-09-01"):
        load(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('[coach]\nrecipient = "age1xyz"\n', r"coach\.recipient"),
        ('[coach]\nreceipt_key = "foo"\n', r"coach\.receipt_key"),
        ('[sync]\nwindows = ["8-9"]\n', r"sync\.windows.*8-9"),
        ('[sync]\nhost_key = "foo"\n', r"sync\.host_key"),
        ('[agreement]\ntrajectory = "T-1"\n', r"agreement\.group"),
    ],
)
def test_what_a_process_would_refuse_at_its_start_the_check_refuses_too(
    tmp_path: Path, text: str, named: str
) -> None:
    with pytest.raises(Permanent, match=named):
        load(tmp_path, MINIMAL + text)


# --- the command


HASH = "6e340b9cffb37a989ca544e6bb780a2c"
BADGE = {"reader": "a reader", "badges": [f"{HASH}=teacher-1"], "salt": "made up by somebody"}


@pytest.mark.parametrize(
    ("driver", "options", "said"),
    [
        ("gpio_colours", {}, "trigger.gpio_colours.buttons is empty"),
        ("gpio_colours", {"buttons": ["GPIO5"]}, "trigger.gpio_colours.buttons: 'GPIO5' does not say whose"),
        (
            "gpio_colours",
            {"buttons": ["GPIO5=t1", "GPIO5=t2"]},
            "trigger.gpio_colours.buttons: 'GPIO5' stands",
        ),
        ("evdev_badge", {**BADGE, "badges": []}, "trigger.evdev_badge.badges is empty"),
        (
            "evdev_badge",
            {**BADGE, "badges": ["0012345678=t1"]},
            "trigger.evdev_badge.badges: what stands before",
        ),
        (
            "evdev_badge",
            {**BADGE, "badges": [f"{HASH}=t1", f"{HASH}=t2"]},
            "trigger.evdev_badge.badges: '6e34",
        ),
        ("evdev_badge", {**BADGE, "salt": "short"}, "trigger.evdev_badge.salt needs at least 16 characters"),
    ],
)
def test_check_names_what_a_chosen_button_or_badge_reader_would_refuse(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], driver: str, options: dict[str, Any], said: str
) -> None:
    table = "\n".join([f"[trigger.{driver}]", *(f"{key} = {toml_value(options[key])}" for key in options)])
    chosen = f'{MINIMAL}triggers = ["{driver}"]\n{table}\n'
    load(tmp_path, chosen)
    path = tmp_path / "leerblik.toml"
    assert run("config", "check", "--config", path) == Permanent.exit_code
    assert f"{path}: {said}" in capsys.readouterr().err
    path.write_text(
        chosen.replace(f'"{driver}"', '"control_socket"'), "utf-8"
    )  # it may wait there, unfinished
    assert run("config", "check", "--config", path) == 0


def test_check_has_nothing_against_buttons_and_badges_that_are_right(tmp_path: Path) -> None:
    tables: dict[str, dict[str, Any]] = {
        "gpio_colours": {"buttons": ["GPIO5=teacher-1", "GPIO6=teacher-2"]},
        "evdev_badge": BADGE,
    }
    lines = [MINIMAL + f"triggers = {toml_value(list(tables))}"]
    for name, options in tables.items():
        lines += [f"[trigger.{name}]", *(f"{key} = {toml_value(value)}" for key, value in options.items())]
    load(tmp_path, "\n".join(lines))
    assert run("config", "check", "--config", tmp_path / "leerblik.toml") == 0


def run(*words: str | Path) -> int:
    return cli.main([str(word) for word in words])


def test_the_example_is_itself_a_right_configuration(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "leerblik.toml"
    path.write_text(command.example(), "utf-8")
    assert run("config", "check", "--config", path) == 0
    assert capsys.readouterr().out.startswith(f"{path} can be read, but this is still to be filled in: ")


def test_the_example_shows_every_key_of_every_table_and_of_the_drivers_that_work_here() -> None:
    text = command.example()
    for table, setting in SETTINGS:
        assert f"[{table.name}]" in text
        assert f"\n{setting.name} = " in text or f"\n#{setting.name} = " in text
        assert f"# {setting.description}" in text


def test_the_example_with_every_default_switched_on_says_the_same(tmp_path: Path) -> None:
    lines = command.example().splitlines()
    switched_on = "\n".join(
        line.removeprefix("#") if line.startswith("#") and line[1:2] != " " else line for line in lines
    )
    plain = load(tmp_path, command.example())
    full = load(tmp_path, switched_on)
    for table in config.known_tables():
        assert full.table(table.name) == plain.table(table.name)


def test_show_prints_every_value_in_force_as_toml_and_as_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    load(tmp_path, MINIMAL)
    path = tmp_path / "leerblik.toml"
    assert run("config", "show", "--config", path) == 0
    as_toml = tomllib.loads(capsys.readouterr().out)
    assert run("config", "show", "--json", "--config", path) == 0
    as_json: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert as_toml["device"] == as_json["device"]
    assert as_toml["camera"]["synthetic"] == as_json["camera.synthetic"]
    assert as_json["recorder"]["cooling_off_s"] == 7200


def test_on_the_coachs_machine_only_its_own_table_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (inbox,) = [table for table in config.known_tables() if table.name == "inbox"]
    load(tmp_path, inbox.example())
    assert run("config", "check", "--config", tmp_path / "leerblik.toml") == 0
    assert "is right" in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["triggers", "indicators"])
def test_check_also_looks_at_the_drivers_that_are_chosen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    load(tmp_path, MINIMAL + f'{kind} = ["doorbell"]\n')
    assert run("config", "check", "--config", tmp_path / "leerblik.toml") == Permanent.exit_code
    assert f"there is no {kind.removesuffix('s')} driver named 'doorbell'" in capsys.readouterr().err


def test_every_action_describes_itself(capsys: pytest.CaptureFixture[str]) -> None:
    for action in ("check", "show", "example"):
        with pytest.raises(SystemExit):
            run("config", action, "--help")
        usage, described, *_ = capsys.readouterr().out.split("\n\n")
        assert usage.startswith("usage:")
        assert not described.startswith("options:")


def test_every_driver_declares_what_it_can_be_told() -> None:
    for kind in drivers.KINDS:
        for name in drivers.names(kind):
            try:
                table = config.driver_table(kind, name)
            except ImportError:
                continue  # its library is not installed here
            for setting in table.settings:
                assert setting.description
                if setting.default is not REQUIRED:
                    setting.check(setting.default, table.name)
                setting.check(setting.example, table.name)
