"""Areas of the picture that nobody will ever see: polygons in parts of the picture, whatever its size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from device.domain.errors import Permanent

# A corner is (x, y) in ten-thousandths of the width and the height, from the upper left.
SCALE = 10_000
Corner = tuple[int, int]
Polygon = tuple[Corner, ...]
MAX_POLYGONS = 32
MAX_CORNERS = 64


def read_polygons(value: Any, where: str) -> tuple[Polygon, ...]:
    """Return the polygons in ``value`` (lists of [x, y] pairs); Permanent that names what is wrong."""
    if not isinstance(value, list) or len(value) > MAX_POLYGONS:
        raise Permanent(f"{where} is a list of at most {MAX_POLYGONS} polygons")
    return tuple(_polygon(each, f"{where}[{index}]") for index, each in enumerate(value))


def write_polygons(polygons: Sequence[Polygon]) -> list[list[list[int]]]:
    """Return polygons as they travel in JSON."""
    return [[[x, y] for x, y in polygon] for polygon in polygons]


def _polygon(value: Any, where: str) -> Polygon:
    if not isinstance(value, list) or not 3 <= len(value) <= MAX_CORNERS:
        raise Permanent(f"{where} is a polygon of 3 to {MAX_CORNERS} corners")
    return tuple(_corner(each, f"{where}[{index}]") for index, each in enumerate(value))


def _corner(value: Any, where: str) -> Corner:
    if not isinstance(value, list) or len(value) != 2 or not all(_is_part(part) for part in value):
        raise Permanent(
            f"{where} is [x, y] in ten-thousandths of the picture, each from 0 to {SCALE}, found {value!r}"
        )
    return value[0], value[1]


def _is_part(part: object) -> bool:
    return isinstance(part, int) and not isinstance(part, bool) and 0 <= part <= SCALE
