"""A held recording as one film: every picture and sound in its place, anywhere, and never a byte made up."""

from __future__ import annotations

import io
import itertools
import shutil
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.domain.errors import Permanent, Refused
from device.footage.journal import Journal, read_journal
from device.footage.seal import SUFFIX
from device.ports import AudioFormat
from device.review.film import open_film
from device.review.identity import read_identity
from tests.support import footage
from tests.support.footage import FPS
from tests.support.material import (
    AUDIO,
    COACH,
    ORIGIN_NS,
    STRANGER,
    S,
    manifest_of,
    open_descriptors,
    open_journal,
    sealed_files,
)
from tests.support.recognisable import numbered, see, telling
from tests.support.reviewing import (
    FilmFile,
    heard_early_s,
    join_journals,
    record,
    review,
    saved,
    whole,
    write_segment,
)
from tests.support.waiting import wait_for
from tests.support.writing import Writing

BOTH = AudioFormat(48_000, 1, tracks=2)
STEREO = AudioFormat(48_000, 2)
FRAME_S = 1024 / 48_000
PIECE = 64 * 1024


@pytest.fixture(autouse=True)
def _no_writer_is_left_behind() -> Iterator[None]:
    yield
    for writing in list(Writing.running):
        writing.stop()


@pytest.fixture(scope="module")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of 10 s in three segments; a key frame each second."""
    folder = tmp_path_factory.mktemp("review") / "lesson"
    return record(folder, numbered(0, 250), telling(0, 10.2), AUDIO, 4)


@pytest.fixture(scope="module")
def film_bytes(lesson: Path) -> bytes:
    return whole(review(lesson))


def _segment(folder: Path, number: int) -> Path:
    opened = [event["object"] for event in read_journal(folder) if event["event"] == "segment_opened"]
    return folder / f"{opened[number]}{SUFFIX}"


def _copy(folder: Path, to: Path) -> Path:
    shutil.copytree(folder, to / "copy")
    return to / "copy"


def _flip(path: Path, at_byte: int) -> None:
    data = bytearray(path.read_bytes())
    data[at_byte] ^= 1
    path.write_bytes(data)


def test_every_picture_and_every_sound_is_in_its_place(lesson: Path, tmp_path: Path) -> None:
    film = review(lesson)
    assert film.duration_us == 10_000_000
    assert film.stops_at_us is None
    seen = see(saved(film, tmp_path / "film"))
    assert seen.numbers() == list(range(250))
    assert seen.displaced_s() < 0.0001
    for moment in (0.05, 3.9, 4.0, 6.5, 7.85, 8.02, 9.7):
        assert abs(seen.sound_is_off_s(moment)) < 0.0001
    with av.open(str(tmp_path / "film")) as container:
        assert abs((container.duration or 0) - 10_000_000) < 50_000


@settings(max_examples=40)
@given(cuts=st.lists(st.integers(0, 1 << 21), max_size=6))
def test_however_it_is_cut_into_ranges_the_bytes_are_the_same(
    cuts: list[int], lesson: Path, film_bytes: bytes
) -> None:
    film = review(lesson)
    assert len(film_bytes) == film.size_bytes
    places = sorted({0, film.size_bytes, *(cut % film.size_bytes for cut in cuts)})
    pieces = [[*film.read(begin, end)] for begin, end in itertools.pairwise(places)]
    assert b"".join(piece for each in pieces for piece in each) == film_bytes
    assert max(len(piece) for each in pieces for piece in each) <= PIECE
    assert all(piece for each in pieces for piece in each)


def test_beyond_its_end_there_is_nothing(lesson: Path) -> None:
    film = review(lesson)
    assert list(film.read(film.size_bytes, film.size_bytes + 10)) == []
    assert list(film.read(10, 10)) == []
    assert len(b"".join(film.read(film.size_bytes - 3, 1 << 60))) == 3


def test_the_same_recording_has_the_same_tag_and_another_one_another(lesson: Path, tmp_path: Path) -> None:
    assert review(lesson).etag == review(lesson).etag
    other = join_journals(tmp_path / "other", lesson)
    assert review(other).etag != review(lesson).etag


@pytest.mark.parametrize("moment", [9.5, 0.5, 5.3, 6.98, 3.99])
def test_a_jump_reads_only_what_it_needs_and_lands_on_the_key_frame_before_it(
    lesson: Path, tmp_path: Path, moment: float
) -> None:
    long = review(join_journals(tmp_path / "long", lesson, again=20))
    file = FilmFile(long)
    with av.open(file, "r", format="mp4") as container:
        video = container.streams.video[0]
        assert len(file.blocks) < 8
        for target in (100 + moment, 30 + moment, 170 + moment, 30 + moment, 120 + moment):
            known = len(file.blocks)
            container.seek(round(target / (video.time_base or 1)), stream=video)
            packet = next(container.demux(video))
            assert packet.is_keyframe
            # Every copy of the lesson has key frames at its own whole seconds.
            assert float((packet.pts or 0) * (packet.time_base or 0)) == int(target)
            assert len(file.blocks) - known < 5
        assert len(file.blocks) < 30 < long.size_bytes >> 18


def test_an_opening_decrypts_no_more_than_the_beginning_of_each_segment(lesson: Path, tmp_path: Path) -> None:
    folder = _copy(lesson, tmp_path)
    for path in sealed_files(folder):
        data = path.read_bytes()
        path.write_bytes(data[:70_000] + bytes(len(data) - 70_000))
    review(folder)


def test_watching_a_long_lesson_takes_little_memory_and_leaves_no_file_open(
    lesson: Path, tmp_path: Path
) -> None:
    folder = join_journals(tmp_path / "long", lesson, again=50)
    descriptors = open_descriptors()
    tracemalloc.start()
    try:
        film = review(folder)
        opened_bytes, _ = tracemalloc.get_traced_memory()
        read_bytes = sum(len(piece) for piece in film.read(0, 15_000_000))
        held_bytes, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert film.duration_us == 500_000_000
    assert read_bytes == 15_000_000
    assert peak_bytes < 2_000_000
    assert held_bytes - opened_bytes < 500_000
    assert open_descriptors() == descriptors


def test_what_shows_films_needs_no_film_library() -> None:
    code = "import sys, device.review.film as f; print([m for m in ('av', 'numpy', 'pyrage') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# What cannot be watched, and what is said of it.


def test_another_boots_key_is_refused_and_the_reason_is_said(lesson: Path) -> None:
    with pytest.raises(Refused, match=r"restarted since it was recorded"):
        open_film(lesson, read_identity(str(STRANGER)))


def test_a_discarded_recording_is_refused_although_its_segments_are_there(
    lesson: Path, tmp_path: Path
) -> None:
    folder = _copy(lesson, tmp_path)
    journal = Journal(folder)
    journal.write("discarded", reason="teacher")
    journal.close()
    with pytest.raises(Refused, match="was discarded"):
        review(folder)


def test_a_folder_without_footage_says_so(tmp_path: Path) -> None:
    with pytest.raises(Permanent, match="holds no footage"):
        review(tmp_path)
    open_journal(tmp_path).close()
    with pytest.raises(Permanent, match="holds no footage"):
        review(tmp_path)


def test_a_missing_and_a_shortened_segment_are_named(lesson: Path, tmp_path: Path) -> None:
    folder = _copy(lesson, tmp_path)
    path = _segment(folder, 1)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(Permanent, match=f"{path.stem} is not as long as"):
        review(folder)
    path.unlink()
    with pytest.raises(Permanent, match=f"{path.stem} is not on this device"):
        review(folder)


def test_a_journal_that_points_elsewhere_is_damaged(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal.write("segment_opened", object="../../etc/passwd", offset_us=0, mono_ns=0, boot_id="b")
    journal.close()
    with pytest.raises(Permanent, match=r"journal of .* is damaged"):
        review(tmp_path)
    lines = (tmp_path / "journal.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "journal.jsonl").write_bytes(b"".join(lines[1:]))
    with pytest.raises(Permanent, match=r"journal of .* is damaged"):
        review(tmp_path)


def test_a_recording_that_is_discarded_meanwhile_ends_at_once(lesson: Path, tmp_path: Path) -> None:
    folder = _copy(lesson, tmp_path)
    film = review(folder)
    pieces = film.read(0, film.size_bytes)
    next(pieces)
    for path in sealed_files(folder):
        path.unlink()
    with pytest.raises(Permanent, match="not any more"):
        list(pieces)
    with pytest.raises(Permanent, match="not any more"):
        review(_copy(lesson, tmp_path / "again")).read(0, 1) and film.read(200_000, 200_001)


@settings(max_examples=25)
@given(place=st.floats(0, 1, exclude_max=True))
def test_a_damaged_byte_ends_the_answer_and_nothing_false_comes_before_that(
    place: float, lesson: Path, film_bytes: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = _copy(lesson, tmp_path_factory.mktemp("damage"))
    path = _segment(folder, 1)
    _flip(path, int(place * path.stat().st_size))
    got = bytearray()
    with pytest.raises((Permanent, Refused)) as caught:
        _watch_into(got, folder)
    assert str(caught.value)
    assert got == film_bytes[: len(got)]
    if place > 0.3:
        assert len(got) > 400_000


def _watch_into(got: bytearray, folder: Path) -> None:
    film = review(folder)
    for piece in film.read(0, film.size_bytes):
        got += piece


# What a recorder leaves that did not end as it should.


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a recorder leaves that is killed 5 s into a lesson, in its second segment."""
    folder = tmp_path_factory.mktemp("killed")
    writing = Writing(folder / "lesson", audio=AUDIO, segment_s=2)
    writing.deliver(numbered(0, 50), blocks := telling(0, 5.2))
    writing.deliver(numbered(50, 75, gop=100), blocks)
    wait_for(lambda: len(sealed_files(folder / "lesson")) == 2)
    wait_for(lambda: _segment(folder / "lesson", 1).stat().st_size > 1 << 17)
    shutil.copytree(folder / "lesson", folder / "killed")
    writing.stop()
    return folder / "killed"


