"""``leerblik web`` as it runs on a device: real gunicorn, a real control socket, systemd's own socket."""

from __future__ import annotations

import contextlib
import http.client
import queue
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("flask", reason="flask is not installed here")
pytest.importorskip("gunicorn", reason="gunicorn is not installed here")

from device import config
from device.recorder.control import SOCKET_NAME, ControlServer
from device.web.command import greeting
from tests.support.waiting import wait_for
from tests.web.served import Served

pytestmark = pytest.mark.slow


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Served]:
    made = Served(tmp_path)
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


def test_it_serves_while_the_recorder_comes_and_goes_and_ends_when_told(site: Served) -> None:
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


def test_the_process_that_serves_loads_no_key_library_and_no_camera(site: Served) -> None:
    site.start()
    assert site.get("/")[0] == 200
    assert site.process is not None
    children = Path(f"/proc/{site.process.pid}/task/{site.process.pid}/children").read_text().split()
    for process in (str(site.process.pid), *children):
        maps = Path(f"/proc/{process}/maps").read_text()
        assert "gunicorn" in Path(f"/proc/{process}/cmdline").read_text()
        for library in ("cryptography", "libav", "numpy", "_sqlite3"):
            assert library not in maps, library


def test_with_a_key_from_systemd_it_speaks_tls_only(site: Served) -> None:
    site.use_tls()
    site.start()
    assert site.greeting() == f"the status page is on https://127.0.0.1:{site.port}/\n"
    assert site.get("/", site.tls)[0] == 200
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
