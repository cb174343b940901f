"""Masks: where they lie, what they were drawn on, and that nothing is filmed when that is in doubt."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from device import config
from device.domain.consent import Reason
from device.domain.errors import Permanent, Refused, Temporary
from device.domain.texts import reason_sentence
from device.recorder import masks
from device.recorder.assembly import view_of
from device.recorder.masks import Masks
from tests.support.recorder import Unit

LEFT = [[[0, 0], [5000, 0], [5000, 10000], [0, 10000]]]
POLYGONS = (((0, 0), (5000, 0), (5000, 10000), (0, 10000)),)


def test_a_device_on_which_none_were_ever_set_masks_nothing(tmp_path: Path) -> None:
    assert Masks(tmp_path, "upright").for_lesson() == ()


def test_masks_that_were_set_once_and_are_gone_let_nothing_be_filmed_until_they_are_set_again(
    tmp_path: Path,
) -> None:
    unit = Unit(tmp_path)
    unit.ask("masks", polygons=LEFT)
    (tmp_path / masks.NAME).unlink()
    answer = unit.ask("start")
    assert (answer["error"], unit.lens.permits) == ("refused", [])
    assert "gone" in answer["message"]
    with pytest.raises(Permanent, match="gone"):
        Masks(tmp_path, "upright").for_lesson()
    unit.ask("masks", polygons=[])
    assert unit.ask("start")["ok"]
    unit.run()


def test_masks_are_for_the_recorder_to_write_and_for_nobody_else(tmp_path: Path) -> None:
    before = os.umask(0o002)
    try:
        Masks(tmp_path, "upright").save(POLYGONS)
    finally:
        os.umask(before)
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in tmp_path.iterdir()} == {
        masks.NAME: "0o640",
        masks.MARKER: "0o640",
    }


def test_masks_that_were_drawn_on_another_view_let_nothing_be_filmed_until_they_are_drawn_anew(
    tmp_path: Path,
) -> None:
    Masks(tmp_path, "watched upside down").save(POLYGONS)
    unit = Unit(tmp_path)
    assert unit.ask("masks") == {"ok": True, "polygons": LEFT, "fits": False}
    answer = unit.ask("start")
    assert (answer["error"], unit.lens.permits) == ("refused", [])
    assert reason_sentence(Reason.MASKS_DO_NOT_FIT, "en") in answer["message"]
    assert unit.ask("masks", polygons=LEFT)["fits"] is True
    assert unit.ask("start")["ok"]
    unit.run()


def test_whoever_aims_sees_where_the_masks_of_another_view_are_now(tmp_path: Path) -> None:
    other = Masks(tmp_path, "another")
    Masks(tmp_path, "upright").save(POLYGONS)
    assert other.drawn() == POLYGONS
    with pytest.raises(Refused):
        other.for_lesson()


def test_no_masks_fit_on_every_view(tmp_path: Path) -> None:
    Masks(tmp_path, "upright").save(())
    assert Masks(tmp_path, "another").for_lesson() == ()


@pytest.mark.parametrize(
    "text",
    [
        "[[[0, 0], [1, 0], [1, 1]]]",
        '{"polygons": [[[0, 0], [1, 0], [1, 1]]]}',
        '{"polygons": [[[0, 0], [1, 0], [1, 1]]], "view": 5}',
        '{"polygons": [[[0, 0], [1, 0]]], "view": "upright"}',
        '{"polygons": [], "view": "upright", "more": 1}',
    ],
)
def test_a_file_that_does_not_say_all_of_it_is_not_believed(tmp_path: Path, text: str) -> None:
    (tmp_path / masks.NAME).write_text(text)
    with pytest.raises(Permanent, match="cannot be read"):
        Masks(tmp_path, "upright").for_lesson()


def test_a_folder_that_refuses_leaves_the_masks_as_they_are(tmp_path: Path) -> None:
    (tmp_path / f".{masks.NAME}").mkdir()
    with pytest.raises(Temporary):
        Masks(tmp_path, "upright").save(POLYGONS)
    assert Masks(tmp_path, "upright").for_lesson() == ()


# --- what a view is


def view(folder: Path, camera: str, options: str = "") -> str:
    path = folder / "leerblik.toml"
    path.write_text(f'[device]\nname = "d"\n[recorder]\ncamera = "{camera}"\n[camera.{camera}]\n{options}')
    return view_of(camera, config.load(str(path)))


@pytest.mark.parametrize(
    ("camera", "option"),
    [
        ("picamera2", 'rotation = "180"'),
        ("picamera2", "mirror = true"),
        ("picamera2", "full_view = false"),
        ("picamera2", "camera_index = 1"),
        ("picamera2", "width = 640\nheight = 480"),
        ("v4l2", 'device = "/dev/video7"'),
        ("v4l2", "height = 960"),
    ],
)
def test_what_changes_how_the_camera_looks_is_another_view(tmp_path: Path, camera: str, option: str) -> None:
    assert view(tmp_path, camera, option) != view(tmp_path, camera)


@pytest.mark.parametrize(
    ("camera", "option"),
    [
        ("picamera2", "bitrate_bps = 2_000_000"),
        ("picamera2", 'anti_flicker = "60Hz"'),
        ("v4l2", "keyframe_interval_s = 2.0"),
        ("synthetic", 'speed = "max"'),
    ],
)
def test_what_does_not_is_the_same_view(tmp_path: Path, camera: str, option: str) -> None:
    assert view(tmp_path, camera, option) == view(tmp_path, camera)


def test_another_driver_is_another_view(tmp_path: Path) -> None:
    same = "width = 640\nheight = 480\nframe_rate = 30.0"
    assert len({view(tmp_path, camera, same) for camera in ("picamera2", "v4l2", "synthetic")}) == 3
