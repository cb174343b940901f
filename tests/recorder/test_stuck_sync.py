"""Another process holds the catalogue's write lock, for as long as it likes: the lesson and the button do not wait.

What could not be written is written when the lock is free; until then the files know it.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from device.domain.errors import Temporary
from device.domain.lifecycle import Status, Writer
from device.footage.journal import read_journal
from device.ports import Button, Edge
from device.storage.catalogue import FILE_NAME, Catalogue, Occupied
from device.storage.recovery import adopt_all
from tests.recorder.test_going_on import LONG_S, again, die
from tests.support.material import manifest_of, recipients
from tests.support.recorder import Unit

pytestmark = pytest.mark.slow

STUCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""
TRIED = "catalogue is tried"


@contextlib.contextmanager
def stuck_sync(root: Path) -> Iterator[None]:
    """Have a process of its own hold the write lock."""
    with subprocess.Popen(
        [sys.executable, "-c", STUCK, str(root / FILE_NAME)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield
        process.kill()


def listen(unit: Unit) -> None:
    """Note in the unit's log when it tries to write the catalogue."""

    def note(statement: str) -> None:
        if statement.startswith("BEGIN"):
            unit.log.append(TRIED)

    unit.catalogue._connection.set_trace_callback(note)


def record(unit: Unit) -> str:
    recording = unit.loop.request_start()
    unit.clock.pass_s(1)
    unit.loop.request_stop()
    return recording


def status(unit: Unit, recording: str) -> Status | None:
    found = unit.catalogue.recordings.find(recording)
    return None if found is None else found.status


def look_again(unit: Unit, seconds: int = 12) -> None:
    """Let the chores be done while time passes."""
    for _ in range(seconds):
        unit.clock.pass_s(1)
        unit.loop._do_chores()


def statuses(unit: Unit, recording: str) -> list[Status]:
    return [step.status for step in unit.catalogue.recordings.history(recording)]


def test_the_privacy_button_is_answered_before_anything_else_and_an_older_lesson_waits(
    tmp_path: Path,
) -> None:
    unit = Unit(tmp_path, cooling_off_s=30.0)
    older = record(unit)
    current = unit.loop.request_start()
    with stuck_sync(tmp_path):
        listen(unit)
        unit.log.clear()
        unit.loop.ask({"do": "press", "pass_s": 60})
        unit.loop.edge(Edge(True, unit.clock.ns + 60_000_000_000, Button.PRIVACY))
        unit.run()
        assert "light blanked" in unit.log
        assert unit.log.index("lens closes") < unit.log.index(TRIED)
        assert (status(unit, older), status(unit, current)) == (Status.HELD, Status.RECORDING)
        assert unit.face.problem == ""
    look_again(unit)
    assert (status(unit, older), status(unit, current)) == (Status.RELEASED, Status.HELD)
    assert manifest_of(unit.spool / current).interrupted is False


