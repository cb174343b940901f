"""The drop boxes that we start deny what the real one denies (deploy/sshd): seen with paramiko's own client."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import paramiko
import pytest

from deploy.demo.embedded_sftp import EmbeddedDropBoxServer
from deploy.demo.sshd import DropBoxServer
from tests.support.dropbox_profile import ProfileServer, may_mount
from tests.support.sshd import AnyServer, client_key, running_sshd, transport_to


@contextmanager
def _embedded(folder: Path) -> Iterator[AnyServer]:
    with EmbeddedDropBoxServer(folder, [client_key(folder)[1]]) as server:
        yield server


@contextmanager
def _real_profile(folder: Path) -> Iterator[AnyServer]:
    if not may_mount():
        pytest.skip("the real profile needs a chroot of root's: only root with private mounts can try it")
    with running_sshd(folder, ProfileServer) as server:
        yield server


SERVERS: dict[str, Callable[[Path], AbstractContextManager[AnyServer]]] = {
    "started by anyone": running_sshd,
    "embedded": _embedded,
    "deploy/sshd": _real_profile,
}


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AnyServer]:
    with SERVERS[request.param](tmp_path_factory.mktemp("server")) as running:
        transport = transport_to(running)
        transport.put("MINE", io.BytesIO(b"footage"), 7, lambda _: None)
        transport.close()
        (running.root / "receipts" / "RECEIPT").write_bytes(b"received")
        yield running


@pytest.fixture(scope="module")
def ssh(server: AnyServer) -> Iterator[paramiko.Transport]:
    transport = paramiko.Transport((server.host, server.port))
    key = paramiko.Ed25519Key.from_private_key_file(str(server.folder / "client_key"))
    transport.connect(username=server.user, pkey=key)
    yield transport
    transport.close()


@pytest.fixture(scope="module")
def sftp(ssh: paramiko.Transport) -> paramiko.SFTPClient:
    client = ssh.open_sftp_client()
    assert client is not None
    return client


DENIED: dict[str, Callable[[paramiko.SFTPClient], object]] = {
    "listing the inbox": lambda sftp: sftp.listdir("inbox"),
    "listing the receipts": lambda sftp: sftp.listdir("receipts"),
    "removing": lambda sftp: sftp.remove("inbox/MINE"),
    "renaming": lambda sftp: sftp.rename("inbox/MINE", "inbox/YOURS"),
    "renaming over": lambda sftp: sftp.posix_rename("inbox/MINE", "inbox/YOURS"),
    "a new folder": lambda sftp: sftp.mkdir("inbox/folder"),
    "removing a folder": lambda sftp: sftp.rmdir("receipts"),
    "changing permissions": lambda sftp: sftp.chmod("inbox/MINE", 0o600),
    "changing times": lambda sftp: sftp.utime("inbox/MINE", (0, 0)),
    "truncating": lambda sftp: sftp.truncate("inbox/MINE", 0),
    "a link": lambda sftp: sftp.symlink("/etc/passwd", "inbox/link"),
    "reading a link": lambda sftp: sftp.readlink("inbox/MINE"),
    "reading its own upload": lambda sftp: sftp.open("inbox/MINE", "r"),
    "overwriting its own upload": lambda sftp: sftp.open("inbox/MINE", "w"),
    "appending to its own upload": lambda sftp: sftp.open("inbox/MINE", "a"),
    "changing its own upload": lambda sftp: sftp.open("inbox/MINE", "r+"),
    "creating it again": lambda sftp: sftp.open("inbox/MINE", "x"),
}


@pytest.mark.parametrize("what", DENIED)
def test_the_account_may_only_add(server: AnyServer, sftp: paramiko.SFTPClient, what: str) -> None:
    with pytest.raises(OSError):  # noqa: PT011 -- paramiko turns every refusal into some OSError
        DENIED[what](sftp)
    assert [path.name for path in (server.root / "inbox").iterdir()] == ["MINE"]
    assert (server.root / "inbox" / "MINE").stat().st_size == 7
    assert (server.root / "inbox" / "MINE").stat().st_mode & 0o777 == 0


OUT_OF_REACH: dict[str, Callable[[paramiko.SFTPClient], object]] = {
    "a receipt of its own making": lambda sftp: sftp.open("receipts/FORGED", "x"),
    "changing a receipt": lambda sftp: sftp.open("receipts/RECEIPT", "r+"),
    "a file beside the inbox": lambda sftp: sftp.open("BESIDE", "x"),
    "a file of the system": lambda sftp: sftp.open("/etc/passwd", "r"),
    "a file above the box": lambda sftp: sftp.open("../../../etc/passwd", "r"),
}


@pytest.mark.parametrize("what", OUT_OF_REACH)
def test_the_account_reaches_nothing_else(server: AnyServer, sftp: paramiko.SFTPClient, what: str) -> None:
    if type(server) is DropBoxServer:
        pytest.skip("a server without root runs as the one user there is: it cannot wall these off")
    with pytest.raises(OSError):  # noqa: PT011 -- as above
        OUT_OF_REACH[what](sftp)
    assert sorted(path.name for path in server.root.iterdir()) == ["inbox", "receipts"]
    assert (server.root / "receipts" / "RECEIPT").read_bytes() == b"received"


def test_a_receipt_can_be_read_by_its_name(sftp: paramiko.SFTPClient) -> None:
    with sftp.open("receipts/RECEIPT") as file:
        assert file.read() == b"received"


def test_only_keys_open_the_door(server: AnyServer) -> None:
    transport = paramiko.Transport((server.host, server.port))
    transport.start_client(timeout=10)
    with pytest.raises(paramiko.BadAuthenticationType) as caught:
        transport.auth_none(server.user)
    assert caught.value.allowed_types == ["publickey"]
    transport.close()


def test_nothing_is_forwarded(ssh: paramiko.Transport, server: AnyServer) -> None:
    with pytest.raises(paramiko.ChannelException):
        ssh.open_channel("direct-tcpip", ("127.0.0.1", server.port), ("127.0.0.1", 1), timeout=10)


def test_no_command_runs(ssh: paramiko.Transport) -> None:
    channel = ssh.open_session(timeout=10)
    channel.settimeout(10)
    try:
        channel.exec_command("echo leaked; exit 0")
        channel.shutdown_write()
        said = channel.recv(100)
    except paramiko.SSHException:
        said = b""
    assert b"leaked" not in said
    channel.close()
