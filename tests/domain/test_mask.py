"""Polygons that nobody will see: what is a polygon, and that a wrong one is named."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.domain.errors import Permanent
from device.domain.mask import MAX_CORNERS, MAX_POLYGONS, SCALE, read_polygons, write_polygons

parts = st.integers(0, SCALE)
polygons = st.lists(
    st.lists(st.tuples(parts, parts), min_size=3, max_size=MAX_CORNERS).map(tuple), max_size=MAX_POLYGONS
).map(tuple)


@given(polygons)
def test_what_was_written_is_read_back(masks: Any) -> None:
    assert read_polygons(json.loads(json.dumps(write_polygons(masks))), "masks") == masks


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ("all of it", "masks is a list"),
        ([[]] * (MAX_POLYGONS + 1), "masks is a list"),
        ([[[0, 0], [1, 1]]], r"masks\[0\] is a polygon"),
        ([[[0, 0]] * (MAX_CORNERS + 1)], r"masks\[0\] is a polygon"),
        ([[[0, 0], [1, 1], [0]]], r"masks\[0\]\[2\]"),
        ([[[0, 0], [1, 1], [0, SCALE + 1]]], r"masks\[0\]\[2\]"),
        ([[[0, 0], [-1, 1], [0, 1]]], r"masks\[0\]\[1\]"),
        ([[[0.5, 0], [1, 1], [0, 1]]], r"masks\[0\]\[0\]"),
        ([[[True, 0], [1, 1], [0, 1]]], r"masks\[0\]\[0\]"),
    ],
)
def test_what_is_no_polygon_is_refused_by_name(value: Any, named: str) -> None:
    with pytest.raises(Permanent, match=named):
        read_polygons(value, "masks")
