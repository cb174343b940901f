"""The first start from the command line: the code for the label, and everything from a file."""

from __future__ import annotations

import argparse
import base64
from collections.abc import Callable
from pathlib import Path

import pyrage
import pytest

from device import config
from device.domain.errors import Permanent, Refused
from device.storage.register import RegisterBook
from device.web.accounts import Accounts
from device.web.claim import ALPHABET, ClaimCode
from device.web.first_start import command
from device.web.hashing import Hasher
from device.web.roles import Actor, Role
from tests.recorder.test_settings_overlay import RECEIPT_KEY
from tests.web.site import CHEAP_KIB

COACH, IT = "paard fiets wolk trein", "lepel dakraam storm elf"
Leerblik = Callable[..., int]


@pytest.fixture
def leerblik(tmp_path: Path) -> Leerblik:
    for name in ("web", "register", "run"):
        (tmp_path / name).mkdir()
    recipient = pyrage.x25519.Identity.generate().to_public()
    (tmp_path / "leerblik.toml").write_text(
        f'[device]\nname = "voorbeeld-1"\nregister_dir = "{tmp_path}/register"\nruntime_dir = "{tmp_path}/run"\n'
        f'[coach]\nrecipient = "{recipient}"\n[web]\ndir = "{tmp_path}/web"\n'
    )
    (tmp_path / "coach").write_text(f"{COACH}\n")
    (tmp_path / "it").write_text(f"{IT}\n")
    (tmp_path / "setup.toml").write_text(
        '[school]\nname = "voorbeeldschool"\nlegal_basis = "legitimate_interest"\n'
        f'[passwords]\ncoach_file = "{tmp_path}/coach"\nit_file = "{tmp_path}/it"\n'
    )
    parser = argparse.ArgumentParser()
    parser.add_argument("--config")
    command.add_actions(parser)

    def run(*words: str) -> int:
        return command.run(parser.parse_args(["--config", f"{tmp_path}/leerblik.toml", *words]))

    return run


def test_a_claim_code_is_shown_once_and_only_its_hash_is_kept(
    leerblik: Leerblik, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert leerblik("claim-code") == 0
    code = capsys.readouterr().out.splitlines()[0]
    assert [len(group) for group in code.split("-")] == [4, 4, 4, 4]
    assert set(code) <= {*ALPHABET, "-"}
    assert ClaimCode(tmp_path / "web").is_right(code.lower())
    kept = (tmp_path / "web" / "claim.json").read_text()
    assert not any(part in kept for part in (code, code.replace("-", "")))
    with pytest.raises(Refused, match="--new"):
        leerblik("claim-code")
    assert leerblik("claim-code", "--new") == 0
    assert not ClaimCode(tmp_path / "web").is_right(code)


def test_a_code_that_somebody_else_made_can_be_kept(leerblik: Leerblik, tmp_path: Path) -> None:
    (tmp_path / "code").write_text("KDFM-37XR-9CTW-HJ4P\n")
    assert leerblik("claim-code", "--from", f"{tmp_path}/code") == 0
    assert ClaimCode(tmp_path / "web").is_right("kdfm 37xr 9ctw hj4p")
    (tmp_path / "code").write_text("0000-0000-0000-0000\n")
    with pytest.raises(Refused, match="four groups"):
        leerblik("claim-code", "--new", "--from", f"{tmp_path}/code")
    with pytest.raises(Refused, match="too easy"):
        ClaimCode(tmp_path / "web", Hasher(CHEAP_KIB)).keep("CCCC-CCCC-CCCC-CCCC")


def test_a_file_does_what_the_page_does_and_a_second_time_changes_nothing(
    leerblik: Leerblik, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    leerblik("claim-code")
    assert leerblik("setup", "--from", f"{tmp_path}/setup.toml") == 0
    accounts = Accounts(tmp_path / "web")
    assert accounts.verify(Actor(Role.COACH), COACH)
    assert accounts.verify(Actor(Role.IT), IT)
    school = RegisterBook(tmp_path / "register").read().school
    assert school is not None
    assert (school.name, school.legal_basis.value) == ("voorbeeldschool", "legitimate_interest")
    assert not ClaimCode(tmp_path / "web").exists()
    capsys.readouterr()
    assert leerblik("setup", "--from", f"{tmp_path}/setup.toml") == 0
    assert "nothing was changed" in capsys.readouterr().out
    assert RegisterBook(tmp_path / "register").read().head.number == 1
    with pytest.raises(Refused, match="claimed already"):
        leerblik("claim-code", "--new")


def test_the_receipt_key_can_be_prepared_as_well_and_what_is_missing_without_it_is_said(
    leerblik: Leerblik, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, toml = tmp_path / "setup.toml", tmp_path / "leerblik.toml"
    toml.write_text(toml.read_text().replace("[coach]", f'settings_dir = "{tmp_path}/settings"\n[coach]'))
    assert leerblik("setup", "--from", str(path)) == 0
    assert "receipt_key is still missing" in capsys.readouterr().out
    path.write_text(path.read_text() + '[coach]\nreceipt_key = "x"\n')
    with pytest.raises(Permanent, match="receipt key"):
        leerblik("setup", "--from", str(path))
    path.write_text(path.read_text().replace('"x"', f'"{RECEIPT_KEY}"'))
    assert leerblik("setup", "--from", str(path)) == 0
    assert config.load(str(toml)).table("coach")["receipt_key"] == RECEIPT_KEY
    other = base64.b64encode(bytes(31) + b"x").decode()
    path.write_text(path.read_text().replace(RECEIPT_KEY, other))
    with pytest.raises(Refused, match="another"):
        leerblik("setup", "--from", str(path))


@pytest.mark.parametrize(
    ("old", "new", "error", "words"),
    [
        ("voorbeeldschool", "a, b", Refused, "40 letters"),
        ("legitimate_interest", "perhaps", Permanent, "school.legal_basis"),
        ("[school]", "[skool]", Permanent, "skool"),
        ("/coach", "/nowhere", Permanent, "cannot be read"),
        ("/coach", "/it", Refused, "of their own"),
    ],
)
def test_a_file_that_is_wrong_changes_nothing(
    leerblik: Leerblik, tmp_path: Path, old: str, new: str, error: type[Exception], words: str
) -> None:
    path = tmp_path / "setup.toml"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(error, match=words):
        leerblik("setup", "--from", str(path))
    assert not Accounts(tmp_path / "web").is_claimed()
    assert RegisterBook(tmp_path / "register").read().is_empty


def test_without_the_coachs_key_nothing_is_set_up(leerblik: Leerblik, tmp_path: Path) -> None:
    path = tmp_path / "leerblik.toml"
    lines = path.read_text().splitlines()
    path.write_text("\n".join(line for line in lines if not line.startswith("recipient")))
    with pytest.raises(Refused, match=r"coach\.recipient"):
        leerblik("setup", "--from", f"{tmp_path}/setup.toml")
