"""A joined film is what was recorded: nothing lost, nothing doubled, everything in its place in time."""

from __future__ import annotations

import io
import itertools
import json
import resource
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pyrage
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from device.domain.errors import Permanent, Temporary
from device.domain.manifest import SegmentEntry
from server_sync.inbox.chapters import Chapter, chapters
from server_sync.inbox.join import Joined, join, warn_of_old_library
from server_sync.inbox.unseal import Unsealed
from tests.support.footage import Sealed, Segment, boxes, cut, encode, mux, seal_recording

pytestmark = pytest.mark.slow

IDENTITY = pyrage.x25519.Identity.generate()


def sealed(segments: list[Segment], **options: Any) -> Sealed:
    return seal_recording(segments, [IDENTITY.to_public()], **options)


def opener(recording: Sealed) -> Callable[[SegmentEntry], Unsealed]:
    def open_segment(segment: SegmentEntry) -> Unsealed:
        data = io.BytesIO(recording.objects[segment.object])
        return Unsealed(data, IDENTITY, segment.object, tolerant=not segment.complete)

    return open_segment


def join_to(film: Path, recording: Sealed, language: str = "nl") -> Joined:
    film.write_bytes(b"")
    return join(recording.manifest, opener(recording), film, language)


def probe(film: Path) -> dict[str, Any]:
    """Ask ffprobe, which must have nothing to remark."""
    asked = ["-show_packets", "-show_streams", "-show_format", "-show_chapters"]
    done = subprocess.run(
        ["ffprobe", "-v", "warning", *asked, "-of", "json", str(film)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def packets(probed: dict[str, Any], kind: str) -> list[int]:
    return [packet["pts"] for packet in probed["packets"] if packet["codec_type"] == kind]


def decodes_cleanly(film: Path) -> bool:
    done = subprocess.run(
        ["ffmpeg", "-v", "warning", "-i", str(film), "-f", "null", "-"], capture_output=True, check=True
    )
    return not done.stderr


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return tmp_path / "film with: a colon.part"


def test_every_packet_of_three_segments_stands_where_it_was_recorded(film: Path) -> None:
    material = encode(6)
    made = join_to(film, sealed(cut(material, [0, 2, 4], 6)))
    probed = probe(film)
    heard = [samples for _, samples, _ in material.audio if samples < 6 * 48_000]
    assert packets(probed, "video") == [ticks for _, ticks, _ in material.video]
    assert packets(probed, "audio") == heard
    assert made == Joined(150, len(heard), ())
    assert decodes_cleanly(film)


@settings(deadline=None, max_examples=8)
@given(starts=st.sets(st.integers(1, 5)), gap_us=st.integers(0, 90 * 60 * 1_000_000), after=st.integers(0, 5))
def test_a_gap_keeps_its_place_in_time(starts: set[int], gap_us: int, after: int) -> None:
    segments = cut(encode(6), [0, *sorted(starts)], 6)
    after = min(after, len(segments) - 1)
    moved = [replace(s, offset_us=s.offset_us + (gap_us if i > after else 0)) for i, s in enumerate(segments)]
    recording = sealed(moved)
    with tempfile.TemporaryDirectory() as folder:
        film = Path(folder) / "film.part"
        join_to(film, recording)
        probed = probe(film)
    wanted = [round(s.offset_us * 0.09 + ticks) for s in moved for ticks in s.video_ticks]
    heard = [s.offset_us * 0.048 + samples for s in moved for samples in s.audio_samples]
    found = packets(probed, "video")
    assert len(found) == len(wanted)
    assert max(abs(a - b) for a, b in zip(found, wanted, strict=True)) <= 1
    # libav rounds the start of a track in a segment down to a millisecond, and what then looks like a gap
    # of less than 1.5 ms is none: 120 samples at most, and they never add up.
    assert max(abs(a - b) for a, b in zip(packets(probed, "audio"), heard, strict=True)) <= 121


def test_the_film_is_an_ordinary_one_with_its_index_in_front(film: Path) -> None:
    join_to(film, sealed(cut(encode(4), [0, 2], 4)))
    kinds = [kind for kind, _ in boxes(film.read_bytes())]
    assert kinds.index(b"moov") < kinds.index(b"mdat")
    assert b"moof" not in kinds
    assert kinds.count(b"mdat") == 1


def test_title_and_time_of_the_recording_travel_along_and_name_nobody(film: Path) -> None:
    join_to(film, sealed(cut(encode(2), [0], 2)))
    tags = probe(film)["format"]["tags"]
    assert tags["creation_time"] == "2026-09-01T08:30:00.000000Z"  # MP4 keeps seconds
    assert tags["title"] == "Lesopname 2026-09-01"
    assert "comment" not in tags
    assert b"Docent" not in film.read_bytes()


@pytest.mark.parametrize(("language", "begin"), [("nl", "Begin"), ("en", "Start")])
def test_bookmarks_become_chapters(film: Path, language: str, begin: str) -> None:
    join_to(film, sealed(cut(encode(4), [0, 2], 4), bookmarks_us=(1_500_000, 3_000_001)), language)
    probed = probe(film)
    found = [(c["tags"]["title"], float(c["start_time"])) for c in probed["chapters"]]
    assert found == [(begin, 0.0), ("Moment 1", 1.5), ("Moment 2", 3.000001)]
    assert [s["codec_type"] for s in probed["streams"]] == ["video", "audio"]
    assert decodes_cleanly(film)


def test_the_boxes_of_a_film_with_chapters_still_fit_into_each_other(film: Path) -> None:
    join_to(film, sealed(cut(encode(2), [0], 2), bookmarks_us=(1_000_000,)))
    moov = dict(boxes(film.read_bytes()))[b"moov"]
    udta = dict(boxes(moov[8:]))[b"udta"]
    assert [kind for kind, _ in boxes(udta[8:])] == [b"meta", b"chpl", b"free"]
    meta = dict(boxes(udta[8:]))[b"meta"]
    ilst = dict(boxes(meta[12:]))[b"ilst"]
    assert [kind for kind, _ in boxes(ilst[8:])] == [b"\xa9nam", b"\xa9too"]


def test_a_film_without_bookmarks_has_no_chapters(film: Path) -> None:
    join_to(film, sealed(cut(encode(2), [0], 2)))
    assert probe(film)["chapters"] == []


def test_three_hundred_bookmarks_keep_the_film_whole(film: Path) -> None:
    recording = sealed(cut(encode(4), [0, 2], 4), bookmarks_us=tuple(range(1000, 3_001_000, 10_000)))
    join_to(film, recording)
    assert len(probe(film)["chapters"]) == 255


@given(st.lists(st.integers(0, 3_000_000)))
def test_chapters_cover_the_film_without_holes(marks: list[int]) -> None:
    recording = sealed(cut(encode(2), [0], 2)).manifest
    found = chapters(replace(recording, bookmarks_us=tuple(sorted(marks))), "nl")
    if not found:
        assert all(mark >= recording.duration_us for mark in marks)
        return
    assert found[0].from_us == 0
    assert found[-1].to_us == recording.duration_us
    assert all(a.to_us == b.from_us and a.from_us < a.to_us for a, b in itertools.pairwise(found))
    assert {mark for mark in marks if mark < recording.duration_us} <= {chapter.from_us for chapter in found}


def test_a_mark_at_the_very_beginning_takes_the_first_chapter() -> None:
    recording = sealed(cut(encode(2), [0], 2), bookmarks_us=(0,)).manifest
    assert chapters(recording, "nl") == [Chapter(0, 2_000_000, "Moment 1")]


@pytest.mark.parametrize(
    "heard", [(True, False, True), (False, True, True), (True, True, False), (False, False, True)]
)
def test_sound_in_only_some_segments_is_where_it_was(film: Path, heard: tuple[bool, ...]) -> None:
    segments = cut(encode(6), [0, 2, 4], 6, sound=heard)
    join_to(film, sealed(segments))
    wanted = [round(s.offset_us * 0.048) + samples for s in segments for samples in s.audio_samples]
    found = packets(probe(film), "audio")
    assert max(abs(a - b) for a, b in zip(found, wanted, strict=True)) <= 48
    assert decodes_cleanly(film)


def test_a_recording_without_sound_has_no_sound_track(film: Path) -> None:
    join_to(film, sealed(cut(encode(2), [0], 2, sound=False), audio=None))
    assert [s["codec_type"] for s in probe(film)["streams"]] == ["video"]


def test_a_segment_that_was_cut_anywhere_gives_every_whole_picture_and_no_broken_one(film: Path) -> None:
    whole = encode(2)
    (segment,) = cut(whole, [0], 2)
    step = len(segment.plain) // 30
    for kept in range(len(segment.plain), 0, -step):
        recording = sealed([replace(segment, plain=segment.plain[:kept])])
        entry = replace(recording.manifest.segments[0], complete=False, duration_us=None)
        cut_off = replace(
            recording, manifest=replace(recording.manifest, segments=(entry,), interrupted=True)
        )
        made = join_to(film, cut_off)
        if made.video_packets:
            assert decodes_cleanly(film)
        arrived = _whole_pictures(segment.plain, kept)
        assert arrived <= made.video_packets <= len(segment.video_ticks)


def _whole_pictures(plain: bytes, kept: int) -> int:
    """Count the pictures in fragments that are whole, by asking a whole film of that length."""
    end = 0
    for _, box in boxes(plain):
        if end + len(box) > kept:
            break
        end += len(box)
    try:
        with av.open(io.BytesIO(plain[:end]), mode="r", format="mp4") as container:
            return sum(bool(p.size) and not p.is_corrupt for p in container.demux(video=0))
    except av.error.FFmpegError:
        return 0


def test_a_killed_recorders_last_segment_is_joined_as_far_as_it_goes(film: Path) -> None:
    segments = cut(encode(6), [0, 3], 6)
    recording = sealed(segments, cut_bytes={1: 150_000})
    made = join_to(film, recording)
    assert made.truncated == (recording.manifest.segments[1].object,)
    found = packets(probe(film), "video")
    assert 75 < len(found) < 150
    assert found == [ticks for _, ticks, _ in encode(6).video][: len(found)]
    assert decodes_cleanly(film)


@pytest.mark.parametrize("kept", [0, 40, 300, 500])
def test_a_segment_cut_before_its_first_picture_leaves_the_rest_of_the_film(film: Path, kept: int) -> None:
    recording = sealed(cut(encode(4), [0, 2], 4), cut_bytes={1: kept})
    made = join_to(film, recording)
    assert made.video_packets == 50
    assert len(made.truncated) == 1


def test_a_recording_without_any_picture_makes_no_film(film: Path) -> None:
    recording = sealed(cut(encode(2), [0], 2), cut_bytes={0: 400})
    assert join_to(film, recording).video_packets == 0
    assert film.read_bytes() == b""


def test_damage_in_a_segment_that_should_be_whole_is_not_papered_over(film: Path) -> None:
    recording = sealed(cut(encode(4), [0, 2], 4))
    name = recording.manifest.segments[1].object
    recording.objects[name] = recording.objects[name][:100_000]
    with pytest.raises(Permanent, match="damaged"):
        join_to(film, recording)


def test_a_segment_that_is_no_film_is_named(film: Path) -> None:
    (segment,) = cut(encode(2), [0], 2)
    recording = sealed([replace(segment, plain=b"not a film at all" * 5000)])
    with pytest.raises(Permanent, match=recording.manifest.segments[0].object):
        join_to(film, recording)


def test_a_full_disk_is_temporary(film: Path) -> None:
    recording = sealed(cut(encode(4), [0, 2], 4))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    film.write_bytes(b"")
    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, before[1]))
    try:
        with pytest.raises(Temporary, match="full"):
            join(recording.manifest, opener(recording), film, "nl")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_segments_without_a_delayed_header_are_joined_as_well(film: Path) -> None:
    material = encode(2)
    audio = [p for p in material.audio if p[1] < 2 * 48_000]
    plain = mux(material.video, audio, movflags="empty_moov+default_base_moof", free_boxes=False)
    (segment,) = cut(material, [0], 2)
    join_to(film, sealed([replace(segment, plain=plain)]))
    assert len(packets(probe(film), "video")) == 50


