"""What a killed recorder left becomes part of its recording; what the catalogue lost comes back from the spool."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pyrage
import pytest

from device.domain.lifecycle import Status, Writer
from device.domain.manifest import read_manifest
from device.footage.assemble import MANIFEST_NAME
from device.footage.durable import hash_file
from device.footage.journal import NAME, Journal
from device.footage.seal import SUFFIX
from device.recorder.aftercare import Aftercare
from device.storage.catalogue import FILE_NAME, Catalogue, utc_now
from device.storage.recovery import adopt_all, finish
from tests.support.clock import HandClock
from tests.support.footage import FPS
from tests.support.material import COACH, RECORDING, open_journal, recipients, unseal, watch

OTHER = "01J0000000000000000000000Z"

# A recorder of its own that is killed in the middle of a lesson.
RECORDER = """
import pathlib, sys, time
from device.domain.lifecycle import Writer
from device.footage.writer import FootagePlan, FootageWriter
from device.storage.catalogue import FILE_NAME, Catalogue, fresh_ulid, utc_now
from tests.support.material import VIDEO, RECORDING, open_journal, pictures
from device.footage.seal import read_recipient

state, recipient = pathlib.Path(sys.argv[1]), read_recipient(sys.argv[2])
with Catalogue(state / FILE_NAME, Writer.RECORDER) as catalogue:
    catalogue.recordings.add(RECORDING, utc_now(), "T-1", untrusted_clock=False)
folder = state / "spool" / RECORDING
folder.mkdir(parents=True)
plan = FootagePlan(folder, [recipient], VIDEO, None, segment_s=5)
writer = FootageWriter(plan, open_journal(folder), fresh_ulid, lambda *_: None)
writer.start()
for packet in pictures(9, gop=25):
    assert writer.camera_inlet.wait_for_room(20)
    writer.camera_inlet.video(packet)
while writer.written_us < 8_900_000:
    time.sleep(0.01)
