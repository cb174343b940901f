"""A network and a server that fail in every way we can arrange with a real sshd."""

from __future__ import annotations

import asyncio
import functools
import io
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncssh
import pytest

from deploy.demo import processes
from deploy.demo.embedded_sftp import EmbeddedDropBoxServer
from deploy.demo.ssh_keys import make_ssh_key
from deploy.demo.sshd import DropBoxServer
from device.domain.errors import Permanent, Temporary
from server_sync.push.transport.sftp import SftpTransport
from tests.support.dropbox_profile import may_mount
from tests.support.sshd import client_key, limit_object_size, running_sshd, transport_to

pytestmark = pytest.mark.slow

MIB = 1024 * 1024


@pytest.fixture
def server(tmp_path: Path) -> Iterator[DropBoxServer]:
    with running_sshd(tmp_path) as running:
        yield running


def _put(transport: SftpTransport, name: str, size_bytes: int) -> None:
    transport.put(name, io.BytesIO(bytes(size_bytes)), size_bytes, lambda _: None)


def _once_confirmed(action: Callable[[], object]) -> Callable[[int], None]:
    """Do something when the first bytes are confirmed and the rest is on its way."""
    done = threading.Event()

    def progress(confirmed_bytes: int) -> None:
        if confirmed_bytes and not done.is_set():
            done.set()
            action()

    return progress


def test_a_server_that_vanishes_amid_an_object_is_temporary_and_a_new_name_works_afterwards(
    server: DropBoxServer,
) -> None:
    transport = transport_to(server)
    with pytest.raises(Temporary, match="while sending FIRST"):
        transport.put("FIRST", io.BytesIO(bytes(32 * MIB)), 32 * MIB, _once_confirmed(server.kill))
    with pytest.raises(Temporary, match="cannot be reached"):
        _put(transport, "SECOND", 1)
    server.start()
    _put(transport, "THIRD", MIB)
    assert (server.root / "inbox" / "THIRD").stat().st_size == MIB
    assert (server.root / "inbox" / "FIRST").stat().st_size < 32 * MIB
    transport.close()


def test_a_server_that_was_restarted_between_two_objects_is_called_again(server: DropBoxServer) -> None:
    transport = transport_to(server)
    _put(transport, "FIRST", 1)
    server.stop()
    server.start()
    # The old connection may be noticed as dead only by using it; then the next call opens a new one.
    try:
        _put(transport, "SECOND", 1)
    except Temporary:
        _put(transport, "THIRD", 1)
    transport.close()


def test_a_server_that_freezes_amid_an_object_is_given_up_and_works_again_when_it_thaws(
    server: DropBoxServer,
) -> None:
    transport = transport_to(server, operation_timeout_s=0.5)
    frozen: list[int] = []

    def freeze() -> None:
        frozen.extend(server.pids()[1:])
        processes.send(signal.SIGSTOP, frozen)

    with pytest.raises(Temporary, match=r"in time|nothing was confirmed"):
        transport.put("FIRST", io.BytesIO(bytes(32 * MIB)), 32 * MIB, _once_confirmed(freeze))
    assert frozen
    processes.send(signal.SIGCONT, frozen)
    _put(transport, "SECOND", MIB)
    transport.close()


def test_a_server_that_lets_the_socket_fill_up_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # With a window larger than the socket paramiko waits for room in the socket, without any limit of its
    # own: only the watchdog ends it.
    monkeypatch.setattr(asyncssh, "listen", functools.partial(asyncssh.listen, window=1 << 28))
    thawed = threading.Event()

    def loop(server: EmbeddedDropBoxServer) -> asyncio.AbstractEventLoop:
        assert server._running is not None
        return server._running._loop

    with EmbeddedDropBoxServer(tmp_path, [client_key(tmp_path)[1]]) as server:
        transport = transport_to(server, operation_timeout_s=0.5)
        freeze = _once_confirmed(lambda: loop(server).call_soon_threadsafe(thawed.wait, 20))
        try:
            with pytest.raises(Temporary, match=r"nothing was confirmed|in time"):
                transport.put("OBJECT", io.BytesIO(bytes(64 * MIB)), 64 * MIB, freeze)
        finally:
            thawed.set()


