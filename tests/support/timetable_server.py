"""A timetable's server on this machine, as good and as bad as servers are."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[[BaseHTTPRequestHandler], object]


class School(ThreadingHTTPServer):
    """Answers each path as a test wants it, and remembers what it was asked."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, Answer] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is what several tests are about."""


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        school = self.server
        assert isinstance(school, School)
        school.asked.append((self.path, dict(self.headers)))
        school.answers[self.path](self)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""
