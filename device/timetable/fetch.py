"""Fetches a timetable by URL: a limited size, a limited time, one host, and nothing that is not asked for."""

from __future__ import annotations

import errno
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urljoin

from device.domain.errors import LeerblikError, Permanent, Refused, Temporary
from device.timetable.address import Place, Policy, check, resolve

_REDIRECTS = (
    HTTPStatus.MOVED_PERMANENTLY,
    HTTPStatus.FOUND,
    HTTPStatus.SEE_OTHER,
    HTTPStatus.TEMPORARY_REDIRECT,
    HTTPStatus.PERMANENT_REDIRECT,
)
_GONE = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.GONE)
_MOST_REDIRECTS = 3
_CHUNK_BYTES = 64 * 1024
_LONGEST_VALIDATOR = 200


@dataclass(frozen=True, slots=True)
class Known:
    """What the server called the feed that we have already; "" for nothing."""

    etag: str = ""
    last_modified: str = ""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A feed as the server sent it, and what it calls it."""

    data: bytes
    known: Known


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is read, and how long all of it may take once the host's address is known."""

    size_bytes: int = 2_000_000
    time_s: float = 30.0


def fetch(
    url: str, known: Known | None = None, policy: Policy | None = None, bounds: Bounds | None = None
) -> Fetched | None:
    """Return the feed at a URL, or None when it is still the one that is ``known``.

    Uses no proxy from the environment, no cookies, and follows only redirects to the same host. Permanent or
    Refused when it will not go better next time, Temporary otherwise; no sentence shows more than the host, for the
    rest of such a URL is a secret.
    """
    policy, bounds = policy or Policy(), bounds or Bounds()
    place = check(url, policy)
    deadline_s = time.monotonic() + bounds.time_s
    for _ in range(_MOST_REDIRECTS + 1):
        answer = _ask(place, known or Known(), policy, bounds, deadline_s)
        if not isinstance(answer, Place):
            return answer
        place = answer
    raise Permanent(f"{place.host} sends us on and on; check the timetable's address")


def _ask(
    place: Place, known: Known, policy: Policy, bounds: Bounds, deadline_s: float
) -> Fetched | Place | None:
    """Return the feed, None when it is the known one, or the place on the same host to ask instead."""
    try:
        with _connect(place, resolve(place, policy), deadline_s) as plain, _cut_off(plain, deadline_s):
            connection = _http(plain, place)
            with closing(connection):
                connection.request("GET", place.target, headers=_headers(known))
                answer = _answer(connection.getresponse(), place, policy, bounds)
        # What was cut off may look like a whole answer.
        if time.monotonic() < deadline_s:
            return answer
        problem = ""
    except (OSError, http.client.HTTPException, ValueError) as error:
        problem = getattr(error, "strerror", None) or type(error).__name__
    if time.monotonic() >= deadline_s:
        raise Temporary(f"{place.host} took longer than {bounds.time_s:g} s; it is tried again later")
    raise Temporary(f"{place.host} cannot be read ({problem}); it is tried again later")


def _connect(place: Place, addresses: list[str], deadline_s: float) -> socket.socket:
    problem: OSError = TimeoutError("timed out")
    for address in addresses:
        wait_s = deadline_s - time.monotonic()
        if wait_s <= 0:
            break
        try:
            return socket.create_connection((address, place.port), timeout=wait_s)
        except OSError as error:
            problem = error
    raise problem


def _http(plain: socket.socket, place: Place) -> http.client.HTTPConnection:
    """Return HTTP over a connection that is made already: to an address that was checked, not to a name."""
    if place.scheme == "http":
        connection = http.client.HTTPConnection(place.host, place.port)
        connection.sock = plain
        return connection
    context = ssl.create_default_context()
    connection = http.client.HTTPSConnection(place.host, place.port, context=context)
    connection.sock = context.wrap_socket(plain, server_hostname=place.host)
    return connection


@contextmanager
def _cut_off(plain: socket.socket, deadline_s: float) -> Iterator[None]:
    """End the connection at the deadline, however slowly a server keeps it alive: each byte has its own timeout."""
    # A second handle: TLS takes the first one over, and what is closed must not be mistaken for another file.
    handle = plain.dup()

    def cut() -> None:
        with suppress(OSError):
            handle.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(max(0.0, deadline_s - time.monotonic()), cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        handle.close()


def _headers(known: Known) -> dict[str, str]:
    headers = {
        "Accept": "text/calendar, text/plain;q=0.5",
        "Accept-Encoding": "identity",
        "Connection": "close",
    }
    if known.etag:
        headers["If-None-Match"] = known.etag
    if known.last_modified:
        headers["If-Modified-Since"] = known.last_modified
    return headers


def _answer(
    response: http.client.HTTPResponse, place: Place, policy: Policy, bounds: Bounds
) -> Fetched | Place | None:
    if response.status == HTTPStatus.NOT_MODIFIED:
        return None
    if response.status in _REDIRECTS:
        return _next(response.getheader("Location", ""), place, policy)
    if response.status in _GONE:
        raise Permanent(
            f"{place.host} does not hand out this timetable any more ({response.status}); make a new address there"
        )
    if response.status != HTTPStatus.OK:
        raise Temporary(f"{place.host} answers with an error ({response.status}); it is tried again later")
    if response.getheader("Content-Encoding", "identity").lower() != "identity":
        raise Permanent(f"{place.host} sends the timetable compressed, which was not asked for")
    data = _body(response, place, bounds)
    return Fetched(data, Known(*(_validator(response, name) for name in ("ETag", "Last-Modified"))))


def _body(response: http.client.HTTPResponse, place: Place, bounds: Bounds) -> bytes:
    data = bytearray()
    while piece := response.read(_CHUNK_BYTES):
        data += piece
        if len(data) > bounds.size_bytes:
            raise Permanent(
                f"{place.host} sends more than {bounds.size_bytes // 1000} kB; no timetable is so large"
            )
    if response.length:
        raise ConnectionError(errno.ECONNABORTED, "it broke off in the middle")
    return bytes(data)


def _next(location: str, place: Place, policy: Policy) -> Place:
    here = f"{place.scheme}://{_netloc(place)}{place.target}"
    try:
        other = check(urljoin(here, location), policy)
    except (LeerblikError, ValueError):
        other = None
    if other is None or (other.scheme, other.host, other.port) != (place.scheme, place.host, place.port):
        raise Refused(f"{place.host} sends us on to somewhere else, which is not followed; check the address")
    return other


def _netloc(place: Place) -> str:
    return f"[{place.host}]:{place.port}" if ":" in place.host else f"{place.host}:{place.port}"


def _validator(response: http.client.HTTPResponse, name: str) -> str:
    """Return a header to send back as it came; none when it could be more than one header."""
    value = response.getheader(name, "")
    return value if value.isascii() and value.isprintable() and len(value) <= _LONGEST_VALIDATOR else ""