def test_no_write_waits_as_long_as_the_watchdog_would(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    (waits_ms,) = unit.catalogue._connection.execute("PRAGMA busy_timeout").fetchone()
    assert waits_ms <= 200


def test_a_lesson_begins_and_ends_all_the_same_and_is_entered_later(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    with stuck_sync(tmp_path):
        recording = record(unit)
        look_again(unit)
        assert status(unit, recording) is None
        assert unit.log[-1] == "light held"
    look_again(unit)
    row = unit.catalogue.recordings.get(recording)
    assert (row.status, row.interrupted) == (Status.HELD, False)
    assert row.started_at == manifest_of(unit.spool / recording).started_at
    assert row.manifest_sha256 == unit.catalogue.recordings.objects(recording)[-1].sha256
    assert statuses(unit, recording) == [Status.RECORDING, Status.HELD]


def test_a_lesson_that_nobody_entered_goes_on_when_its_recorder_died(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    with stuck_sync(tmp_path):
        note = die(unit)
    other = again(unit, note)
    assert status(other, note.recording) is None
    other.lens.after_s = LONG_S + 3
    other.loop.go_on(note)
    other.run()
    assert status(other, note.recording) is Status.HELD


def test_a_no_that_only_the_journal_heard_is_a_no(tmp_path: Path) -> None:
    unit = Unit(tmp_path, cooling_off_s=0.0)
    with stuck_sync(tmp_path):
        recording = record(unit)
        unit.desk.discard_last(unit.clock.ns)
        assert unit.log[-1] == "light discarded"
        assert not unit.aftercare.can_discard(recording)
    look_again(unit)
    assert statuses(unit, recording) == [
        Status.RECORDING, Status.HELD, Status.DISCARDED, Status.PURGED,
    ]  # fmt: skip
    assert not (unit.spool / recording).exists()


def test_a_no_to_a_held_lesson_is_heeded_before_it_could_be_released(tmp_path: Path) -> None:
    unit = Unit(tmp_path, cooling_off_s=30.0)
    recording = record(unit)
    with stuck_sync(tmp_path):
        unit.aftercare.discard(recording)
        assert not unit.aftercare.can_discard(recording)
        look_again(unit, seconds=60)
    look_again(unit)
    assert statuses(unit, recording)[2:] == [Status.DISCARDED, Status.PURGED]


def test_a_no_to_a_lesson_that_may_be_leaving_is_not_promised_but_tried_again(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    recording = record(unit)
    unit.catalogue.recordings.move(recording, Status.RELEASED)
    with stuck_sync(tmp_path), pytest.raises(Temporary):
        unit.aftercare.discard(recording)
    look_again(unit)
    assert status(unit, recording) is Status.PURGED


@pytest.mark.parametrize("what", ["discarded", "unfinished"])
def test_however_much_is_to_be_written_one_attempt_in_some_seconds_is_enough(
    tmp_path: Path, what: str
) -> None:
    unit = Unit(tmp_path)
    recordings = [record(unit) for _ in range(5)]
    look_again(unit, seconds=1)
    for recording in recordings:
        if what == "discarded":
            unit.aftercare.discard(recording)
        else:
            unit.catalogue._connection.execute(
                "UPDATE recordings SET status = 'recording' WHERE id = ?", (recording,)
            )
    listen(unit)
    with stuck_sync(tmp_path):
        unit.log.clear()
        look_again(unit, seconds=10)
        assert 1 <= unit.log.count(TRIED) <= 3
    look_again(unit)
    wanted = Status.PURGED if what == "discarded" else Status.HELD
    assert {status(unit, recording) for recording in recordings} == {wanted}


def test_a_recording_whose_time_is_being_corrected_stays_as_it_is_on_card_and_in_catalogue(
    tmp_path: Path,
) -> None:
    unit = Unit(tmp_path)
    unit.clock.is_trusted = False
    recording = record(unit)
    before = (unit.spool / recording / "manifest.age").read_bytes()
    unit.clock.is_trusted = True
    with stuck_sync(tmp_path):
        look_again(unit)
        assert (unit.spool / recording / "manifest.age").read_bytes() == before
    look_again(unit)
    assert "clock_corrected" in [event["event"] for event in read_journal(unit.spool / recording)]
    assert not unit.catalogue.recordings.get(recording).untrusted_clock


def test_whoever_holds_the_lock_is_told_apart_from_a_card_that_refuses(tmp_path: Path) -> None:
    with Catalogue(tmp_path / FILE_NAME, Writer.RECORDER) as catalogue:
        catalogue.wait_at_most(0.01)
        with stuck_sync(tmp_path), pytest.raises(Occupied, match="locked"):
            catalogue.check_is_free()
        catalogue.check_is_free()


def test_what_could_not_be_adopted_at_the_start_is_adopted_when_the_lock_is_free(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    with stuck_sync(tmp_path):
        unheard = record(unit)
    vanished = unit.loop.request_start()
    unit.loop.request_stop()
    unit.catalogue._connection.execute("UPDATE recordings SET status = 'recording' WHERE id = ?", (vanished,))
    shutil.rmtree(unit.spool / vanished)
    unit.catalogue.close()
    with stuck_sync(tmp_path), Catalogue(tmp_path / FILE_NAME, Writer.RECORDER) as catalogue:
        catalogue.wait_at_most(0.1)
        adopted = adopt_all(catalogue, unit.spool, recipients(), boot_id="boot-1", now_ns=unit.clock.ns)
        assert (adopted.done, adopted.postponed) == ([], [unheard, vanished])
    other = Unit(tmp_path, clock=unit.clock, owed=adopted.postponed)
    look_again(other)
    assert (status(other, unheard), status(other, vanished)) == (Status.HELD, Status.HELD)
