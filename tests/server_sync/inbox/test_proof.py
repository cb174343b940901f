"""What was destroyed, as the coach sees it on the command line, and a certificate that anybody can check."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pyrage
import pytest

from device.domain.destruction import Reason
from device.domain.withdrawal import NOT_KNOWN, Order, write_order
from server_sync.inbox.films import Films
from tests.server_sync.inbox.test_command import PASSPHRASE, config, keys, leerblik, received
from tests.support.footage import Sealed, ulid

__all__ = ["config", "keys", "received"]
ORDER = ulid(500)


@pytest.fixture
def certificate(config: Path, keys: Path, received: Sealed) -> Path:
    """Let the recording that arrived be destroyed by order; returns its certificate."""
    recipient = pyrage.x25519.Recipient.from_str((keys / "coach.pub").read_text().strip())
    order = Order(
        received.manifest.recording, hashlib.sha256(received.manifest_bytes).hexdigest(), Reason.CLOSED,
        "2026-09-02T12:00:00Z",
    )  # fmt: skip
    box = config.parent / "box"
    (box / "inbox" / f"{ORDER}.order.age").write_bytes(pyrage.encrypt(write_order(order), [recipient]))
    assert leerblik("--config", config, "once", passphrase=PASSPHRASE) == 0
    return box / "receipts" / f"{ORDER}.certificate.json"


def test_the_list_says_what_was_destroyed_when_and_why(
    config: Path, received: Sealed, certificate: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert leerblik("--config", config, "list") == 0
    line = capsys.readouterr().out
    assert line.startswith(f"{received.manifest.recording}  destroyed ")
    assert "its trajectory is over; 3 sealed objects" in line
    assert leerblik("--config", config, "list", "--json") == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["recording"], row["state"], row["reason"]) == (
        received.manifest.recording,
        "destroyed",
        "closed",
    )
    assert row["destroyed_at"].endswith("Z")


def test_verify_says_that_nothing_is_left_and_names_what_is_there_all_the_same(
    config: Path, received: Sealed, certificate: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recording = received.manifest.recording
    for words in ([], [recording[:20].lower()]):
        assert leerblik("--config", config, "verify", *words, passphrase=PASSPHRASE) == 0
        assert capsys.readouterr().out == f"{recording}  destroyed, and nothing of it is left\n"
    put_back = config.parent / "films" / f"2026-09-01_{recording}.mp4"
    put_back.write_bytes(b"a film")
    (config.parent / "library" / recording).mkdir()
    assert leerblik("--config", config, "verify", passphrase=PASSPHRASE) == 65
    said = capsys.readouterr().out
    assert str(put_back) in said
    assert str(config.parent / "library" / recording) in said


def test_it_cannot_be_opened_any_more(config: Path, received: Sealed, certificate: Path) -> None:
    assert leerblik("--config", config, "open", received.manifest.recording, passphrase=PASSPHRASE) == 65


def test_a_film_that_is_being_made_while_its_recording_is_destroyed_is_not_kept(
    config: Path, received: Sealed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    publish = Films.publish

    def meanwhile(films: Films, part: Path, final: Path) -> None:
        shutil.rmtree(config.parent / "library" / received.manifest.recording)
        publish(films, part, final)

    monkeypatch.setattr(Films, "publish", meanwhile)
    copy = tmp_path / "copy.mp4"
    words = ("open", received.manifest.recording, "--to", copy)
    assert leerblik("--config", config, *words, passphrase=PASSPHRASE) == 3
    assert "was destroyed meanwhile" in capsys.readouterr().err
    assert not copy.exists()


def test_a_certificate_is_checked_with_the_coachs_key_or_with_the_one_that_is_given(
    config: Path, keys: Path, certificate: Path, received: Sealed, capsys: pytest.CaptureFixture[str]
) -> None:
    key = (keys / "receipt.pub").read_text().strip()
    for words in (["--config", config], ["--receipt-key", key]):
        assert leerblik("verify-certificate", certificate, *words) == 0
        said = capsys.readouterr().out
        assert said.startswith("The signature is right.\n")
        for part in (received.manifest.recording, "its trajectory is over", ORDER, NOT_KNOWN):
            assert part in said


@pytest.mark.parametrize("change", [(b'"film":true', b'"film":false'), (b"closed", b"group"), (b"}", b"]")])
def test_a_certificate_that_was_changed_is_refused(
    config: Path, certificate: Path, tmp_path: Path, change: tuple[bytes, bytes],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    forged = tmp_path / "forged.json"
    forged.write_bytes(certificate.read_bytes().replace(*change))
    assert forged.read_bytes() != certificate.read_bytes()
    assert leerblik("--config", config, "verify-certificate", forged) in (3, 65)
    captured = capsys.readouterr()
    assert "certificate" in captured.err
    assert "The signature is right." not in captured.out


def test_what_is_missing_is_named(
    config: Path, certificate: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert leerblik("--config", config, "verify-certificate", "/nowhere.json") == 65
    assert "/nowhere.json cannot be read" in capsys.readouterr().err
    assert leerblik("verify-certificate", certificate, "--receipt-key", "AAAA") == 65
    assert "44 characters" in capsys.readouterr().err
