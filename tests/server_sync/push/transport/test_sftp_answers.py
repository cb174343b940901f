"""What the SFTP transport makes of a server's answers: none is left unread, none is believed blindly."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from paramiko.sftp import SFTP_FAILURE, SFTP_NO_SUCH_FILE, SFTP_OP_UNSUPPORTED
from paramiko.sftp import SFTP_PERMISSION_DENIED as DENIED

from device.domain.errors import LeerblikError, Permanent, Refused, Temporary
from server_sync.push.transport.sftp import SftpTransport
from tests.server_sync.push.transport.odd_server import Oddities, odd_transport

SIZE = 40 * 32 * 1024


def _put(folder: Path, odd: Oddities) -> None:
    with odd_transport(folder, odd) as transport:
        transport.put("OBJECT", io.BytesIO(bytes(SIZE)), SIZE, lambda _: None)


@pytest.mark.parametrize("number", [1, 7, 39, 40])
def test_one_bad_answer_among_many_good_ones_fails_the_put(tmp_path: Path, number: int) -> None:
    with pytest.raises(Temporary, match="refused to write"):
        _put(tmp_path, Oddities(bad_write=number))


def test_a_server_that_names_no_limit_gets_writes_of_32_kib(tmp_path: Path) -> None:
    odd = Oddities()
    _put(tmp_path, odd)
    assert odd.writes_bytes == [32 * 1024] * 40


@pytest.mark.parametrize("lie_bytes", [-1, 1])
def test_a_size_that_differs_fails_the_put(tmp_path: Path, lie_bytes: int) -> None:
    with pytest.raises(Temporary, match=f"holds {SIZE + lie_bytes} of {SIZE} bytes"):
        _put(tmp_path, Oddities(size_lie_bytes=lie_bytes))


@pytest.mark.parametrize("status", [DENIED, SFTP_NO_SUCH_FILE])
def test_an_object_that_is_gone_right_after_closing_had_the_right_size_before(
    tmp_path: Path, status: int
) -> None:
    _put(tmp_path, Oddities(stat_status=status))


def test_a_server_that_knows_the_size_only_after_closing_is_believed(tmp_path: Path) -> None:
    _put(tmp_path, Oddities(fstat_status=SFTP_OP_UNSUPPORTED))


def test_a_server_that_never_tells_a_size_needs_a_person(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="does not tell the size"):
        _put(tmp_path, Oddities(stat_status=DENIED, fstat_status=DENIED))


@pytest.mark.parametrize(
    ("create_status", "stat_status", "meaning", "words"),
    [
        (SFTP_FAILURE, None, Temporary, "disk may be full"),
        (SFTP_FAILURE, DENIED, Temporary, "or the name is taken"),
        (DENIED, None, Refused, "write permission on 'inbox'"),
        (SFTP_NO_SUCH_FILE, None, Temporary, "no folder 'inbox'"),
    ],
)
def test_why_an_object_cannot_be_created_is_found_out(
    tmp_path: Path, create_status: int, stat_status: int | None, meaning: type[LeerblikError], words: str
) -> None:
    with pytest.raises(meaning, match=words):
        _put(tmp_path, Oddities(create_status=create_status, stat_status=stat_status))


def test_a_receipt_that_may_not_be_read_needs_a_person(tmp_path: Path) -> None:
    with (
        odd_transport(tmp_path, Oddities(create_status=DENIED)) as transport,
        pytest.raises(Refused, match="receipt"),
    ):
        transport.read_receipt("RECEIPT", 100)


@pytest.mark.slow
def test_a_server_that_never_opens_its_sftp_side_is_given_up(tmp_path: Path) -> None:
    # paramiko waits for this answer without any limit of its own: only the watchdog ends it.
    with pytest.raises(Temporary, match="nothing was confirmed for 1 s"):
        _put(tmp_path, Oddities(silent_subsystem=True))


def test_a_host_key_that_is_no_key_is_refused_with_an_example(tmp_path: Path) -> None:
    for text in ("", "ssh-ed25519", "ssh-ed25519 !!!", "ssh-rsa AAAAC3NzaC1lZDI1NTE5", "SHA256:abc"):
        with pytest.raises(Permanent, match="ssh-ed25519 AAAA"):
            SftpTransport("127.0.0.1", 22, "box", text, tmp_path / "key")
