"""``leerblik wipe``: shows what would go, asks on a terminal, and carries out what was ordered at the device."""

from __future__ import annotations

import builtins
import fcntl
import json
import os
import sys
from pathlib import Path

import pytest

from device import cli
from device.domain.wiping import ASKED_NAME, ORDER_NAME
from device.storage.catalogue import FILE_NAME
from device.wipe import command
from device.wipe.ledger import write_order
from tests.support.journal import plant_journal
from tests.wipe.furnished import DEVICE, HELD, ORDER, Furnished, is_root

_CONFIG = """
[device]
name = "{device}"
spool_dir = "{var}/spool"
state_dir = "{var}/state"
recorder_dir = "{var}/recorder"
register_dir = "{var}/register"
settings_dir = "{var}/settings"
wiped_dir = "{var}/wiped"
runtime_dir = "{root}/run/leerblik"
[recorder]
camera = "synthetic"
[web]
dir = "{var}/web"
[sync]
key_file = "{root}/etc/ssh_key"
"""


@pytest.fixture
def device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Furnished:
    """A device without systemd, and somebody who may do everything at its terminal."""
    furnished = Furnished(tmp_path / "device").fill()
    text = _CONFIG.format(device=DEVICE, root=furnished.root, var=furnished.root / "var")
    (furnished.root / "etc" / "leerblik.toml").write_text(text)
    monkeypatch.setattr(command, "_SYSTEMD", tmp_path / "no-systemd")
    monkeypatch.setattr(command, "_KEYFILES", furnished.keeping.keyfiles)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    furnished.before = {path: path.read_bytes() for path in furnished.files() if path.is_file()}
    return furnished


def types(monkeypatch: pytest.MonkeyPatch, answer: str | BaseException) -> None:
    def typed(prompt: str = "") -> str:
        if isinstance(answer, BaseException):
            raise answer
        return answer

    monkeypatch.setattr(builtins, "input", typed)


def leerblik(device: Furnished, *words: str) -> int:
    return cli.main(["wipe", "--config", str(device.root / "etc" / "leerblik.toml"), *words])


def is_untouched(device: Furnished) -> bool:
    now = {path: path.read_bytes() for path in device.files() if path.is_file()}
    # Whoever reads a catalogue leaves these two for the next one.
    return {
        path: data for path, data in now.items() if path.suffix not in (".sqlite-wal", ".sqlite-shm")
    } == (device.before)


def test_a_dry_run_shows_what_would_go_and_touches_nothing(
    device: Furnished, capsys: pytest.CaptureFixture[str]
) -> None:
    assert leerblik(device, "--dry-run") == 0
    said = capsys.readouterr().out
    for words in (
        "NOT YET WITH THE COACH, lost for ever: 2",
        "This stays:",
        str(device.keeping.spool),
        DEVICE,
    ):
        assert words in said
    assert is_untouched(device)
    assert not device.keeping.wiped.exists()


def test_a_dry_run_removes_nothing_that_a_journal_beside_the_catalogue_names(
    device: Furnished, tmp_path: Path
) -> None:
    plant_journal(device.keeping.state / FILE_NAME, tmp_path / "victim")
    assert leerblik(device, "--dry-run") == 0
    assert (tmp_path / "victim").exists()


def test_the_name_wipes_it_and_that_stands_in_the_proof(
    device: Furnished, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    types(monkeypatch, f"{DEVICE} ")
    assert leerblik(device) == 0
    (asked,) = (path for path in device.files())
    assert asked.name == "network", "only the wish to forget the page's network is left"
    (proof,) = device.keeping.wiped.glob("wiped-*Z.json")
    assert json.loads(proof.read_text())["asked"]["confirmed"] == "terminal"
    assert str(proof) in capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "code"), [("voorbeeld-2", 3), ("", 3), (EOFError(), 3), (KeyboardInterrupt(), 130)]
)
def test_anything_else_wipes_nothing(
    answer: str | BaseException, code: int, device: Furnished, monkeypatch: pytest.MonkeyPatch
) -> None:
    types(monkeypatch, answer)
    assert leerblik(device) == code
    assert is_untouched(device)


def test_without_a_terminal_and_without_roots_rights_nothing_is_wiped(
    device: Furnished, monkeypatch: pytest.MonkeyPatch
) -> None:
    types(monkeypatch, DEVICE)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    assert leerblik(device) == 3
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert leerblik(device) == 3
    assert is_untouched(device)


