"""gunicorn's worker, made patient: slow visitors wait in the doorway, and only a whole request takes a thread.

gunicorn's own threads wait for a request's first byte, for the rest of it and for the end of a connection, so
that eight slow visitors keep everybody else out. Here one loop gathers requests without waiting for any, TLS
included; it knows how long it is patient, and lets the one go that stood there longest when it gets crowded.
Larger uploads than a form's are read by a thread, after the page has seen who sends them.

Written against gunicorn 27; the tests with slow visitors tell whether a newer one still has the same seams.
"""

from __future__ import annotations

import contextlib
import enum
import re
import selectors
import socket
import ssl
import struct
import time
from concurrent.futures import Future
from functools import partial
from typing import Any

from gunicorn import http, sock
from gunicorn.workers.gthread import TConn, ThreadWorker

from device.web.roles import BODY_BYTES

MOST_GUESTS = 128
REQUEST_WITHIN_S = 10.0
_LEAVE_WITHIN_S = 2.0
_LEAVE_WITHIN_BYTES = 4 * 1024 * 1024
_HEAD_BYTES = 16 * 1024
_CHUNK_BYTES = 16 * 1024
# Room in the kernel for a whole page, so that a slow reader does not keep a thread.
_SEND_BUFFER_BYTES = 256 * 1024
_THREAD_WAITS = struct.pack("ll", 10, 0)  # struct timeval, of one read or write by a thread
_LENGTH = re.compile(rb"^content-length:[ \t]*(\d{1,15})[ \t]*\r$", re.IGNORECASE | re.MULTILINE)
_EXPECTS = re.compile(rb"^expect:[ \t]*100-continue[ \t]*\r$", re.IGNORECASE | re.MULTILINE)
_CHUNKED = re.compile(rb"^transfer-encoding:", re.IGNORECASE | re.MULTILINE)
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class Arrival(enum.Enum):
    """How far a request is."""

    WAITING = enum.auto()
    WRITING = enum.auto()  # TLS wants to send first
    READY = enum.auto()
    GONE = enum.auto()


class Guest(TConn):  # type: ignore[misc]  # gunicorn carries no types
    """A connection with what has arrived on it; never waits."""

    def __init__(self, cfg: Any, connection: socket.socket, client: Any, server: Any) -> None:
        super().__init__(cfg, connection, client, server)
        self.parser: Any = None
        self.arrived = bytearray()
        self.is_whole = False
        self.ignored_bytes = 0
        self._shakes_hands = isinstance(connection, ssl.SSLSocket)
        self._was_told_to_go_on = False

    def receive(self) -> Arrival:
        """Take what is there and tell how far the request is."""
        try:
            if self._shakes_hands:
                self.sock.do_handshake()
                self._shakes_hands = False
            while len(self.arrived) < _HEAD_BYTES + BODY_BYTES:
                chunk = self.sock.recv(_CHUNK_BYTES)
                if not chunk:
                    return Arrival.GONE
                self.arrived += chunk
        except (BlockingIOError, ssl.SSLWantReadError):
            pass
        except ssl.SSLWantWriteError:
            return Arrival.WRITING
        except (OSError, ValueError):
            return Arrival.GONE
        return self.look()

    def look(self) -> Arrival:
        """Tell whether a thread could answer at once what has arrived."""
        if self.arrived and not self.arrived[:1].isalpha():
            return Arrival.GONE  # no request begins like that; TLS where none is spoken does
        head, end, body = self.arrived.partition(b"\r\n\r\n")
        if not end:
            return self._refuse() if len(self.arrived) > _HEAD_BYTES else Arrival.WAITING
        lengths = _LENGTH.findall(head + b"\r")
        length_bytes = int(lengths[0]) if lengths else 0
        if length_bytes > BODY_BYTES or _CHUNKED.search(head):
            self.is_whole = False
            return Arrival.READY
        self.is_whole = len(body) >= length_bytes
        if not self.is_whole:
            self._let_go_on(head)
        return Arrival.READY if self.is_whole else Arrival.WAITING

    def hand_over(self) -> None:
        """Give the request to gunicorn's own reader, which judges it."""
        if self.parser is None:
            self.parser = http.get_parser(self.cfg, self.sock, self.client)
        self.parser.unreader.unread(bytes(self.arrived))
        self.arrived.clear()
        self.initialized = self.data_ready = True
        self._was_told_to_go_on = False

    def take_back(self) -> None:
        """Take what came after the request that was answered."""
        self.arrived += self.parser.unreader.take_buffered()

    def _let_go_on(self, head: bytearray) -> None:
        if not self._was_told_to_go_on and _EXPECTS.search(head + b"\r"):
            self._was_told_to_go_on = True
            self.sock.send(_CONTINUE)

    def _refuse(self) -> Arrival:
        with contextlib.suppress(OSError):
            self.sock.send(_TOO_LARGE)
        return Arrival.GONE


class PatientWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn carries no types
    """Threads answer, the loop waits."""

    def init_process(self) -> None:
        """Prepare, then work until the end."""
        self._guests: dict[Guest, None] = {}
        self._tls: ssl.SSLContext | None = sock.ssl_context(self.cfg) if self.cfg.is_ssl else None
        super().init_process()

    def accept(self, listener: socket.socket) -> None:
        """Let a connection in; nothing is expected of it yet."""
        try:
            connection, client = listener.accept()
        except OSError:
            return  # it went away again, or another loop was quicker
        if self.nr_conns >= MOST_GUESTS and self._guests:
            self._drop(next(iter(self._guests)))
        try:
            guest = Guest(self.cfg, self._prepared(connection), client, listener.getsockname())
        except (OSError, ValueError):
            connection.close()
            return
        self.nr_conns += 1
        self._wait_for(guest, REQUEST_WITHIN_S)

    def finish_request(self, conn: Guest, fs: Future[Any]) -> None:
        """Wait for the next request on the same connection, or let it go without waiting for it."""
        stays = not fs.cancelled() and fs.exception() is None and bool(fs.result())
        if not (stays and self.alive):
            self._see_off(conn)
            return
        conn.take_back()
        if conn.arrived:
            self._act(conn, conn.look(), REQUEST_WITHIN_S)
        else:
            self._wait_for(conn, self.cfg.keepalive)

    def murder_pending(self) -> None:
        """Let those go whose time is over; gunicorn's loop calls it every second."""
        now_s = time.monotonic()
        for guest in [each for each in self._guests if each.timeout <= now_s]:
            self._drop(guest)

    def _cap_keepalive(self, deadline: float) -> None:
        """When the process stops, wait for nobody who has not asked anything yet."""
        for guest in list(self._guests):
            guest.timeout = min(guest.timeout, deadline)

    def _keepalive_after(self, conn: Guest, keepalive: bool) -> bool:
        """Tell whether another request can follow: not after one whose body may be on the way still."""
        return conn.is_whole and bool(super()._keepalive_after(conn, keepalive))

    def _prepared(self, connection: socket.socket) -> socket.socket:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _THREAD_WAITS)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _THREAD_WAITS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setblocking(False)
        if self._tls is None:
            return connection
        return self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)

    def _wait_for(self, guest: Guest, patience_s: float, events: int = selectors.EVENT_READ) -> None:
        guest.timeout = time.monotonic() + patience_s
        self._watch(guest, partial(self._on_ready, guest), events)

    def _watch(self, guest: Guest, react: Any, events: int = selectors.EVENT_READ) -> None:
        guest.sock.setblocking(False)
        self._guests[guest] = None
        self.poller.register(guest.sock, events, react)

    def _unwatch(self, guest: Guest) -> None:
        self._guests.pop(guest, None)
        with contextlib.suppress(OSError, KeyError, ValueError):
            self.poller.unregister(guest.sock)

    def _on_ready(self, guest: Guest, _connection: object) -> None:
        left_s = guest.timeout - time.monotonic()
        if guest not in self._guests:
            return  # let go of by an earlier event of the same round
        was_idle = not guest.arrived and guest.parser is not None
        self._unwatch(guest)
        self._act(guest, guest.receive(), REQUEST_WITHIN_S if was_idle else left_s)

    def _act(self, guest: Guest, arrival: Arrival, left_s: float) -> None:
        if arrival is Arrival.READY:
            guest.hand_over()
            self.enqueue_req(guest)
        elif arrival is Arrival.GONE:
            self._see_off(guest)
        else:
            writing = arrival is Arrival.WRITING
            self._wait_for(guest, left_s, selectors.EVENT_WRITE if writing else selectors.EVENT_READ)

    def _see_off(self, guest: Guest) -> None:
        """Say goodbye; wait a little until the visitor heard it, for else a reset would overtake the answer."""
        try:
            guest.sock.setblocking(False)
            guest.sock.shutdown(socket.SHUT_WR)
            guest.timeout = time.monotonic() + _LEAVE_WITHIN_S
            self._watch(guest, partial(self._on_leaving, guest))
        except (OSError, ValueError):
            self._drop(guest)

    def _on_leaving(self, guest: Guest, _connection: object) -> None:
        try:
            ignored = guest.sock.recv(_CHUNK_BYTES)
            guest.ignored_bytes += len(ignored)
            is_over = not ignored or guest.ignored_bytes > _LEAVE_WITHIN_BYTES
        except (BlockingIOError, ssl.SSLWantReadError):
            return
        except (OSError, ValueError):
            is_over = True
        if is_over:
            self._drop(guest)

    def _drop(self, guest: Guest) -> None:
        self._unwatch(guest)
        self.nr_conns -= 1
        guest.close()
