"""The control socket: whatever a client does, the recorder goes on answering the others."""

from __future__ import annotations

import json
import os
import queue
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from device.domain.errors import Busy, LeerblikError, Permanent, Refused, Temporary
from device.recorder import control
from device.recorder.client import RecorderClient
from device.recorder.control import SOCKET_NAME, ControlServer, error_answer, short_address

FAULTS: dict[str, LeerblikError] = {
    each.word: each(f"this is {each.word}") for each in (Refused, Busy, Temporary, Permanent)
}


class Loop:
    """Answers at once, as the recorder's loop does; ``fault`` asks for an error."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def ask(self, values: dict[str, Any]) -> queue.Queue[dict[str, Any]]:
        self.asked.append(values)
        answer: queue.Queue[dict[str, Any]] = queue.Queue(1)
        fault = FAULTS.get(str(values.get("fault")))
        if values.get("do") != "silence":
            answer.put({"ok": True, "did": values.get("do")} if fault is None else error_answer(fault))
        return answer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ControlServer]:
    made = ControlServer(tmp_path / SOCKET_NAME, Loop().ask)
    made.start()
    yield made
    made.close()


@pytest.fixture
def client(server: ControlServer, tmp_path: Path) -> RecorderClient:
    return RecorderClient(tmp_path)


def connect(folder: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(20)
    with short_address(folder / SOCKET_NAME) as address:
        connection.connect(address)
    return connection


def say(folder: Path, data: bytes) -> list[dict[str, Any]]:
    """Send bytes, end there, and return every line that comes back."""
    with connect(folder) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        return [json.loads(line) for line in connection.makefile("rb")]


def test_one_line_asks_and_one_line_answers(client: RecorderClient) -> None:
    assert client.ask("status") == {"ok": True, "did": "status"}


@pytest.mark.parametrize("word", FAULTS)
def test_an_error_keeps_its_meaning_over_the_socket(client: RecorderClient, word: str) -> None:
    with pytest.raises(type(FAULTS[word]), match=f"this is {word}"):
        client.ask("status", fault=word)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.one_of(
        st.binary(min_size=1, max_size=300), st.text(min_size=1).map(lambda t: t.encode("utf-8", "replace"))
    )
)
@example(data=b'{"do":"\\ud800"}\n')
@example(data=b'{"do":"status"}')
@example(data=b"[]\n" * 100)
@example(data=b'{"a":' * 700 + b"\n")
@example(data=b"\x00" * 5000)
def test_rubbish_is_answered_with_a_clear_error_and_the_next_client_is_served(
    server: ControlServer, tmp_path: Path, data: bytes
) -> None:
    answers = say(tmp_path, data)
    assert answers
    assert all(
        answer["ok"] or (answer["error"], bool(answer["message"])) == ("permanent", True)
        for answer in answers
    )
    assert RecorderClient(tmp_path).ask("status")["ok"]


def test_a_line_of_a_megabyte_is_refused_piece_by_piece_in_constant_memory(
    client: RecorderClient, tmp_path: Path
) -> None:
    with connect(tmp_path) as connection:
        reading = threading.Thread(target=lambda: connection.makefile("rb").read())
        reading.start()
        connection.sendall(b"x" * (1 << 20) + b"\n")
        connection.shutdown(socket.SHUT_WR)
        reading.join(20)
        assert not reading.is_alive()
    assert client.ask("status")["ok"]


def test_clients_that_vanish_leave_nothing_behind(client: RecorderClient, tmp_path: Path) -> None:
    for data in (b"", b"{", b'{"do":"status"}\n'):
        for _ in range(20):
            connection = connect(tmp_path)
            connection.sendall(data)
            connection.close()
    assert client.ask("status")["ok"]


def test_a_hundred_silent_clients_cannot_lock_the_door(
    server: ControlServer, client: RecorderClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "_PATIENCE_S", 0.05)
    silent = [connect(tmp_path) for _ in range(100)]
    assert client.ask("status")["ok"]
    for connection in silent:
        connection.close()


def test_a_client_that_asks_and_never_reads_is_let_go(
    client: RecorderClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "_PATIENCE_S", 0.05)
    with connect(tmp_path) as greedy, pytest.raises(OSError, match=r"[Bb]roken pipe|reset"):
        greedy.sendall(b'{"do":"status"}\n' * 1_000_000)
    assert client.ask("status")["ok"]


def test_everybody_who_follows_hears_every_event(server: ControlServer, client: RecorderClient) -> None:
    followers = [client.events() for _ in range(3)]
    assert [next(follower)["event"] for follower in followers] == ["following"] * 3
    for number in range(5):
        server.publish({"event": "marked", "number": number})
    for follower in followers:
        assert [next(follower)["number"] for _ in range(5)] == list(range(5))


def test_a_follower_that_does_not_keep_up_misses_events_and_holds_up_nobody(
    server: ControlServer, client: RecorderClient, tmp_path: Path
) -> None:
    with connect(tmp_path) as slow:
        slow.sendall(b'{"do":"events"}\n')
        assert b"following" in slow.recv(1000)
        for _ in range(5000):
            server.publish({"event": "marked", "text": "x" * 1000})  # returns each time
        assert client.ask("status")["ok"]


def test_followers_are_so_many_at_most_and_make_room_when_they_go(
    server: ControlServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Long enough for a client on a busy machine to say what it wants.
    monkeypatch.setattr(control, "_PATIENCE_S", 0.5)
    followers = []
    for _ in range(8):
        followers.append(connection := connect(tmp_path))
        connection.sendall(b'{"do":"events"}\n')
        assert b"following" in connection.recv(1000)
    assert say(tmp_path, b'{"do":"events"}\n')[0]["error"] == "busy"
    assert RecorderClient(tmp_path).ask("status")["ok"]
    for connection in followers:
        connection.close()
    gone = threading.Event()
    while not gone.is_set() and server._subscribers:
        gone.wait(0.01)
    assert server._subscribers == []


def test_when_even_the_queue_before_the_door_is_full_the_client_says_busy(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        with short_address(tmp_path / SOCKET_NAME) as address:
            listening.bind(address)
        listening.listen(0)
        with connect(tmp_path), pytest.raises(Busy, match="try again in a moment"):
            RecorderClient(tmp_path).ask("status")


def test_a_recorder_that_does_not_answer_is_told_as_such(
    server: ControlServer, client: RecorderClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "_ANSWER_TIMEOUT_S", 0.01)
    with pytest.raises(Temporary, match="did not answer in time"):
        client.ask("silence")


def test_without_a_recorder_the_client_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Temporary, match="no recorder is listening"):
        RecorderClient(tmp_path).ask("status")
    with pytest.raises(Temporary, match="no recorder is listening"):
        RecorderClient(tmp_path / "missing").ask("status")


def test_a_recorder_that_hangs_up_or_hangs_is_temporary(tmp_path: Path) -> None:
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with listening, short_address(tmp_path / SOCKET_NAME) as address:
        listening.bind(address)
        listening.listen()
        with pytest.raises(Temporary, match="does not answer"):
            RecorderClient(tmp_path, timeout_s=0.05).ask("status")
        accepting = threading.Thread(target=lambda: _hang_up(listening))
        accepting.start()
        with pytest.raises(Temporary):
            RecorderClient(tmp_path).ask("status")
        accepting.join()


def _hang_up(listening: socket.socket) -> None:
    for _ in range(2):
        connection, _ = listening.accept()
        connection.close()


def test_only_owner_and_group_may_open_the_door_and_a_dead_recorders_socket_is_replaced(
    tmp_path: Path,
) -> None:
    path = tmp_path / SOCKET_NAME
    first = ControlServer(path, Loop().ask)
    second = ControlServer(path, Loop().ask)
    second.start()
    assert path.stat().st_mode & 0o777 == 0o660
    assert RecorderClient(tmp_path).ask("status")["ok"]
    second.close()
    first.close()
    assert not path.exists()


def test_a_folder_deeper_than_the_kernels_limit_is_no_problem(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    server = ControlServer(deep / SOCKET_NAME, Loop().ask)
    server.start()
    assert RecorderClient(deep).ask("status")["ok"]
    server.close()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open every door")
def test_who_may_not_open_it_is_told_whom_to_ask(server: ControlServer, tmp_path: Path) -> None:
    (tmp_path / SOCKET_NAME).chmod(0)
    with pytest.raises(Refused, match="group leerblik"):
        RecorderClient(tmp_path).ask("status")