@settings(max_examples=15)
@given(data=st.data())
def test_a_torn_recording_plays_up_to_where_it_is_whole(
    killed: Path, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = _copy(killed, tmp_path_factory.mktemp("torn"))
    path = _segment(folder, 1)
    sealed = path.read_bytes()
    kept = data.draw(st.integers(0, len(sealed)))
    # A power failure may also leave the length, and zeros instead of what was written.
    zeros = data.draw(st.sampled_from((0, 0, 1000, 200_000)))
    path.write_bytes(sealed[:kept] + bytes(zeros))
    film = review(folder)
    seen = see(saved(film, folder.parent / "film"))
    numbers = seen.numbers()
    assert numbers == list(range(len(numbers)))
    assert len(numbers) >= 50
    assert seen.displaced_s() < 0.0001
    assert abs(film.duration_us / 1e6 - len(numbers) / FPS) < 0.6
    # No more than the chunk that was not whole, and the fragment that reached into it, is missing.
    assert len(numbers) >= 50 + (kept - 65_536 - 70_000) / 5500


def test_a_lesson_that_went_on_after_a_kill_is_one_film_with_another_encoder_in_it(
    killed: Path, tmp_path: Path
) -> None:
    folder = _copy(killed, tmp_path)
    writing = Writing(folder, audio=AUDIO, segment_s=2, zero_ns=ORIGIN_NS)
    writing.journal.write("resumed", at_us=9_700_000, lost_from_us=5_000_000, reason="restarted")
    writing.deliver(numbered(250, 75, encoder="other"), telling(9.5, 13.2))
    writing.stop()
    film = review(folder)
    assert (film.stops_at_us, film.duration_us) == (None, 13_000_000)
    path = saved(film, tmp_path / "film")
    seen = see(path)
    assert seen.displaced_s() < 0.0001
    assert seen.numbers()[-75:] == list(range(250, 325))
    for moment in (1.0, 2.2, 10.02, 11.9, 12.5):
        assert abs(seen.sound_is_off_s(moment)) < 0.001
    assert heard_early_s(path) < 2 * FRAME_S


def test_a_torn_segment_never_reaches_into_the_one_behind_it(killed: Path, tmp_path: Path) -> None:
    """As it would with a recorder that was frozen, not dead, when the next one began."""
    folder = _copy(killed, tmp_path)
    writing = Writing(folder, audio=AUDIO, zero_ns=ORIGIN_NS)
    writing.deliver(numbered(60, 75, encoder="other"), telling(2.4, 5.6))
    writing.stop()
    path = saved(review(folder), tmp_path / "film")
    seen = see(path)
    assert seen.numbers() == list(range(135))
    assert seen.displaced_s() < 0.0001
    assert heard_early_s(path) < 2 * FRAME_S


def test_where_the_sound_is_encoded_otherwise_the_film_stops_and_says_where(
    lesson: Path, tmp_path: Path
) -> None:
    other = record(tmp_path / "other", numbered(0, 50), telling(0, 2.2), AudioFormat(44_100, 1), 4)
    folder = join_journals(tmp_path / "both", lesson, other)
    film = review(folder)
    assert (film.stops_at_us, film.duration_us) == (10_000_000, 10_000_000)
    assert see(saved(film, tmp_path / "film")).numbers() == list(range(250))


def test_segments_that_were_sealed_by_others_and_are_full_of_free_boxes_play_as_well(tmp_path: Path) -> None:
    cuts = footage.cut(footage.encode(6), [0, 2, 4], 6)
    sealed = footage.seal_recording(cuts, [COACH.to_public()])
    journal = open_journal(tmp_path)
    for entry in sealed.manifest.segments:
        (tmp_path / f"{entry.object}{SUFFIX}").write_bytes(sealed.objects[entry.object])
        write_segment(journal, entry, entry.object, entry.offset_us)
    journal.close()
    data = io.BytesIO(whole(review(tmp_path)))
    with av.open(data, "r", format="mp4") as container:
        stamps = [frame.time for frame in container.decode(video=0)]
    assert stamps == pytest.approx([number / FPS for number in range(150)], abs=0.0001)


# Holes in the sound: Chromium would play what comes behind them too early.


@pytest.mark.slow
@pytest.mark.parametrize(
    ("holes", "segment_s", "audio"),
    [
        pytest.param([(3.1, 5.3)], 30, AUDIO, id="within a segment"),
        pytest.param([(1.5, 1.7), (4.1, 4.9), (5.7, 6.9)], 30, BOTH, id="several within a segment"),
        pytest.param([(1.5, 7.3)], 2, STEREO, id="over several segments"),
        pytest.param([(0.0, 3.7)], 2, BOTH, id="at the beginning"),
        pytest.param([(6.2, 10.0)], 2, AUDIO, id="until the end"),
    ],
)
def test_a_hole_in_the_sound_is_filled_with_silence_where_a_browser_plays_it(
    holes: list[tuple[float, float]], segment_s: float, audio: AudioFormat, tmp_path: Path
) -> None:
    edges = [0.0, *(edge for hole in holes for edge in hole), 8.2]
    heard = [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if a < b <= 8.2]
    blocks = [
        block if audio.channels == 1 else type(block)(_doubled(block.data), block.pts_ns, block.track)
        for from_s, to_s in heard
        for track in range(audio.tracks)
        for block in telling(from_s, to_s, track=track)
    ]
    blocks.sort(key=lambda block: block.pts_ns)
    writing = Writing(tmp_path / "lesson", audio=audio, segment_s=segment_s)
    writing.writer.set_aside_sound()
    writing.deliver(numbered(0, 200), blocks)
    writing.stop()
    path = saved(review(tmp_path / "lesson"), tmp_path / "film")
    seen = see(path)
    assert seen.numbers() == list(range(200))
    assert seen.displaced_s() < 0.0001
    for track in range(audio.tracks):
        assert heard_early_s(path, track) < 2 * FRAME_S
        for from_s, to_s in heard:
            for moment in (from_s + 0.15, min(to_s, 7.9) - 0.35):
                assert abs(seen.sound_is_off_s(moment, track=track)) < 0.001


def test_where_no_sound_is_missing_no_silence_is_put_in(tmp_path: Path) -> None:
    """However the frames of sound lie around the places where one segment follows another."""
    film = numbered(0, 150)
    writing = Writing(tmp_path / "lesson", audio=AUDIO, segment_s=1)
    writing.deliver(film, telling(0, 6.2))
    writing.stop()
    path = saved(review(tmp_path / "lesson"), tmp_path / "film")
    assert heard_early_s(path) < 0.0001


def _doubled(mono: bytes) -> bytes:
    return b"".join(mono[at : at + 2] * 2 for at in range(0, len(mono), 2))


def test_while_the_camera_is_away_the_last_picture_stands_and_the_sound_goes_on(tmp_path: Path) -> None:
    writing = Writing(tmp_path / "lesson", audio=AUDIO)
    blocks = telling(0, 6.3)
    writing.deliver(numbered(0, 30), blocks)
    writing.writer.camera_lost()
    writing.hear(blocks, ORIGIN_NS + 4 * S)
    writing.writer.new_camera_inlet()
    writing.deliver(numbered(4 * FPS, 50, encoder="other"), blocks)
    writing.stop()
    film = review(tmp_path / "lesson")
    path = saved(film, tmp_path / "film")
    seen = see(path)
    assert seen.numbers() == [*range(30), *range(100, 150)]
    assert seen.displaced_s() < 0.0001
    assert heard_early_s(path) < 2 * FRAME_S
    for moment in (0.5, 1.2, 3.0, 4.1, 5.5):
        assert abs(seen.sound_is_off_s(moment)) < 0.001


def test_a_recording_without_sound_has_no_track_of_it(tmp_path: Path) -> None:
    record(tmp_path / "lesson", numbered(0, 100), [], None, 2)
    assert manifest_of(tmp_path / "lesson").audio is None
    seen = see(saved(review(tmp_path / "lesson"), tmp_path / "film"))
    assert (seen.numbers(), seen.tracks) == (list(range(100)), [])
