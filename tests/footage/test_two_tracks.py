"""Two microphones, kept apart: each has its own track, and neither holds up the other or the picture."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.ports import AudioBlock, AudioFormat
from tests.support.footage import FPS
from tests.support.material import ORIGIN_NS, S, manifest_of, watch_all
from tests.support.recognisable import RATE_HZ, join_folder, numbered, see, telling
from tests.support.waiting import wait_for
from tests.support.writing import Writing

BOTH = AudioFormat(RATE_HZ, 1, tracks=2)


def _both(from_s: float, to_s: float) -> list[AudioBlock]:
    blocks = [*telling(from_s, to_s, track=0), *telling(from_s, to_s, track=1)]
    return sorted(blocks, key=lambda block: block.pts_ns)


def test_both_tracks_are_in_the_film_in_their_places_and_the_teacher_comes_first(tmp_path: Path) -> None:
    folder, film = tmp_path / "lesson", tmp_path / "film"
    writing = Writing(folder, audio=BOTH, segment_s=1)
    writing.deliver(numbered(0, 100), _both(0, 4.3))
    writing.stop()
    manifest = manifest_of(folder)
    assert len(manifest.segments) == 4
    joined = join_folder(folder, manifest, film)
    assert joined.audio_packets > 2 * 180
    seen = see(film)
    assert seen.titles == ["teacher", "room"]
    assert seen.numbers() == list(range(100))
    for moment in (0.05, 0.9, 1.1, 2.0, 3.5):
        assert abs(seen.sound_is_off_s(moment, track=0)) < 0.001
        assert abs(seen.sound_is_off_s(moment, track=1)) < 0.001


@pytest.mark.slow
@settings(max_examples=12)
@given(seed=st.integers(0, 1 << 32))
def test_in_whatever_order_pictures_and_both_tracks_arrive_nothing_is_lost(
    seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    chance = random.Random(seed)
    folder = tmp_path_factory.mktemp("order")
    writing = Writing(folder, audio=BOTH, segment_s=1)
    film, sounds = numbered(0, 75), [telling(0, 3, track=0), telling(0, 3, track=1)]
    while film or any(sounds):
        for _ in range(min(len(film), chance.randrange(20))):
            writing.writer.camera_inlet.video(film.pop(0))
        for blocks in sounds:
            for _ in range(min(len(blocks), chance.randrange(30))):
                writing.writer.microphone_inlet.audio(blocks.pop(0))
    writing.stop()
    found = watch_all(folder)
    assert len(found.video_ns) == 75
    heard = sorted(found.audio_samples)
    assert heard[::2] == heard[1::2] == [1024 * n for n in range(len(heard) // 2)]


@pytest.mark.slow
@pytest.mark.parametrize("away", [0, 1])
def test_a_track_whose_microphone_is_away_holds_up_neither_the_picture_nor_the_other(
    tmp_path: Path, away: int
) -> None:
    folder = tmp_path / "lesson"
    writing = Writing(folder, audio=BOTH, segment_s=1)
    film = numbered(0, 100)
    blocks = [block for block in _both(0, 4.3) if block.track != away or block.pts_ns >= ORIGIN_NS + 3 * S]
    writing.deliver(film[:75], blocks)
    # Written although one track says nothing: before the end, and without being told of it.
    wait_for(lambda: writing.writer.written_us >= 2_900_000)
    writing.deliver(film[75:], blocks)
    writing.stop()
    manifest = manifest_of(folder)
    assert len(manifest.segments) == 4
    join_folder(folder, manifest, tmp_path / "film")
    seen = see(tmp_path / "film")
    assert seen.numbers() == list(range(100))
    for moment in (0.1, 0.9, 1.8, 2.9, 3.5):
        assert abs(seen.sound_is_off_s(moment, track=1 - away)) < 0.001
    assert abs(seen.sound_is_off_s(3.5, track=away)) < 0.001


def test_both_tracks_go_on_while_the_camera_is_lost(tmp_path: Path) -> None:
    folder = tmp_path / "lesson"
    writing = Writing(folder, audio=BOTH)
    blocks = _both(0, 6.3)
    writing.deliver(numbered(0, 30), blocks)
    writing.writer.camera_lost()
    writing.hear(blocks, ORIGIN_NS + 4 * S)
    writing.writer.new_camera_inlet()
    writing.deliver(numbered(4 * FPS, 50, encoder="other"), blocks)
    writing.stop()
    join_folder(folder, manifest_of(folder), tmp_path / "film")
    seen = see(tmp_path / "film")
    assert seen.displaced_s() < 0.001
    for moment in (0.5, 1.2, 3.0, 3.9, 4.1, 5.5):
        for track in (0, 1):
            assert abs(seen.sound_is_off_s(moment, track=track)) < 0.001
