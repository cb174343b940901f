"""The catalogue: durable, versioned, one writer per status, and readable while it is written."""

from __future__ import annotations

import itertools
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from device.domain.errors import Permanent, Refused, Temporary
from device.domain.lifecycle import TRANSITIONS, WRITERS, Status, Writer
from device.storage.catalogue import (
    Catalogue,
    Damaged,
    Send,
    StoredObject,
    StoredReceipt,
    fresh_ulid,
    utc_now,
)
from device.storage.recovery import open_catalogue
from tests.support.journal import plant_journal

ID = "01J00000000000000000000001"
OBJECTS = (StoredObject("a.age", 10, "a" * 64), StoredObject("manifest.age", 5, "b" * 64))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "catalogue.sqlite"


def add(catalogue: Catalogue, recording: str = ID) -> None:
    catalogue.recordings.add(recording, utc_now(), "T-1", untrusted_clock=False)


def hold(catalogue: Catalogue, recording: str = ID) -> None:
    catalogue.recordings.hold(
        recording, boot_id="boot", at_ns=5, duration_us=7, dropped_frames=2, interrupted=True, objects=OBJECTS
    )


def test_commits_wait_for_the_card_and_readers_do_not_wait_for_writers(path: Path) -> None:
    with Catalogue(path, Writer.RECORDER) as catalogue:
        connection = catalogue._connection
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert connection.execute("PRAGMA synchronous").fetchone()[0] == 2
        add(catalogue)
        connection.execute("BEGIN IMMEDIATE")
        with Catalogue(path, None) as reader:
            assert reader.recordings.get(ID).status is Status.RECORDING
        connection.execute("ROLLBACK")


def test_what_is_held_has_its_objects_the_manifest_last(path: Path) -> None:
    with Catalogue(path, Writer.RECORDER) as catalogue:
        add(catalogue)
        hold(catalogue)
        found = catalogue.recordings.get(ID)
        assert (found.status, found.size_bytes, found.duration_us) == (Status.HELD, 15, 7)
        assert (found.interrupted, found.dropped_frames, found.manifest_sha256) == (True, 2, "b" * 64)
        assert tuple(catalogue.recordings.objects(ID)) == OBJECTS


