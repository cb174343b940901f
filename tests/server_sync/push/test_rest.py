"""How the sync waits and how it gives its memory back: the real process, with a drop box in a folder."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from device.domain.lifecycle import Status
from server_sync.push.rest import wait
from server_sync.push.transport.late import Late
from server_sync.push.transport.local import LocalTransport
from server_sync.stopping import Stopping
from tests.server_sync.push.house import KEY, PushHouse
from tests.support.waiting import wait_for


@pytest.fixture
def house(tmp_path: Path) -> Iterator[PushHouse]:
    made = PushHouse(tmp_path)
    yield made
    made.close()


@pytest.fixture
def sync(house: PushHouse) -> Iterator[subprocess.Popen[bytes]]:
    """``leerblik sync`` as it runs on a device, in words."""
    key = base64.b64encode(KEY.public_key().public_bytes_raw()).decode()
    tables: dict[str, dict[str, object]] = {
        "device": {"name": "d", "spool_dir": str(house.spool), "state_dir": str(house.root)},
        "coach": {"receipt_key": key},
        "recorder": {"camera": "synthetic"},
        "sync": {"transport": "local", "local_dir": str(house.box), "poll_interval_s": 0.1},
    }
    lines = [
        f"[{table}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())
        for table, values in tables.items()
    ]
    (house.root / "leerblik.toml").write_text("".join(lines))
    config = str(house.root / "leerblik.toml")
    command = [sys.executable, "-m", "device.cli", "--verbose", "sync", "--config", config]
    with (house.root / "log").open("wb") as log:
        process = subprocess.Popen(command, stderr=log)
    yield process
    process.kill()
    process.wait()


def anew(house: PushHouse) -> int:
    """Return how often the process started itself anew."""
    return (house.root / "log").read_text().count("starting anew")


def deliver(house: PushHouse, recording: str) -> None:
    house.recordings[0] = recording
    wait_for(lambda: house.recording.status is Status.UPLOADING and len(house.manifest_names()) > 0)
    house.answer(house.receipt())
    wait_for(lambda: house.recording.status is Status.DELIVERED)


def test_a_sync_that_has_sent_everything_starts_anew_as_the_same_process_and_goes_on(
    house: PushHouse, sync: subprocess.Popen[bytes]
) -> None:
    deliver(house, house.recordings[0])
    wait_for(lambda: anew(house) == 1)
    wait_for(lambda: house.state() == ("ok", "nothing to send"))
    deliver(house, house.add(2))
    wait_for(lambda: anew(house) == 2)
    assert sync.poll() is None
    sync.send_signal(signal.SIGTERM)
    assert sync.wait(20) == 0
    assert house.state()[0] == "stopped"


def test_a_transport_is_made_when_it_is_first_used(tmp_path: Path) -> None:
    made: list[LocalTransport] = []

    def make() -> LocalTransport:
        made.append(LocalTransport(tmp_path))
        return made[0]

    late = Late(make)
    late.close()
    assert not late.is_made
    (tmp_path / "receipts").mkdir()
    for _ in range(2):
        assert late.read_receipt("01J00000000000000000000001.receipt.json", 10) is None
    assert len(made) == 1
    assert late.is_made


# It is told to stop in the very moment between its last look at the flag and its new start.
_TOLD_BETWEEN = """
import os, signal, sys
from server_sync.push.rest import ENDING, hear_endings, start_anew
from server_sync.stopping import Stopping

class ToldTooLate(Stopping):
    def is_set(self):
        was = super().is_set()
        os.kill(os.getpid(), signal.SIGTERM)
        return was

stopping = Stopping()
hear_endings(stopping)
if "again" not in os.environ:
    os.environ["again"] = "yes"
    start_anew(ToldTooLate())
print("told" if stopping.is_set() else "not told")
"""


def test_a_word_to_stop_is_not_lost_while_it_starts_anew() -> None:
    done = subprocess.run([sys.executable, "-c", _TOLD_BETWEEN], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "told\n"), done.stderr


def test_a_long_wait_tells_systemd_that_it_lives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "40000")
        monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
        assert not wait(Stopping(), 0.1)
        heard = []
        while True:
            try:
                heard.append(systemd.recv(100))
            except BlockingIOError:
                break
    # Forty milliseconds of patience, a tenth of a second of waiting: at least ten signs of life.
    assert len(heard) >= 10
    assert set(heard) == {b"WATCHDOG=1"}


def test_a_wait_ends_when_it_is_told_to_stop() -> None:
    stopping = Stopping()
    stopping.set()
    assert wait(stopping, 3600)
