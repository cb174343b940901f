"""Windows of weekly rules and single moments: at the school's wall time, across holidays and changes of the clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.domain.errors import Permanent
from device.domain.schedule import (
    Holiday,
    Once,
    Rule,
    Weekly,
    Window,
    next_window,
    to_utc,
    window_at,
    windows_between,
)

ZONE = ZoneInfo("Europe/Amsterdam")
MONDAY, SUNDAY = 0, 6
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)  # the nights of Europe's changes of the clock
NINE = Weekly(MONDAY, time(9), time(9, 45), date(2026, 8, 24))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def local(text: str) -> datetime:
    return to_utc(datetime.fromisoformat(text), ZONE)


def windows(rule: Rule, since: str, until: str, *holidays: Holiday) -> list[tuple[str, str]]:
    found = windows_between({"r": rule}, holidays, local(since), local(until), ZONE)
    return [(each.start.strftime("%m-%dT%H:%M"), each.end.strftime("%m-%dT%H:%M")) for each in found]


def at_night(day: date, begin: str, end: str) -> list[tuple[str, str]]:
    rule = Weekly(SUNDAY, time.fromisoformat(begin), time.fromisoformat(end), day)
    return windows(rule, f"{day}T00:00", f"{day + timedelta(days=1)}T00:00")


def test_a_weekly_lesson_stays_at_the_schools_hour_in_summer_and_in_winter() -> None:
    assert windows(NINE, "2026-10-19T00:00", "2026-11-03T00:00") == [
        ("10-19T07:00", "10-19T07:45"),
        ("10-26T08:00", "10-26T08:45"),
        ("11-02T08:00", "11-02T08:45"),
    ]


def test_a_time_that_is_skipped_is_the_moment_of_the_jump() -> None:
    assert at_night(SPRING, "02:15", "02:45") == []
    assert at_night(SPRING, "02:30", "03:15") == [("03-29T01:00", "03-29T01:15")]
    assert at_night(SPRING, "01:30", "02:30") == [("03-29T00:30", "03-29T01:00")]
    assert at_night(SPRING, "01:30", "03:30") == [("03-29T00:30", "03-29T01:30")]


def test_a_time_that_comes_twice_counts_the_first_time() -> None:
    assert at_night(AUTUMN, "02:15", "02:45") == [("10-25T00:15", "10-25T00:45")]
    assert at_night(AUTUMN, "01:30", "03:30") == [("10-24T23:30", "10-25T02:30")]


@pytest.mark.parametrize("zone", ["Europe/Amsterdam", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"])
@given(wall=st.builds(datetime.combine, st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.times()))
def test_every_wall_time_becomes_the_first_instant_that_shows_it_or_what_comes_after_it(
    zone: str, wall: datetime
) -> None:
    there = ZoneInfo(zone)
    instant = to_utc(wall, there)
    shown = instant.astimezone(there).replace(tzinfo=None, fold=0)
    if shown == wall:
        assert instant.astimezone(there).fold == 0
    else:
        before = (instant - timedelta(seconds=1)).astimezone(there).replace(tzinfo=None)
        assert before < wall < shown


@given(
    day=st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    begin=st.times(),
    end=st.times(),
    second=st.integers(0, 26 * 3600),
)
def test_whatever_instant_lies_in_a_window_the_schools_clock_shows_a_time_of_the_rule(
    day: date, begin: time, end: time, second: int
) -> None:
    if begin >= end:
        begin, end = time(2, 10), time(2, 50)
    rule = Weekly(day.weekday(), begin, end, day, day)
    now = to_utc(datetime.combine(day, time()), ZONE) + timedelta(seconds=second - 3600)
    shown = now.astimezone(ZONE)
    inside = shown.date() == day and begin <= shown.time() < end
    doubled = to_utc(shown.replace(tzinfo=None), ZONE) != now or 1 <= shown.hour <= 3
    if not doubled:
        assert (window_at({"r": rule}, (), now, ZONE) is not None) == inside


def test_a_lesson_falls_out_in_the_holidays_both_days_included() -> None:
    autumn = Holiday(date(2026, 10, 19), date(2026, 10, 26), "voorbeeldvakantie")
    assert windows(NINE, "2026-10-12T00:00", "2026-11-03T00:00", autumn) == [
        ("10-12T07:00", "10-12T07:45"),
        ("11-02T08:00", "11-02T08:45"),
    ]


def test_what_was_booked_once_does_not_fall_out_in_the_holidays() -> None:
    once = Once(utc("2026-10-20T08:00"), utc("2026-10-20T08:30"))
    autumn = Holiday(date(2026, 10, 19), date(2026, 10, 26), "voorbeeldvakantie")
    assert windows(once, "2026-10-19T00:00", "2026-10-27T00:00", autumn) == [("10-20T08:00", "10-20T08:30")]


def test_a_rule_holds_from_its_first_to_its_last_day() -> None:
    rule = Weekly(MONDAY, time(9), time(10), date(2026, 9, 8), date(2026, 9, 21))
    assert windows(rule, "2026-08-01T00:00", "2026-12-01T00:00") == [
        ("09-14T07:00", "09-14T08:00"),
        ("09-21T07:00", "09-21T08:00"),
    ]


def test_a_window_is_open_from_its_start_up_to_and_not_including_its_end() -> None:
    rules = {"r": NINE}
    start = local("2026-09-14T09:00")
    opened = Window(start, start + timedelta(minutes=45), "r@2026-09-14", "r")
    instant = timedelta(microseconds=1)
    assert window_at(rules, (), start - instant, ZONE) is None
    assert window_at(rules, (), start, ZONE) == opened
    assert window_at(rules, (), opened.end - instant, ZONE) == opened
    assert window_at(rules, (), opened.end, ZONE) is None


def test_of_two_open_windows_the_one_that_opened_first_counts() -> None:
    later = Weekly(MONDAY, time(9, 30), time(10), date(2026, 8, 24))
    found = window_at({"a": later, "b": NINE}, (), local("2026-09-14T09:40"), ZONE)
    assert found is not None
    assert found.source == "b"


def test_the_next_window_is_the_first_that_opens_after_now_past_long_holidays_too() -> None:
    summer = Holiday(date(2026, 9, 14), date(2026, 10, 25), "voorbeeldvakantie")
    rules: dict[str, Rule] = {"a": NINE, "b": Once(utc("2027-03-01T08:00"), utc("2027-03-01T09:00"))}
    found = next_window(rules, [summer], local("2026-09-14T09:00"), ZONE)
    assert found is not None
    assert found.key == "a@2026-10-26"
    assert next_window(rules, [summer], local("2026-09-14T09:00"), ZONE, timedelta(days=7)) is None


def test_the_key_names_the_day_and_survives_a_change_of_the_hour() -> None:
    moved = Weekly(MONDAY, time(13), time(14), date(2026, 8, 24))
    keys = {window_at({"r": rule}, (), local(now), ZONE) for rule, now in (
        (NINE, "2026-09-14T09:10"), (moved, "2026-09-14T13:10"),
    )}  # fmt: skip
    assert {window.key for window in keys if window is not None} == {"r@2026-09-14"}


def test_the_day_in_a_key_is_the_schools_not_that_of_utc() -> None:
    once = Once(local("2026-09-14T00:30"), local("2026-09-14T01:00"))
    found = windows_between({"r": once}, (), utc("2026-09-13T00:00"), utc("2026-09-15T00:00"), ZONE)
    assert [each.key for each in found] == ["r@2026-09-14"]


@given(
    rules=st.dictionaries(
        st.sampled_from("abcdef"),
        st.builds(
            lambda day, hour, minutes: Weekly(
                day,
                time(hour),
                (datetime.combine(AUTUMN, time(hour)) + timedelta(minutes=minutes)).time(),
                date(2026, 3, 1),
            ),
            st.integers(0, 6),
            st.integers(0, 21),
            st.integers(1, 119),
        ),
    ),
    since=st.integers(0, 300 * 24 * 3600),
    length=st.integers(1, 14 * 24 * 3600),
)
def test_asking_for_a_stretch_of_time_gives_the_same_as_asking_for_its_halves(
    rules: dict[str, Rule], since: int, length: int
) -> None:
    begin = utc("2026-03-01T00:00") + timedelta(seconds=since)
    middle, end = begin + timedelta(seconds=length / 2), begin + timedelta(seconds=length)
    whole = windows_between(rules, (), begin, end, ZONE)
    halves = windows_between(rules, (), begin, middle, ZONE) + windows_between(rules, (), middle, end, ZONE)
    assert whole == tuple(sorted(set(halves)))
    upcoming = next_window(rules, (), begin, ZONE, end - begin)
    assert upcoming == next((window for window in whole if window.start > begin), None)


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda: Weekly(7, time(9), time(10), SPRING), "weekday"),
        (lambda: Weekly(0, time(10), time(9), SPRING), "end after it begins"),
        (lambda: Weekly(0, time(9), time(9), SPRING), "end after it begins"),
        (lambda: Weekly(0, time(9, tzinfo=UTC), time(10), SPRING), "time zone"),
        (lambda: Weekly(0, time(9), time(10), AUTUMN, SPRING), "cannot end"),
        (lambda: Once(datetime(2026, 1, 1), utc("2026-01-01T10:00")), "time zone"),  # noqa: DTZ001
        (lambda: Once(utc("2026-01-01T10:00"), utc("2026-01-01T10:00")), "end after it begins"),
        (lambda: Once(utc("2026-01-01T10:00"), utc("2026-01-03T10:00")), "within a day"),
        (lambda: Holiday(AUTUMN, SPRING, "voorbeeld"), "voorbeeld"),
    ],
)
def test_a_rule_that_could_never_be_is_refused_with_what_is_wrong(
    build: Callable[[], object], says: str
) -> None:
    with pytest.raises(Permanent, match=says):
        build()