def test_a_server_that_freezes_before_the_login_is_given_up(server: DropBoxServer) -> None:
    listener = server.pids()[:1]
    processes.send(signal.SIGSTOP, listener)
    with pytest.raises(Temporary, match=r"greeting|banner"):
        _put(transport_to(server, connect_timeout_s=0.3), "OBJECT", 1)
    processes.send(signal.SIGCONT, listener)


@contextmanager
def _listening(answer: bytes | None) -> Iterator[int]:
    """A TCP server that says one thing, or nothing, and then waits."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        accepted: list[socket.socket] = []

        def serve() -> None:
            connection, _ = listening.accept()
            accepted.append(connection)
            if answer is not None:
                connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        thread.join()
        for connection in accepted:
            connection.close()


@pytest.mark.parametrize(
    "answer",
    [
        None,
        b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
        b"SSH-2.0-nonsense\r\n" + bytes(range(256)) * 8,
        b"SSH-2.0-silence\r\n",
    ],
    ids=["silence", "a web server", "garbage after the greeting", "silence after the greeting"],
)
def test_what_does_not_speak_ssh_is_temporary(tmp_path: Path, answer: bytes | None) -> None:
    key = make_ssh_key(tmp_path / "key")
    with _listening(answer) as port, pytest.raises(Temporary, match=f"127.0.0.1:{port}"):
        _put(
            SftpTransport("127.0.0.1", port, "box", key, tmp_path / "key", connect_timeout_s=0.4), "OBJECT", 1
        )


def test_a_port_where_nobody_listens_is_temporary(tmp_path: Path) -> None:
    key = make_ssh_key(tmp_path / "key")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but not listening
        port = taken.getsockname()[1]
        with pytest.raises(Temporary, match="cannot be reached: Connection refused"):
            _put(SftpTransport("127.0.0.1", port, "box", key, tmp_path / "key"), "OBJECT", 1)


def test_a_host_that_cannot_be_one_is_permanent(tmp_path: Path) -> None:
    key = make_ssh_key(tmp_path / "key")
    with pytest.raises(Permanent, match="cannot be a host"):
        _put(SftpTransport("a" * 64, 22, "box", key, tmp_path / "key"), "OBJECT", 1)


@pytest.mark.parametrize("size_bytes", [MIB + 1, 3 * MIB])
def test_a_disk_that_is_full_is_told_and_smaller_objects_still_pass(
    server: DropBoxServer, size_bytes: int
) -> None:
    limit_object_size(server, MIB)
    transport = transport_to(server)
    with pytest.raises(Temporary, match="disk may be full"):
        _put(transport, "LARGE", size_bytes)
    _put(transport, "SMALL", MIB)
    transport.close()


class _OnATinyDisk(DropBoxServer):
    """Its inbox is a file system of 1 MiB that only the server sees."""

    def command(self) -> list[str]:
        mount = f'mount -t tmpfs -o size=1m tmpfs {self.root}/inbox && exec "$@"'
        return ["unshare", "--mount", "sh", "-c", mount, "sh", *super().command()]


@pytest.mark.skipif(not may_mount(), reason="only root may mount a small disk; a file size limit stands in")
def test_a_real_full_disk_is_told(tmp_path: Path) -> None:
    with running_sshd(tmp_path, _OnATinyDisk) as server:
        transport = transport_to(server)
        with pytest.raises(Temporary, match="disk may be full"):
            _put(transport, "LARGE", MIB + 1)
        transport.close()


class _Talkative(DropBoxServer):
    """An account whose login script greets: the classic way to break SFTP."""

    def command(self) -> list[str]:
        config = self.folder / "sshd_config"
        text = config.read_text(encoding="utf-8")
        before = text.partition("ForceCommand")[0]
        config.write_text(before + "ForceCommand echo Welcome to this server; cat\n", encoding="utf-8")
        return super().command()


def test_a_server_that_speaks_garbage_instead_of_sftp_is_temporary_and_said(tmp_path: Path) -> None:
    with running_sshd(tmp_path, _Talkative) as server:
        transport = transport_to(server)
        with pytest.raises(Temporary, match="does not speak SFTP"):
            _put(transport, "OBJECT", 1)
