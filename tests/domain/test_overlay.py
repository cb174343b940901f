"""What the page may set beside leerblik.toml: only what is on the list, and never over what stands in the file."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.domain.errors import Permanent
from device.domain.overlay import (
    ALLOWED,
    HARMLESS,
    REDIRECTING,
    Origin,
    flat,
    is_settled,
    laid_over,
    origin_of,
    read_overlay,
    tables_of,
    write_overlay,
)

VALUES = st.dictionaries(
    st.sampled_from(ALLOWED), st.text() | st.integers() | st.booleans() | st.lists(st.text())
)


@given(VALUES)
def test_what_is_written_is_read_again(values: dict[str, Any]) -> None:
    assert flat(read_overlay(write_overlay(values), "x")) == values


@given(VALUES, VALUES)
def test_what_the_file_says_goes_first_and_what_it_leaves_open_is_filled_in(
    written: dict[str, Any], overlay: dict[str, Any]
) -> None:
    document, tables = tables_of(written), tables_of(overlay)
    merged = flat(laid_over(document, tables))
    for name in ALLOWED:
        said = written.get(name, "")
        if said != "":
            assert merged[name] == said
            assert origin_of(document, tables, name) is Origin.FILE
        elif name in overlay:
            assert merged[name] == overlay[name]
            assert origin_of(document, tables, name) is Origin.PAGE
        else:
            assert merged.get(name, "") == ""
            assert origin_of(document, tables, name) is Origin.DEFAULT


def test_an_empty_text_in_the_file_leaves_a_setting_open_and_no_and_nought_do_not() -> None:
    assert not is_settled({"sync": {"host": ""}}, "sync.host")
    values: tuple[Any, ...] = (False, 0, [])
    for value in values:
        assert is_settled({"sync": {"host": value}}, "sync.host")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('{"sync": {"key_file": "/etc/shadow"}}', "sync.key_file"),
        ('{"coach": {"recipient": "age1x"}}', "coach.recipient"),
        ('{"recorder": {"cooling_off_s": 0}}', "recorder.cooling_off_s"),
        ('{"sync": {"hots": "a"}}', "sync.hots"),
        ('{"sync": 5}', "sync"),
        ('{"sync": {"host": "a", "host": "b"}}', "a key occurs twice"),
        ("[]", "JSON object"),
        ("{", "not valid JSON"),
    ],
)
def test_whatever_is_not_on_the_list_is_refused_by_name(text: str, named: str) -> None:
    with pytest.raises(Permanent, match=named):
        read_overlay(text.encode(), "settings.json")


def test_everything_that_says_where_footage_goes_wants_a_press() -> None:
    assert set(ALLOWED) == {*REDIRECTING, *HARMLESS}
    assert set(HARMLESS) == {
        "sync.bandwidth_cap_bytes_per_s", "sync.windows", "sync.pause_while_recording",
    }  # fmt: skip
