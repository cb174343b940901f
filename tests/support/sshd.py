"""Drop boxes for tests: a key, a running server, and a transport that talks to it."""

from __future__ import annotations

import resource
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from deploy.demo.embedded_sftp import EmbeddedDropBoxServer
from deploy.demo.ssh_keys import make_ssh_key
from deploy.demo.sshd import DropBoxServer, find_sshd
from device.domain.errors import Permanent
from server_sync.push.transport.sftp import SftpTransport

AnyServer = DropBoxServer | EmbeddedDropBoxServer


def client_key(folder: Path) -> tuple[Path, str]:
    """Make a key in ``folder``; return its file and its public line."""
    path = folder / "client_key"
    return path, make_ssh_key(path)


@contextmanager
def running_sshd(
    folder: Path, make: Callable[[Path, list[str]], DropBoxServer] = DropBoxServer
) -> Iterator[DropBoxServer]:
    """Lend a real sshd that knows ``folder/client_key``; skip where there is none."""
    try:
        find_sshd()
    except Permanent as error:
        pytest.skip(str(error))
    if shutil.which("setpriv") is None:
        pytest.skip("there is no setpriv (util-linux) on this machine")
    with make(folder, [client_key(folder)[1]]) as server:
        yield server


def transport_to(server: AnyServer, **changes: Any) -> SftpTransport:
    """Return a transport to a server with the key in its folder; ``changes`` replaces arguments."""
    arguments: dict[str, Any] = {
        "host": server.host,
        "port": server.port,
        "user": server.user,
        "host_key": server.host_key,
        "key_file": server.folder / "client_key",
        "connect_timeout_s": 10,
        "operation_timeout_s": 10,
    }
    return SftpTransport(**(arguments | changes))


def limit_object_size(server: DropBoxServer, limit_bytes: int) -> None:
    """Make writes beyond ``limit_bytes`` of a file fail, as on a full disk, in sessions from now on."""
    resource.prlimit(server.pids()[0], resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))
