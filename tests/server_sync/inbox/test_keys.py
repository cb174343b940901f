"""The coach's keys are what stock age would have made, and only the passphrase opens them."""

from __future__ import annotations

import os
import pty
import subprocess
from pathlib import Path

import pyrage
import pytest

from device.domain.errors import Permanent, Refused
from device.domain.receipt import public_key_text
from server_sync.inbox.keys import PublicKeys, make_coach_keys, unlock
from server_sync.inbox.passphrase import choose_passphrase, read_passphrase

PASSPHRASE = "een zin die niemand raadt"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, PublicKeys]:
    folder = tmp_path_factory.mktemp("coach") / "keys"
    return folder, make_coach_keys(folder, PASSPHRASE)


def run_with_terminal(command: list[str], answer: str, cwd: Path) -> tuple[int, str]:
    """Run a program on a terminal of its own and type one line as soon as it asks for a passphrase."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(cwd)
        os.execvp(command[0], command)  # noqa: S606  # a terminal needs a fork
    said, typed = b"", False
    while True:
        try:
            block = os.read(terminal, 4096)
        except OSError:  # the program has gone and its terminal with it
            break
        if not block:
            break
        said += block
        if not typed and b"passphrase" in said.lower():
            os.write(terminal, answer.encode() + b"\n")
            typed = True
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), said.decode(errors="replace")


def test_the_age_command_opens_a_segment_with_the_coachs_key_file(made: tuple[Path, PublicKeys]) -> None:
    folder, public = made
    (folder / "segment.age").write_bytes(
        pyrage.encrypt(b"footage", [pyrage.x25519.Recipient.from_str(public.recipient)])
    )
    status, said = run_with_terminal(
        ["age", "-d", "-i", "coach.key.age", "-o", "segment.plain", "segment.age"], PASSPHRASE, folder
    )
    assert status == 0, said
    assert (folder / "segment.plain").read_bytes() == b"footage"


def test_the_key_file_names_its_recipient_as_age_keygen_does(made: tuple[Path, PublicKeys]) -> None:
    folder, public = made
    text = pyrage.passphrase.decrypt((folder / "coach.key.age").read_bytes(), PASSPHRASE)
    assert f"# public key: {public.recipient}\n".encode() in text
    shown = subprocess.run(["age-keygen", "-y"], input=text, capture_output=True, check=True).stdout
    assert shown.decode().strip() == public.recipient == (folder / "coach.pub").read_text().strip()


def test_unlocked_keys_belong_to_the_published_ones(made: tuple[Path, PublicKeys]) -> None:
    folder, public = made
    keys = unlock(folder, PASSPHRASE)
    assert str(keys.identity.to_public()) == public.recipient
    assert public_key_text(keys.signing_key.public_key()) == (folder / "receipt.pub").read_text().strip()
    assert "AGE-SECRET" not in repr(keys)


def test_private_keys_are_for_their_owner_only(made: tuple[Path, PublicKeys]) -> None:
    folder, _ = made
    for name in ("coach.key.age", "receipt.key.age"):
        assert (folder / name).stat().st_mode & 0o777 == 0o600


def test_a_wrong_passphrase_is_refused(made: tuple[Path, PublicKeys]) -> None:
    with pytest.raises(Refused, match="passphrase does not open"):
        unlock(made[0], "something else")


def test_missing_keys_say_how_to_make_them(tmp_path: Path) -> None:
    with pytest.raises(Permanent, match="leerblik inbox keys"):
        unlock(tmp_path, PASSPHRASE)


@pytest.mark.parametrize("name", ["coach.key.age", "coach.pub", "receipt.key.age", "receipt.pub"])
def test_keys_that_exist_are_never_overwritten(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("precious")
    with pytest.raises(Refused, match="not overwritten"):
        make_coach_keys(tmp_path, PASSPHRASE)
    assert [each.name for each in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "precious"


@pytest.mark.parametrize(
    "content",
    [b"", b"AGE-SECRET-KEY-1", pyrage.encrypt(b"x", [pyrage.x25519.Identity.generate().to_public()])],
)
def test_a_file_that_age_did_not_lock_with_a_passphrase_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "coach.key.age").write_bytes(content)
    with pytest.raises(Permanent, match=r"coach\.key\.age is not a key file"):
        unlock(tmp_path, PASSPHRASE)


def from_pipe(data: bytes) -> int:
    read_fd, write_fd = os.pipe()
    os.write(write_fd, data)
    os.close(write_fd)
    return read_fd


@pytest.mark.parametrize("data", [b"een zin", b"een zin\n", b"een zin\r\n", b"een zin\nsecond line\n"])
def test_the_passphrase_is_the_first_line_of_the_descriptor(data: bytes) -> None:
    fd = from_pipe(data)
    assert read_passphrase(fd) == "een zin"
    os.close(fd)


def test_an_empty_passphrase_and_a_short_new_one_are_refused() -> None:
    for data, act in ((b"\n", read_passphrase), (b"eleven char\n", choose_passphrase)):
        fd = from_pipe(data)
        with pytest.raises(Refused):
            act(fd)
        os.close(fd)


def test_a_descriptor_that_is_not_open_is_named() -> None:
    with pytest.raises(Permanent, match="descriptor 987"):
        read_passphrase(987)
