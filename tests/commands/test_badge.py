"""``leerblik badge``: what it prints goes into the configuration as it is, and holds no badge's number."""

from __future__ import annotations

import io
import tomllib
from pathlib import Path
from typing import Any

import pytest

from device import cli
from device.domain.errors import Permanent, Refused
from device.drivers.trigger._badge import hash_badge

NUMBER = "0012345678"
MINIMAL = '[device]\nname = "d"\n[recorder]\ncamera = "synthetic"\ntriggers = ["evdev_badge"]\n'
READER = 'reader = "a reader"\n'


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "leerblik.toml"
    path.write_text(MINIMAL, "utf-8")
    return path


@pytest.fixture
def hold(config: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A badge that is held to the reader when the command asks for it; returns its exit code."""

    def held(number: str, code: str) -> int:
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{number}\n"))
        return cli.main(["badge", code, "--config", str(config)])

    return held


def printed(capsys: pytest.CaptureFixture[str]) -> tuple[str, dict[str, Any]]:
    """The lines, and what they say."""
    lines = capsys.readouterr().out
    return lines, tomllib.loads(lines)["trigger"]["evdev_badge"]


def test_the_first_badge_needs_nothing_in_the_configuration_and_makes_a_salt_up(
    hold: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    salts = set()
    for _ in range(2):
        assert hold(NUMBER, "teacher-1") == 0
        lines, table = printed(capsys)
        assert NUMBER not in lines
        assert table["badges"] == [f"{hash_badge(NUMBER, table['salt'])}=teacher-1"]
        salts.add(table["salt"])
    assert len(salts) == 2


def test_what_is_printed_is_right_in_the_configuration_and_the_next_badge_joins_it(
    hold: Any, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hold(NUMBER, "teacher-1")
    lines, first = printed(capsys)
    config.write_text(MINIMAL + lines + READER, "utf-8")
    assert cli.main(["config", "check", "--config", str(config)]) == 0
    capsys.readouterr()
    assert hold("42", "teacher-2") == 0
    lines, second = printed(capsys)
    assert second["salt"] == first["salt"]
    assert second["badges"] == [*first["badges"], f"{hash_badge('42', first['salt'])}=teacher-2"]
    config.write_text(MINIMAL + lines, "utf-8")
    assert cli.main(["config", "check", "--config", str(config)]) == 0


def test_what_else_must_be_done_for_a_badge_to_mean_anything_is_said_until_it_is_done(
    hold: Any, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text(MINIMAL.replace("evdev_badge", "control_socket"), "utf-8")
    hold(NUMBER, "teacher-1")
    said = capsys.readouterr()
    assert '# reader = "/dev/input/' in said.out
    assert "Name the reader" in said.err
    assert 'Add "evdev_badge" to recorder.triggers' in said.err
    config.write_text(MINIMAL + said.out + READER, "utf-8")
    hold(NUMBER, "teacher-1")
    said = capsys.readouterr()
    assert READER in said.out
    assert said.err == ""


def test_before_the_first_badge_the_table_may_stand_there_without_one(
    hold: Any, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    salt = "made up by somebody"
    config.write_text(f'{MINIMAL}[trigger.evdev_badge]\n{READER}salt = "{salt}"\n', "utf-8")
    assert hold(NUMBER, "teacher-1") == 0
    assert printed(capsys)[1]["salt"] == salt


def test_the_same_badge_of_the_same_teacher_stands_there_once(
    hold: Any, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hold(NUMBER, "teacher-1")
    lines, first = printed(capsys)
    config.write_text(MINIMAL + lines + READER, "utf-8")
    hold(f" {NUMBER} ", "teacher-1")
    assert printed(capsys)[1] == {**first, "reader": "a reader"}


def test_a_badge_of_somebody_else_is_not_given_away_silently(
    hold: Any, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hold(NUMBER, "teacher-1")
    config.write_text(MINIMAL + printed(capsys)[0] + READER, "utf-8")
    assert hold(NUMBER, "teacher-2") == Refused.exit_code
    said = capsys.readouterr()
    assert said.out == ""
    assert "=teacher-1'; take that out first" in said.err


@pytest.mark.parametrize("code", ["", " ", "a=b"])
def test_what_is_no_code_is_refused_before_the_badge_is_asked_for(
    hold: Any, capsys: pytest.CaptureFixture[str], code: str
) -> None:
    assert hold(NUMBER, code) == Permanent.exit_code
    assert "is no code of a teacher; for example teacher-1" in capsys.readouterr().err


@pytest.mark.parametrize("number", ["", "teacher one", "12-34"])
def test_what_no_reader_types_is_refused_and_not_repeated(
    hold: Any, capsys: pytest.CaptureFixture[str], number: str
) -> None:
    assert hold(number, "teacher-1") == Permanent.exit_code
    said = capsys.readouterr().err
    assert "hold the badge to the reader again" in said
    assert not number or number not in said


def test_at_a_terminal_the_number_is_not_shown(
    hold: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    def getpass(prompt: str) -> str:
        asked.append(prompt)
        return NUMBER

    monkeypatch.setattr("getpass.getpass", getpass)
    monkeypatch.setattr("io.StringIO", Terminal)
    assert hold("not this way", "teacher-1") == 0
    assert len(asked) == 1
    lines, table = printed(capsys)
    assert NUMBER not in lines
    assert table["badges"] == [f"{hash_badge(NUMBER, table['salt'])}=teacher-1"]
