"""A recorder that was killed goes on with the lesson: the same film, the same clock, a new segment."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.domain.manifest import Interval, Manifest
from device.footage.journal import read_journal
from device.footage.seal import SUFFIX
from device.ports import AudioBlock
from tests.support.footage import FPS
from tests.support.material import AUDIO, ORIGIN_NS, S, manifest_of, sealed_files, watch_all
from tests.support.recognisable import at_ns, entries, join_folder, numbered, see, telling
from tests.support.waiting import wait_for
from tests.support.writing import Writing

BLANKED_US = 2_500_000


def _began(folder: Path) -> tuple[int, str]:
    began = [event for event in read_journal(folder) if event["event"] == "began"]
    assert len(began) == 1
    return began[0]["zero_ns"], began[0]["boot_id"]


def _open_segment(folder: Path) -> Path:
    opened = [event["object"] for event in read_journal(folder) if event["event"] == "segment_opened"]
    return folder / f"{opened[-1]}{SUFFIX}"


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a recorder leaves that is killed 3 s into a lesson, in its second segment: blanked, microphone gone."""
    folder = tmp_path_factory.mktemp("killed")
    writing = Writing(folder / "lesson", audio=AUDIO, segment_s=1)
    blocks = telling(0, 3.2)
    writing.deliver(numbered(0, 25), blocks)
    writing.deliver(numbered(25, 50, gop=100), blocks)
    writing.journal.write("blanked", at_us=BLANKED_US)
    writing.journal.write("microphone_failed", at_us=2_900_000, problem="pulled out")
    wait_for(lambda: len(sealed_files(folder / "lesson")) == 2)
    wait_for(lambda: _open_segment(folder / "lesson").stat().st_size > 1 << 17)
    shutil.copytree(folder / "lesson", folder / "killed")
    writing.stop()
    return folder / "killed"


