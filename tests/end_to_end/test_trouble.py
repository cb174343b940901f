"""Trouble on the way: each gives a clear status, nothing is lost, and it ends by itself when the cause goes."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.demo.analysis import analyse
from deploy.demo.house import House
from deploy.demo.sshd import DropBoxServer
from tests.support.houses import (
    film_of,
    make_house,
    quick,
    row,
    until,
    wait_for,
    wait_for_sync_state,
)

LENGTH_S = 4.0


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One house for all kinds of trouble: each test leaves it well again."""
    overrides = quick(LENGTH_S) | {"sync": {"bandwidth_cap_bytes_per_s": 150_000, "operation_timeout_s": 5.0}}
    with make_house(tmp_path_factory.mktemp("trouble") / "house", overrides) as made:
        yield made


def test_a_server_with_another_host_key_gets_nothing_until_the_right_one_is_back(
    house: House, tmp_path: Path
) -> None:
    server = _server(house)
    server.stop()
    with DropBoxServer(tmp_path / "impostor", [_device_key(house)], port=server.port) as impostor:
        recording = _record(house)
        state = wait_for_sync_state(house, "refused", "is not the server we know")
        assert "SHA256:" in state["message"]
        assert row(house, recording)["status"] == "uploading"
        assert not list((impostor.root / "inbox").iterdir())
    server.start()
    _arrives(house, recording)


def test_a_refused_login_is_named_and_ends_when_the_key_is_known_again(house: House) -> None:
    known = _server(house).folder / "authorized_keys"
    keys = known.read_text("utf-8")
    known.write_text("", "utf-8")
    recording = _record(house)
    wait_for_sync_state(house, "refused", "add the device's public key")
    assert row(house, recording)["status"] == "uploading"
    known.write_text(keys, "utf-8")
    _arrives(house, recording)


def test_a_full_server_disk_is_named_and_the_lesson_goes_on_when_there_is_room(house: House) -> None:
    _limit_file_size(house, 20_000)
    recording = _record(house)
    wait_for_sync_state(house, "waiting", "disk may be full")
    assert row(house, recording)["status"] == "uploading"
    _limit_file_size(house, resource.RLIM_INFINITY)
    _arrives(house, recording)


def test_a_server_that_vanishes_in_the_middle_of_an_object_is_waited_for(house: House) -> None:
    recording = _record(house)
    until(lambda: _started(house, recording), "the upload to begin", 30)
    _server(house).kill()
    wait_for_sync_state(house, "waiting", "")
    assert row(house, recording)["status"] == "uploading"
    _server(house).start()
    _arrives(house, recording)


def test_an_inbox_that_was_off_receives_everything_that_waited_for_it(house: House) -> None:
    house.stop("inbox")
    recording = _record(house)
    wait_for_sync_state(house, "waiting", "waiting for the receipt")
    assert row(house, recording)["status"] == "uploading"
    assert list(house.spool.glob(f"{recording}/*.age")), "the only sure copy stays until there is a receipt"
    house.start("inbox")
    _arrives(house, recording)


def test_an_object_that_was_damaged_on_the_server_is_sent_again(house: House) -> None:
    house.stop("inbox")
    recording = _record(house)
    wait_for_sync_state(house, "waiting", "waiting for the receipt")
    segment = next(
        p for p in (_server(house).root / "inbox").iterdir() if not p.name.endswith(".manifest.age")
    )
    segment.chmod(0o600)
    data = bytearray(segment.read_bytes())
    data[len(data) // 2] ^= 1
    segment.write_bytes(data)
    house.start("inbox")
    _arrives(house, recording)


def _record(house: House) -> str:
    recording: str = house.client.ask("start")["recording"]
    return recording


def _arrives(house: House, recording: str) -> None:
    wait_for(house, recording, "purged")
    report = analyse(film_of(house, recording))
    assert report.counters is not None
    assert (report.frames, report.counters.missing) == (round(LENGTH_S * 30), 0)
    assert not report.faults()


def _started(house: House, recording: str) -> dict[str, Any] | None:
    found = row(house, recording)
    return found if found["status"] == "uploading" and 0 < found["sent_bytes"] < found["size_bytes"] else None


def _limit_file_size(house: House, size_bytes: int) -> None:
    """Let the server's next sessions find no room for files above a size, as a full disk or quota does."""
    server = _server(house)
    server.stop()
    server.start()
    resource.prlimit(server.pids()[0], resource.RLIMIT_FSIZE, (size_bytes, resource.RLIM_INFINITY))


def _server(house: House) -> DropBoxServer:
    assert isinstance(house.server, DropBoxServer), "; ".join(house.notes)
    return house.server


def _device_key(house: House) -> str:
    lines = (_server(house).folder / "authorized_keys").read_text("utf-8")
    return lines.partition("restrict ")[2].strip()
