"""The comparison of a film with its source finds what is wrong with it, and nothing where nothing is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from deploy.demo.compare import Comparison, compare
from device.drivers.camera._h264 import Encoder, Planes, black, stamp_ns
from device.drivers.camera._scene import Scene
from device.ports import AudioBlock, VideoFormat, VideoPacket
from tests.support.synthetic_films import RATE_HZ, Footage, record, write_film

pytestmark = pytest.mark.slow

FORM = VideoFormat(320, 180, 30.0)


@pytest.fixture(scope="module")
def footage() -> Footage:
    return record(6.0, {"keyframe_interval_s": 0.5})


@pytest.fixture(scope="module")
def source(footage: Footage, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_film(tmp_path_factory.mktemp("source") / "source.mp4", footage)


def _compare(source: Path, folder: Path, film: Footage, *, sound_late_s: float = 0.0) -> Comparison:
    return compare(source, write_film(folder / "film.mp4", film, sound_late_s=sound_late_s))


def _drawn(draw: Callable[[int], Planes], count: int = 60) -> list[VideoPacket]:
    rate = Fraction(30)
    with Encoder(FORM, 400_000, 0.5) as encoder:
        return [encoder.encode(draw(number), stamp_ns(number, rate)) for number in range(count)]


def test_the_same_film_in_another_container_with_another_start_is_right(
    source: Path, footage: Footage, tmp_path: Path
) -> None:
    found = compare(write_film(tmp_path / "source.ts", footage), source)
    assert found.right
    assert (found.picture.missing, found.picture.extra, found.picture.wrong) == (0, 0, 0)
    assert found.picture.source_frames == found.picture.film_frames == 180
    assert found.picture.looked_at > 60
    assert found.sound is not None
    assert found.sound.lips is not None
    assert abs(found.sound.lips.worst_ms) < 2


@pytest.mark.parametrize("late_s", [0.2, -0.1])
def test_sound_that_is_shifted_is_found_with_its_sign(
    source: Path, footage: Footage, tmp_path: Path, late_s: float
) -> None:
    blocks = footage.blocks[10:] if late_s < 0 else footage.blocks
    found = _compare(source, tmp_path, replace(footage, blocks=blocks), sound_late_s=late_s)
    assert not found.right
    assert found.picture_right
    assert found.sound is not None
    assert found.sound.sound is not None
    assert found.sound.lips is not None
    assert found.sound.sound.median_ms == pytest.approx(late_s * 1000, abs=2)
    assert found.sound.lips.worst_ms == pytest.approx(late_s * 1000, abs=2)


def test_a_dropped_picture_is_found(source: Path, footage: Footage, tmp_path: Path) -> None:
    found = _compare(source, tmp_path, replace(footage, packets=footage.packets[:74] + footage.packets[75:]))
    assert (found.picture.missing, found.picture.extra) == (1, 0)
    assert not found.right


def test_a_picture_too_many_is_found(source: Path, footage: Footage, tmp_path: Path) -> None:
    extra = replace(footage.packets[74], pts_ns=footage.packets[74].pts_ns + 10_000_000)
    packets = [*footage.packets[:75], extra, *footage.packets[75:]]
    found = _compare(source, tmp_path, replace(footage, packets=packets))
    assert (found.picture.missing, found.picture.extra) == (0, 1)
    assert not found.right


def test_an_end_that_lacks_is_found_unless_only_the_beginning_was_asked_for(
    source: Path, footage: Footage, tmp_path: Path
) -> None:
    short = Footage(footage.packets[:90], footage.blocks[:150])
    film = write_film(tmp_path / "film.mp4", short)
    assert compare(source, film).picture.missing == 90
    assert compare(source, film, 3.0).right


def test_pictures_that_come_late_take_the_lips_along(source: Path, footage: Footage, tmp_path: Path) -> None:
    late = [replace(p, pts_ns=p.pts_ns + (12_000_000 if n else 0)) for n, p in enumerate(footage.packets)]
    found = _compare(source, tmp_path, replace(footage, packets=late))
    assert found.picture.median_ms == pytest.approx(12, abs=0.1)
    assert found.picture.worst_ms == pytest.approx(12, abs=0.1)
    assert found.sound is not None
    assert found.sound.lips is not None
    assert found.sound.lips.median_ms == pytest.approx(-12, abs=1)


@pytest.mark.parametrize("shift", [1, 2, -1])
def test_pictures_that_show_their_neighbours_are_found_in_a_moving_scene(tmp_path: Path, shift: int) -> None:
    scene = Scene(FORM.width, FORM.height, Fraction(30))
    source = write_film(tmp_path / "source.mp4", Footage(_drawn(lambda n: scene.draw(n + 5)), []))
    shifted = Footage(_drawn(lambda n: scene.draw(n + 5 + shift)), [])
    found = _compare(source, tmp_path, shifted)
    assert (found.picture.missing, found.picture.extra, found.picture.worst_ms) == (0, 0, 0)
    assert found.picture.wrong > found.picture.looked_at * 0.9
    assert not found.right


def test_another_film_of_the_same_length_is_found(tmp_path: Path) -> None:
    scene = Scene(FORM.width, FORM.height, Fraction(30))
    source = write_film(tmp_path / "source.mp4", Footage(_drawn(scene.draw), []))
    found = _compare(source, tmp_path, Footage(_drawn(lambda _: black(FORM.width, FORM.height)), []))
    assert found.picture.wrong == found.picture.looked_at


def test_a_scene_in_which_nothing_moves_is_right(tmp_path: Path) -> None:
    scene = Scene(FORM.width, FORM.height, Fraction(30))
    still = scene.draw(0).copy()
    source = write_film(tmp_path / "source.mp4", Footage(_drawn(lambda _: still), []))
    found = _compare(source, tmp_path, Footage(_drawn(lambda _: still), []))
    assert found.right
    assert found.sound is None


def test_sound_that_lacks_is_found(source: Path, footage: Footage, tmp_path: Path) -> None:
    found = _compare(source, tmp_path, replace(footage, blocks=[]))
    assert found.sound is not None
    assert found.sound.lost == found.sound.places
    assert not found.right


def test_sound_that_stops_halfway_is_found(source: Path, footage: Footage, tmp_path: Path) -> None:
    found = _compare(source, tmp_path, replace(footage, blocks=footage.blocks[:60]))
    assert found.sound is not None
    assert found.sound.lost > 0
    assert not found.right


def test_of_a_steady_tone_nothing_is_claimed(footage: Footage, tmp_path: Path) -> None:
    wave = np.sin(2 * np.pi * 500 * np.arange(960) / RATE_HZ) * 8000
    tone = [AudioBlock(wave.astype("<i2").tobytes(), block.pts_ns) for block in footage.blocks]
    steady = replace(footage, blocks=tone)
    found = _compare(write_film(tmp_path / "source.mp4", steady), tmp_path, steady, sound_late_s=0.1)
    assert found.sound is not None
    assert (found.sound.sound, found.sound.lips, found.sound.lost) == (None, None, 0)


def test_time_stamps_that_a_container_rounds_do_not_cut_the_sound(footage: Footage, tmp_path: Path) -> None:
    rough = np.random.default_rng(1).integers(-8000, 8000, len(footage.blocks) * 960).astype("<i2")
    pieces = zip(footage.blocks, rough.reshape(-1, 960), strict=True)
    noise = replace(footage, blocks=[AudioBlock(piece.tobytes(), block.pts_ns) for block, piece in pieces])
    found = _compare(write_film(tmp_path / "source.mkv", noise), tmp_path, noise)
    assert found.right
    assert found.sound is not None
    assert found.sound.sound is not None
    assert abs(found.sound.sound.worst_ms) < 2
