"""The card refuses: at any byte of any write the recorder hears of it once, and keeps what was written."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from device.footage.durable import DurableFile, hash_file
from device.footage.journal import Journal, read_journal
from device.footage.seal import SUFFIX
from device.footage.syncing import Syncing
from device.footage.writer import FootagePlan, FootageWriter
from device.storage.catalogue import fresh_ulid
from tests.support.material import (
    AUDIO,
    VIDEO,
    manifest_of,
    open_descriptors,
    open_journal,
    pictures,
    recipients,
    sound,
    unseal,
    watch,
)
from tests.support.waiting import Collector


class FullCard:
    """Has room for so many bytes, writes what fits of the last write, and then refuses, as a full card does."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, room_bytes: int) -> None:
        self._room = room_bytes
        self._real: Callable[[int, Any], int] = os.write
        monkeypatch.setattr(os, "write", self._write)

    def _write(self, fd: int, data: Any) -> int:
        if not str(Path(f"/proc/self/fd/{fd}").readlink()).endswith((SUFFIX, "journal.jsonl")):
            return self._real(fd, data)
        if self._room <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = self._real(fd, memoryview(data)[: self._room])
        self._room -= written
        return written

    def make_room(self) -> None:
        self._room = 1 << 40


def _film(writer: FootageWriter) -> None:
    blocks = sound(4)
    for packet in pictures(4):
        while blocks and blocks[0].pts_ns <= packet.pts_ns:
            writer.microphone_inlet.audio(blocks.pop(0))
        assert writer.camera_inlet.wait_for_room(20)
        writer.camera_inlet.video(packet)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(room_bytes=st.integers(0, 150_000))
@example(room_bytes=0)
@example(room_bytes=400)
def test_a_full_card_is_told_once_and_everything_before_it_can_be_watched(
    room_bytes: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("full")
    notices: Collector[tuple[str, str]] = Collector()
    journal = open_journal(folder)
    before = open_descriptors()
    with pytest.MonkeyPatch.context() as monkeypatch:
        card = FullCard(monkeypatch, room_bytes)
        plan = FootagePlan(folder, recipients(), VIDEO, AUDIO, segment_s=1)
        writer = FootageWriter(plan, journal, fresh_ulid, lambda *notice: notices(notice))
        writer.start()
        _film(writer)
        writer.stop()
        card.make_room()
    assert [kind for kind, _ in notices.seen] == ["card_failed"]
    assert "No space left" in notices.seen[0][1]
    assert open_descriptors() == before
    journal.close()
    _check_what_is_left(folder)


def _check_what_is_left(folder: Path) -> None:
    events = read_journal(folder)
    if not any(event["event"] == "segment_opened" for event in events):
        return
    stored = sum(path.stat().st_size for path in folder.iterdir() if path.suffix == SUFFIX)
    if stored <= 1 << 16:
        return
    manifest = manifest_of(folder)
    assert manifest.interrupted
    for entry in manifest.segments:
        path = folder / f"{entry.object}{SUFFIX}"
        assert (entry.size_bytes, entry.sha256) == hash_file(path)
        film = watch(unseal(path.read_bytes()), entry)
        if entry.complete:
            assert len(film.video_ns) == VIDEO.frame_rate


def test_a_card_that_breaks_while_it_is_synced_ends_the_recording_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_file: DurableFile) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(DurableFile, "sync", broken)
    notices: Collector[tuple[str, str]] = Collector()
    journal = open_journal(tmp_path)
    plan = FootagePlan(tmp_path, recipients(), VIDEO, None)
    writer = FootageWriter(plan, journal, fresh_ulid, lambda *notice: notices(notice))
    writer.start()
    _film(writer)
    notices.wait(1)
    writer.stop()
    journal.close()
    assert notices.seen == [("card_failed", "the card refused to store footage: Input/output error")]


# --- the journal on a full card


@pytest.mark.parametrize("room_bytes", [0, 1, 20])
def test_half_a_line_in_the_journal_is_taken_back_so_that_the_next_one_stands_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room_bytes: int
) -> None:
    journal = Journal(tmp_path)
    journal.write("first")
    card = FullCard(monkeypatch, room_bytes)
    with pytest.raises(OSError, match="No space"):
        journal.write("second", at_us=123_456_789)
    card.make_room()
    journal.write("third")
    journal.close()
    assert read_journal(tmp_path) == [{"event": "first"}, {"event": "third"}]


# --- durable files


def test_a_name_that_is_taken_is_never_written_over(tmp_path: Path) -> None:
    DurableFile(tmp_path / "a").close()
    before = open_descriptors()
    with pytest.raises(FileExistsError):
        DurableFile(tmp_path / "a")
    assert open_descriptors() == before


def test_size_and_hash_are_counted_also_when_the_card_takes_a_byte_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real(fd, memoryview(data)[:1]))
    file = DurableFile(tmp_path / "a")
    file.write(b"some bytes")
    file.close()
    file.close()
    assert (file.size_bytes, file.sha256) == hash_file(tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == b"some bytes"
    assert (tmp_path / "a").stat().st_mode & 0o007 == 0


def test_file_and_folder_are_synced_at_the_start_and_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    for name in ("fsync", "fdatasync"):
        real = getattr(os, name)

        def noting(fd: int, real: Callable[[int], None] = real) -> None:
            synced.append(Path(f"/proc/self/fd/{fd}").readlink().name)
            real(fd)

        monkeypatch.setattr(os, name, noting)
    file = DurableFile(tmp_path / "a")
    assert synced == ["a", tmp_path.name]
    file.sync()
    assert synced[2:] == ["a"]
    file.close()
    assert synced[3:] == ["a", tmp_path.name]
    file.sync()
    assert len(synced) == 5


class Watched:
    """Counts how often it was put on the card, and can refuse."""

    def __init__(self) -> None:
        self.synced: Collector[int] = Collector()
        self.error: OSError | None = None

    def sync(self) -> None:
        self.synced(1)
        if self.error is not None:
            raise self.error


@pytest.fixture
def errors() -> Collector[OSError]:
    return Collector()


@pytest.fixture
def syncing(errors: Collector[OSError]) -> Iterator[Syncing]:
    made = Syncing(errors, interval_s=0.001)
    made.start()
    yield made
    made.stop()


def test_what_is_watched_is_synced_again_and_again_until_something_else_is(syncing: Syncing) -> None:
    first, second = Watched(), Watched()
    syncing.watch(first)
    first.synced.wait(3)
    syncing.watch(second)
    before = len(first.synced.seen)
    second.synced.wait(3)
    assert len(first.synced.seen) == before


def test_an_error_is_told_once_and_the_thread_lives_on(syncing: Syncing, errors: Collector[OSError]) -> None:
    broken, sound_one = Watched(), Watched()
    broken.error = OSError(errno.EIO, "broken")
    syncing.watch(broken)
    errors.wait(1)
    syncing.watch(sound_one)
    sound_one.synced.wait(2)
    assert errors.seen == [broken.error]


def test_stopping_a_syncing_that_never_began_is_harmless() -> None:
    before = threading.active_count()
    Syncing(lambda _error: None).stop()
    assert threading.active_count() == before
