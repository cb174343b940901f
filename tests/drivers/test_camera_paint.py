"""Masks: every pixel a polygon touches is black, and none far from it."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from device.domain.errors import Permanent
from device.domain.mask import SCALE, Polygon
from device.drivers.camera import _paint
from device.drivers.camera._curtain import Curtain
from device.drivers.camera._paint import BLACK, NEUTRAL, blacken, boxes_of, layers, paint

SIZES = st.tuples(st.integers(4, 12), st.integers(4, 10)).map(lambda size: (size[0] * 2, size[1] * 2))
PLACES = st.one_of(st.integers(0, SCALE), st.sampled_from([0, SCALE // 4, SCALE // 2, SCALE]))
CORNERS = st.tuples(PLACES, PLACES)
POLYGONS = st.lists(CORNERS, min_size=3, max_size=7).map(tuple)
# How far, in pixels, a mask may reach beyond its polygon: a band of rows, an even column.
BEYOND = _paint.BAND + 2


def painted(polygons: list[Polygon], width: int, height: int) -> np.ndarray:
    planes = np.full((height * 3 // 2, width), 200, dtype=np.uint8)
    paint(layers(planes, "YUV420", width, height), boxes_of(polygons, width, height))
    return planes


def edges(polygon: Polygon, width: int, height: int) -> list[tuple[tuple[Fraction, Fraction], ...]]:
    points = [(Fraction(x * width, SCALE), Fraction(y * height, SCALE)) for x, y in polygon]
    return list(pairwise([*points, points[0]]))


def is_inside(polygon: Polygon, width: int, height: int, x: Fraction, y: Fraction) -> bool:
    """Tell whether the polygon winds around a point."""
    winding = 0
    for (x0, y0), (x1, y1) in edges(polygon, width, height):
        side = (x1 - x0) * (y - y0) - (x - x0) * (y1 - y0)
        if y0 <= y < y1 and side > 0:
            winding += 1
        elif y1 <= y < y0 and side < 0:
            winding -= 1
    return winding != 0


def touches(polygon: Polygon, width: int, height: int, column: int, row: int, grown: int = 0) -> bool:
    """Tell whether an edge has a point in a pixel (grown by so many pixels on each side)."""
    low_x, high_x, low_y, high_y = column - grown, column + 1 + grown, row - grown, row + 1 + grown
    return any(
        _clips(edge, low_x, high_x, low_y, high_y, closed=bool(grown))
        for edge in edges(polygon, width, height)
    )


def _clips(
    edge: tuple[tuple[Fraction, Fraction], ...],
    low_x: int,
    high_x: int,
    low_y: int,
    high_y: int,
    *,
    closed: bool,
) -> bool:
    """Liang and Barsky: the part of the edge inside the box, as an interval of its own length."""
    (x0, y0), (x1, y1) = edge
    begin, end = Fraction(0), Fraction(1)
    for start, change, low, high in ((x0, x1 - x0, low_x, high_x), (y0, y1 - y0, low_y, high_y)):
        if change == 0:
            if not low <= start <= high or (not closed and start == high):
                return False
            continue
        first, last = sorted(((low - start) / change, (high - start) / change))
        begin, end = max(begin, first), min(end, last)
    return begin < end or (begin == end and closed)


@pytest.mark.slow
@settings(max_examples=40)
@given(st.lists(POLYGONS, min_size=1, max_size=3), SIZES)
@example([((0, 0), (0, 0), (0, 0))], (16, 16))
@example([((0, SCALE), (SCALE, SCALE), (5000, SCALE))], (16, 16))
@example([((0, 0), (SCALE, SCALE), (SCALE, 0), (0, SCALE))], (32, 24))  # crosses itself
@example([((5000, 0), (8000, SCALE), (0, 3500), (SCALE, 3500), (2000, SCALE))], (96, 72))  # a star
def test_every_pixel_inside_or_touched_is_black_and_none_far_away(
    polygons: list[Polygon], size: tuple[int, int]
) -> None:
    width, height = size
    luma = painted(polygons, width, height)[:height]
    for row in range(height):
        for column in range(width):
            centre = (Fraction(2 * column + 1, 2), Fraction(2 * row + 1, 2))
            hidden = any(
                is_inside(each, *size, *centre) or touches(each, *size, column, row) for each in polygons
            )
            if hidden:
                assert luma[row, column] == BLACK
            elif luma[row, column] == BLACK:
                assert any(touches(each, *size, column, row, BEYOND) for each in polygons)


@given(st.lists(POLYGONS, min_size=1, max_size=3), SIZES)
def test_the_colour_of_every_black_pixel_is_gone_and_no_other(
    polygons: list[Polygon], size: tuple[int, int]
) -> None:
    width, height = size
    planes = painted(polygons, width, height)
    view = layers(planes, "YUV420", width, height)
    dark = view.luma == BLACK
    for plane in view.chroma:
        assert ((plane == NEUTRAL) == dark[::2, ::2]).all()
        assert (dark[::2, ::2] == dark[1::2, 1::2]).all()


@given(st.lists(POLYGONS, max_size=2), SIZES, st.integers(0, 5))
def test_nv12_and_padded_rows_are_painted_alike(
    polygons: list[Polygon], size: tuple[int, int], padding: int
) -> None:
    width, height = size
    boxes = boxes_of(polygons, width, height)
    plain = layers(np.full((height * 3 // 2, width), 200, np.uint8), "YUV420", width, height)
    wide = np.full((height * 3 // 2, width + padding * 2), 200, np.uint8)
    padded = layers(wide, "YUV420", width, height)
    both = np.full((height * 3 // 2, width + padding), 200, np.uint8)
    mixed = layers(both[:, :width], "NV12", width, height)
    for each in (plain, padded, mixed):
        paint(each, boxes)
    assert (plain.luma == padded.luma).all()
    assert (plain.luma == mixed.luma).all()
    for index in range(2):
        assert (plain.chroma[index] == padded.chroma[index]).all()
        assert (plain.chroma[index] == mixed.chroma[0][:, index::2]).all()
    assert (wide[:height, width:] == 200).all()
    assert (both[:, width:] == 200).all()


def test_a_rectangle_is_one_box() -> None:
    assert len(boxes_of([((0, 0), (5000, 0), (5000, 5000), (0, 5000))], 1920, 1080)) == 1


def test_a_format_that_cannot_be_masked_is_refused() -> None:
    with pytest.raises(Permanent, match="XBGR8888"):
        layers(np.zeros((30, 20), np.uint8), "XBGR8888", 20, 20)


def test_a_picture_of_which_only_a_copy_could_be_painted_is_refused() -> None:
    with pytest.raises(Permanent, match="whole rows"):
        layers(np.zeros((30, 40), np.uint8)[:, :20], "YUV420", 20, 20)


def test_blackening_leaves_nothing() -> None:
    planes = np.full((45, 40), 200, np.uint8)
    blacken(layers(planes, "NV12", 40, 30))
    assert set(np.unique(planes)) == {BLACK, NEUTRAL}


def test_masks_that_cannot_be_computed_leave_the_film_black(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ArithmeticError

    monkeypatch.setattr(_paint, "boxes_of", broken)
    problems: list[str] = []
    cover = Curtain().hang(40, 30, problems.append)
    planes = np.full((45, 40), 200, np.uint8)
    assert not cover.idle
    cover.draw(layers(planes, "YUV420", 40, 30))
    assert planes[:30].max() == BLACK
    assert len(problems) == 1


def test_a_picture_that_cannot_even_be_made_black_is_kept_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ArithmeticError

    monkeypatch.setattr(_paint, "paint", broken)
    monkeypatch.setattr(_paint, "blacken", broken)
    cover = Curtain().hang(40, 30, lambda _: None)
    with pytest.raises(ArithmeticError):
        cover.draw(layers(np.full((45, 40), 200, np.uint8), "YUV420", 40, 30))
