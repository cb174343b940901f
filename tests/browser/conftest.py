"""A real browser: Debian's Chromium, driven by Playwright. One for all tests, a fresh page for each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from werkzeug.serving import make_server

from device.domain.errors import Permanent
from tests.browser.chromium import launch

_LIMIT_MS = 20_000


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A browser for all tests of a session; they are skipped where there is none."""
    try:
        with launch() as browser:
            yield browser
    except Permanent as error:
        pytest.skip(str(error))


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    """A page with its own cookies, 1280 x 800; what it complains about is in ``page.complaints``."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, locale="nl-NL")
    context.set_default_timeout(_LIMIT_MS)
    page = context.new_page()
    page.complaints = []
    page.on("console", lambda said: page.complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    yield page
    context.close()


@pytest.fixture
def serve() -> Iterator[Callable[[Any], str]]:
    """Serve a WSGI application on loopback until the test ends; gives its address."""
    servers: list[tuple[Any, threading.Thread]] = []

    def start(application: Any) -> str:
        server = make_server("127.0.0.1", 0, application, threaded=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()