# --- gaps: a recorder that was killed and went on, a camera that was lost


@pytest.mark.parametrize("kept", [0, 300, 20_000, 66_000, 80_000, 100_000])
def test_a_segment_that_was_cut_off_in_the_middle_moves_nothing_behind_it(film: Path, kept: int) -> None:
    segments = cut(encode(6), [0, 2, 4], 6)
    recording = sealed(segments, cut_bytes={1: kept})
    made = join_to(film, recording)
    probed = probe(film)
    found, wanted = packets(probed, "video"), [ticks for _, ticks, _ in encode(6).video]
    assert found == [*wanted[: made.video_packets - 50], *wanted[100:]]
    assert made.truncated == (recording.manifest.segments[1].object,)
    last = [samples for _, samples, _ in encode(6).audio if 4 * 48_000 <= samples < 6 * 48_000]
    heard = packets(probed, "audio")[-len(last) :]
    assert (
        max(abs(a - b) for a, b in zip(heard, last, strict=True)) <= 48
    )  # libav rounds a track's start to 1 ms
    assert decodes_cleanly(film)


@settings(deadline=None, max_examples=10)
@given(early_us=st.integers(1, 1_990_000))
@example(early_us=424_823)
def test_a_cut_off_tail_that_reaches_into_the_next_segment_is_left_out(early_us: int) -> None:
    segments = cut(encode(4), [0, 2], 4)
    moved = [segments[0], replace(segments[1], offset_us=2_000_000 - early_us)]
    recording = sealed(moved)
    first = replace(recording.manifest.segments[0], complete=False, duration_us=None)
    manifest = replace(recording.manifest, segments=(first, recording.manifest.segments[1]), interrupted=True)
    with tempfile.TemporaryDirectory() as folder:
        film = Path(folder) / "film.part"
        join_to(film, replace(recording, manifest=manifest))
        probed = probe(film)
    cut_at = Fraction(2_000_000 - early_us, 1_000_000)
    before = [ticks for ticks in segments[0].video_ticks if Fraction(ticks, 90_000) < cut_at]
    after = [round(cut_at * 90_000) + ticks for ticks in segments[1].video_ticks]
    assert packets(probed, "video") == [*before, *after]
    sound = packets(probed, "audio")
    # Less than 1.5 ms is a rounding and no gap, and libav rounds a track's start to 1 ms: both can fall together.
    assert all(abs(sound[-n] - (cut_at * 48_000 + segments[1].audio_samples[-n])) <= 121 for n in (1, 40, 80))


