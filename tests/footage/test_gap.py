"""The camera is lost while the lesson goes on: the last picture stands still, and the sound goes on."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.domain.manifest import Interval, Manifest, SegmentEntry
from device.footage.journal import read_journal
from device.footage.mux import VideoTemplate
from device.footage.packets import AudioPacket
from device.footage.queue import Bounds
from device.footage.seal import SUFFIX
from device.footage.segment import Segment
from device.ports import AudioFormat, FootageSink
from tests.support.footage import FPS, encode
from tests.support.material import (
    AUDIO,
    ORIGIN_NS,
    Film,
    S,
    manifest_of,
    pictures,
    recipients,
    sealed_files,
    sound,
    unseal,
    watch,
    watch_all,
)
from tests.support.recognisable import RATE_HZ, entries, join_folder, key_parameters, numbered, see, telling
from tests.support.waiting import wait_for
from tests.support.writing import Writing, resident_kib

MS = 1_000_000
NAME = "01J00000000000000000000009"


def _intervals(manifest: Manifest, reason: str) -> list[tuple[int, int]]:
    return [(each.from_us, each.to_us) for each in manifest.intervals if each.reason == reason]


def test_across_a_gap_every_picture_and_every_sound_is_where_it_was_filmed_and_heard(tmp_path: Path) -> None:
    folder = tmp_path / "lesson"
    writing = Writing(folder, audio=AUDIO)
    before, after = numbered(0, 60), numbered(110, 50, encoder="other")
    assert key_parameters(before[0]) != key_parameters(after[0])
    blocks = telling(0, 6.4)
    writing.deliver(before, blocks)
    writing.writer.camera_lost()
    writing.hear(blocks, after[0].pts_ns - 200 * MS)
    writing.writer.new_camera_inlet()
    writing.deliver(after, blocks)
    writing.stop()
    manifest = manifest_of(folder)
    assert entries(manifest) == [(0, 4_400_000, True), (4_400_000, 2_000_000, True)]
    assert manifest.intervals == (Interval(2_400_000, 4_400_000, "camera"),)
    assert (manifest.interrupted, manifest.dropped_frames) == (False, 0)
    for entry, packet in zip(manifest.segments, (before[0], after[0]), strict=True):
        plain = unseal((folder / f"{entry.object}{SUFFIX}").read_bytes())
        with av.open(io.BytesIO(plain)) as segment:
            assert key_parameters(packet) in (segment.streams.video[0].codec_context.extradata or b"")
    film = tmp_path / "film"
    join_folder(folder, manifest, film)
    seen = see(film)
    assert seen.numbers() == [*range(60), *range(110, 160)]
    assert seen.displaced_s() < 0.001
    for moment in (0.1, 1.5, 2.3, 2.5, 3.3, 4.1, 4.35, 4.5, 6.0):
        assert abs(seen.sound_is_off_s(moment)) < 0.001


@pytest.mark.slow
@settings(max_examples=25)
@given(
    first=st.integers(1, 70),
    missing=st.integers(0, 55),
    lead_ms=st.integers(-300, 300),
    seen_lost=st.booleans(),
)
def test_wherever_the_gap_lies_nothing_is_lost_and_sound_does_not_wait(
    first: int, missing: int, lead_ms: int, seen_lost: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("gap")
    writing = Writing(folder, audio=AUDIO, segment_s=1)
    film = pictures(6)
    before, blocks = film[:first], sound(6)
    start = next(i for i in range(first + missing, len(film)) if film[i].key)
    after = film[start:]
    for packet in before:
        writing.hear(blocks, packet.pts_ns + lead_ms * MS)
        writing.film([packet])
    if seen_lost:
        writing.writer.camera_lost()
    writing.hear(blocks, after[0].pts_ns)
    writing.writer.new_camera_inlet()
    for packet in after:
        writing.hear(blocks, packet.pts_ns + lead_ms * MS)
        writing.film([packet])
    writing.stop()
    manifest, found = manifest_of(folder), watch_all(folder)
    assert [round(ns * 90_000 / S) for ns in found.video_ns] == [
        round((packet.pts_ns - ORIGIN_NS) * 90_000 / S) for packet in (*before, *after)
    ]
    assert found.audio_samples == [1024 * n for n in range(len(found.audio_samples))]
    assert _intervals(manifest, "camera") == [
        (first * 1_000_000 // FPS, (after[0].pts_ns - ORIGIN_NS) // 1000),
    ]
    assert not manifest.interrupted


def test_a_camera_that_never_comes_back_leaves_a_film_that_lasts_as_long_as_its_sound(tmp_path: Path) -> None:
    folder = tmp_path / "lesson"
    writing = Writing(folder, audio=AUDIO)
    blocks = telling(0, 7)
    writing.deliver(numbered(0, 40), blocks)
    writing.writer.camera_lost()
    writing.hear(blocks, ORIGIN_NS + 60 * S)
    wait_for(lambda: writing.writer.written_us >= 6_900_000)
    summary = writing.stop()
    manifest = manifest_of(folder)
    assert 7_000_000 <= manifest.duration_us == summary.duration_us < 7_050_000
    assert manifest.intervals == (Interval(1_600_000, manifest.duration_us, "camera"),)
    film = tmp_path / "film"
    join_folder(folder, manifest, film)
    seen = see(film)
    assert seen.numbers() == list(range(40))
    assert abs(seen.picture_s - manifest.duration_us / 1e6) < 0.001
    for moment in (0.1, 1.4, 1.6, 4.0, 6.7):
        assert abs(seen.sound_is_off_s(moment)) < 0.001


def test_without_sound_the_segment_ends_where_the_gap_begins(tmp_path: Path) -> None:
    writing = Writing(tmp_path)
    film = pictures(4)
    writing.film(film[:40])
    writing.writer.camera_lost()
    writing.wait_for("segment_closed")
    assert writing.film(film[75:]) == [True] * 25
    writing.stop()
    assert entries(manifest_of(tmp_path)) == [(0, 1_600_000, True), (3_000_000, 1_000_000, True)]
    assert _intervals(manifest_of(tmp_path), "camera") == [(1_600_000, 3_000_000)]


def test_a_camera_that_stays_away_without_sound_ends_the_film_with_its_last_picture(tmp_path: Path) -> None:
    writing = Writing(tmp_path)
    writing.film(pictures(2)[:40])
    writing.writer.camera_lost()
    assert writing.stop().duration_us == manifest_of(tmp_path).duration_us == 1_600_000
    assert not manifest_of(tmp_path).interrupted


def test_a_camera_is_lost_once_until_it_is_back(tmp_path: Path) -> None:
    writing = Writing(tmp_path, audio=AUDIO)
    film = pictures(6)
    for start in (0, 50, 100):
        for _ in range(3):
            writing.writer.camera_lost()
            if start:
                writing.writer.new_camera_inlet()
                assert writing.writer.camera_is_lost
        writing.film(film[start : start + 25])
        assert not writing.writer.camera_is_lost
    writing.writer.set_aside_sound()
    writing.stop()
    kinds = [event["event"] for event in read_journal(tmp_path)]
    assert kinds.count("camera_lost") == kinds.count("camera_back") == 2
    assert _intervals(manifest_of(tmp_path), "camera") == [(1_000_000, 2_000_000), (3_000_000, 4_000_000)]


# --- what an old camera still says


def test_what_comes_through_an_earlier_inlet_is_ignored(tmp_path: Path) -> None:
    writing = Writing(tmp_path)
    film = pictures(6)
    old = writing.writer.camera_inlet
    writing.film(film[:30])
    writing.writer.camera_lost()
    new = writing.writer.new_camera_inlet()
    assert not any(old.video(packet) for packet in film[30:75])  # with key frames among them
    assert all(new.video(packet) for packet in film[75:100])
    assert not any(old.video(packet) for packet in film[100:])
    old.camera_failed("it hangs")
    old.camera_ended()
    summary = writing.stop()
    assert summary.frames == 55
    assert (summary.dropped_frames, writing.notices.seen) == (0, [])
    assert len(watch_all(tmp_path).video_ns) == 55


def test_a_mask_that_failed_is_heard_whatever_inlet_it_comes_through(tmp_path: Path) -> None:
    writing = Writing(tmp_path)
    old: FootageSink = writing.writer.camera_inlet
    writing.writer.new_camera_inlet().privacy_failed("a mask could not be painted")
    old.privacy_failed("another could not either")
    writing.stop()
    assert writing.kinds() == ["privacy_failed", "privacy_failed"]


def test_a_camera_that_goes_on_by_itself_is_back_with_its_next_key_frame(tmp_path: Path) -> None:
    writing = Writing(tmp_path, audio=AUDIO)
    film, blocks = pictures(4), sound(4)
    writing.deliver(film[:30], blocks)
    writing.writer.camera_lost()
    assert writing.film(film[60:75]) == [False] * 15
    writing.deliver(film[75:], blocks)
    summary = writing.stop()
    manifest = manifest_of(tmp_path)
    assert (summary.frames, summary.dropped_frames) == (55, 15)
    assert _intervals(manifest, "camera") == [(1_200_000, 3_000_000)]
    assert _intervals(manifest, "dropped") == [(2_400_000, 3_000_000)]


# --- before the first picture


def test_sound_before_a_camera_that_comes_late_takes_no_room_from_what_belongs_to_its_pictures(
    tmp_path: Path,
) -> None:
    writing = Writing(tmp_path, audio=AUDIO, bounds=Bounds(audio_bytes=400_000))
    late = numbered(1000, 50)
    blocks = telling(0, 42)
    writing.writer.camera_lost()
    writing.hear(blocks, late[0].pts_ns + 100 * MS)
    writing.writer.new_camera_inlet()
    writing.deliver(late, blocks)
    writing.stop()
    found = watch_all(tmp_path)
    assert found.audio_samples == [1024 * n for n in range(len(found.audio_samples))]
    assert len(found.audio_samples) > 85
    assert manifest_of(tmp_path).intervals == ()


# --- memory, and a kill during the gap


@pytest.mark.slow
def test_memory_does_not_grow_with_the_length_of_a_gap(tmp_path: Path) -> None:
    writing = Writing(tmp_path, audio=AUDIO)
    writing.film(pictures(1))
    writing.writer.camera_lost()
    writing.hear(sound(60), ORIGIN_NS + 60 * S)
    after_a_minute = resident_kib()
    for minute in range(1, 8):
        blocks = sound(60 * minute + 60, from_s=60 * minute)
        writing.hear(blocks, blocks[-1].pts_ns)
    assert resident_kib() - after_a_minute < 8 * 1024
    writing.stop()
    assert manifest_of(tmp_path).duration_us >= 479_990_000


def _left(path: Path) -> Film:
    """Return what a kill at this moment would leave of a segment."""
    entry = SegmentEntry(NAME, 0, None, 1, "0" * 64, complete=False)
    return watch(unseal(path.read_bytes()), entry)


class _Open:
    """A segment that is fed by hand, with a clock by hand, and looked at as after a kill."""

    def __init__(self, folder: Path, audio: AudioFormat = AUDIO) -> None:
        self._film = pictures(2)
        self._template = VideoTemplate(self._film[0])
        self.segment = Segment(folder, NAME, recipients(), self._template, audio, FPS, ORIGIN_NS, 0)
        self.path = folder / f"{NAME}{SUFFIX}"
        self._frames = list(encode(12).audio)

    def hear(self, until_s: float, track: int = 0) -> None:
        while self._frames and self._frames[0][1] < until_s * RATE_HZ:
            data, at, _ = self._frames.pop(0)
            ns = ORIGIN_NS + at * S // RATE_HZ
            assert self.segment.audio(AudioPacket(data, at, 1024, ns, track), ns)

    def film(self, *, heard: bool) -> None:
        for packet in self._film:
            if heard:
                self.hear((packet.pts_ns - ORIGIN_NS) / S)
            self.segment.video(packet, packet.pts_ns)

    def close(self) -> None:
        self.segment.abandon()
        self._template.close()


@pytest.mark.parametrize("heard_until_s", [0, 3, 8])
def test_a_kill_in_the_gap_loses_nothing_older_than_a_second_and_a_half(
    tmp_path: Path, heard_until_s: float
) -> None:
    """Also when the microphone was away before the gap, or leaves during it."""
    open_ = _Open(tmp_path)
    open_.film(heard=heard_until_s > 0)
    open_.segment.stand_still(ORIGIN_NS + 2 * S)
    for tenth in range(20, 90):
        now_s = tenth / 10
        open_.hear(min(now_s, heard_until_s))
        open_.segment.tick(ORIGIN_NS + round(now_s * S))
        left = _left(open_.path)
        assert len(left.video_ns) == 2 * FPS or now_s < 3.6
        due = min(now_s - 1.5, heard_until_s) * RATE_HZ
        assert heard_until_s == 0 or tenth < 35 or left.audio_samples[-1] + 2 * 1024 > due
    open_.close()


def test_one_microphone_that_never_spoke_keeps_neither_picture_nor_the_other_from_the_card(
    tmp_path: Path,
) -> None:
    open_ = _Open(tmp_path, AudioFormat(RATE_HZ, 1, tracks=2))
    open_.segment.video(pictures(1)[0], ORIGIN_NS)
    open_.segment.stand_still(ORIGIN_NS)
    for tenth in range(30):
        open_.hear(tenth / 10, track=1)
        open_.segment.tick(ORIGIN_NS + tenth * S // 10)
    left = _left(open_.path)
    assert len(left.video_ns) == 1
    assert max(left.audio_samples) > 1.4 * RATE_HZ
    open_.close()


def test_sound_that_is_back_after_silence_was_put_in_takes_its_place(tmp_path: Path) -> None:
    open_ = _Open(tmp_path)
    open_.film(heard=True)
    open_.segment.stand_still(ORIGIN_NS + 2 * S)
    open_.segment.tick(ORIGIN_NS + 3 * S)
    while open_._frames[0][1] < 3 * RATE_HZ:
        open_._frames.pop(0)
    open_.hear(4)  # says so itself when a frame finds its place taken
    open_.close()


@pytest.fixture(scope="module")
def killed_in_the_gap(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What lies on the card at a moment in a gap: a journal and an open segment."""
    folder = tmp_path_factory.mktemp("open")
    writing = Writing(folder / "lesson", audio=AUDIO)
    blocks = telling(0, 9)
    writing.deliver(numbered(0, 50), blocks)
    writing.writer.camera_lost()
    writing.hear(blocks, ORIGIN_NS + 60 * S)
    writing.wait_for("camera_lost")
    (segment,) = sealed_files(folder / "lesson")
    wait_for(lambda: _left(segment).audio_samples[-1:] > [8 * RATE_HZ])
    shutil.copytree(folder / "lesson", folder / "killed")
    writing.stop()
    return folder / "killed"


@pytest.mark.slow
@settings(max_examples=40)
@given(data=st.data())
def test_an_open_segment_cut_at_any_byte_in_a_gap_makes_a_film_that_plays(
    killed_in_the_gap: Path, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("cut") / "lesson"
    shutil.copytree(killed_in_the_gap, folder)
    (segment,) = sealed_files(folder)
    whole = segment.read_bytes()
    kept = data.draw(st.integers(1 << 16 | 1, len(whole)))
    segment.write_bytes(whole[:kept])
    manifest = manifest_of(folder)
    assert manifest.interrupted
    film = folder.parent / "film"
    joined = join_folder(folder, manifest, film)
    if joined.video_packets == 0:
        assert kept < 1 << 17
        return
    seen = see(film)
    assert seen.numbers() == list(range(joined.video_packets))
    assert seen.displaced_s() < 0.001
    if kept == len(whole):
        assert joined.video_packets == 50
    if len(seen.tracks[0]) > RATE_HZ:
        assert abs(seen.sound_is_off_s(len(seen.tracks[0]) / RATE_HZ - 0.5)) < 0.001
