"""The drop boxes that we start: they keep their address, leave nothing behind and die with their parent."""

from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.demo.embedded_sftp import EmbeddedDropBoxServer
from deploy.demo.sshd import DropBoxServer, find_sshd
from device.domain.errors import Permanent, Temporary
from tests.support.sshd import AnyServer, client_key, running_sshd, transport_to

REPOSITORY = Path(__file__).parents[4]


@contextmanager
def _embedded(folder: Path) -> Iterator[AnyServer]:
    with EmbeddedDropBoxServer(folder, [client_key(folder)[1]]) as server:
        yield server


@pytest.fixture(params=["openssh", "embedded"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AnyServer]:
    with running_sshd(tmp_path) if request.param == "openssh" else _embedded(tmp_path) as running:
        yield running


@pytest.mark.parametrize("ending", ["stop", "kill"])
def test_after_an_end_it_is_gone_and_comes_back_at_the_same_address(server: AnyServer, ending: str) -> None:
    transport = transport_to(server)
    transport.put("BEFORE", io.BytesIO(b"1"), 1, lambda _: None)
    port, host_key = server.port, server.host_key
    getattr(server, ending)()
    getattr(server, ending)()  # harmless twice
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((server.host, port), 5)
    server.start()
    assert (server.port, server.host_key) == (port, host_key)
    again = transport_to(server)
    again.put("AFTER", io.BytesIO(b"2"), 1, lambda _: None)
    again.close()
    transport.close()


def test_an_address_in_use_is_temporary(server: AnyServer, tmp_path: Path) -> None:
    folder = tmp_path / "second"
    folder.mkdir()
    with pytest.raises(Temporary, match=str(server.port)):
        type(server)(folder, [], port=server.port).start()


def test_no_process_outlives_a_stop(tmp_path: Path) -> None:
    with running_sshd(tmp_path) as server:
        transport = transport_to(server)
        transport.put("OBJECT", io.BytesIO(b"1"), 1, lambda _: None)
        pids = server.pids()
        assert len(pids) > 1
    assert not [pid for pid in pids if _alive(pid)]
    transport.close()


def test_the_server_dies_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    with running_sshd(tmp_path):
        pass  # skips where there is no sshd, and makes the key
    program = (
        "import pathlib, sys, time\n"
        "from deploy.demo.sshd import DropBoxServer\n"
        "server = DropBoxServer(pathlib.Path(sys.argv[1]), [])\n"
        "server.start()\n"
        "print(server.pids()[0], flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, tmp_path], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert _alive(pid)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline_s = time.monotonic() + 10
    while _alive(pid) and time.monotonic() < deadline_s:
        time.sleep(0.01)
    assert not _alive(pid)


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user has no such power to begin with")
def test_started_by_root_it_is_bound_by_permissions_whatever_it_inherits(tmp_path: Path) -> None:
    with running_sshd(tmp_path):
        pass  # skips where there is no sshd, and makes the key
    program = (
        "import pathlib, sys\n"
        "from deploy.demo.sshd import DropBoxServer\n"
        "with DropBoxServer(pathlib.Path(sys.argv[1]), []) as server:\n"
        "    print(pathlib.Path(f'/proc/{server.pids()[0]}/status').read_text())\n"
    )
    generous = ["setpriv", "--inh-caps=+dac_override,+dac_read_search"]
    asked = subprocess.run(
        [*generous, sys.executable, "-c", program, tmp_path],
        cwd=REPOSITORY, check=True, capture_output=True, text=True,
    )  # fmt: skip
    sets = dict(line.split(":\t") for line in asked.stdout.splitlines() if line.startswith("Cap"))
    dac_override, dac_read_search = 1 << 1, 1 << 2
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd"):
        assert not int(sets[name], 16) & (dac_override | dac_read_search), name


def test_a_folder_that_cannot_stand_in_a_configuration_is_permanent(tmp_path: Path) -> None:
    with pytest.raises(Permanent, match="without spaces"):
        DropBoxServer(tmp_path / "a folder", [])


def test_a_machine_without_openssh_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    with pytest.raises(Permanent, match="openssh-server"):
        find_sshd()


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