def test_sound_that_lies_in_two_segments_is_heard_once(film: Path) -> None:
    """As after a camera that was lost: the sound went on while the first new picture was on its way."""
    material = encode(4)
    segments = cut(material, [0, 2], 4)
    video = [each for each in material.video if each[1] < 2 * 90_000]
    heard = [each for each in material.audio if each[1] < 2.5 * 48_000]
    longer = replace(segments[0], plain=mux(video, heard))
    join_to(film, sealed([longer, segments[1]]))
    probed = probe(film)
    assert packets(probed, "audio") == [samples for _, samples, _ in material.audio if samples < 4 * 48_000]
    assert packets(probed, "video") == [ticks for _, ticks, _ in material.video]
    assert decodes_cleanly(film)


@pytest.mark.parametrize("beyond_us", [0, 500_000, 90 * 60 * 1_000_000, 7 * 3600 * 1_000_000])
def test_the_last_picture_stands_until_the_end_of_the_recording(film: Path, beyond_us: int) -> None:
    recording = sealed(cut(encode(2), [0], 2))
    manifest = replace(recording.manifest, duration_us=2_000_000 + beyond_us)
    join_to(film, replace(recording, manifest=manifest))
    picture = next(stream for stream in probe(film)["streams"] if stream["codec_type"] == "video")
    assert float(picture["duration"]) == pytest.approx(2 + beyond_us / 1e6, abs=0.001)
    assert decodes_cleanly(film)


def test_a_library_that_is_too_old_for_what_comes_from_elsewhere_is_told_of_in_one_sentence(
    caplog: pytest.LogCaptureFixture,
) -> None:
    warn_of_old_library("17.0.1")
    warn_of_old_library(av.__version__)
    assert caplog.messages == []
    warn_of_old_library("14.2.0")
    (said,) = caplog.messages
    assert said.startswith("PyAV 14.2.0 crashes on films that somebody crafted")
    assert "pip install 'leerblik[coach]'" in said
