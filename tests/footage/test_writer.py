"""The writer: everything that goes in is in the sealed segments, at its own time, or is counted as lost."""

from __future__ import annotations

import hashlib
import os
import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.domain.manifest import Manifest
from device.footage.durable import DurableFile
from device.footage.journal import read_journal
from device.footage.queue import Bounds
from device.footage.seal import SUFFIX
from device.footage.writer import FootageSummary
from device.ports import AudioBlock, FootageSink, VideoPacket
from tests.support.footage import FPS
from tests.support.material import (
    AUDIO,
    COACH,
    ORIGIN_NS,
    RECOVERY,
    S,
    manifest_of,
    open_descriptors,
    pictures,
    sealed_files,
    sound,
    unseal,
    watch,
    watch_all,
)
from tests.support.waiting import wait_for
from tests.support.writing import Writing, resident_kib


def _stamps(packets: list[VideoPacket] | tuple[VideoPacket, ...]) -> list[int]:
    """Return where pictures lie in the film, to the accuracy of its 90 kHz clock."""
    return [_ticks(packet.pts_ns - packets[0].pts_ns) for packet in packets]


def _ticks(at_ns: int) -> int:
    return round(at_ns * 90_000 / S)


def test_every_picture_is_in_the_film_at_its_time_and_segments_begin_with_key_frames(tmp_path: Path) -> None:
    writing = Writing(tmp_path, segment_s=2)
    film = pictures(7)
    assert all(writing.film(film))
    summary = writing.stop()
    manifest = manifest_of(tmp_path)
    assert [entry.offset_us for entry in manifest.segments] == [0, 2_000_000, 4_000_000, 6_000_000]
    assert [entry.duration_us for entry in manifest.segments] == [2_000_000, 2_000_000, 2_000_000, 1_000_000]
    assert [_ticks(at_ns) for at_ns in watch_all(tmp_path).video_ns] == _stamps(film)
    assert watch_all(tmp_path, RECOVERY).video_ns == watch_all(tmp_path).video_ns
    assert (summary.frames, summary.dropped_frames, summary.duration_us) == (7 * FPS, 0, 7_000_000)
    assert (manifest.interrupted, manifest.duration_us, manifest.dropped_frames) == (False, 7_000_000, 0)


def test_a_segment_waits_for_the_next_key_frame_before_it_ends(tmp_path: Path) -> None:
    writing = Writing(tmp_path, segment_s=1)
    writing.film(pictures(6, gop=2 * FPS))
    writing.stop()
    assert [entry.offset_us for entry in manifest_of(tmp_path).segments] == [0, 2_000_000, 4_000_000]
    for entry in manifest_of(tmp_path).segments:
        film = watch(unseal((tmp_path / f"{entry.object}{SUFFIX}").read_bytes()), entry)
        assert film.video_ns[0] == entry.offset_us * 1000


def test_sizes_and_hashes_of_the_manifest_are_those_of_the_files(tmp_path: Path) -> None:
    writing = Writing(tmp_path, segment_s=1)
    writing.film(pictures(3))
    writing.stop()
    entries = {f"{entry.object}{SUFFIX}": entry for entry in manifest_of(tmp_path).segments}
    assert sorted(entries) == [path.name for path in sealed_files(tmp_path)]
    for path in sealed_files(tmp_path):
        data = path.read_bytes()
        assert entries[path.name].size_bytes == len(data)
        assert entries[path.name].sha256 == hashlib.sha256(data).hexdigest()


def _count_reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    opened: list[str] = []
    real: Callable[..., int] = os.open

    def noting(path: Any, flags: int, *rest: Any, **more: Any) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR) == 0 and str(path).endswith(SUFFIX):
            opened.append(str(path))
        return real(path, flags, *rest, **more)

    monkeypatch.setattr(os, "open", noting)
    return opened


def test_what_was_written_is_not_read_a_second_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = _count_reads(monkeypatch)
    writing = Writing(tmp_path, segment_s=1)
    writing.film(pictures(3))
    writing.stop()
    manifest_of(tmp_path)
    assert reads == []


