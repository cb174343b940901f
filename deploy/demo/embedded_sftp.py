"""A drop box for machines without OpenSSH: the same rules, spoken by asyncssh in a thread of our own.

For demonstrations only. The real one is OpenSSH (``deploy/sshd``), whose walls are the kernel's.
"""

from __future__ import annotations

import asyncio
import os
import re
import socket
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Self, cast

import asyncssh

from deploy.demo.ssh_keys import make_ssh_key
from device.domain.errors import Temporary

_NEW_OBJECT = re.compile(rb"/?inbox/[A-Za-z0-9._-]+")
_RECEIPT = re.compile(rb"/?receipts/[A-Za-z0-9._-]+")
_CREATE_FLAGS = asyncssh.FXF_WRITE | asyncssh.FXF_CREAT | asyncssh.FXF_EXCL
_LIMIT_S = 10.0


class EmbeddedDropBoxServer:
    """Like :class:`deploy.demo.sshd.DropBoxServer`, without processes and without a log."""

    def __init__(self, folder: Path, authorized_keys: Sequence[str], port: int | None = None) -> None:
        self.folder = folder
        self.host = "127.0.0.1"
        self.port = port or 0
        self.user = "dropbox"
        self.root = folder / "dropbox"
        for place in (self.root / "inbox", self.root / "receipts"):
            place.mkdir(parents=True, exist_ok=True)
        self.host_key = make_ssh_key(folder / "host_key")
        self._authorized_keys = "".join(f"restrict {key}\n" for key in authorized_keys)
        self._running: _Running | None = None

    def start(self) -> None:
        """Start, and return when it listens; Temporary when the port is taken."""
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((self.host, self.port))
        except OSError as error:
            listening.close()
            raise Temporary(f"port {self.port} cannot be used ({error.strerror}): choose another") from error
        self.port = listening.getsockname()[1]
        self._running = _Running(lambda box: self._listen(listening, box))

    def stop(self) -> None:
        """End it and its sessions. Harmless when it does not run."""
        running, self._running = self._running, None
        if running is not None:
            running.end(asyncssh.SSHServerConnection.close)

    def kill(self) -> None:
        """Let it vanish with its sessions, as in a power cut. Harmless when it does not run."""
        running, self._running = self._running, None
        if running is not None:
            running.end(asyncssh.SSHServerConnection.abort)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def _listen(self, listening: socket.socket, running: _Running) -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            sock=listening,
            server_factory=lambda: _Doorman(self.user, running.connections),
            server_host_keys=[str(self.folder / "host_key")],
            authorized_client_keys=asyncssh.import_authorized_keys(self._authorized_keys),
            sftp_factory=lambda channel: _DropBox(channel, chroot=os.fsencode(self.root)),
            sftp_version=3,
            allow_scp=False,
            password_auth=False,
            kbdint_auth=False,
            host_based_auth=False,
            x11_forwarding=False,
            agent_forwarding=False,
        )


class _Running:
    """The thread with the server's loop."""

    def __init__(self, listen: Callable[[_Running], Any]) -> None:
        self.connections: set[asyncssh.SSHServerConnection] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="embedded-sftp", daemon=True)
        self._thread.start()
        self._acceptor: asyncssh.SSHAcceptor = asyncio.run_coroutine_threadsafe(
            listen(self), self._loop
        ).result(_LIMIT_S)

    def end(self, part: Callable[[asyncssh.SSHServerConnection], None]) -> None:
        """Listen no more, part from every connection, end the thread."""
        asyncio.run_coroutine_threadsafe(self._end(part), self._loop).result(_LIMIT_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_LIMIT_S)
        self._loop.close()

    async def _end(self, part: Callable[[asyncssh.SSHServerConnection], None]) -> None:
        self._acceptor.close()
        connections = list(self.connections)
        for connection in connections:
            part(connection)
        for connection in connections:
            await connection.wait_closed()


class _Doorman(asyncssh.SSHServer):
    """Lets one user in, by key, and grants nothing but SFTP (asyncssh refuses the rest by default)."""

    def __init__(self, user: str, connections: set[asyncssh.SSHServerConnection]) -> None:
        self._user = user
        self._connections = connections

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        """Remember it."""
        self._conn = conn
        self._connections.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._connections.discard(self._conn)

    def begin_auth(self, username: str) -> bool:
        """Ask everybody for a key; a stranger's name has none."""
        if username != self._user:
            raise asyncssh.PermissionDenied("unknown user")
        return True


class _DropBox(asyncssh.SFTPServer):
    """Create in the inbox, write, look at sizes, read receipts; everything else is denied below."""

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        """Open a new object for writing or a receipt for reading."""
        local = self.map_path(path)
        if pflags == _CREATE_FLAGS and _NEW_OBJECT.fullmatch(path):
            return os.fdopen(os.open(local, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0), "wb", 0)
        if pflags == asyncssh.FXF_READ and _RECEIPT.fullmatch(path):
            return os.fdopen(os.open(local, os.O_RDONLY | os.O_NOFOLLOW), "rb", 0)
        return _deny()

    def write(self, file_obj: object, offset: int, data: bytes) -> int:
        """Write all of it."""
        descriptor = cast(Any, file_obj).fileno()
        left = memoryview(data)
        while left:
            left = left[os.pwrite(descriptor, left, offset + len(data) - len(left)) :]
        return len(data)


def _deny(*_: object) -> NoReturn:
    raise asyncssh.SFTPPermissionDenied("not in a drop box")


_ALLOWED = {
    *("open", "close", "read", "write", "stat", "lstat", "fstat", "fsync", "realpath", "exit"),
    # Not requests, but the library's own helpers
    *("channel", "connection", "env", "logger", "convert_attrs", "format_user", "format_group"),
    *("format_longname", "map_path", "reverse_map_path"),
}
# An allow-list: a request that a later asyncssh learns is denied as well.
for _name in vars(asyncssh.SFTPServer):
    if not _name.startswith("_") and _name not in _ALLOWED:
        setattr(_DropBox, _name, _deny)
