"""A real SSH server (paramiko's) whose SFTP side misbehaves in one chosen way."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import paramiko
from paramiko.common import AUTH_SUCCESSFUL, OPEN_SUCCEEDED
from paramiko.sftp import SFTP_FAILURE, SFTP_NO_SUCH_FILE, SFTP_OK

from deploy.demo.ssh_keys import make_ssh_key
from server_sync.push.transport.sftp import SftpTransport


@dataclass
class Oddities:
    """What goes wrong, and what was seen."""

    bad_write: int | None = None  # this write is done but answered with a failure
    create_status: int | None = None
    stat_status: int | None = None
    fstat_status: int | None = None
    size_lie_bytes: int = 0
    silent_subsystem: bool = False
    writes_bytes: list[int] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)


class _Handle(paramiko.SFTPHandle):
    def __init__(self, odd: Oddities) -> None:
        super().__init__(0)
        self._odd = odd
        self.content = bytearray()

    def write(self, offset: int, data: Any) -> int:
        self.content[offset : offset + len(data)] = data
        self._odd.writes_bytes.append(len(data))
        return SFTP_FAILURE if len(self._odd.writes_bytes) == self._odd.bad_write else SFTP_OK

    def stat(self) -> Any:
        return self._odd.fstat_status or self.told()

    def told(self) -> paramiko.SFTPAttributes:
        attributes = paramiko.SFTPAttributes()
        attributes.st_size = len(self.content) + self._odd.size_lie_bytes
        return attributes


class _Files(paramiko.SFTPServerInterface):
    def __init__(self, server: Any, odd: Oddities) -> None:
        super().__init__(server)
        self._odd = odd
        self._handles: dict[str, _Handle] = {}

    def open(self, path: str, flags: int, attr: Any) -> Any:
        if self._odd.create_status is not None:
            return self._odd.create_status
        return self._handles.setdefault(path, _Handle(self._odd))

    def stat(self, path: str) -> Any:
        if self._odd.stat_status is not None:
            return self._odd.stat_status
        handle = self._handles.get(path)
        return SFTP_NO_SUCH_FILE if handle is None else handle.told()


class _Door(paramiko.ServerInterface):
    def __init__(self, odd: Oddities) -> None:
        self._odd = odd

    def get_allowed_auths(self, username: str) -> str:
        return "publickey"

    def check_auth_publickey(self, username: str, key: Any) -> int:
        return AUTH_SUCCESSFUL

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return OPEN_SUCCEEDED

    def check_channel_subsystem_request(self, channel: Any, name: str) -> bool:
        if self._odd.silent_subsystem:
            self._odd.released.wait(30)
        return super().check_channel_subsystem_request(channel, name)


@contextmanager
def odd_transport(folder: Path, odd: Oddities) -> Iterator[SftpTransport]:
    """Lend a transport that talks to such a server."""
    make_ssh_key(folder / "client_key")
    host_key = make_ssh_key(folder / "host_key")
    listening = socket.create_server(("127.0.0.1", 0))
    served: list[paramiko.Transport] = []

    def serve() -> None:
        connection = paramiko.Transport(listening.accept()[0])
        served.append(connection)
        connection.add_server_key(paramiko.Ed25519Key.from_private_key_file(str(folder / "host_key")))
        connection.set_subsystem_handler("sftp", paramiko.SFTPServer, _Files, odd)
        connection.start_server(server=_Door(odd), event=threading.Event())

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    port = listening.getsockname()[1]
    transport = SftpTransport(
        "127.0.0.1", port, "box", host_key, folder / "client_key", connect_timeout_s=10, operation_timeout_s=1
    )
    try:
        yield transport
    finally:
        odd.released.set()
        transport.close()
        listening.close()
        for connection in served:
            connection.close()
