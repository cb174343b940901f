"""Who is talking to whom: the server is known before we say who we are."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from deploy.demo.ssh_keys import make_ssh_key
from deploy.demo.sshd import DropBoxServer
from device.domain.errors import LeerblikError, Refused
from server_sync.push.transport.sftp import SftpTransport
from tests.support.sshd import running_sshd, transport_to


@pytest.fixture
def server(tmp_path: Path) -> Iterator[DropBoxServer]:
    with running_sshd(tmp_path) as running:
        yield running


def _refusal(transport: SftpTransport, meaning: type[LeerblikError] = Refused) -> str:
    source = io.BytesIO(b"footage")
    with pytest.raises(meaning) as caught:
        transport.put("OBJECT", source, 7, lambda _: None)
    assert source.tell() == 0
    return str(caught.value)


def _fingerprint(folder: Path, line: str) -> str:
    path = folder / "shown.pub"
    path.write_text(line + "\n", encoding="utf-8")
    shown = subprocess.run(["ssh-keygen", "-lf", path], check=True, capture_output=True, text=True)
    return shown.stdout.split()[1]


def test_a_wrong_host_key_is_refused_with_both_fingerprints_and_nothing_is_sent(
    server: DropBoxServer, tmp_path: Path
) -> None:
    other = make_ssh_key(tmp_path / "other")
    sentence = _refusal(transport_to(server, host_key=other))
    assert _fingerprint(tmp_path, other) in sentence
    assert _fingerprint(tmp_path, server.host_key) in sentence
    assert list((server.root / "inbox").iterdir()) == []
    server.stop()
    log = server.log.read_text(encoding="utf-8")
    assert "Accepted" not in log
    assert server.user not in log  # not even our name was said


def test_a_host_key_of_another_kind_is_refused_with_what_the_server_showed(
    server: DropBoxServer, tmp_path: Path
) -> None:
    known = ec.generate_private_key(ec.SECP256R1()).public_key()
    line = known.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    sentence = _refusal(transport_to(server, host_key=line))
    assert _fingerprint(tmp_path, line) in sentence
    assert _fingerprint(tmp_path, server.host_key) in sentence


def test_a_host_key_with_a_comment_is_the_same_key(server: DropBoxServer) -> None:
    transport = transport_to(server, host_key=f"{server.host_key} coach@laptop\n")
    assert transport.read_receipt("NONE", 10) is None
    transport.close()


def test_a_key_the_server_does_not_know_is_refused(server: DropBoxServer, tmp_path: Path) -> None:
    make_ssh_key(tmp_path / "stranger")
    sentence = _refusal(transport_to(server, key_file=tmp_path / "stranger"))
    assert "does not let" in sentence
    assert "public key" in sentence


def test_a_user_the_server_does_not_know_is_refused(server: DropBoxServer) -> None:
    assert "'somebody'" in _refusal(transport_to(server, user="somebody"))


def test_a_key_file_that_is_missing_or_no_key_is_refused_without_a_connection(tmp_path: Path) -> None:
    host_key = make_ssh_key(tmp_path / "host")
    missing = SftpTransport("127.0.0.1", 1, "box", host_key, tmp_path / "missing")
    assert "cannot be read" in _refusal(missing)
    (tmp_path / "text").write_text("not a key\n", encoding="utf-8")
    assert "ssh-keygen -t ed25519" in _refusal(
        SftpTransport("127.0.0.1", 1, "box", host_key, tmp_path / "text")
    )
