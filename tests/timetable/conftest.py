"""A timetable's server that runs for one test."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tests.support.timetable_server import School


@pytest.fixture
def school() -> Iterator[School]:
    server = School()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.closing.set()
    server.shutdown()
    thread.join()
    server.server_close()
