"""``leerblik web`` as it runs on a device: real gunicorn, a real control socket, systemd's own socket."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import queue
import select
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

pytest.importorskip("flask", reason="flask is not installed here")
pytest.importorskip("gunicorn", reason="gunicorn is not installed here")

from device import config
from device.recorder.control import SOCKET_NAME, ControlServer
from device.web.command import greeting
from tests.support.waiting import wait_for


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Site:
    """A web process and what is around it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.environment = {**os.environ, "NOTIFY_SOCKET": str(folder / "notify")}
        self.systemd = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.systemd.bind(str(folder / "notify"))
        self.systemd.settimeout(20)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it told systemd that it is ready and alive."""
        tables: dict[str, dict[str, object]] = {
            "device": {"name": "d", "runtime_dir": str(self.folder), "language": "en"},
            "recorder": {"camera": "synthetic"},
            "web": {"address": "127.0.0.1", "port": self.port},
        }
        config = self.folder / "leerblik.toml"
        config.write_text(
            "".join(
                f"[{table}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())
                for table, values in tables.items()
            )
        )
        command = [sys.executable, "-m", "device.cli", "web", "--config", str(config)]
        # As on a device: the web page imports what is installed, not what lies where it was started.
        environment = {**self.environment, "PYTHONPATH": os.pathsep.join(["", *sys.path])[1:]}
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)
        heard = ""
        while not ("READY=1" in heard and "WATCHDOG=1" in heard and "STATUS=serving" in heard):
            heard += self.systemd.recv(1000).decode() + "\n"

    def greeting(self) -> str:
        """Return the first line that it prints."""
        assert self.process is not None
        assert self.process.stdout is not None
        assert select.select([self.process.stdout], [], [], 20)[0], "it printed nothing"
        return self.process.stdout.readline().decode()

    def get(self, path: str, context: ssl.SSLContext | None = None) -> tuple[int, str]:
        address = ("127.0.0.1", self.port)
        if context is None:
            connection = http.client.HTTPConnection(*address, timeout=20)
        else:
            connection = http.client.HTTPSConnection(*address, timeout=20, context=context)
        with contextlib.closing(connection):
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def close(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
        self.systemd.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.close()


@contextlib.contextmanager
def recorder(folder: Path, state: str) -> Iterator[None]:
    """The recorder's end of the control socket."""

    def answer(_: dict[str, Any]) -> queue.Queue[dict[str, Any]]:
        answers: queue.Queue[dict[str, Any]] = queue.Queue()
        answers.put({"ok": True, "state": state})
        return answers

    server = ControlServer(folder / SOCKET_NAME, answer)
    server.start()
    yield
    server.close()


def test_it_serves_while_the_recorder_comes_and_goes_and_ends_when_told(site: Site) -> None:
    site.start()
    assert site.greeting() == f"the status page is on http://127.0.0.1:{site.port}/\n"
    assert site.get("/healthz")[0] == 503
    with recorder(site.folder, "recording"):
        wait_for(lambda: "<h1>Recording</h1>" in site.get("/")[1])
    wait_for(lambda: "<h1>Unknown</h1>" in site.get("/")[1])
    with recorder(site.folder, "idle"):
        wait_for(lambda: "<h1>Not recording</h1>" in site.get("/")[1])
    assert site.process is not None
    site.process.send_signal(signal.SIGTERM)
    assert site.process.wait(20) == 0


def test_the_process_that_serves_loads_no_key_library_and_no_camera(site: Site) -> None:
    site.start()
    assert site.get("/")[0] == 200
    assert site.process is not None
    children = Path(f"/proc/{site.process.pid}/task/{site.process.pid}/children").read_text().split()
    for process in (str(site.process.pid), *children):
        maps = Path(f"/proc/{process}/maps").read_text()
        assert "gunicorn" in Path(f"/proc/{process}/cmdline").read_text()
        for library in ("cryptography", "libav", "numpy", "_sqlite3"):
            assert library not in maps, library


def test_with_a_key_from_systemd_it_speaks_tls_only(site: Site) -> None:
    credentials = site.folder / "credentials"
    credentials.mkdir()
    key = Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "device")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, None)
    )
    (credentials / "tls_cert").write_bytes(certificate.public_bytes(Encoding.PEM))
    (credentials / "tls_key").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    site.environment["CREDENTIALS_DIRECTORY"] = str(credentials)
    site.start()
    assert site.greeting() == f"the status page is on https://127.0.0.1:{site.port}/\n"
    pinned = ssl.create_default_context(cadata=certificate.public_bytes(Encoding.PEM).decode())
    pinned.check_hostname = False
    assert site.get("/", pinned)[0] == 200
    with pytest.raises((OSError, http.client.HTTPException)):
        site.get("/")


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("0.0.0.0", f"http://{socket.gethostname()}:8080/ and on every address of it"),  # noqa: S104  # told, not listened on
        ("::", f"http://{socket.gethostname()}:8080/ and on every address of it"),
        ("::1", "http://[::1]:8080/"),
        ("localhost", "http://localhost:8080/"),
    ],
)
def test_it_says_where_the_page_is(address: str, place: str, tmp_path: Path) -> None:
    path = tmp_path / "leerblik.toml"
    path.write_text(f'[web]\naddress = "{address}"\n')
    assert greeting(config.load(str(path))) == f"the status page is on {place}"
