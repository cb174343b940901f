"""What every transport promises, whatever is behind it. A new one joins by adding itself to TRANSPORTS."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy.demo.embedded_sftp import EmbeddedDropBoxServer
from device.domain.errors import Permanent
from server_sync.push.transport.contract import Transport
from server_sync.push.transport.local import LocalTransport
from server_sync.push.transport.retry import Backoff, Retrying
from server_sync.push.transport.throttle import Throttled
from server_sync.push.transport.window import Windowed
from tests.support.sshd import client_key, running_sshd, transport_to

BLOCK = 255 * 1024
SIZES = [0, 1, 32 * 1024, BLOCK - 1, BLOCK, BLOCK + 1, 5 * 1024 * 1024 + 3]
BAD_NAMES = ["", ".", "..", "a..b", "a/b", "/a", "a b", "a\n", "é", "a\0", "a" * 256, "a\\b", "a:b"]


@dataclass
class Store:
    """A transport and the folder behind it."""

    transport: Transport
    root: Path

    def content(self, name: str) -> bytes:
        path = self.root / "inbox" / name
        path.chmod(0o600)  # uploads arrive unreadable; their owner may change that
        return path.read_bytes()


@contextmanager
def _local(folder: Path) -> Iterator[Store]:
    for name in ("inbox", "receipts"):
        (folder / name).mkdir()
    yield Store(LocalTransport(folder), folder)


@contextmanager
def _sftp_on_openssh(folder: Path) -> Iterator[Store]:
    with running_sshd(folder) as server:
        yield Store(transport_to(server), server.root)


@contextmanager
def _sftp_by_absolute_paths(folder: Path) -> Iterator[Store]:
    with running_sshd(folder) as server:
        inbox, receipts = f"{server.root}/inbox", f"{server.root}/receipts"
        yield Store(transport_to(server, inbox_dir=inbox, receipts_dir=receipts), server.root)


@contextmanager
def _sftp_on_the_embedded_server(folder: Path) -> Iterator[Store]:
    with EmbeddedDropBoxServer(folder, [client_key(folder)[1]]) as server:
        yield Store(transport_to(server), server.root)


def _wrapped(wrap: Callable[[Transport], Transport]) -> Callable[[Path], AbstractContextManager[Store]]:
    @contextmanager
    def make(folder: Path) -> Iterator[Store]:
        with _local(folder) as store:
            yield Store(wrap(store.transport), store.root)

    return make


TRANSPORTS: dict[str, Callable[[Path], AbstractContextManager[Store]]] = {
    "local": _local,
    "sftp-openssh": _sftp_on_openssh,
    "sftp-absolute-paths": _sftp_by_absolute_paths,
    "sftp-embedded": _sftp_on_the_embedded_server,
    "retrying": _wrapped(lambda inner: Retrying(inner, Backoff())),
    "throttled": _wrapped(lambda inner: Throttled(inner, 1_000_000, clock=lambda: 0.0, sleep=lambda _: None)),
    "windowed": _wrapped(
        lambda inner: Windowed(inner, ["16:00-07:00"], lambda: datetime(2024, 5, 6, 23, 0, tzinfo=UTC))
    ),
}


@pytest.fixture(scope="module", params=TRANSPORTS)
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    with tempfile.TemporaryDirectory() as folder, TRANSPORTS[request.param](Path(folder)) as made:
        yield made
        made.transport.close()


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A name that no other test uses: the store is shared, for speed."""
    return "".join(letter if letter.isalnum() else "-" for letter in request.node.name)


def _pattern(size_bytes: int) -> bytes:
    """Bytes in which a block that is lost, doubled or swapped shows."""
    count = size_bytes // 4 + 1
    return b"".join(number.to_bytes(4, "big") for number in range(count))[:size_bytes]


def _put(store: Store, name: str, content: bytes) -> list[int]:
    heard: list[int] = []
    store.transport.put(name, io.BytesIO(content), len(content), heard.append)
    return heard


@pytest.mark.parametrize("size_bytes", SIZES)
def test_the_bytes_arrive_exactly(store: Store, name: str, size_bytes: int) -> None:
    _put(store, name, _pattern(size_bytes))
    assert store.content(name) == _pattern(size_bytes)


@pytest.mark.parametrize("size_bytes", [0, 1, 3 * BLOCK + 1])
def test_progress_rises_to_the_size_and_ends_there(store: Store, name: str, size_bytes: int) -> None:
    heard = _put(store, name, _pattern(size_bytes))
    assert heard == sorted(set(heard))
    assert heard[-1] == size_bytes


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(reads=st.lists(st.integers(1, 5000), min_size=1, max_size=12))
def test_a_source_may_return_less_than_it_is_asked_for(store: Store, reads: list[int]) -> None:
    content = _pattern(sum(reads))
    name = f"short-reads-{len(list((store.root / 'inbox').iterdir()))}"
    source = cast(BinaryIO, _ShortReads(content, reads))
    store.transport.put(name, source, len(content), lambda _: None)
    assert store.content(name) == content


