"""Keys: made once, never written over, never shown."""

from __future__ import annotations

import getpass
import shutil
import subprocess
from pathlib import Path

import pyrage
import pytest

from device import cli
from device.commands import keys
from device.commands.status import clock_text
from device.domain.errors import Permanent, Refused, Temporary
from device.footage.seal import read_recipient

PASSPHRASE = "four words without relation"


def _passphrases(monkeypatch: pytest.MonkeyPatch, *answers: str) -> None:
    left = list(answers)
    monkeypatch.setattr(getpass, "getpass", lambda _prompt: left.pop(0))


def test_a_device_key_is_made_for_its_owner_only_and_never_written_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "ssh_key"
    assert cli.main(["keys", "device", "--out", str(path)]) == 0
    said = capsys.readouterr()
    # As it stands in deploy/sshd/README.md's file for each account.
    assert said.out.startswith("restrict ssh-ed25519 ")
    assert "/etc/ssh/leerblik-dropbox/" in said.err
    assert path.stat().st_mode & 0o777 == 0o600
    before = path.read_bytes()
    assert cli.main(["keys", "device", "--out", str(path)]) == Refused.exit_code
    assert "exists already" in capsys.readouterr().err
    assert path.read_bytes() == before


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed here")
def test_openssh_reads_the_key_and_agrees_on_its_fingerprint(tmp_path: Path) -> None:
    path = tmp_path / "ssh_key"
    line = keys.make_device_key(path)
    public = subprocess.run(
        ["ssh-keygen", "-y", "-f", path], capture_output=True, text=True, check=True
    ).stdout
    assert public.split()[:2] == line.split()[:2]
    printed = subprocess.run(
        ["ssh-keygen", "-l", "-f", path], capture_output=True, text=True, check=True
    ).stdout
    assert printed.split()[1] == keys.fingerprint(line)


@pytest.mark.slow
def test_the_recovery_key_is_stored_sealed_and_opens_with_its_passphrase(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _passphrases(monkeypatch, PASSPHRASE, PASSPHRASE)
    path = tmp_path / "recovery.age"
    assert cli.main(["keys", "recovery", "--out", str(path)]) == 0
    recipient = capsys.readouterr().out.strip()
    read_recipient(recipient)
    assert b"AGE-SECRET-KEY" not in path.read_bytes()
    text = pyrage.passphrase.decrypt(path.read_bytes(), PASSPHRASE).decode()
    assert str(pyrage.x25519.Identity.from_str(text.splitlines()[-1]).to_public()) == recipient


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        (("eleven char",), "at least 12 characters"),
        ((PASSPHRASE, PASSPHRASE + "!"), "the two passphrases differ"),
    ],
)
def test_a_poor_passphrase_makes_nothing(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    answers: tuple[str, ...],
    sentence: str,
) -> None:
    _passphrases(monkeypatch, *answers)
    assert cli.main(["keys", "recovery", "--out", str(tmp_path / "key")]) == Refused.exit_code
    assert sentence in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(Temporary, match="cannot be written"):
        keys.make_device_key(tmp_path / "missing" / "key")


def test_show_prints_public_halves_and_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = tmp_path / "ssh_key"
    line = keys.make_device_key(key)
    path = tmp_path / "leerblik.toml"
    path.write_text(
        f'[device]\nname = "d"\n[recorder]\ncamera = "synthetic"\n[sync]\nkey_file = "{key}"\nhost_key = "{line}"\n',
        "utf-8",
    )
    assert cli.main(["keys", "show", "--config", str(path)]) == 0
    text = capsys.readouterr().out
    assert line in text
    assert keys.fingerprint(line) in text
    assert "missing: nothing can be recorded" in text
    assert "PRIVATE" not in text
    key.write_text("rubbish", "utf-8")
    assert cli.main(["keys", "show", "--config", str(path)]) == 0
    assert "unreadable" in capsys.readouterr().out


@pytest.mark.parametrize("line", ["", "ssh-ed25519", "ssh-ed25519 &&&", "ssh-ed25519 AAA"])
def test_what_is_no_host_key_says_what_one_looks_like(line: str) -> None:
    with pytest.raises(Permanent, match="looks like 'ssh-ed25519 AAAA"):
        keys.fingerprint(line)


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (59.6, "1:00"), (61, "1:01"), (3661, "1:01:01")])
def test_a_duration_is_read_as_a_clock(seconds: float, text: str) -> None:
    assert clock_text(seconds) == text