@settings(max_examples=30, deadline=None)
@given(wishes=st.lists(st.tuples(st.sampled_from(Writer), st.sampled_from(Status)), max_size=25))
def test_the_history_is_a_path_in_the_table_and_each_step_was_written_by_its_writer(
    wishes: list[tuple[Writer, Status]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("history") / "catalogue.sqlite"
    processes = {writer: Catalogue(path, writer) for writer in Writer}
    add(processes[Writer.RECORDER])
    for writer, status in wishes:
        before = processes[writer].recordings.get(ID)
        try:
            processes[writer].recordings.move(ID, status)
        except Refused:
            assert processes[Writer.WEB].recordings.get(ID) == before
    history = processes[Writer.SYNC].recordings.history(ID)
    assert history[0].status is Status.RECORDING
    for step, following in itertools.pairwise(history):
        assert following.status in TRANSITIONS[step.status]
    assert all(step.writer == WRITERS[step.status].value for step in history)
    assert history[-1].status is processes[Writer.SYNC].recordings.get(ID).status
    for catalogue in processes.values():
        catalogue.close()


@pytest.mark.parametrize("writer", [Writer.SYNC, Writer.WEB, None])
def test_only_the_recorder_begins_and_holds(path: Path, writer: Writer | None) -> None:
    with Catalogue(path, Writer.RECORDER) as recorder, Catalogue(path, writer) as other:
        with pytest.raises(Refused):
            add(other)
        assert other.recordings.find(ID) is None
        add(recorder)
        with pytest.raises(Refused):
            hold(other)
        assert other.recordings.objects(ID) == []
        assert other.recordings.get(ID).status is Status.RECORDING


def test_a_recording_is_added_once_and_one_that_is_not_there_is_named(path: Path) -> None:
    with Catalogue(path, Writer.RECORDER) as catalogue:
        add(catalogue)
        with pytest.raises(Permanent, match="in the catalogue already"):
            add(catalogue)
        with pytest.raises(Permanent, match="there is no recording 01J0000000000000000000000X"):
            catalogue.recordings.move("01J0000000000000000000000X", Status.HELD)


def test_what_was_sent_and_came_back_is_remembered(path: Path) -> None:
    with Catalogue(path, Writer.SYNC) as catalogue:
        send = Send("X.age", ID, "a" * 64, 10, 0, confirmed=False, is_manifest=False)
        catalogue.sends.begin(send)
        with pytest.raises(sqlite3.IntegrityError):
            catalogue.sends.begin(send)  # a name is never used twice
        catalogue.sends.progress("X.age", 4)
        assert [(s.sent_bytes, s.confirmed) for s in catalogue.sends.of(ID)] == [(4, False)]
        catalogue.sends.confirm("X.age")
        assert [(s.sent_bytes, s.confirmed) for s in catalogue.sends.of(ID)] == [(10, True)]
        catalogue.sends.forget(ID, "a" * 64)
        assert [s.confirmed for s in catalogue.sends.of(ID)] == [False]
        receipt = StoredReceipt("M.manifest.age", accepted=True, data=b"signed")
        for _ in range(2):
            catalogue.sends.add_receipt(ID, receipt)
        assert catalogue.sends.receipts(ID) == [receipt]


def test_how_many_there_are_is_known_at_once_whoever_wrote_last(path: Path) -> None:
    with Catalogue(path, Writer.RECORDER) as recorder, Catalogue(path, Writer.SYNC) as sync:
        assert recorder.recordings.counts() == ({}, 0.0)
        add(recorder)
        assert recorder.recordings.counts() == sync.recordings.counts() == ({"recording": 1}, 0.0)
        hold(recorder)
        assert recorder.recordings.counts() == sync.recordings.counts() == ({"held": 1}, 7e-6)
        recorder.recordings.move(ID, Status.RELEASED)
        sync.recordings.move(ID, Status.UPLOADING)
        for catalogue in (recorder, sync):
            by_status, _recorded_s = catalogue.recordings.counts()
            assert by_status == {"uploading": 1}
            by_status.clear()  # it is the caller's own
            assert catalogue.recordings.counts()[0] == {"uploading": 1}


# --- opening


def test_opening_again_changes_nothing(path: Path) -> None:
    with Catalogue(path, Writer.RECORDER) as catalogue:
        add(catalogue)
        schema = list(map(tuple, catalogue._connection.execute("SELECT sql FROM sqlite_master")))
    for _ in range(3):
        with Catalogue(path, Writer.RECORDER) as catalogue:
            assert list(map(tuple, catalogue._connection.execute("SELECT sql FROM sqlite_master"))) == schema
            assert catalogue.recordings.get(ID).status is Status.RECORDING


def test_a_catalogue_of_a_newer_program_is_left_alone(path: Path) -> None:
    Catalogue(path, Writer.RECORDER).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 999")
    with pytest.raises(Permanent, match="version 999; this program knows") as caught:
        open_catalogue(path)
    assert not isinstance(caught.value, Damaged)
    assert path.exists()


def test_a_folder_that_is_missing_is_told_plainly(tmp_path: Path) -> None:
    with pytest.raises(Temporary, match="cannot be opened"):
        Catalogue(tmp_path / "missing" / "catalogue.sqlite", Writer.RECORDER)


def test_several_processes_may_be_the_first_to_open_it(path: Path) -> None:
    program = (
        "import pathlib, sys\n"
        "from device.domain.lifecycle import Writer\n"
        "from device.storage.catalogue import Catalogue\n"
        "sys.stdin.readline()\n"
        "with Catalogue(pathlib.Path(sys.argv[1]), Writer.SYNC) as catalogue:\n"
        "    catalogue.processes.write(sys.argv[2], 'ok', '')\n"
    )
    root = Path(__file__).parents[2]
    processes = [
        subprocess.Popen([sys.executable, "-c", program, path, str(n)], cwd=root, stdin=subprocess.PIPE)
        for n in range(4)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b"\n")
        process.stdin.flush()
    for process in processes:
        process.communicate()
        assert process.returncode == 0
    with Catalogue(path, None) as catalogue:
        assert [state.process for state in catalogue.processes.all()] == ["0", "1", "2", "3"]


def _lock(path: Path) -> sqlite3.Connection:
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    return holder


def test_a_write_that_must_wait_too_long_is_temporary_and_half_of_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("device.storage.catalogue.database.BUSY_TIMEOUT_S", 0.01)
    with Catalogue(path, Writer.RECORDER) as catalogue:
        holder = _lock(path)
        with pytest.raises(Temporary, match="could not be written"):
            add(catalogue)
        holder.close()
        add(catalogue)


@pytest.mark.parametrize("damage", [b"", b"this is not a database at all, but some other file"])
def test_a_damaged_catalogue_is_kept_aside_and_a_new_one_begun(path: Path, damage: bytes) -> None:
    Catalogue(path, Writer.RECORDER).close()
    if damage:
        path.write_bytes(damage)
    else:
        _break_in_the_middle(path)
    with pytest.raises(Damaged):
        Catalogue(path, Writer.SYNC)
    with open_catalogue(path) as catalogue:
        assert catalogue.recordings.latest(5) == []
    (aside,) = path.parent.glob("catalogue.sqlite.damaged-*")
    assert damage in aside.read_bytes()


def test_the_recorder_does_nothing_that_a_journal_beside_its_catalogue_says(
    path: Path, tmp_path: Path
) -> None:
    with Catalogue(path, Writer.RECORDER) as catalogue:
        add(catalogue)
    plant_journal(path, tmp_path / "victim")
    with open_catalogue(path) as catalogue:
        assert len(catalogue.recordings.latest(5)) == 1
    assert (tmp_path / "victim").exists()


def _break_in_the_middle(path: Path) -> None:
    with Catalogue(path, Writer.RECORDER) as catalogue:
        for _ in range(200):
            add(catalogue, fresh_ulid())
    data = bytearray(path.read_bytes())
    for page in range(2, len(data) // 4096):
        data[page * 4096 : page * 4096 + 200] = bytes([0xAB]) * 200
    path.write_bytes(data)


@pytest.mark.parametrize("value", [b"recorving", b"rec\xff", b"held\x00"])
def test_a_status_that_rotted_is_found_at_the_start_and_not_in_the_middle_of_a_lesson(
    path: Path, value: bytes
) -> None:
    with Catalogue(path, Writer.RECORDER) as catalogue:
        add(catalogue)
        catalogue._connection.execute("UPDATE recordings SET status = CAST(? AS TEXT)", (value,))
    with open_catalogue(path) as catalogue:
        assert catalogue.recordings.latest(5) == []


@settings(max_examples=60, deadline=None)
@given(place=st.integers(0, 1 << 16), length=st.integers(1, 5000), value=st.integers(0, 255))
@example(place=2137, length=1, value=178)  # not UTF-8 any more, in the schema
@example(place=3556, length=1, value=103)  # the name of a column
@example(place=60, length=4, value=0)  # the version
def test_whatever_rots_in_the_file_the_recorder_can_start_again(
    place: int, length: int, value: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("rot") / "catalogue.sqlite"
    with Catalogue(path, Writer.RECORDER) as catalogue:
        add(catalogue)
    data = bytearray(path.read_bytes())
    place %= len(data)
    data[place : place + length] = bytes([value]) * len(data[place : place + length])
    path.write_bytes(data)
    try:
        with open_catalogue(path) as catalogue:
            found = catalogue.recordings.latest(5)
        assert len(found) <= 1
    except Temporary as error:
        pytest.fail(f"the recorder would try again for ever: {error}")
    except Permanent:
        # Only when the version itself rotted into a newer one, which we leave alone.
        assert int.from_bytes(data[60:64], "big") > 1
