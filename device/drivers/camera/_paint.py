"""Painting parts of a picture black, in place, on the planes a camera delivers: planar or NV12, any stride.

Masks are turned into boxes once per size and painted with a handful of slice assignments per picture. They are
rounded outwards, to even pixels and to bands of :data:`BAND` rows: whatever the edge touches is painted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from device.domain.errors import Permanent
from device.domain.mask import SCALE, Polygon

Plane = npt.NDArray[np.uint8]
Interval = tuple[int, int]

# Rows that are painted alike. Fewer assignments per picture; a slanted edge is a few pixels too far out.
BAND = 8
BLACK, NEUTRAL = 16, 128


@dataclass(frozen=True, slots=True)
class Box:
    """Pixels to be painted, first and first-after; even, so that half-size colour planes fit exactly."""

    top: int
    bottom: int
    left: int
    right: int


@dataclass(frozen=True, slots=True)
class Layers:
    """Views of one picture in 4:2:0: brightness, and colour planes of half its rows.

    ``across`` is how many bytes of a colour plane lie beside two pixels: 1 in planar pictures, 2 in NV12.
    """

    luma: Plane
    chroma: tuple[Plane, ...]
    across: int


def layers(picture: Plane, pixel_format: str, width: int, height: int) -> Layers:
    """Return the planes of a picture of ``height * 3 / 2`` rows (each of one stride), without copying.

    ``pixel_format`` is NV12 or YUV420 in libcamera's words; Permanent for any other.
    """
    luma = picture[:height, :width]
    if pixel_format == "NV12":
        return Layers(luma, (picture[height : height * 3 // 2, :width],), 2)
    if pixel_format != "YUV420":
        raise Permanent(
            f"pictures in {pixel_format} cannot be masked; choose a camera that delivers YUV420 or NV12"
        )
    if not picture.flags.c_contiguous:
        raise Permanent(
            "pictures in YUV420 must come with their whole rows; otherwise a copy would be painted"
        )
    # Rows of colour have half the stride, so two of them lie in one row of the array.
    halves = picture.reshape(picture.shape[0] * 2, -1)
    u, v = (halves[start : start + height // 2, : width // 2] for start in (height * 2, height * 5 // 2))
    return Layers(luma, (u, v), 1)


def blacken(picture: Layers) -> None:
    """Paint everything black."""
    picture.luma[:] = BLACK
    for plane in picture.chroma:
        plane[:] = NEUTRAL


def paint(picture: Layers, boxes: Sequence[Box]) -> None:
    """Paint these boxes black."""
    for box in boxes:
        picture.luma[box.top : box.bottom, box.left : box.right] = BLACK
        rows = slice(box.top // 2, box.bottom // 2)
        columns = slice(box.left * picture.across // 2, box.right * picture.across // 2)
        for plane in picture.chroma:
            plane[rows, columns] = NEUTRAL


def boxes_of(polygons: Sequence[Polygon], width: int, height: int) -> tuple[Box, ...]:
    """Return what to paint for these polygons in a picture of this even size.

    A polygon covers what its edges wind around, also where it crosses itself; one without area covers its line.
    """
    rows: dict[int, list[Interval]] = {}
    for polygon in polygons:
        _collect(_scaled(polygon, width, height), rows)
    # By where the next rows would have to go on: boxes that lie exactly below each other are one.
    boxes: dict[tuple[int, int, int], Box] = {}
    done: list[Box] = []
    for band in range(min(rows, default=0), min(max(rows, default=-1), (height - 1) // BAND) + 1):
        above, boxes = boxes, {}
        top, bottom = band * BAND, min((band + 1) * BAND, height)
        for left, right in _merged(rows.get(band, []), width):
            begun = above.pop((top, left, right), None)
            boxes[bottom, left, right] = Box(begun.top if begun else top, bottom, left, right)
        done += above.values()
    return (*done, *boxes.values())


# From here on, coordinates are whole numbers: pixels times SCALE, so that nothing is lost by rounding.
_Point = tuple[int, int]
_Edge = tuple[_Point, _Point]
_STEP = BAND * SCALE


def _scaled(polygon: Polygon, width: int, height: int) -> list[_Edge]:
    points = [(x * width, y * height) for x, y in polygon]
    return list(zip(points, points[1:] + points[:1], strict=True))


def _collect(edges: list[_Edge], rows: dict[int, list[Interval]]) -> None:
    """Add the columns this polygon covers to each band of rows it touches."""
    for edge in edges:
        for band, columns in _touched(edge):
            rows.setdefault(band, []).append(columns)
    heights = [point[1] for edge in edges for point in edge]
    for band in range(min(heights) // _STEP, max(heights) // _STEP + 1):
        rows.setdefault(band, []).extend(_wound(edges, band * _STEP + _STEP // 2))


def _touched(edge: _Edge) -> Iterator[tuple[int, Interval]]:
    """Yield each band an edge passes through with the columns (first, first after) it touches there."""
    (x0, y0), (x1, y1) = sorted(edge, key=lambda point: point[1])
    for band in range(y0 // _STEP, y1 // _STEP + 1):
        ends: tuple[int, ...] = (x0, x1)
        if y0 != y1:
            heights = (max(y0, band * _STEP), min(y1, (band + 1) * _STEP))
            moved = [divmod((y - y0) * (x1 - x0), y1 - y0) for y in heights]
            ends = tuple(x0 + whole + up for whole, rest in moved for up in (0, rest > 0))
        yield band, (min(ends) // SCALE, max(ends) // SCALE + 1)


def _wound(edges: Iterable[_Edge], y: int) -> Iterator[Interval]:
    """Yield the columns inside the polygon at one height.

    Within a band, no edge passes between those that :func:`_touched` reports, so one height speaks for all.
    """
    crossings: list[tuple[int, int]] = []
    for (x0, y0), (x1, y1) in edges:
        if (y0 <= y) != (y1 <= y):
            crossings.append((x0 + (y - y0) * (x1 - x0) // (y1 - y0), 1 if y1 > y0 else -1))
    winding, since = 0, 0
    for x, turn in sorted(crossings):
        if winding == 0:
            since = x
        winding += turn
        if winding == 0:
            yield since // SCALE, x // SCALE + 1


def _merged(columns: list[Interval], width: int) -> Iterator[Interval]:
    """Yield the columns rounded outwards to even ones, clipped to the picture, joined where they meet."""
    begin = end = -1
    for left, right in sorted(columns):
        first, after = max(0, left // 2 * 2), min(width, (right + 1) // 2 * 2)
        if first > end:
            if begin < end:
                yield begin, end
            begin, end = first, after
        else:
            end = max(end, after)
    if begin < end:
        yield begin, end


def as_array(picture: Any) -> Plane:
    """Return a picture as an array that can be painted, copied only if it must be."""
    return np.require(picture, dtype=np.uint8, requirements="W")
