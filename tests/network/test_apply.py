"""Changing the network, with a stand-in for nmcli: nobody is locked out, whatever fails and wherever it is cut off."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from device.domain.errors import Temporary
from device.domain.network import read_wish
from device.domain.network_outcome import FILE_NAME as RESULT
from device.domain.network_outcome import Outcome, read_result
from device.footage.durable import replace_file
from device.network import apply, command
from device.network.apply import BEFORE_NAME, Applying
from device.network.keyfile import FILE_NAME, UUID, keyfile
from device.network.nmcli import Nmcli
from tests.domain.test_network import FIXED, PERSONAL, WIRED

# Says what it was asked, and behaves as the files beside it say.
_NMCLI = """#!/bin/sh
here=$(dirname "$0")
echo "$*" >>"$here/asked"
case "$*" in
*general) if [ -e "$here/away" ]; then echo "Error: not running" >&2; exit 8; fi; echo running ;;
*'UUID,TYPE connection show --active') echo old:802-3-ethernet; echo tunnel:vpn ;;
*'UUID connection show') echo old; [ -e "$here/rejects" ] || echo {uuid} ;;
*"connection up uuid {uuid}") if [ -e "$here/no-link" ]; then
    echo "(process:1): nm-CRITICAL: complains" >&2; echo "Error: no secrets" >&2; exit 4; fi ;;