def test_while_a_recorder_runs_nothing_is_wiped_from_under_it(
    device: Furnished, monkeypatch: pytest.MonkeyPatch
) -> None:
    types(monkeypatch, DEVICE)
    with (device.keeping.runtime / "recorder.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert leerblik(device) == 4
    assert (device.keeping.spool / HELD / "01.age").exists()


def test_the_unit_without_an_order_does_nothing(device: Furnished) -> None:
    assert leerblik(device, "--ordered") == 0
    assert is_untouched(device)


def test_the_unit_carries_out_what_the_recorder_ordered(device: Furnished) -> None:
    write_order(device.keeping.runtime / ASKED_NAME, ORDER)
    assert leerblik(device, "--ordered") == 0
    (proof,) = device.keeping.wiped.glob("wiped-*Z.json")
    assert json.loads(proof.read_text())["asked"]["at"] == ORDER.at
    assert not (device.keeping.runtime / ASKED_NAME).exists()
    assert not (device.keeping.wiped / ORDER_NAME).exists()


@pytest.fixture
def failed_unit(device: Furnished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A device with a systemd whose unit failed three times."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "systemctl").write_text(
        '#!/bin/sh\n[ "$*" = "is-failed --quiet leerblik-wipe.path" ]\n'
    )
    (tmp_path / "bin" / "systemctl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setattr(command, "_SYSTEMD", tmp_path)
    types(monkeypatch, DEVICE)
    device.keeping.wiped.mkdir()
    return device.keeping.wiped


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "; nothing was wiped."),
        ("order.json", "is not complete: the device records nothing until it is"),
        ("unfinished.json", "of an earlier wipe something is left"),
    ],
)
def test_where_the_unit_failed_it_says_what_is_the_case_and_how_to_go_on(
    name: str, words: str, device: Furnished, failed_unit: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if name:
        (failed_unit / name).write_text("{}")
    assert leerblik(device) == 75
    said = capsys.readouterr().err
    assert words in said
    assert ("nothing was wiped" in said) is (not name)
    assert "systemctl reset-failed leerblik-wipe.path leerblik-wipe.service" in said
    assert not (device.keeping.runtime / ASKED_NAME).exists()


def test_a_wipe_that_breaks_off_is_not_waited_for(
    device: Furnished, failed_unit: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def taken_up(_path: Path, _order: object) -> None:
        (failed_unit / ORDER_NAME).write_text("{}")

    monkeypatch.setattr(command, "write_order", taken_up)
    assert leerblik(device) == 75
    assert "it broke off; a wipe was begun and is not complete" in capsys.readouterr().err


def test_an_order_that_cannot_be_understood_wipes_nothing(device: Furnished) -> None:
    (device.keeping.runtime / ASKED_NAME).write_text('{"device": 1}')
    assert leerblik(device, "--ordered") == 65
    assert (device.keeping.spool / HELD / "01.age").exists()
    assert not (device.keeping.runtime / ASKED_NAME).exists(), "it would be carried out again and again"


def test_an_order_for_which_the_card_has_no_room_is_over(device: Furnished) -> None:
    write_order(device.keeping.runtime / ASKED_NAME, ORDER)
    (device.keeping.wiped / f".{ORDER_NAME}.new").mkdir(parents=True)
    assert leerblik(device, "--ordered") == 75
    assert (device.keeping.runtime / "review.key").exists()
    assert not (device.keeping.runtime / ASKED_NAME).exists()


@pytest.mark.skipif(not is_root(), reason="only a link that root made is believed")
def test_footage_on_another_disk_behind_roots_link_goes_as_well(device: Furnished, tmp_path: Path) -> None:
    device.keeping.spool.rename(tmp_path / "disk")
    device.keeping.spool.symlink_to(tmp_path / "disk")
    write_order(device.keeping.runtime / ASKED_NAME, ORDER)
    assert leerblik(device, "--ordered") == 0
    assert list((tmp_path / "disk").iterdir()) == []


def test_a_recorder_does_not_start_on_a_device_that_is_half_wiped(device: Furnished) -> None:
    device.keeping.wiped.mkdir()
    for name in ("order.json", "unfinished.json"):
        (device.keeping.wiped / name).write_text("{}")
        assert cli.main(["recorder", "--config", str(device.root / "etc" / "leerblik.toml")]) == 3
        (device.keeping.wiped / name).unlink()