def test_sound_is_neither_lost_nor_doubled_where_segments_meet(tmp_path: Path) -> None:
    writing = Writing(tmp_path, audio=AUDIO, segment_s=1)
    film = pictures(5)
    blocks = sound(5.2)
    for packet in film:
        while blocks and blocks[0].pts_ns <= packet.pts_ns + S // 10:
            assert writing.writer.microphone_inlet.audio(blocks.pop(0))
        writing.film([packet])
    writing.stop()
    found = watch_all(tmp_path)
    assert [_ticks(at_ns) for at_ns in found.video_ns] == _stamps(film)
    assert found.audio_samples == [1024 * n for n in range(len(found.audio_samples))]
    assert len(found.audio_samples) * 1024 >= 5 * 48_000
    assert len(manifest_of(tmp_path).segments) == 5


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 1 << 32))
def test_in_whatever_order_the_two_arrive_nothing_is_lost(
    seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    chance = random.Random(seed)
    folder = tmp_path_factory.mktemp("order")
    writing = Writing(folder, audio=AUDIO, segment_s=1)
    film, blocks = list(pictures(3)), sound(3)
    while film or blocks:
        for _ in range(min(len(film), chance.randrange(20))):
            writing.writer.camera_inlet.video(film.pop(0))
        for _ in range(min(len(blocks), chance.randrange(40))):
            writing.writer.microphone_inlet.audio(blocks.pop(0))
    writing.stop()
    found = watch_all(folder)
    assert [_ticks(at_ns) for at_ns in found.video_ns] == _stamps(pictures(3))
    assert found.audio_samples == [1024 * n for n in range(len(found.audio_samples))]


def test_a_silent_microphone_delays_the_picture_and_loses_nothing(tmp_path: Path) -> None:
    writing = Writing(tmp_path, audio=AUDIO)
    writing.film(pictures(1))
    writing.writer.set_aside_sound()
    summary = writing.stop()
    assert summary.frames == FPS
    assert len(watch_all(tmp_path).video_ns) == FPS


def test_sound_is_back_where_it_is_heard_again_and_what_came_before_it_failed_does_not_count(
    tmp_path: Path,
) -> None:
    writing = Writing(tmp_path, audio=AUDIO)
    film, blocks = pictures(4), sound(4)
    writing.deliver(film[:25], blocks)  # a little of the sound is ahead of the picture
    writing.writer.set_aside_sound()
    writing.film(film[25:75])
    wait_for(lambda: writing.writer.written_us >= 2_900_000)
    blocks = [block for block in blocks if block.pts_ns >= ORIGIN_NS + 3 * S]
    back_us = (blocks[0].pts_ns - ORIGIN_NS) // 1000
    writing.deliver(film[75:], blocks)
    writing.stop()
    back = [event["at_us"] for event in read_journal(tmp_path) if event["event"] == "microphone_back"]
    assert back == [back_us]


def test_without_a_single_picture_there_is_no_recording(tmp_path: Path) -> None:
    writing = Writing(tmp_path, audio=AUDIO)
    for block in sound(0.5):
        writing.writer.microphone_inlet.audio(block)
    assert writing.stop() == FootageSummary()
    assert sealed_files(tmp_path) == []
    assert [event["event"] for event in read_journal(tmp_path)] == ["opened", "stopped"]


# --- a card that is too slow


class SlowCard:
    """Stops every write to the card until it is told to go on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._go = threading.Event()
        self._go.set()
        self.stuck = threading.Event()
        real = DurableFile.write

        def write(file: DurableFile, data: bytes) -> int:
            if not self._go.is_set():
                self.stuck.set()
                assert self._go.wait(60)
            return real(file, data)

        monkeypatch.setattr(DurableFile, "write", write)

    def stall(self) -> None:
        self.stuck.clear()
        self._go.clear()

    def go_on(self) -> None:
        self._go.set()


def _keep_filming(
    writing: Writing, film: Iterator[VideoPacket], until: Callable[[bool], bool]
) -> list[VideoPacket]:
    """Deliver pictures as a lens does, which cannot wait; return those that were refused."""
    refused = []
    for packet in film:
        taken = writing.writer.camera_inlet.video(packet)
        if not taken:
            refused.append(packet)
        if until(taken):
            return refused
    raise AssertionError("the film was too short")


def test_a_card_that_cannot_keep_up_loses_pictures_visibly_and_never_blocks_the_camera(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = SlowCard(monkeypatch)
    writing = Writing(tmp_path, segment_s=2, bounds=Bounds(video_packets=30))
    everything = pictures(20)
    film = iter(everything)
    card.stall()
    # Every call returns although the writer is stuck; otherwise this would never end.
    refused = _keep_filming(writing, film, lambda taken: not taken)
    assert card.stuck.wait(20)
    refused += [
        packet for packet in (next(film) for _ in range(40)) if not writing.writer.camera_inlet.video(packet)
    ]
    assert len(refused) == 41
    card.go_on()
    assert writing.writer.camera_inlet.wait_for_room(20)
    refused += _keep_filming(writing, film, lambda taken: taken)
    rest = [next(film) for _ in range(10)]
    writing.film(rest)
    summary = writing.stop()

    offered = everything[: everything.index(rest[-1]) + 1]
    expected = [_ticks(p.pts_ns - offered[0].pts_ns) for p in offered if p not in refused]
    found = watch_all(tmp_path)
    assert [_ticks(at_ns) for at_ns in found.video_ns] == expected
    _check_loss(manifest_of(tmp_path), refused, offered)
    assert summary.dropped_frames == writing.writer.dropped_frames == len(refused)
    assert writing.kinds() == ["dropping"]


def _check_loss(manifest: Manifest, refused: list[VideoPacket], offered: tuple[VideoPacket, ...]) -> None:
    """The manifest names the count and the hole, which ends at a key frame."""
    after = offered[offered.index(refused[-1]) + 1]
    assert after.key
    assert manifest.dropped_frames == len(refused)
    (interval,) = manifest.intervals
    zero_ns = offered[0].pts_ns
    assert interval.reason == "dropped"
    assert interval.from_us == (refused[0].pts_ns - zero_ns) // 1000
    assert interval.to_us == (after.pts_ns - zero_ns) // 1000


def test_pictures_lost_until_the_very_end_are_counted_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = SlowCard(monkeypatch)
    writing = Writing(tmp_path, bounds=Bounds(video_packets=10))
    card.stall()
    taken = [writing.writer.camera_inlet.video(packet) for packet in pictures(2)]
    assert card.stuck.wait(20)
    card.go_on()
    summary = writing.stop()
    manifest = manifest_of(tmp_path)
    assert summary.frames == sum(taken) == len(watch_all(tmp_path).video_ns)
    assert manifest.dropped_frames == taken.count(False) > 0
    assert [interval.reason for interval in manifest.intervals] == ["dropped"]


# --- what else can go wrong


@pytest.mark.parametrize("nothing", [b"no picture at all", b"\0\0\0\1\x65none", bytes(100)])
def test_a_first_picture_that_is_none_is_the_cameras_fault_and_the_film_begins_with_the_next(
    tmp_path: Path, nothing: bytes
) -> None:
    writing = Writing(tmp_path)
    writing.writer.camera_inlet.video(VideoPacket(nothing, ORIGIN_NS - 1, key=True))
    writing.notices.wait(1)
    writing.film(pictures(2))
    assert writing.stop().frames == 2 * FPS
    assert writing.kinds() == ["camera_failed"]
    assert [entry.offset_us for entry in manifest_of(tmp_path).segments] == [0]
    assert len(watch_all(tmp_path).video_ns) == 2 * FPS


def test_a_picture_with_a_stamp_of_long_ago_costs_what_comes_before_the_next_key_frame(
    tmp_path: Path,
) -> None:
    writing = Writing(tmp_path)
    film = pictures(3)
    writing.film(film[: FPS + 5])
    writing.writer.camera_inlet.video(VideoPacket(film[0].data, 5, key=True))
    writing.film(film[FPS + 5 :])
    writing.stop()
    assert writing.kinds() == ["camera_failed"]
    kept = film[: FPS + 5] + film[2 * FPS :]
    assert [_ticks(at_ns) for at_ns in watch_all(tmp_path).video_ns] == _stamps(kept)


def test_a_camera_that_comes_back_with_what_is_no_picture_is_not_back(tmp_path: Path) -> None:
    writing = Writing(tmp_path)
    film = pictures(3)
    writing.film(film[:FPS])
    bad = writing.writer.new_camera_inlet()
    writing.wait_for("camera_lost")
    bad.video(VideoPacket(b"no picture at all", film[FPS].pts_ns, key=True))
    writing.notices.wait(1)
    good = writing.writer.new_camera_inlet()
    assert all(good.video(packet) for packet in film[2 * FPS :])
    writing.stop()
    assert writing.kinds() == ["camera_failed"]
    lost = [event["event"] for event in read_journal(tmp_path) if event["event"].startswith("camera")]
    assert lost[0] == "camera_lost"
    manifest = manifest_of(tmp_path)
    assert [interval.to_us for interval in manifest.intervals] == [2_000_000]
    assert len(watch_all(tmp_path).video_ns) == 2 * FPS


def test_a_recording_leaves_no_file_open_and_no_thread_behind(tmp_path: Path) -> None:
    for number in range(3):
        writing = Writing(tmp_path / str(number), audio=AUDIO, segment_s=1)
        writing.film(pictures(2))
        writing.stop()
        if number == 0:
            descriptors, threads = open_descriptors(), threading.active_count()
    assert (open_descriptors(), threading.active_count()) == (descriptors, threads)


class _Endless:
    """The same pictures again and again, with rising stamps."""

    def __init__(self, sink: FootageSink) -> None:
        self._sink = sink
        self._seconds = 0

    def play(self, seconds: int) -> None:
        for _ in range(seconds):
            shift_ns = self._seconds * S
            for packet in pictures(1):
                assert self._sink.wait_for_room(20)
                assert self._sink.video(VideoPacket(packet.data, packet.pts_ns + shift_ns, packet.key))
            self._seconds += 1


def test_memory_does_not_grow_with_the_length_of_a_recording(tmp_path: Path) -> None:
    writing = Writing(tmp_path, segment_s=30, bounds=Bounds(video_packets=60))
    endless = _Endless(writing.writer.camera_inlet)
    endless.play(120)
    after_two_minutes = resident_kib()
    endless.play(480)
    after_ten_minutes = resident_kib()
    assert writing.stop().frames == 600 * FPS
    assert after_ten_minutes - after_two_minutes < 8 * 1024
    assert len(manifest_of(tmp_path).segments) == 20


def test_what_waits_for_a_picture_is_bounded_when_only_sound_comes(tmp_path: Path) -> None:
    writing = Writing(tmp_path, audio=AUDIO, bounds=Bounds(audio_bytes=1 << 16))
    taken = [writing.writer.microphone_inlet.audio(AudioBlock(bytes(1 << 14), ORIGIN_NS)) for _ in range(50)]
    assert taken.count(True) <= 5
    writing.stop()


def test_the_two_keys_of_the_school_open_every_segment(tmp_path: Path) -> None:
    writing = Writing(tmp_path, segment_s=1)
    writing.film(pictures(2))
    writing.stop()
    for path in sealed_files(tmp_path):
        assert unseal(path.read_bytes(), COACH) == unseal(path.read_bytes(), RECOVERY) != b""


@settings(max_examples=25, deadline=None)
@given(gap=st.tuples(st.integers(1, 60), st.integers(1, 40)), lead=st.integers(0, 12))
def test_pictures_after_a_gap_lie_where_they_were_filmed_while_the_sound_goes_on(
    tmp_path_factory: pytest.TempPathFactory, gap: tuple[int, int], lead: int
) -> None:
    writing = Writing(tmp_path_factory.mktemp("gap"), audio=AUDIO, segment_s=30)
    first, missing = gap
    film = pictures(5, gop=1)
    film = film[:first] + film[first + missing :]
    blocks = sound(5.2)
    for packet in film:
        until_ns = packet.pts_ns + lead * 20_000_000
        while blocks and blocks[0].pts_ns <= until_ns:
            writing.writer.microphone_inlet.audio(blocks.pop(0))
        assert writing.film([packet]) == [True]
    writing.stop()
    assert [_ticks(at_ns) for at_ns in watch_all(writing.folder).video_ns] == _stamps(film)