class _ShortReads:
    def __init__(self, content: bytes, reads: list[int]) -> None:
        self._file = io.BytesIO(content)
        self._reads = iter(reads)

    def read(self, size_bytes: int) -> bytes:
        return self._file.read(min(size_bytes, next(self._reads, size_bytes)))


def test_sending_begins_where_the_source_stands(store: Store, name: str) -> None:
    source = io.BytesIO(b"head" + b"body")
    source.seek(4)
    store.transport.put(name, source, 4, lambda _: None)
    assert store.content(name) == b"body"


def test_an_object_that_exists_is_left_alone_and_the_caller_hears_it(store: Store, name: str) -> None:
    _put(store, name, b"first")
    with pytest.raises(Permanent, match="exists already"):
        _put(store, name, b"second, and longer")
    assert store.content(name) == b"first"


@pytest.mark.parametrize("bad", BAD_NAMES)
def test_a_name_that_is_no_plain_name_is_refused_before_anything_is_read(store: Store, bad: str) -> None:
    source = io.BytesIO(b"x")
    with pytest.raises(Permanent, match="name"):
        store.transport.put(bad, source, 1, lambda _: None)
    with pytest.raises(Permanent, match="name"):
        store.transport.read_receipt(bad, 10)
    assert source.tell() == 0


@pytest.mark.parametrize("length", [0, BLOCK - 1, 2 * BLOCK])
def test_a_source_that_ends_too_early_is_permanent_and_says_where(
    store: Store, name: str, length: int
) -> None:
    with pytest.raises(Permanent, match=f"ended after {length} of {3 * BLOCK} bytes"):
        store.transport.put(name, io.BytesIO(bytes(length)), 3 * BLOCK, lambda _: None)


@pytest.mark.parametrize("size_bytes", [0, 1, BLOCK])
def test_a_source_that_goes_on_is_permanent_and_says_so(store: Store, name: str, size_bytes: int) -> None:
    with pytest.raises(Permanent, match=f"longer than {size_bytes} bytes"):
        store.transport.put(name, io.BytesIO(bytes(size_bytes + 1)), size_bytes, lambda _: None)


def test_after_a_put_that_failed_the_next_one_works(store: Store, name: str) -> None:
    with pytest.raises(Permanent):
        store.transport.put(f"{name}-1", io.BytesIO(bytes(BLOCK)), 4 * BLOCK, lambda _: None)
    _put(store, f"{name}-2", _pattern(BLOCK))
    assert store.content(f"{name}-2") == _pattern(BLOCK)


class _EnoughError(Exception):
    """Raised by a caller that wants to stop."""


def test_an_error_from_progress_ends_the_put_and_the_next_one_works(store: Store, name: str) -> None:
    def stop(confirmed_bytes: int) -> None:
        if confirmed_bytes:
            raise _EnoughError

    with pytest.raises(_EnoughError):
        store.transport.put(f"{name}-1", io.BytesIO(_pattern(4 * BLOCK)), 4 * BLOCK, stop)
    _put(store, f"{name}-2", b"next")
    assert store.content(f"{name}-2") == b"next"


def test_there_is_no_receipt_until_there_is_one(store: Store, name: str) -> None:
    assert store.transport.read_receipt(name, 100) is None
    (store.root / "receipts" / name).write_bytes(b"received")
    assert store.transport.read_receipt(name, 100) == b"received"


@pytest.mark.parametrize("size_bytes", [0, 1, 32 * 1024, 100_000])
def test_a_receipt_of_exactly_the_limit_is_read_whole(store: Store, name: str, size_bytes: int) -> None:
    (store.root / "receipts" / name).write_bytes(_pattern(size_bytes))
    assert store.transport.read_receipt(name, size_bytes) == _pattern(size_bytes)


def test_a_receipt_above_the_limit_is_permanent(store: Store, name: str) -> None:
    (store.root / "receipts" / name).write_bytes(bytes(101))
    with pytest.raises(Permanent, match="larger than 100 bytes"):
        store.transport.read_receipt(name, 100)


def test_closing_is_harmless_twice_and_the_next_call_opens_again(store: Store, name: str) -> None:
    store.transport.close()
    store.transport.close()
    _put(store, f"{name}-1", b"one")
    store.transport.close()
    assert store.transport.read_receipt(name, 10) is None
    _put(store, f"{name}-2", b"two")
    assert store.content(f"{name}-1") + store.content(f"{name}-2") == b"onetwo"
