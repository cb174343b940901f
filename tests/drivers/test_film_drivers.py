"""A film as lens and voice: what it shows comes through frame by frame, and sound stays where it was."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from deploy.demo.analysis import FilmReport, analyse
from device.domain.errors import Permanent
from device.drivers._test_card import read_counter
from device.ports import VideoFormat
from tests.support.permits import permit
from tests.support.pictures import counters, decode
from tests.support.sinks import CollectingSink
from tests.support.synthetic_films import Footage, build, record, write_film


def _play(film: Path, **options: Any) -> Footage:
    """Return what both drivers deliver of a film."""
    sink = CollectingSink()
    camera = build("camera", "file", {"path": str(film), "speed": "max", **options})
    microphone = build("microphone", "file", {"path": str(film), "speed": "max"})
    camera.start(permit(), sink, 0)
    microphone.start(permit(), sink, 0)
    sink.wait_for_end()
    if microphone.format() is not None:
        end_ns = sink.packets[-1].pts_ns
        sink.wait(lambda: bool(sink.blocks) and sink.blocks[-1].pts_ns > end_ns - 40_000_000, "all the sound")
    camera.stop()
    microphone.stop()
    assert sink.camera_problems == sink.microphone_problems == []
    return Footage(sink.packets, sink.blocks)


def _replay(film: Path) -> FilmReport:
    return analyse(write_film(film.with_name("replayed.mp4"), _play(film)))


def test_every_frame_of_a_film_comes_through_once_and_in_step_with_its_sound(tmp_path: Path) -> None:
    report = _replay(write_film(tmp_path / "film.mp4", record(3.0)))
    assert report.faults() == ()
    assert report.frames == 90
    assert report.offset is not None
    assert abs(report.offset.max_ms) <= 2
    assert report.offset.seconds == 3


@pytest.mark.parametrize("late_s", [0.2, 0.7])
def test_sound_that_was_late_in_the_film_is_exactly_as_late(tmp_path: Path, late_s: float) -> None:
    report = _replay(write_film(tmp_path / "film.mp4", record(4.0), sound_late_s=late_s))
    assert report.offset is not None
    assert report.offset.median_ms == pytest.approx(late_s * 1000, abs=2)


def test_sound_before_the_first_picture_is_cut(tmp_path: Path) -> None:
    footage = record(4.0)
    report = _replay(write_film(tmp_path / "film.mp4", replace(footage, packets=footage.packets[30:])))
    assert report.counters is not None
    assert report.counters.first == 30
    assert report.offset is not None
    assert abs(report.offset.max_ms) <= 2


def test_before_sound_that_begins_later_and_after_sound_that_ends_earlier_there_is_silence(
    tmp_path: Path,
) -> None:
    footage = record(4.0)
    part = replace(footage, blocks=footage.blocks[75:150])
    replayed = _play(write_film(tmp_path / "film.mov", part, audio_codec="pcm_s16le"))
    assert replayed.blocks[0].pts_ns == 0
    heard = b"".join(block.data for block in replayed.blocks)
    sounding = b"".join(block.data for block in part.blocks)
    assert (bytes(72_000 * 2) + sounding + bytes(48_000 * 2)).startswith(heard)
    assert len(heard) > 3.9 * 48_000 * 2


def test_a_hole_in_the_sound_becomes_silence_and_what_follows_stays_in_step(tmp_path: Path) -> None:
    footage = record(4.0)
    holed = replace(footage, blocks=footage.blocks[:60] + footage.blocks[90:])
    film = write_film(tmp_path / "film.mkv", holed, audio_codec="pcm_s16le")
    assert len(analyse(film).audio_gaps) == 1
    report = _replay(film)
    assert report.audio_gaps == ()
    assert [(round(s.from_s, 1), round(s.length_s, 1)) for s in report.silences] == [(1.2, 0.6)]
    assert report.offset is not None
    assert abs(report.offset.max_ms) <= 2


def test_uneven_time_stamps_are_kept(tmp_path: Path) -> None:
    footage = record(2.0)
    stamps = [n * 33_000_000 + n % 3 * 5_000_000 for n in range(60)]
    uneven = [replace(p, pts_ns=at_ns) for p, at_ns in zip(footage.packets, stamps, strict=True)]
    replayed = _play(write_film(tmp_path / "film.mkv", Footage(uneven, [])))
    assert [p.pts_ns for p in replayed.packets] == stamps


def test_of_two_pictures_with_the_same_stamp_one_is_shown(tmp_path: Path) -> None:
    footage = record(1.0)
    stamps = [n // 2 * 2 * 33_000_000 for n in range(30)]
    doubled = [replace(p, pts_ns=at_ns) for p, at_ns in zip(footage.packets, stamps, strict=True)]
    replayed = _play(write_film(tmp_path / "film.mkv", Footage(doubled, [])))
    assert [p.pts_ns for p in replayed.packets] == stamps[::2]


def test_a_large_film_is_scaled_down_to_even_sizes_in_proportion(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mp4", record(1.0, {"width": 640, "height": 480}))
    options = {"path": str(film), "max_width": 330, "max_height": 1080}
    assert build("camera", "file", options).format() == VideoFormat(330, 246, 30.0)
    replayed = _play(film, max_width=330)
    assert counters(replayed.packets) == list(range(30))


def test_a_rate_thins_a_film_out(tmp_path: Path) -> None:
    replayed = _play(write_film(tmp_path / "film.mp4", record(1.0)), frame_rate=10.0)
    assert counters(replayed.packets) == list(range(0, 30, 3))


@pytest.mark.skipif(
    not hasattr(av.VideoStream, "set_display_rotation"), reason="this PyAV cannot write a rotated film"
)
@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_film_that_was_made_with_a_turned_phone_is_turned_upright(tmp_path: Path, degrees: int) -> None:
    film = write_film(tmp_path / "film.mp4", record(1.0), rotation=degrees)
    upright = build("camera", "file", {"path": str(film)}).format()
    assert (upright.width, upright.height) == ((320, 180) if degrees == 180 else (180, 320))
    for luma in decode(_play(film).packets[:3]):
        # The footage stood upright and the label turned it counter-clockwise: turned back it reads again.
        assert read_counter(np.rot90(luma, -degrees // 90)) is not None


def test_a_length_ends_the_film_there(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mp4", record(3.0))
    replayed = _play(film, length_s=1.5)
    assert counters(replayed.packets) == list(range(45))


def test_a_length_ends_the_sound_on_the_sample(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mov", record(3.0), audio_codec="pcm_s16le")
    sink = CollectingSink()
    microphone = build("microphone", "file", {"path": str(film), "speed": "max", "length_s": 1.234})
    microphone.start(permit(), sink, 0)
    sink.wait(lambda: sum(len(b.data) for b in sink.blocks) == round(1.234 * 48_000) * 2, "1.234 s of sound")
    microphone.stop()
    assert sum(len(b.data) for b in sink.blocks) == round(1.234 * 48_000) * 2


def test_pixels_that_are_not_square_are_made_square(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mp4", record(1.0), pixel=Fraction(4, 3))
    form = build("camera", "file", {"path": str(film)}).format()
    assert (form.width, form.height) == (426, 180)
    assert counters(_play(film).packets) == list(range(30))


def test_the_cover_of_a_film_is_not_its_picture(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mkv", record(1.0), cover=True)
    with av.open(str(film)) as container:
        assert container.streams.video[0].codec_context.name == "mjpeg"
    assert build("camera", "file", {"path": str(film)}).format() == VideoFormat(320, 180, 30.0)
    assert counters(_play(film).packets) == list(range(30))


def test_a_film_without_sound_has_no_format_and_delivers_none(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mp4", replace(record(1.0), blocks=[]))
    assert build("microphone", "file", {"path": str(film)}).format() is None
    assert _play(film).blocks == []


def test_sound_is_mixed_to_the_channels_and_rate_that_were_asked_for(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mp4", record(1.0))
    microphone = build(
        "microphone", "file", {"path": str(film), "channels": 2, "rate_hz": 16_000, "speed": "max"}
    )
    sink = CollectingSink()
    microphone.start(permit(), sink, 0)
    sink.wait_for_blocks(45)
    microphone.stop()
    samples = np.frombuffer(b"".join(b.data for b in sink.blocks), dtype="<i2").reshape(-1, 2)
    assert (samples[:, 0] == samples[:, 1]).all()
    assert np.abs(np.fft.rfft(samples[:1600, 0].astype(float))).argmax() * 10 == 600


@pytest.mark.parametrize("kind", ["camera", "microphone"])
def test_a_missing_film_is_named(tmp_path: Path, kind: str) -> None:
    driver = build(kind, "file", {"path": str(tmp_path / "absent.mp4")})
    for attempt in (driver.format, lambda: driver.start(permit(), CollectingSink(), 0)):
        with pytest.raises(Permanent, match=r"there is no film .*absent\.mp4"):
            attempt()


@pytest.mark.parametrize("kind", ["camera", "microphone"])
def test_a_file_that_is_no_film_is_named(tmp_path: Path, kind: str) -> None:
    (tmp_path / "notes.mp4").write_bytes(b"not a film" * 100)
    with pytest.raises(Permanent, match=r"notes\.mp4 cannot be read as a film"):
        build(kind, "file", {"path": str(tmp_path / "notes.mp4")}).format()


def test_a_film_without_picture_is_no_camera(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "sound.wav"), "w") as film:
        film.add_stream("pcm_s16le", rate=8000, layout="mono")
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 800), "<i2"), format="s16", layout="mono")
        silence.sample_rate = 8000
        film.mux(film.streams.audio[0].encode(silence))
    with pytest.raises(Permanent, match="has no picture"):
        build("camera", "file", {"path": str(tmp_path / "sound.wav")}).format()


def test_a_film_that_breaks_off_is_played_to_where_it_breaks(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.ts", record(3.0))
    film.write_bytes(film.read_bytes()[: film.stat().st_size // 2])
    seen = counters(_play(film).packets)
    assert 20 < len(seen) < 90
    assert seen[:20] == list(range(20))
