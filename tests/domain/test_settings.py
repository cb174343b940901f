"""Settings: what is impossible is refused with its key and what would be right."""

from __future__ import annotations

import math
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.domain.errors import Permanent
from device.domain.settings import REQUIRED, Setting, Table, toml_value

TABLE = Table(
    "lens",
    "A lens.",
    (
        Setting("name", str, "its name", REQUIRED, "left"),
        Setting("width", int, "pixels", 1280, 1920, low=16, high=4096),
        Setting("rate", float, "frames per second", 25.0, 30.0, low=1),
        Setting("mode", str, "how", "real", "max", choices=("real", "max")),
        Setting("dark", bool, "whether it is dark", False, True),
        Setting("marks", list, "texts", [], ["a"]),
    ),
)


def test_defaults_are_filled_in_and_a_whole_number_is_a_number() -> None:
    assert TABLE.read({"name": "left", "rate": 30}) == {
        "name": "left", "width": 1280, "rate": 30.0, "mode": "real", "dark": False, "marks": [],
    }  # fmt: skip
    assert isinstance(TABLE.read({"name": "left", "rate": 30})["rate"], float)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, r"lens.name is missing \(its name\); for example name = \"left\""),
        ({"name": 5}, r"lens.name must be text, found 5; for example name = \"left\""),
        (
            {"name": "l", "widht": 5},
            "unknown key lens.widht; known keys are dark, marks, mode, name, rate, width",
        ),
        ({"name": "l", "width": 15}, "lens.width must be at least 16, found 15"),
        ({"name": "l", "width": 4097}, "lens.width must be at most 4096, found 4097"),
        ({"name": "l", "width": True}, "lens.width must be a whole number, found True"),
        ({"name": "l", "width": 16.0}, "lens.width must be a whole number"),
        ({"name": "l", "rate": "fast"}, "lens.rate must be a number"),
        ({"name": "l", "rate": 10**400}, "lens.rate must be a number"),
        ({"name": "l", "width": 10**400}, "lens.width must be at most 4096"),
        ({"name": "l", "rate": math.nan}, "lens.rate must be a number"),
        ({"name": "l", "rate": math.inf}, "lens.rate must be a number"),
        ({"name": "l", "mode": "slow"}, "lens.mode must be one of real, max, found 'slow'"),
        ({"name": "l", "dark": 1}, "lens.dark must be true or false, found 1"),
        ({"name": "l", "marks": "a"}, "lens.marks must be a list of texts"),
        ({"name": "l", "marks": ["a", 1]}, "lens.marks must be a list of texts"),
    ],
)
def test_what_cannot_be_is_refused_by_its_name(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Permanent, match=sentence):
        TABLE.read(values)


@pytest.mark.parametrize("values", [None, 5, "text", [], [("name", "left")]])
def test_what_is_no_table_is_refused(values: Any) -> None:
    with pytest.raises(Permanent, match=r"\[lens\] must be a table"):
        TABLE.read(values)


def test_the_example_is_valid_and_shows_the_defaults() -> None:
    text = TABLE.example()
    assert tomllib.loads(text) == {"lens": {"name": "left"}}
    uncommented = "\n".join(
        line if line.startswith("# ") else line.removeprefix("#") for line in text.splitlines()
    )
    defaults = {setting.name: setting.default for setting in TABLE.settings[1:]}
    assert tomllib.loads(uncommented) == {"lens": {"name": "left", **defaults}}


@pytest.mark.parametrize(
    ("setting", "lines"),
    [
        (
            Setting("turned", str, "how it hangs", "0", "180", choices=("0", "180")),
            ["# how it hangs", '# one of "0", "180"', '#turned = "0"'],
        ),
        (
            Setting("hours", list, "when it may", [], ["16:00-07:00"]),
            ["# when it may", '# for example hours = ["16:00-07:00"]', "#hours = []"],
        ),
        (
            Setting("place", str, "where", "", "on the left"),
            ["# where", '# for example place = "on the left"', '#place = ""'],
        ),
        (Setting("loud", bool, "whether it sounds", False, True), ["# whether it sounds", "#loud = false"]),
    ],
)
def test_the_example_shows_what_can_be_said_where_the_default_does_not(
    setting: Setting, lines: list[str]
) -> None:
    assert Table("a", "A table.", (setting,)).example().splitlines()[2:] == lines


@given(
    st.one_of(
        st.text(st.characters(exclude_categories=["Cs"])),
        st.integers(-(1 << 62), 1 << 62),
        st.floats(allow_nan=False),
        st.booleans(),
        st.lists(st.text(st.characters(exclude_categories=["Cs"]))),
    )
)
def test_every_value_is_written_as_toml_that_reads_back(value: Any) -> None:
    assert tomllib.loads(f"key = {toml_value(value)}") == {"key": value}
