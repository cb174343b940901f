"""The control socket: one JSON object per line in, one per line out; the only door into the recorder.

Whoever may open the socket may ask; its file mode decides that (0660, group ``leerblik``). Requests
are carried out by the recorder's own loop, one after the other.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import queue
import select
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from device.domain.errors import Busy, LeerblikError, Permanent, Temporary
from device.domain.strict import parse_object

SOCKET_NAME = "recorder.sock"
# As many masks as there may be fit in one line.
_LINE_BYTES = 65_536
_ANSWER_TIMEOUT_S = 30.0
_MAX_CONNECTIONS = 16
_BACKLOG = 128
# Followers stay for hours; they never take the room of those who ask.
_MAX_FOLLOWERS = 8
# A client that neither asks nor reads for so long is let go, so that idle ones cannot lock the door.
_PATIENCE_S = 10.0
_log = logging.getLogger(__name__)

Answer = dict[str, Any]
Handler = Callable[[dict[str, Any]], "queue.Queue[Answer]"]


def error_answer(error: LeerblikError) -> Answer:
    """Return how an error travels over the socket."""
    return {"ok": False, "error": error.word, "message": str(error), "exit_code": error.exit_code}


class ControlServer:
    """Listens on a Unix socket. ``ask`` hands a request to the loop and returns where its answer will be."""

    def __init__(self, path: Path, ask: Handler) -> None:
        self._path = path
        self._ask = ask
        self._subscribers: list[queue.Queue[Answer]] = []
        self._lock = threading.Lock()
        self._room = threading.Semaphore(_MAX_CONNECTIONS)
        self._socket = _listen(path)
        self._thread = threading.Thread(target=self._accept, name="control", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def publish(self, event: Answer) -> None:
        """Send an event to everybody who follows; a follower that does not keep up misses events."""
        with self._lock:
            for subscriber in self._subscribers:
                with contextlib.suppress(queue.Full):
                    subscriber.put_nowait(event)

    def close(self) -> None:
        """Stop listening and remove the socket."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._path.unlink(missing_ok=True)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            connection.settimeout(_PATIENCE_S)
            if not self._room.acquire(timeout=_PATIENCE_S):
                connection.close()
                continue
            threading.Thread(
                target=self._serve, args=(connection,), name="control-client", daemon=True
            ).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection, connection.makefile("rb") as lines:
                while line := lines.readline(_LINE_BYTES):
                    self._answer(connection, line)
        except OSError:
            _log.debug("a client of the control socket went away")
        finally:
            self._room.release()

    def _answer(self, connection: socket.socket, line: bytes) -> None:
        try:
            if not line.endswith(b"\n"):
                raise Permanent(f"a request is one line of at most {_LINE_BYTES} bytes")
            request = parse_object(line, "the request")
            if request.get("do") == "events":
                self._follow(connection)
                return
            answer = self._ask(request).get(timeout=_ANSWER_TIMEOUT_S)
        except queue.Empty:
            answer = error_answer(Temporary("the recorder did not answer in time; see its log"))
        except LeerblikError as error:
            answer = error_answer(error)
        _send(connection, answer)

    def _follow(self, connection: socket.socket) -> None:
        events: queue.Queue[Answer] = queue.Queue(maxsize=256)
        with self._lock:
            if len(self._subscribers) >= _MAX_FOLLOWERS:
                raise Busy(f"{_MAX_FOLLOWERS} clients follow the events already")
            self._subscribers.append(events)
        try:
            _send(connection, {"ok": True, "event": "following"})
            while not _has_gone(connection):
                with contextlib.suppress(queue.Empty):
                    _send(connection, events.get(timeout=_PATIENCE_S))
        finally:
            with self._lock:
                self._subscribers.remove(events)


@contextlib.contextmanager
def short_address(path: Path) -> Iterator[str]:
    """Give a socket's path a short form: the kernel takes 107 bytes, a folder can lie deeper than that."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def _send(connection: socket.socket, answer: Answer) -> None:
    connection.sendall(json.dumps(answer, ensure_ascii=False).encode() + b"\n")


def _has_gone(connection: socket.socket) -> bool:
    """Tell whether the client hung up, without waiting for it."""
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0)) and not connection.recv(1, socket.MSG_PEEK)


def _listen(path: Path) -> socket.socket:
    """Bind the socket; one that a killed recorder left is replaced, the recorder's lock says that it is dead."""
    path.unlink(missing_ok=True)
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with short_address(path) as address:
            server.bind(address)
        path.chmod(0o660)
    except OSError as error:
        server.close()
        raise Temporary(f"the control socket {path} cannot be made: {error.strerror}") from None
    server.listen(_BACKLOG)
    return server