print("filmed", flush=True)
time.sleep(60)
"""


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    folder = tmp_path / "spool"
    folder.mkdir()
    return folder


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    return Catalogue(tmp_path / FILE_NAME, Writer.RECORDER)


def adopt(catalogue: Catalogue, spool: Path) -> list[str]:
    return adopt_all(catalogue, spool, recipients(), boot_id="boot-2", now_ns=1).done


def lesson(spool: Path, *, name: str = RECORDING, stopped: bool = True) -> Path:
    """Leave a recording in the spool as the recorder would, without a line in the catalogue."""
    folder = spool / name
    folder.mkdir()
    journal = open_journal(folder, recording=name)
    segment = "01J00000000000000000000007"
    journal.write("segment_opened", object=segment, offset_us=0)
    (folder / f"{segment}{SUFFIX}").write_bytes(os.urandom(70_000))
    if stopped:
        size_bytes, sha256 = hash_file(folder / f"{segment}{SUFFIX}")
        journal.write(
            "segment_closed", object=segment, offset_us=0, duration_us=5, size_bytes=size_bytes, sha256=sha256
        )
        journal.write("stopped", reason="press", duration_us=5)
    journal.close()
    return folder


def test_a_killed_recorder_leaves_a_recording_that_is_adopted_marked_and_readable(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", RECORDER, tmp_path, str(COACH.to_public())],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"filmed\n"
        process.send_signal(signal.SIGKILL)
    folder = tmp_path / "spool" / RECORDING
    with Catalogue(tmp_path / FILE_NAME, Writer.RECORDER) as catalogue:
        assert adopt(catalogue, tmp_path / "spool") == [RECORDING]
        found = catalogue.recordings.get(RECORDING)
        assert (found.status, found.interrupted, found.held_boot_id) == (Status.HELD, True, "boot-2")
        for stored in catalogue.recordings.objects(RECORDING):
            assert (stored.size_bytes, stored.sha256) == hash_file(folder / stored.file)
        assert adopt(catalogue, tmp_path / "spool") == []
    manifest = read_manifest(pyrage.decrypt((folder / MANIFEST_NAME).read_bytes(), [COACH]))
    assert [entry.complete for entry in manifest.segments] == [True, False]
    films = [watch(unseal((folder / f"{e.object}{SUFFIX}").read_bytes()), e) for e in manifest.segments]
    assert len(films[0].video_ns) == 5 * FPS
    # Filmed faster than time, so what lies in memory is bounded by a chunk, not by a second.
    assert len(films[1].video_ns) > 0


def test_a_lost_catalogue_is_rebuilt_from_the_spool(catalogue: Catalogue, spool: Path) -> None:
    lesson(spool)
    lesson(spool, name=OTHER, stopped=False)
    assert adopt(catalogue, spool) == [RECORDING, OTHER]
    assert [each.status for each in catalogue.recordings.latest(5)] == [Status.HELD, Status.HELD]
    assert not catalogue.recordings.get(RECORDING).interrupted
    assert catalogue.recordings.get(OTHER).interrupted


def test_a_crash_anywhere_in_finishing_is_repeated_harmlessly(
    catalogue: Catalogue, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = lesson(spool)
    catalogue.recordings.add(RECORDING, utc_now(), "T-1", untrusted_clock=False)

    def crash(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    hold = "device.storage.catalogue.recordings.Recordings.hold"
    for place in ("device.storage.recovery.seal_manifest", "pathlib.Path.rename", hold):
        with monkeypatch.context() as patch:
            patch.setattr(place, crash)
            with pytest.raises(KeyboardInterrupt):
                adopt(catalogue, spool)
        assert catalogue.recordings.get(RECORDING).status is Status.RECORDING
    assert adopt(catalogue, spool) == [RECORDING]
    assert sorted(path.name for path in folder.iterdir() if path.name.startswith(".")) == []


def test_a_recording_without_footage_goes_as_empty(catalogue: Catalogue, spool: Path) -> None:
    (spool / RECORDING).mkdir()
    catalogue.recordings.add(RECORDING, utc_now(), "T-1", untrusted_clock=False)
    catalogue.recordings.add(OTHER, utc_now(), "T-1", untrusted_clock=False)  # not even a folder
    adopt(catalogue, spool)
    Aftercare(catalogue, spool, HandClock(), 60.0, None).run()
    for recording in (RECORDING, OTHER):
        assert [step.status for step in catalogue.recordings.history(recording)] == [
            Status.RECORDING, Status.HELD, Status.DISCARDED, Status.PURGED,
        ]  # fmt: skip


def test_what_the_teacher_discarded_does_not_come_back_from_the_spool(
    catalogue: Catalogue, spool: Path
) -> None:
    folder = lesson(spool)
    journal = Journal(folder)
    journal.write("discarded")
    journal.close()
    adopt(catalogue, spool)
    assert catalogue.recordings.get(RECORDING).status is Status.DISCARDED


def test_a_no_that_a_crash_kept_from_the_catalogue_still_counts(
    catalogue: Catalogue, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lesson(spool)
    adopt(catalogue, spool)
    aftercare = Aftercare(catalogue, spool, HandClock(), 60.0, None)

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(catalogue.recordings, "move", crash)
        with pytest.raises(KeyboardInterrupt):
            aftercare.discard(RECORDING)
    assert catalogue.recordings.get(RECORDING).status is Status.HELD
    adopt(catalogue, spool)
    assert catalogue.recordings.get(RECORDING).status is Status.DISCARDED


def test_footage_that_no_journal_knows_is_never_taken_for_empty(catalogue: Catalogue, spool: Path) -> None:
    folder = lesson(spool)
    (folder / NAME).write_bytes((folder / NAME).read_bytes().split(b"\n", 1)[0] + b"\n")
    before = {path: path.read_bytes() for path in folder.iterdir()}
    assert adopt(catalogue, spool) == []
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize("line", [b"rubbish\n", b'{"event":"opened"}\n', b'{"event":"opened","permit":5}\n'])
def test_a_damaged_journal_stops_nobody_and_nothing_of_it_is_touched(
    catalogue: Catalogue, spool: Path, line: bytes
) -> None:
    damaged = lesson(spool)
    lesson(spool, name=OTHER)
    (damaged / NAME).write_bytes(line + (damaged / NAME).read_bytes().split(b"\n", 1)[1])
    before = {path: path.read_bytes() for path in damaged.iterdir()}
    assert adopt(catalogue, spool) == [OTHER]
    assert catalogue.recordings.find(RECORDING) is None
    assert {path: path.read_bytes() for path in damaged.iterdir()} == before


def test_a_journal_in_the_wrong_folder_is_not_adopted(catalogue: Catalogue, spool: Path) -> None:
    folder = lesson(spool, name=OTHER)
    folder.rename(spool / RECORDING)
    assert adopt(catalogue, spool) == []
    assert catalogue.recordings.latest(5) == []


def test_what_is_no_recording_in_the_spool_is_left_alone(catalogue: Catalogue, spool: Path) -> None:
    (spool / "lost+found").mkdir()
    (spool / "note.txt").write_text("mine", "utf-8")
    assert adopt(catalogue, spool) == []
    assert sorted(path.name for path in spool.iterdir()) == ["lost+found", "note.txt"]


def test_after_a_stop_and_after_a_crash_the_way_is_the_same(catalogue: Catalogue, spool: Path) -> None:
    folder = lesson(spool)
    catalogue.recordings.add(RECORDING, utc_now(), "T-1", untrusted_clock=False)
    assert finish(catalogue, folder, recipients(), boot_id="b", now_ns=1, note="press")
    assert catalogue.recordings.get(RECORDING).status is Status.HELD
    assert not catalogue.recordings.get(RECORDING).interrupted
