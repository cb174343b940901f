"""Measuring films whose faults are known."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.demo._atoms import atoms, is_faststart
from deploy.demo._picture import Gap, Pictures, _Numbers
from deploy.demo.analysis import Chapter, analyse, main
from device.domain.errors import Permanent
from device.ports import VideoPacket
from tests.support.synthetic_films import Footage, record, write_film

CHAPTERS = [("Opening", 0.0), ("A question", 1.5)]


@pytest.fixture(scope="module")
def footage() -> Footage:
    return record(4.0)


def _with_packets(footage: Footage, packets: list[VideoPacket]) -> Footage:
    """Return footage whose packets are stamped evenly, as a muxer would be handed them."""
    return replace(
        footage,
        packets=[replace(p, pts_ns=footage.packets[i].pts_ns) for i, p in enumerate(packets)],
    )


def test_a_sound_film_has_no_fault_and_everything_is_measured(tmp_path: Path, footage: Footage) -> None:
    report = analyse(write_film(tmp_path / "film.mp4", footage))
    assert report.faults() == ()
    assert (report.width, report.height, report.fps) == (320, 180, 30.0)
    assert (report.video_codec, report.audio_codec) == ("h264", "aac")
    assert report.frames == 120
    assert report.counters is not None
    assert (report.counters.first, report.counters.last, report.counters.read) == (0, 119, 120)
    assert report.video_duration_s == pytest.approx(4.0, abs=0.001)
    assert report.audio_duration_s == pytest.approx(4.0, abs=0.025)
    assert report.offset is not None
    assert (report.offset.seconds, abs(report.offset.max_ms) <= 1) == (4, True)
    assert report.silences == ()


def test_a_frame_that_was_dropped_is_missed_by_its_number(tmp_path: Path, footage: Footage) -> None:
    holed = replace(footage, packets=footage.packets[:59] + footage.packets[60:])
    report = analyse(write_film(tmp_path / "film.mp4", holed))
    assert report.counters is not None
    assert report.counters.gaps == (Gap(59, 59, 1),)
    assert report.faults() == ("1 frames are missing",)


def test_a_second_that_was_dropped_is_counted_although_its_flash_is_gone_too(
    tmp_path: Path, footage: Footage
) -> None:
    holed = replace(footage, packets=footage.packets[:30] + footage.packets[60:])
    report = analyse(write_film(tmp_path / "film.mp4", holed))
    assert report.counters is not None
    assert report.counters.gaps == (Gap(30, 59, 30),)
    assert report.offset is not None
    assert report.offset.seconds == 3
    assert abs(report.offset.max_ms) <= 1


def test_a_second_that_is_there_twice_is_seen(tmp_path: Path, footage: Footage) -> None:
    packets = footage.packets[:60] + footage.packets[30:90]
    report = analyse(write_film(tmp_path / "film.mp4", _with_packets(footage, packets)))
    assert report.counters is not None
    assert report.counters.duplicated == tuple(range(30, 60))
    assert (report.counters.missing, report.counters.out_of_order) == (0, ())


def test_seconds_in_the_wrong_order_are_seen_and_not_called_missing(tmp_path: Path, footage: Footage) -> None:
    packets = footage.packets[:30] + footage.packets[60:90] + footage.packets[30:60] + footage.packets[90:]
    report = analyse(write_film(tmp_path / "film.mp4", _with_packets(footage, packets)))
    assert report.counters is not None
    assert report.counters.out_of_order == tuple(range(30, 60))
    assert (report.counters.missing, report.counters.duplicated) == (0, ())


@pytest.mark.parametrize("late_s", [0.2, -0.12, 1.4])
def test_sound_that_was_shifted_is_measured_to_a_millisecond(
    tmp_path: Path, footage: Footage, late_s: float
) -> None:
    shifted = replace(footage, blocks=footage.blocks[10:])
    report = analyse(write_film(tmp_path / "film.mov", shifted, sound_late_s=late_s, audio_codec="pcm_s16le"))
    assert report.offset is not None
    assert report.offset.median_ms == pytest.approx(late_s * 1000, abs=1)


def test_sound_that_drifts_shows_in_the_farthest_second(tmp_path: Path, footage: Footage) -> None:
    drifting = [replace(b, pts_ns=b.pts_ns * 102 // 100) for b in footage.blocks]
    report = analyse(
        write_film(tmp_path / "film.mkv", replace(footage, blocks=drifting), audio_codec="pcm_s16le")
    )
    assert report.offset is not None
    assert report.offset.max_ms == pytest.approx(60, abs=3)


def test_samples_that_lack_are_a_gap_where_they_lack(tmp_path: Path, footage: Footage) -> None:
    holed = replace(footage, blocks=footage.blocks[:60] + footage.blocks[90:])
    report = analyse(write_film(tmp_path / "film.mkv", holed, audio_codec="pcm_s16le"))
    assert [(round(g.from_s, 2), round(g.length_s, 2)) for g in report.audio_gaps] == [(1.2, 0.6)]
    assert report.offset is not None
    assert abs(report.offset.max_ms) <= 1


def test_sound_that_was_muted_is_a_silence_and_its_beep_is_missed(tmp_path: Path, footage: Footage) -> None:
    muted = [
        replace(b, data=bytes(len(b.data))) if 90 <= i < 110 else b for i, b in enumerate(footage.blocks)
    ]
    report = analyse(write_film(tmp_path / "film.mp4", replace(footage, blocks=muted)))
    assert [(round(s.from_s, 1), round(s.length_s, 1)) for s in report.silences] == [(1.8, 0.4)]
    assert report.offset is not None
    assert report.offset.seconds_without_beep == 1


def test_a_film_without_sound_gets_the_rest(tmp_path: Path, footage: Footage) -> None:
    report = analyse(write_film(tmp_path / "film.mp4", replace(footage, blocks=[])))
    assert (report.audio_codec, report.audio_duration_s, report.offset) == (None, None, None)
    assert report.frames == 120


def _foreign_film(path: Path) -> Path:
    with av.open(str(path), "w") as film:
        video = film.add_stream("mpeg4", rate=25)
        video.width, video.height, video.pix_fmt = 160, 120, "yuv420p"
        for index in range(50):
            picture = np.full((120, 160, 3), index * 5, dtype=np.uint8)
            film.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        film.mux(video.encode(None))
    return path


def test_a_film_that_is_not_ours_gets_the_rest(tmp_path: Path) -> None:
    report = analyse(_foreign_film(tmp_path / "film.mp4"))
    assert (report.counters, report.offset) == (None, None)
    assert (report.frames, report.fps, report.video_codec) == (50, 25.0, "mpeg4")
    assert report.video_duration_s == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("movflags", "faststart", "fragmented"),
    [("faststart", True, False), ("", False, False), ("empty_moov+default_base_moof", True, True)],
)
def test_the_order_of_the_atoms_tells_whether_a_film_plays_before_it_is_loaded(
    tmp_path: Path, footage: Footage, movflags: str, faststart: bool, fragmented: bool
) -> None:
    options = {"movflags": movflags} if movflags else {}
    report = analyse(write_film(tmp_path / "film.mp4", footage, options=options))
    assert (report.faststart, report.fragmented) == (faststart, fragmented)
    assert report.frames == 120


def test_a_file_that_is_no_mp4_has_no_atoms(tmp_path: Path, footage: Footage) -> None:
    report = analyse(write_film(tmp_path / "film.mkv", footage))
    assert report.faststart is None


@given(st.binary(max_size=200))
def test_no_bytes_can_make_the_walk_through_the_atoms_fail(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(b"\x00\x00\x00\x08ftyp" + data)
    assert atoms(path)[0] == "ftyp"
    is_faststart(atoms(path))


@pytest.mark.skipif(
    not hasattr(av.container.OutputContainer, "set_chapters"), reason="this PyAV knows no chapters"
)
def test_chapters_are_read_with_title_and_time(tmp_path: Path, footage: Footage) -> None:
    report = analyse(write_film(tmp_path / "film.mp4", footage, chapters=CHAPTERS))
    assert report.chapters == (Chapter("Opening", 0.0), Chapter("A question", 1.5))


def test_a_missing_film_is_named(tmp_path: Path) -> None:
    with pytest.raises(Permanent, match="there is no film"):
        analyse(tmp_path / "absent.mp4")


def test_the_command_prints_json_and_tells_faults_by_its_exit_code(
    tmp_path: Path, footage: Footage, capsys: pytest.CaptureFixture[str]
) -> None:
    good = write_film(tmp_path / "good.mp4", footage)
    bad = write_film(
        tmp_path / "bad.mp4", replace(footage, packets=footage.packets[:59] + footage.packets[60:])
    )
    assert main([str(good), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["counters"]["read"] == 120
    assert main([str(bad)]) == 1
    assert "1 frames are missing" in capsys.readouterr().out
    assert main([str(tmp_path / "absent.mp4")]) == Permanent.exit_code
    assert "there is no film" in capsys.readouterr().err


@given(st.lists(st.integers(0, 30), min_size=1, max_size=60))
def test_numbers_are_either_read_missing_or_before_the_first(seen: list[int]) -> None:
    numbers = _Numbers()
    for counter in seen:
        numbers.read(counter)
    report = numbers.report()
    assert report is not None
    absent = set(range(seen[0], max(seen) + 1)) - set(seen)
    assert {n for gap in report.gaps for n in range(gap.first, gap.last + 1)} == absent
    assert report.missing == len(absent)
    assert report.read == len(seen)


def test_black_pictures_hide_their_numbers_and_are_not_called_missing() -> None:
    pictures = Pictures()
    numbers = _Numbers()
    numbers.read(10)
    for _ in range(5):
        numbers.unread(black=True)
    numbers.read(16)
    report = numbers.report()
    assert report is not None
    assert (report.missing, report.unreadable) == (0, 0)
    pictures.feed(0.0, np.full((180, 320), 16, dtype=np.uint8))
    assert pictures.black == 1
