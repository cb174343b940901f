"""Orders, certificates, and what is left under bookings: each written by its own process, both or neither."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from device.domain.errors import Refused
from device.domain.lifecycle import Status, Writer
from device.domain.register.effects import Reached
from device.storage.catalogue import Catalogue, StoredObject, database, fresh_ulid, new_order, utc_now

ORDER = new_order(b"sealed", "teacher", "2030-01-01T00:00:00Z")
_WAY = (Status.RELEASED, Status.UPLOADING, Status.DELIVERED, Status.PURGED)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "catalogue.sqlite"


@pytest.fixture
def pair(path: Path) -> Iterator[tuple[Catalogue, Catalogue]]:
    """The recorder's catalogue and the sync's."""
    with Catalogue(path, Writer.RECORDER) as recorder, Catalogue(path, Writer.SYNC) as sync:
        yield recorder, sync


def held(recorder: Catalogue, booking: str = "", *, unclaimed: bool = False) -> str:
    recording = fresh_ulid()
    recorder.recordings.add(
        recording, utc_now(), "", untrusted_clock=False, booking=booking, unclaimed=unclaimed
    )
    recorder.recordings.hold(
        recording, boot_id="b", at_ns=1, duration_us=1, dropped_frames=0, interrupted=False,
        objects=[StoredObject("manifest.age", 5, "b" * 64)],
    )  # fmt: skip
    return recording


def until(pair: tuple[Catalogue, Catalogue], recording: str, last: Status) -> str:
    """Bring a recording so far on its way to the coach."""
    for status in _WAY[: _WAY.index(last) + 1]:
        (pair[1] if status in (Status.UPLOADING, Status.DELIVERED) else pair[0]).recordings.move(
            recording, status
        )
    return recording


def discarded(pair: tuple[Catalogue, Catalogue], recording: str) -> str:
    for status in (Status.DISCARDED, Status.PURGED):
        pair[0].recordings.move(recording, status)
    return recording


def test_from_withdrawn_to_destroyed(pair: tuple[Catalogue, Catalogue]) -> None:
    recorder, sync = pair
    recording = until(pair, held(recorder), Status.PURGED)
    recorder.endings.withdraw(recording, ORDER, "why")
    assert sync.endings.order(recording) == ORDER
    assert sync.endings.sent_as(recording) is None
    for name in ("A.order.age", "B.order.age"):
        sync.endings.begin(name, recording)
    assert sync.endings.sent_as(recording) is None
    sync.endings.confirm("B.order.age")
    assert sync.endings.sent_as(recording) == "B.order.age"
    sync.endings.destroy(recording, b"signed")
    assert recorder.recordings.get(recording).status is Status.DESTROYED
    assert recorder.endings.certificates([recording, "x"]) == {recording: b"signed"}
    assert recorder.endings.reasons([recording, "x"]) == {recording: "teacher"}
    assert [step.note for step in recorder.recordings.history(recording)][-2:] == [
        "why",
        "certificate verified",
    ]


def test_an_order_without_its_status_is_not_there_and_no_certificate_without_its_own(
    pair: tuple[Catalogue, Catalogue],
) -> None:
    recorder, sync = pair
    recording = held(recorder)
    with pytest.raises(Refused):
        recorder.endings.withdraw(recording, ORDER, "too early")
    assert recorder.endings.order(recording) is None
    with pytest.raises(Refused):
        sync.endings.destroy(recording, b"signed")
    assert sync.endings.certificates([recording]) == {}


def test_the_sync_withdraws_nothing_and_the_recorder_destroys_nothing(
    pair: tuple[Catalogue, Catalogue],
) -> None:
    recorder, sync = pair
    recording = until(pair, held(recorder), Status.PURGED)
    with pytest.raises(Refused):
        sync.endings.withdraw(recording, ORDER, "")
    recorder.endings.withdraw(recording, ORDER, "")
    with pytest.raises(Refused):
        recorder.endings.destroy(recording, b"signed")
    assert recorder.recordings.get(recording).status is Status.WITHDRAWN


def test_a_name_is_never_used_twice_and_a_first_order_stays(pair: tuple[Catalogue, Catalogue]) -> None:
    recorder, sync = pair
    recording = until(pair, held(recorder), Status.PURGED)
    recorder.recordings.move(recording, Status.WITHDRAWN)
    assert [each.id for each in recorder.endings.owed(9)] == [recording]
    recorder.endings.add(recording, ORDER)
    recorder.endings.add(recording, new_order(b"another", "closed", "x"))
    assert recorder.endings.order(recording) == ORDER
    assert recorder.endings.owed(9) == []
    sync.endings.begin("A.order.age", recording)
    with pytest.raises(sqlite3.IntegrityError):
        sync.endings.begin("A.order.age", recording)
    sync.endings.confirm("A.order.age")
    sync.endings.forget(recording)
    assert sync.endings.sent_as(recording) is None


def test_what_is_left_under_bookings_and_names(pair: tuple[Catalogue, Catalogue]) -> None:
    recorder, _ = pair
    here, claimed = held(recorder, "B1"), held(recorder)
    arrived = [until(pair, held(recorder, "B2"), last) for last in _WAY]
    gone = until(pair, held(recorder, "B1"), Status.PURGED)
    recorder.endings.withdraw(gone, ORDER, "")
    discarded(pair, held(recorder, "B1"))
    held(recorder, "other")
    waits = held(recorder, unclaimed=True)
    left = recorder.endings.left(Reached(frozenset({"B1", "B2"}), frozenset({claimed, waits})))
    assert {each.id for each in left} == {here, claimed, waits, *arrived}
    assert recorder.endings.left(Reached()) == []


def test_what_is_left_is_found_by_booking_and_not_by_going_through_everything(path: Path) -> None:
    with Catalogue(path, Writer.RECORDER) as recorder:
        # Read what is asked, as it is asked: a plan that scans the table would be slow with 10,000 recordings.
        said: list[str] = []
        recorder._connection.set_trace_callback(said.append)
        recorder.endings.left(Reached(frozenset({"B1"}), frozenset({"x"})))
        recorder._connection.set_trace_callback(None)
        (question,) = [each for each in said if "recordings.id" in each]
        plan = recorder._connection.execute(f"EXPLAIN QUERY PLAN {question}").fetchall()
    details = [row["detail"] for row in plan]
    assert not [each for each in details if each.startswith("SCAN") and "json_each" not in each], details


def test_a_catalogue_of_before_is_brought_up_to_date_with_everything_in_it(path: Path) -> None:
    migrations = database._read_migrations()
    with sqlite3.connect(path) as old:
        for statement in (*migrations[1], *migrations[2]):
            old.execute(statement)
        old.execute("PRAGMA user_version = 2")
        old.execute(
            "INSERT INTO recordings (id, status, started_at, trajectory) VALUES ('R', 'withdrawn', 'x', '')"
        )
    old.close()
    with Catalogue(path, Writer.RECORDER) as recorder:
        assert [each.id for each in recorder.endings.owed(9)] == ["R"]
        recorder.endings.add("R", ORDER)
        assert recorder.endings.order("R") == ORDER
