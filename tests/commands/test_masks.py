"""``leerblik masks``: what is set is what the lens is told, and what is wrong changes nothing."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from device import cli
from device.domain.errors import Busy, Permanent
from device.recorder.client import RecorderClient
from device.recorder.masks import Masks
from tests.support.living import Living, living

LEFT_QUARTER = [[[0, 0], [2500, 0], [2500, 10000], [0, 10000]]]


@pytest.fixture
def unit(tmp_path: Path) -> Iterator[Living]:
    with living(tmp_path / "device") as made:
        yield made


def masks(unit: Living, *words: str) -> int:
    return cli.main(["masks", "--config", str(unit.config), *words])


def set_masks(unit: Living, polygons: object) -> int:
    path = unit.root / "polygons.json"
    path.write_text(json.dumps(polygons), "utf-8")
    return masks(unit, "--set", str(path))


def shown(unit: Living, capsys: pytest.CaptureFixture[str]) -> object:
    """What the command shows, now and nothing before."""
    capsys.readouterr()
    assert masks(unit) == 0
    return json.loads(capsys.readouterr().out)


def test_at_first_nothing_is_masked(unit: Living, capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(unit, capsys) == []


def test_what_is_set_is_said_is_shown_and_is_painted_in_the_next_lesson(
    unit: Living, capsys: pytest.CaptureFixture[str]
) -> None:
    assert set_masks(unit, LEFT_QUARTER) == 0
    assert json.loads(capsys.readouterr().out) == LEFT_QUARTER
    assert shown(unit, capsys) == LEFT_QUARTER
    RecorderClient(unit.root).ask("start")
    assert unit.lens.masks == (((0, 0), (2500, 0), (2500, 10000), (0, 10000)),)


def test_masks_can_come_from_another_program(
    unit: Living, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(LEFT_QUARTER)))
    assert masks(unit, "--set", "-") == 0
    assert shown(unit, capsys) == LEFT_QUARTER


def test_clear_masks_nothing_any_more(unit: Living, capsys: pytest.CaptureFixture[str]) -> None:
    set_masks(unit, LEFT_QUARTER)
    assert masks(unit, "--clear") == 0
    assert shown(unit, capsys) == []


def test_masks_of_another_view_are_said_to_fit_no_more(
    unit: Living, capsys: pytest.CaptureFixture[str]
) -> None:
    set_masks(unit, LEFT_QUARTER)
    Masks(unit.root, "another").save([tuple((x, y) for x, y in LEFT_QUARTER[0])])
    assert shown(unit, capsys) == LEFT_QUARTER
    assert masks(unit) == 0
    assert "aim and set the masks again" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("polygons", "said"),
    [
        ("everything", "polygons is a list of at most"),
        ([[[0, 0], [1, 1]]], "polygons"),
        ([[[0, 0], [10001, 0], [0, 1]]], "polygons"),
        ([[[0, 0], [0.5, 0], [0, 1]]], "polygons"),
    ],
)
def test_what_is_no_polygon_is_refused_and_the_masks_stay(
    unit: Living, capsys: pytest.CaptureFixture[str], polygons: object, said: str
) -> None:
    set_masks(unit, LEFT_QUARTER)
    assert set_masks(unit, polygons) == Permanent.exit_code
    assert said in capsys.readouterr().err
    assert shown(unit, capsys) == LEFT_QUARTER


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "cannot be read"), ("[[", "is not valid JSON"), ("\ud800", "is not valid JSON")],
)
def test_a_file_that_is_none_is_named(
    unit: Living, capsys: pytest.CaptureFixture[str], content: str | None, said: str
) -> None:
    path = unit.root / "polygons.json"
    if content is not None:
        path.write_text(content, "utf-8", errors="surrogatepass")
    assert masks(unit, "--set", str(path)) == Permanent.exit_code
    assert f"{path} {said}" in capsys.readouterr().err


def test_during_a_lesson_the_masks_stay_as_they_are(unit: Living, capsys: pytest.CaptureFixture[str]) -> None:
    RecorderClient(unit.root).ask("start")
    assert set_masks(unit, LEFT_QUARTER) == Busy.exit_code
    assert "set the masks when it has ended" in capsys.readouterr().err
    assert shown(unit, capsys) == []