def _go_on(folder: Path, first: int, blocks: list[AudioBlock], *, encoder: str = "other") -> Manifest:
    """Record pictures from a number on in a folder that a killed recorder left."""
    zero_ns, _ = _began(folder)
    writing = Writing(folder, audio=AUDIO, segment_s=1, zero_ns=zero_ns)
    resumed_us = (at_ns(first) - ORIGIN_NS) // 1000 - 300_000
    writing.journal.write("resumed", at_us=resumed_us, lost_from_us=3_000_000, reason="restarted")
    writing.deliver(numbered(first, 50, encoder=encoder), blocks)
    writing.journal.write("unblanked", at_us=(first + 10) * 1_000_000 // FPS)
    writing.stop()
    return manifest_of(folder)


def test_the_first_picture_of_a_film_says_in_which_boot_and_when_it_was(killed: Path) -> None:
    assert _began(killed) == (ORIGIN_NS, "boot-1")
    opened = [event for event in read_journal(killed) if event["event"] == "segment_opened"]
    assert [(event["mono_ns"], event["boot_id"]) for event in opened] == [
        (at_ns(0), "boot-1"),
        (at_ns(25), "boot-1"),
    ]


def test_what_comes_after_a_kill_lies_in_the_same_film_at_its_own_time(killed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "lesson"
    shutil.copytree(killed, folder)
    manifest = _go_on(folder, 250, telling(9.5, 12.1))
    assert [each.complete for each in manifest.segments] == [True, False, True, True]
    assert entries(manifest)[2:] == [(10_000_000, 1_000_000, True), (11_000_000, 1_000_000, True)]
    assert (manifest.interrupted, manifest.duration_us) == (True, 12_000_000)
    assert manifest.intervals == (
        Interval(BLANKED_US, 10_400_000, "blanked"),
        Interval(2_900_000, 9_700_000, "microphone"),
        Interval(3_000_000, 10_000_000, "recorder"),
    )
    film = tmp_path / "film"
    join_folder(folder, manifest, film)
    seen = see(film)
    assert seen.displaced_s() < 0.001
    numbers = seen.numbers()
    assert numbers[-50:] == list(range(250, 300))
    assert numbers[:-50] == list(range(len(numbers) - 50))
    assert len(numbers) > 50 + 25
    for moment in (0.1, 1.2, 10.02, 11.0, 11.7):
        assert abs(seen.sound_is_off_s(moment)) < 0.001


@pytest.mark.slow
@settings(max_examples=15)
@given(data=st.data(), first=st.sampled_from((75, 133, 400)), lead_ms=st.integers(-400, 400))
def test_wherever_the_killed_segment_was_cut_the_film_goes_on_where_it_should(
    killed: Path, data: st.DataObject, first: int, lead_ms: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("cut") / "lesson"
    shutil.copytree(killed, folder)
    path = _open_segment(folder)
    whole = path.read_bytes()
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
    second = first * 1.0 / FPS
    manifest = _go_on(folder, first, telling(second + lead_ms / 1000, second + 2.5))
    assert manifest.interrupted
    joined = join_folder(folder, manifest, folder.parent / "film")
    assert joined.truncated == tuple(each.object for each in manifest.segments if not each.complete)
    seen = see(folder.parent / "film")
    assert seen.displaced_s() < 0.001
    before = seen.numbers()[:-50]
    assert before == list(range(len(before)))
    assert len(before) >= 25
    assert seen.numbers()[-50:] == list(range(first, first + 50))
    assert abs(seen.sound_is_off_s(second + 1.2)) < 0.001


def test_sound_from_before_the_first_picture_after_a_kill_is_cut(killed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "lesson"
    shutil.copytree(killed, folder)
    blocks = telling(9, 12.1)
    zero_ns, _ = _began(folder)
    writing = Writing(folder, audio=AUDIO, zero_ns=zero_ns)
    writing.hear(blocks, ORIGIN_NS + 10 * S)
    writing.deliver(numbered(250, 25), blocks)
    writing.stop()
    heard = [samples for samples in watch_all(folder).audio_samples if samples > 4 * 48_000]
    assert heard == [480_000 + 1024 * n for n in range(len(heard))]
    assert len(heard) > 44


@pytest.mark.slow
@settings(max_examples=10)
@given(offset_us=st.integers(1_000_001, 2_990_000))
def test_a_cut_off_tail_never_reaches_into_the_segment_behind_it(
    killed: Path, offset_us: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """As it would with a recorder that was frozen, not dead, when the next one began."""
    folder = tmp_path_factory.mktemp("overlap") / "lesson"
    shutil.copytree(killed, folder)
    manifest = _go_on(folder, 250, telling(10, 12.1))
    early = tuple(
        replace(each, offset_us=each.offset_us - 10_000_000 + offset_us) if index >= 2 else each
        for index, each in enumerate(manifest.segments)
    )
    film = folder.parent / "film"
    join_folder(folder, replace(manifest, segments=early), film)
    seen = see(film)
    times = [at_s for at_s, _ in seen.pictures]
    assert times == sorted(times)
    before = [at_s for at_s, number in seen.pictures if number < 250]
    assert before == [number / FPS for number in range(len(before))]
    assert max(before) < offset_us / 1_000_000
    for at_s, number in seen.pictures:
        expected_s = number / FPS if number < 250 else number / FPS - 10 + offset_us / 1_000_000
        assert abs(at_s - expected_s) < 0.001


def test_a_camera_that_was_lost_when_the_recorder_died_is_back_with_the_next_segment(tmp_path: Path) -> None:
    writing = Writing(tmp_path / "one", audio=AUDIO)
    writing.deliver(numbered(0, 50), telling(0, 3))
    writing.writer.camera_lost()
    writing.wait_for("camera_lost")
    shutil.copytree(tmp_path / "one", tmp_path / "killed")
    writing.stop()
    manifest = _go_on(tmp_path / "killed", 250, telling(10, 12.1))
    assert Interval(2_000_000, 10_000_000, "camera") in manifest.intervals
    assert Interval(3_000_000, 10_000_000, "recorder") in manifest.intervals


def test_a_lesson_that_went_on_twice_has_both_gaps(killed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "lesson"
    shutil.copytree(killed, folder)
    _go_on(folder, 100, [])
    journal = [event for event in read_journal(folder) if event["event"] != "stopped"]
    assert journal
    manifest = _go_on(folder, 250, [])
    assert [each for each in manifest.intervals if each.reason == "recorder"] == [
        Interval(3_000_000, 4_000_000, "recorder"),
        Interval(3_000_000, 10_000_000, "recorder"),
    ]
