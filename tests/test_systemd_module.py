"""What a process tells systemd and the journal: over a real socket, and nothing at all where there is none."""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from device import systemd
from device.systemd import Happening, happened, set_up_logging


@pytest.fixture
def heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """systemd's end of the socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield listener


def test_systemd_hears_that_it_is_ready_how_it_is_that_it_lives_and_that_it_ends(
    heard: socket.socket,
) -> None:
    systemd.ready()
    systemd.status("sends recording 1\n of 2")
    systemd.alive()
    systemd.stopping()
    assert [heard.recv(100) for _ in range(4)] == [
        b"READY=1",
        b"STATUS=sends recording 1 of 2",
        b"WATCHDOG=1",
        b"STOPPING=1",
    ]


def test_a_socket_without_a_place_in_the_file_system_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind("")  # the kernel chooses an abstract name
        listener.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", "@" + listener.getsockname()[1:].decode())
        systemd.ready()
        assert listener.recv(100) == b"READY=1"


@pytest.mark.parametrize("address", [None, "", "/nowhere/notify"])
def test_without_a_systemd_that_listens_nothing_happens(
    address: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    if address is not None:
        monkeypatch.setenv("NOTIFY_SOCKET", address)
    systemd.ready()
    systemd.alive()


@pytest.mark.parametrize(
    ("watchdog_us", "meant_for", "expected_s"),
    [
        (None, None, None),
        ("10000000", None, 10.0),
        pytest.param("10000000", str(os.getpid()), 10.0, id="this process"),
        ("10000000", "1", None),
        ("0", None, None),
        ("soon", None, None),
    ],
)
def test_the_watchdog_is_known_to_the_process_it_watches(
    watchdog_us: str | None, meant_for: str | None, expected_s: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("WATCHDOG_USEC", watchdog_us), ("WATCHDOG_PID", meant_for)):
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, value)
    assert systemd.watchdog_s() == expected_s


def wait_longer(heard: socket.socket, monkeypatch: pytest.MonkeyPatch) -> list[dict[bytes, bytes]]:
    """Have something slow done under a watchdog of ten seconds; return what systemd was told before and after."""
    monkeypatch.setenv("WATCHDOG_USEC", "10000000")
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    told = []
    with systemd.patience(61.5):
        told.append(dict(line.split(b"=") for line in heard.recv(100).splitlines()))
    told.append(dict(line.split(b"=") for line in heard.recv(100).splitlines()))
    return told


def test_systemd_waits_longer_for_what_is_slow_and_as_long_as_ever_afterwards(
    heard: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The time counts from the moment it is changed, so each change is a sign of life as well.
    assert wait_longer(heard, monkeypatch) == [
        {b"WATCHDOG_USEC": b"61500000", b"WATCHDOG": b"1"},
        {b"WATCHDOG_USEC": b"10000000", b"WATCHDOG": b"1"},
    ]
    # And again: the usual time is the unit's, not what was asked for last.
    assert wait_longer(heard, monkeypatch)[1][b"WATCHDOG_USEC"] == b"10000000"


def test_systemd_waits_no_longer_than_usual_after_what_is_slow_failed(
    heard: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "10000000")
    with pytest.raises(OSError, match="no camera"), systemd.patience(60):
        raise OSError("no camera")
    assert [heard.recv(100).splitlines()[0] for _ in range(2)] == [
        b"WATCHDOG_USEC=60000000",
        b"WATCHDOG_USEC=10000000",
    ]


def test_a_service_without_a_watchdog_gets_none_by_asking_for_patience(
    heard: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WATCHDOG_USEC", raising=False)
    with systemd.patience(60):
        pass
    systemd.ready()
    assert heard.recv(100) == b"READY=1"


def test_a_credential_is_found_where_systemd_put_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ssh_key").write_text("-----BEGIN")
    (tmp_path / "tls_key").write_text("none")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert systemd.credential("ssh_key") == tmp_path / "ssh_key"
    assert systemd.credential("tls_key") is None
    assert systemd.credential("another") is None
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    assert systemd.credential("ssh_key") is None


def test_what_happened_carries_its_id_and_its_fields(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("leerblik.test")
    with caplog.at_level(logging.INFO):
        happened(logger, Happening.HELD, "100 % of it is held", recording="R", count=2)
    (record,) = caplog.records
    assert record.getMessage() == "100 % of it is held"
    assert vars(record)["MESSAGE_ID"] == Happening.HELD.value
    assert vars(record)["LEERBLIK_RECORDING"] == "R"
    assert vars(record)["LEERBLIK_COUNT"] == "2"
    assert Path(record.pathname) == Path(__file__)


_TALK = """
import logging
from device.systemd import set_up_logging
set_up_logging("recorder", verbose=True)
logging.getLogger("device").warning("the card is nearly full")
"""


def test_without_the_journal_it_speaks_on_standard_error() -> None:
    # JOURNAL_STREAM is left over from a service that started us; standard error is a pipe by now.
    environment = {**os.environ, "JOURNAL_STREAM": "1:1"}
    spoken = subprocess.run([sys.executable, "-c", _TALK], capture_output=True, check=True, env=environment)
    assert spoken.stderr == b"WARNING device: the card is nearly full\n"
    assert spoken.stdout == b""


_IS_IT_THE_JOURNAL = """
import os, sys
from device import systemd
there = os.fstat(2)
os.environ["JOURNAL_STREAM"] = f"{there.st_dev}:{there.st_ino}"
at_first = systemd._stderr_is_the_journal()
with open(sys.argv[1], "w") as elsewhere:
    os.dup2(elsewhere.fileno(), 2)
print(at_first, systemd._stderr_is_the_journal())
"""


def test_the_journal_listens_until_standard_error_goes_elsewhere(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _IS_IT_THE_JOURNAL, str(tmp_path / "elsewhere")]
    asked = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    assert asked.stdout == b"True False\n"


def test_a_talkative_library_is_kept_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    level = logging.getLogger("paramiko").level
    try:
        set_up_logging("sync")
        assert logging.getLogger("paramiko").level == logging.CRITICAL
    finally:
        logging.getLogger("paramiko").setLevel(level)


def test_every_process_can_speak_to_systemd_without_loading_anything_of_ours() -> None:
    code = (
        "import sys, device.systemd; print([m for m in sys.modules if m.startswith(('device.', 'systemd'))])"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert loaded.stdout == b"['device.systemd']\n"
