"""Slow, silent, greedy and careless visitors of a real gunicorn: everybody else is answered meanwhile."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

pytest.importorskip("flask", reason="flask is not installed here")
pytest.importorskip("gunicorn", reason="gunicorn is not installed here")

from device.web.accounts import Accounts
from device.web.hashing import Hasher
from device.web.roles import Role
from device.web.worker import MOST_GUESTS, REQUEST_WITHIN_S
from tests.web.served import Served
from tests.web.site import CHEAP_KIB, PASSWORD, csrf_token

pytestmark = pytest.mark.slow

CROWD = 50
# How long a visitor waits for an answer: shorter than the page is patient with the crowd, so that it
# is not the end of that patience which lets everybody else in.
PATIENCE_S = REQUEST_WITHIN_S - 2


@pytest.fixture(scope="module", params=["http", "https"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    made = Served(tmp_path_factory.mktemp("served"))
    if request.param == "https":
        made.use_tls()
    accounts = Accounts(made.folder / "web", Hasher(CHEAP_KIB))
    accounts.set_password(Role.COACH, PASSWORD)
    made.start()
    yield made
    made.close()


@contextlib.contextmanager
def crowd(
    site: Served, says: bytes, size: int = CROWD, *, speaks_tls: bool = True
) -> Iterator[list[socket.socket]]:
    """Many visitors that say so much and no more."""
    with contextlib.ExitStack() as leaving:
        visitors = []
        for _ in range(size):
            connection = socket.create_connection(("127.0.0.1", site.port), timeout=20)
            leaving.callback(connection.close)
            if site.tls is not None and speaks_tls:
                connection = site.tls.wrap_socket(connection)
                leaving.callback(connection.close)
            connection.sendall(says)
            visitors.append(connection)
        yield visitors


@pytest.mark.parametrize(
    "says",
    [
        b"",
        b"G",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n",
        b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\ncsrf_token=",
        b"POST /login HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n",
        b"POST /login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\nab",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n",
        b"GET /static/vendor/htmx-2.0.11.min.js HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    ],
    ids=["silent", "one letter", "half a head", "half a form", "waits for go on", "half a chunk", "a gigabyte",
         "body of a get", "reads nothing", "stays after goodbye"],
)  # fmt: skip
def test_a_crowd_of_slow_visitors_keeps_nobody_out(says: bytes, site: Served) -> None:
    with crowd(site, says):
        for _ in range(3):
            assert site.get("/", site.tls, PATIENCE_S)[0] == 200


def test_visitors_who_never_shake_hands_keep_nobody_out(site: Served) -> None:
    with crowd(site, b"", speaks_tls=False):
        assert site.get("/", site.tls, PATIENCE_S)[0] == 200


def test_when_it_is_full_the_one_who_stood_there_longest_must_go(site: Served) -> None:
    with crowd(site, b"GET / HTTP/1.1\r\n", size=2 * MOST_GUESTS + 20) as visitors:
        assert site.get("/", site.tls, PATIENCE_S)[0] == 200
        assert site.get("/healthz", site.tls, PATIENCE_S)[0] == 503
        visitors[0].settimeout(20)
        with contextlib.suppress(OSError):
            assert visitors[0].recv(1) == b""


def test_whoever_speaks_slowly_is_answered_all_the_same(site: Served) -> None:
    with crowd(site, b"", size=1) as [visitor]:
        for letter in b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n":
            visitor.sendall(bytes([letter]))
        assert read_all(visitor).startswith(b"HTTP/1.1 503")


def test_two_requests_at_once_on_one_connection_are_both_answered(site: Served) -> None:
    one = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    two = one + b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    with crowd(site, two, size=1) as [visitor]:
        answers = read_all(visitor)
    assert answers.count(b"HTTP/1.1 503") == 1
    assert answers.count(b"HTTP/1.1 404") == 1


def test_a_program_that_asks_whether_it_may_go_on_is_told_so(site: Served) -> None:
    head = b"POST /login HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nConnection: close\r\n"
    head += b"Content-Length: 3\r\n\r\n"
    with crowd(site, head, size=1) as [visitor]:
        assert visitor.recv(100).startswith(b"HTTP/1.1 100 Continue")
        visitor.sendall(b"a=b")
        assert b"HTTP/1.1 403" in read_all(visitor)


def test_an_upload_of_a_gigabyte_is_refused_at_once_and_takes_nothing(site: Served) -> None:
    before_kib = memory_kib(site)
    for path in ("/login", "/", "/nowhere"):
        with crowd(site, head_of(path, 10**9), size=1) as [visitor]:
            sent_bytes = send_until_refused(visitor, 64 << 20)
            assert sent_bytes < 64 << 20
        with crowd(site, head_of(path, 10**9), size=1) as [visitor]:
            assert b"HTTP/1.1 413" in visitor.recv(1000)
    assert memory_kib(site) - before_kib < 8 * 1024
    assert not [path for path in site.folder.rglob("*") if path.is_file() and path.stat().st_size > 100_000]


def test_a_head_without_end_is_refused(site: Served) -> None:
    with crowd(site, b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ", size=1) as [visitor]:
        with contextlib.suppress(OSError):
            for _ in range(100):
                visitor.sendall(b"x" * 1000)
        with contextlib.suppress(OSError):
            assert b"431" in visitor.recv(1000)
    assert site.get("/", site.tls)[0] == 200


def test_many_who_log_in_at_once_take_little_memory_and_the_page_answers(site: Served) -> None:
    cookie, token = form_of(site)
    statuses: list[int] = []

    def guess() -> None:
        fields = f"csrf_token={token}&role=teacher&code=zzz&secret=wrong"
        statuses.append(send_form(site, "/login", fields, cookie))

    before_kib = memory_kib(site)
    threads = [threading.Thread(target=guess) for _ in range(30)]
    for thread in threads:
        thread.start()
    assert site.get("/", site.tls)[0] == 200
    for thread in threads:
        thread.join()
    assert set(statuses) <= {401, 429, 503}
    assert 401 in statuses
    # Each took 19 MiB for a moment, and none of the eight threads may keep it.
    assert memory_kib(site) - before_kib < 16 * 1024


def test_it_answers_to_its_address_and_to_no_other_name(site: Served) -> None:
    for host, status in (("localhost", 200), (f"127.0.0.1:{site.port}", 200), ("elsewhere.example", 421)):
        with crowd(site, f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode(), 1) as [
            visitor
        ]:
            assert read_all(visitor).startswith(f"HTTP/1.1 {status}".encode())


def test_nobody_outside_can_say_that_he_came_another_way(site: Served) -> None:
    cookie, token = form_of(site)
    way, other = ("https", "http") if site.tls else ("http", "https")
    fields = f"csrf_token={token}&role=teacher&code=zzz&secret=wrong"
    for origin, statuses in ((way, {401, 429, 503}), (other, {403})):
        said = {"Origin": f"{origin}://127.0.0.1:{site.port}", "X-Forwarded-Proto": other}
        assert send_form(site, "/login", fields, cookie, said) in statuses


def head_of(path: str, length_bytes: int) -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length_bytes}\r\n\r\n".encode()


def send_until_refused(visitor: socket.socket, most_bytes: int) -> int:
    sent_bytes = 0
    visitor.settimeout(5)
    with contextlib.suppress(OSError):
        while sent_bytes < most_bytes:
            visitor.sendall(b"x" * 65536)
            sent_bytes += 65536
    return sent_bytes


def read_all(visitor: socket.socket) -> bytes:
    visitor.settimeout(20)
    return b"".join(iter(lambda: visitor.recv(65536), b""))


def memory_kib(site: Served) -> int:
    """Return what the process that serves holds (RSS)."""
    assert site.process is not None
    children = Path(f"/proc/{site.process.pid}/task/{site.process.pid}/children").read_text().split()
    status = Path(f"/proc/{children[0]}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


def form_of(site: Served) -> tuple[str, str]:
    """Return the cookie and the token of a login form."""
    connection = connect(site)
    connection.request("GET", "/login")
    answer = connection.getresponse()
    cookie = (answer.getheader("Set-Cookie") or "").partition(";")[0]
    token = csrf_token(answer.read().decode())
    connection.close()
    return cookie, token


def send_form(
    site: Served, path: str, fields: str, cookie: str, said: Mapping[str, str] = MappingProxyType({})
) -> int:
    connection = connect(site)
    headers = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded", **said}
    connection.request("POST", path, fields, headers)
    status = connection.getresponse().status
    connection.close()
    return status


def connect(site: Served) -> http.client.HTTPConnection:
    if site.tls is None:
        return http.client.HTTPConnection("127.0.0.1", site.port, timeout=20)
    return http.client.HTTPSConnection("127.0.0.1", site.port, timeout=20, context=site.tls)
