"""Time windows: which minutes they hold, and what is said outside of them."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.domain.errors import Permanent, Temporary
from server_sync.push.transport.local import LocalTransport
from server_sync.push.transport.window import Windowed, parse_window

MINUTES = st.integers(0, 24 * 60 - 1)


def _text(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


@given(opens=MINUTES, closes=MINUTES, minute=MINUTES)
def test_a_window_holds_the_minutes_from_opening_until_before_closing(
    opens: int, closes: int, minute: int
) -> None:
    if opens == closes:
        return
    inside = opens <= minute < closes if opens < closes else minute >= opens or minute < closes
    assert parse_window(f"{_text(opens)}-{_text(closes)}").contains(minute) == inside


@given(minute=MINUTES)
def test_a_day_and_its_opposite_share_no_minute(minute: int) -> None:
    assert parse_window("16:00-07:00").contains(minute) != parse_window("07:00-16:00").contains(minute)


@given(opens=MINUTES, minute=MINUTES)
def test_a_window_may_last_until_midnight(opens: int, minute: int) -> None:
    assert parse_window(f"{_text(opens)}-24:00").contains(minute) == (minute >= opens)


@given(minute=MINUTES)
def test_the_whole_day_holds_every_minute(minute: int) -> None:
    assert parse_window("00:00-24:00").contains(minute)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "16:00",
        "16-07",
        "16:00 - 07:00",
        "24:00-07:00",
        "16:60-07:00",
        "16:00-24:01",
        "1\uff16:00-07:00",
        "x",
    ],
)
def test_what_is_no_window_is_permanent_and_shows_one(text: str) -> None:
    with pytest.raises(Permanent, match="16:00-07:00"):
        parse_window(text)


def test_a_window_that_closes_when_it_opens_is_permanent() -> None:
    with pytest.raises(Permanent, match="00:00-24:00 for all day"):
        parse_window("07:00-07:00")


def _at(folder: Path, hour: int, minute: int, *windows: str) -> Windowed:
    for name in ("inbox", "receipts"):
        (folder / name).mkdir(exist_ok=True)
    return Windowed(LocalTransport(folder), windows, lambda: datetime(2024, 5, 6, hour, minute, tzinfo=UTC))


def test_outside_nothing_is_sent_and_the_next_opening_is_named(tmp_path: Path) -> None:
    transport = _at(tmp_path, 13, 30, "12:00-13:00", "16:00-07:00")
    with pytest.raises(Temporary, match="opens at 16:00"):
        transport.put("A", io.BytesIO(b"x"), 1, lambda _: None)
    with pytest.raises(Temporary, match="opens at 16:00"):
        transport.read_receipt("A", 1)
    assert list((tmp_path / "inbox").iterdir()) == []


def test_the_next_opening_may_be_tomorrow(tmp_path: Path) -> None:
    with pytest.raises(Temporary, match="opens at 12:00"):
        _at(tmp_path, 23, 0, "12:00-13:00", "14:00-15:00").read_receipt("A", 1)


def test_inside_any_of_several_windows_it_works(tmp_path: Path) -> None:
    _at(tmp_path, 12, 59, "16:00-07:00", "12:00-13:00").put("A", io.BytesIO(b"x"), 1, lambda _: None)
    assert (tmp_path / "inbox" / "A").read_bytes() == b"x"


def test_no_window_at_all_is_permanent(tmp_path: Path) -> None:
    with pytest.raises(Permanent, match="at least one"):
        Windowed(LocalTransport(tmp_path), [])