esac
"""


class PlugPulled(BaseException):
    """The process dies here: nothing of ours may catch it."""


class House:
    """A folder of keyfiles, and a NetworkManager that can be away, reject a file, or find no link."""

    def __init__(self, root: Path) -> None:
        self.root, self.keyfiles = root, root / "system-connections"
        self.keyfiles.mkdir()
        program = root / "nmcli"
        program.write_text(_NMCLI.replace("{uuid}", UUID))
        program.chmod(0o755)
        self.file, self.before = self.keyfiles / FILE_NAME, self.keyfiles / BEFORE_NAME
        self.applying = Applying(self.keyfiles, Nmcli(str(program)), lambda: "2026-09-01T08:00:00+00:00")

    def ask(self, values: Mapping[str, Any] | None) -> Outcome | None:
        result = self.applying.carry_out(None if values is None else json.dumps(dict(values)).encode())
        return result.outcome if result else None

    def fault(self, name: str, *, now: bool = True) -> None:
        (self.root / name).touch() if now else (self.root / name).unlink()

    def asked(self) -> list[str]:
        return (self.root / "asked").read_text().splitlines() if (self.root / "asked").exists() else []


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_a_network_that_comes_up_is_kept(house: House) -> None:
    assert house.ask(PERSONAL) is Outcome.UP
    assert house.file.read_text() == keyfile(read_wish(PERSONAL))
    assert house.file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in house.keyfiles.iterdir()] == [FILE_NAME]


@pytest.mark.parametrize("fault", ["no-link", "rejects"])
def test_one_that_does_not_come_up_is_gone_again_and_what_was_up_comes_up(house: House, fault: str) -> None:
    house.fault(fault)
    assert house.ask(PERSONAL) is Outcome.PUT_BACK
    assert list(house.keyfiles.iterdir()) == []
    assert house.asked()[-2:] == ["connection reload", "--wait 0 connection up uuid old"]
    assert not any("tunnel" in line for line in house.asked())


def test_the_one_before_is_put_back(house: House) -> None:
    house.ask(FIXED)
    house.fault("no-link")
    assert house.ask(PERSONAL) is Outcome.PUT_BACK
    assert house.file.read_text() == keyfile(read_wish(FIXED))
    assert not house.before.exists()


def test_the_page_is_told_nmcli_s_own_error_and_no_other_line_of_it(house: House) -> None:
    house.fault("no-link")
    result = house.applying.carry_out(json.dumps(PERSONAL).encode())
    assert result is not None
    assert result.why == "Error: no secrets"


def test_without_networkmanager_nothing_is_touched(house: House) -> None:
    house.fault("away")
    assert house.ask(FIXED) is Outcome.ABSENT
    assert list(house.keyfiles.iterdir()) == []
    assert Applying(house.keyfiles, Nmcli(str(house.root / "none")), str).carry_out(b"{}") is not None
    assert list(house.keyfiles.iterdir()) == []


@pytest.mark.parametrize("request_", [b"", b"{", b"[]", b'{"kind": "wired"}', b'{"forget": false}'])
def test_a_request_that_is_wrong_is_refused_and_changes_nothing(house: House, request_: bytes) -> None:
    result = house.applying.carry_out(request_)
    assert result is not None
    assert (result.outcome, result.why) == (Outcome.REFUSED, "")
    assert house.asked() == []


def test_what_was_set_can_be_taken_away_again(house: House) -> None:
    house.ask(FIXED)
    assert house.ask({"forget": True}) is Outcome.REMOVED
    assert list(house.keyfiles.iterdir()) == []
    assert house.ask({"forget": True}) is Outcome.REMOVED


def test_what_was_set_goes_also_without_networkmanager(house: House) -> None:
    house.ask(FIXED)
    house.fault("away")
    assert house.ask({"forget": True}) is Outcome.REMOVED
    assert list(house.keyfiles.iterdir()) == []


def test_after_a_power_cut_the_one_before_comes_up_again(house: House) -> None:
    house.ask(FIXED)
    replace_file(house.before, house.file.read_bytes(), 0o600)
    assert house.ask(None) is Outcome.PUT_BACK
    assert house.asked()[-1] == f"--wait 0 connection up uuid {UUID}"


def test_nothing_to_do_is_nothing_done(house: House) -> None:
    assert house.ask(None) is None
    assert house.asked() == []


@pytest.mark.parametrize("had_one", [True, False])
@pytest.mark.parametrize("step", range(12))
def test_wherever_the_power_goes_the_next_start_has_the_old_network_or_the_new_one(
    house: House, step: int, had_one: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if had_one:
        house.ask(FIXED)
    old = keyfile(read_wish(FIXED)) if had_one else None
    with monkeypatch.context() as patch:
        patch.setattr(apply, "replace_file", _mortal(replace_file, left := [step]))
        patch.setattr(Applying, "_remove", _mortal(Applying._remove, left))
        patch.setattr(Nmcli, "_ask", _mortal(Nmcli._ask, left))
        try:
            house.ask(PERSONAL)
            was_cut = False
        except PlugPulled:
            was_cut = True
    told = house.ask(None)
    found = house.file.read_text() if house.file.exists() else None
    assert not house.before.exists()
    new = keyfile(read_wish(PERSONAL))
    assert found == (new if not was_cut else old) or (was_cut and found == new and told is None)
    assert told in (None, Outcome.PUT_BACK)


def _mortal(inner: Any, left: list[int]) -> Any:
    def dies(*arguments: Any, **more: Any) -> Any:
        left[0] -= 1
        if left[0] == -1:
            raise PlugPulled
        return inner(*arguments, **more)

    return dies


def test_the_command_leaves_the_result_for_everybody_to_read(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{house.root}:{os.environ['PATH']}")
    (tmp_path / "request").write_text(json.dumps(WIRED))
    (tmp_path / "state").mkdir()
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    words = ["apply", "--keyfiles", str(house.keyfiles), "--state", str(tmp_path / "state")]
    assert command.run(parser.parse_args([*words, "--from", str(tmp_path / "request")])) == 0
    path = tmp_path / "state" / RESULT
    assert read_result(path.read_bytes()).outcome is Outcome.UP
    assert path.stat().st_mode & 0o044 == 0o044
    assert (tmp_path / "state" / "lock").stat().st_mode & 0o777 == 0o600
    house.fault("no-link")
    assert (
        command.run(parser.parse_args([*words, "--from", str(tmp_path / "request")])) == Temporary.exit_code
    )
    nowhere = ["apply", "--keyfiles", str(tmp_path / "none"), "--state", str(tmp_path / "state")]
    assert command.run(parser.parse_args([*nowhere, "--from", str(tmp_path / "request")])) != 0
    assert read_result(path.read_bytes()).outcome is Outcome.ABSENT


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    """As in the unit."""
    before = os.umask(0o022)
    yield
    os.umask(before)
