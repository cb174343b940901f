"""What a school's IT reads is what the code does: pins, light, settings and commands."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

import pytest

from device import config, drivers
from device.domain.settings import Setting
from device.domain.trajectory import read_agreement
from device.drivers.indicator import _patterns
from device.drivers.indicator._patterns import HIGH_HZ, LOW_HZ, MIDDLE_HZ, PATTERNS, Step
from device.ports import Signal
from server_sync.inbox.command import read_config

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
DEVICE = DEPLOY / "device" / "README.md"
CARD = DEPLOY / "device" / "kaartje.md"
SSHD = DEPLOY / "sshd" / "README.md"
READMES = [DEVICE, SSHD, DEPLOY / "systemd" / "README.md", DEPLOY.parent / "README.md"]

_TONES = {HIGH_HZ: "high", MIDDLE_HZ: "middle", LOW_HZ: "low"}


def table(path: Path, first: str) -> list[list[str]]:
    """Return the rows of the table whose first column has this heading."""
    lines = iter(path.read_text("utf-8").splitlines())
    while not next(lines).startswith(f"| {first} |"):
        pass
    next(lines)
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def setting(name: str) -> Setting:
    """Return what a key such as trigger.gpio_button.pin is declared as."""
    where, _, key = name.rpartition(".")
    kind, _, driver = where.partition(".")
    known = {each.name: each for each in config.known_tables()}
    found = known[where] if where in known else config.driver_table(kind, driver)
    return next(each for each in found.settings if each.name == key)


# --- the pins


def test_the_pins_are_those_that_the_drivers_take() -> None:
    rows = table(DEVICE, "part")
    for _, name, pin, _, _ in rows:
        wired = setting(name.strip("`"))
        if pin.endswith(", to be set"):
            assert wired.default == ""
            assert pin == f"{wired.example}, to be set"
        else:
            assert pin == wired.default
    named = {row[1].strip("`") for row in rows}
    for kind in ("trigger", "indicator"):
        for driver in drivers.names(kind):
            for each in config.driver_table(kind, driver).settings:
                assert (
                    f"{kind}.{driver}.{each.name}" in named
                    or not each.name.endswith("pin")
                    or not each.default
                )


def test_the_places_on_the_header_are_those_of_a_raspberry_pi() -> None:
    pi = pytest.importorskip("gpiozero.pins.pi", reason="gpiozero is not installed here")
    header = pi.PiBoardInfo.from_revision(0xC03111).headers["J8"].pins
    for _, _, pin, place, other in table(DEVICE, "part"):
        assert header[int(place)].name == pin.partition(",")[0]
        ground = re.fullmatch(r"(\d+) \(ground\)", other)
        assert ground is not None
        assert header[int(ground[1])].name == "GND"


# --- the light


def told_in_seconds(signal: Signal) -> str:
    """Return a rhythm as the README writes it: what repeats, or what is played once."""
    steps = PATTERNS[signal].cycle or PATTERNS[signal].opening
    runs: list[tuple[bool, float]] = []
    for step in steps:
        if runs and runs[-1][0] == step.light:
            runs[-1] = (step.light, runs[-1][1] + step.seconds)
        else:
            runs.append((step.light, step.seconds))
    words = {True: "on", False: "off"}
    if len(runs) == 1:
        return words[runs[0][0]]
    return ", ".join(f"{words[light]} {seconds:g}" for light, seconds in runs)


def told_as_tones(steps: Iterable[Step]) -> str:
    """Return the tones; those that follow without a pause and are the same are one."""
    tones: list[int] = []
    before = 0
    for step in steps:
        if step.tone_hz and step.tone_hz != before:
            tones.append(step.tone_hz)
        before = step.tone_hz
    return ", ".join(_TONES[tone] for tone in tones) or "-"


def documented() -> dict[str, list[str]]:
    """Return the rows of the table beside the patterns: light, colour."""
    lines = (_patterns.__doc__ or "").splitlines()
    bars = next(line for line in lines if line.startswith("---"))
    starts = [match.start() for match in re.finditer("-+", bars)]
    rows = {}
    for line in lines[lines.index(bars) + 1 :]:
        if not line.strip():
            break
        cells = [line[a:b].strip() for a, b in zip(starts, [*starts[1:], None], strict=True)]
        rows[cells[0]] = cells[1:]
    return rows


def test_the_light_is_described_as_it_is_played() -> None:
    rows = table(DEVICE, "signal")
    assert [row[0] for row in rows] == [signal.name for signal in PATTERNS]
    for name, light, seconds, colour, sound, _ in rows:
        signal = Signal[name]
        assert seconds == told_in_seconds(signal), name
        assert sound == told_as_tones(PATTERNS[signal].opening), name
        assert [light, colour] == documented()[name][:2], name


def test_the_card_beside_the_device_explains_every_signal() -> None:
    assert len(table(CARD, "lampje")) == len(PATTERNS)


# --- settings and commands


@pytest.mark.parametrize("path", READMES, ids=lambda path: str(path.relative_to(DEPLOY.parent)))
def test_every_setting_and_command_that_is_named_exists(path: Path) -> None:
    text = path.read_text("utf-8")
    tables = {each.name for each in config.known_tables()} | set(drivers.KINDS)
    for name in re.findall(r"`([a-z0-9_]+(?:\.[a-z0-9_]+){1,2})`", text):
        first, _, rest = name.partition(".")
        if first in drivers.KINDS and "." not in rest:
            config.driver_table(first, rest)
        elif first in tables and not name.endswith((".toml", ".py", ".md")):
            setting(name)
    for kind, driver in re.findall(rf"\[({'|'.join(drivers.KINDS)})\.(\w+)\]", text):
        config.driver_table(kind, driver)
    commands = {entry.name for entry in metadata.entry_points(group="leerblik.commands")}
    named = re.findall(
        r"^(?:\$ )?(?:sudo )?leerblik ([a-z]+)|[`'](?:sudo )?leerblik ([a-z]+)", text, re.MULTILINE
    )
    for word in {a or b for a, b in named}:
        assert word in commands


def test_the_options_of_the_commands_that_it_shows_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = re.findall(r"leerblik (\w+)([^`'#|\n;,]*)", DEVICE.read_text("utf-8"))
    options = {(word, option) for word, rest in shown for option in re.findall(r"--[a-z-]+", rest)}
    assert {("masks", "--set"), ("keys", "--out")} <= options
    entries = {entry.name: entry for entry in metadata.entry_points(group="leerblik.commands")}
    for word, option in options:
        parser = argparse.ArgumentParser()
        module = entries[word].load() if not entries[word].attr else None
        assert module is not None
        module.add_arguments(parser)
        assert option in _everything_it_helps_with(parser)


def _everything_it_helps_with(parser: argparse.ArgumentParser) -> str:
    text = parser.format_help()
    for action in parser._actions:  # argparse has no other way to its subcommands
        if isinstance(action, argparse._SubParsersAction):
            text += "".join(_everything_it_helps_with(each) for each in action.choices.values())
    return text


def test_the_example_of_an_agreement_lets_a_lesson_be_recorded_once_its_lines_are_taken(
    tmp_path: Path,
) -> None:
    lines = (DEPLOY / "device" / "leerblik.toml").read_text("utf-8").splitlines()
    taken = [line[2:] if re.match(r"# (\[agreement\]|[a-z_]+ = )", line) else line for line in lines]
    path = tmp_path / "leerblik.toml"
    path.write_text("\n".join(taken), "utf-8")
    settings = config.load(str(path))
    agreement = read_agreement(settings.table("agreement"))
    assert agreement is not None
    assert agreement.every_teacher_agreed
    assert agreement.group_agreed
    assert f"box={settings.table('sync')['user']} " in SSHD.read_text("utf-8")


def test_a_second_device_gets_a_configuration_and_a_service_of_its_own_as_it_is_written(
    tmp_path: Path,
) -> None:
    blocks = re.findall(r"```sh\n(.*?)```", SSHD.read_text("utf-8"), re.DOTALL)
    (commands,) = [block for block in blocks if block.startswith("room=")]
    for folder in ("/etc/", "/usr/local/"):
        commands = re.sub(rf'(?<=[ ">]){folder}', f"{tmp_path}{folder}", commands)
    for source, target in (
        ("device/inbox.toml", "etc/leerblik/leerblik.toml"),
        ("systemd/leerblik-inbox.service", "usr/local/lib/systemd/system/leerblik-inbox.service"),
    ):
        (tmp_path / target).parent.mkdir(parents=True)
        (tmp_path / target).write_bytes((DEPLOY / source).read_bytes())
    (tmp_path / "etc/systemd/system").mkdir(parents=True)
    # What needs root, or a systemd.
    stubs = "".join(f"{word}() {{ :; }}\n" for word in ("install", "chgrp", "systemctl"))
    subprocess.run(["bash", "-euo", "pipefail", "-c", stubs + commands], check=True, env={**os.environ})
    first, second = (
        read_config(tmp_path / "etc/leerblik" / name) for name in ("leerblik.toml", "room14.toml")
    )
    for place in ("drop_box", "library", "films"):
        assert getattr(first, place) != getattr(second, place)
        assert f"{getattr(second, place).name}" in {"leerblik-room14", "library-room14", "films-room14"}
    assert first.keys == second.keys
    unit = (tmp_path / "etc/systemd/system/leerblik-inbox-room14.service").read_text("utf-8")
    assert f"leerblik inbox run --config {tmp_path}/etc/leerblik/room14.toml --passphrase-fd 3" in unit
