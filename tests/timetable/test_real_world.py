"""Files that real programs made and real people handed in, as icalendar and recurring-ical-events carry them with them.

They are read where those libraries are installed, and none is copied. What is expected here was worked out by hand
from the files' own lines, for a reader in Amsterdam.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib.resources import files
from importlib.resources.abc import Traversable
from zoneinfo import ZoneInfo

import pytest

from device.domain.errors import Permanent
from device.timetable.lessons import Limits
from device.timetable.read import read

ZONE = ZoneInfo("Europe/Amsterdam")
ISSUES = files("recurring_ical_events") / "test" / "calendars"
EXAMPLES = files("icalendar") / "tests" / "calendars"
EVERY = sorted(
    (each for folder in (ISSUES, EXAMPLES) for each in folder.iterdir() if each.name.endswith(".ics")),
    key=lambda each: each.name,
)


def told(source: Traversable, first: str, last: str, label: str = "") -> list[str]:
    """Say what would stand in the week, of lessons with this in their title, in the reader's own time."""
    start, end = (datetime.fromisoformat(day).replace(tzinfo=ZONE).astimezone(UTC) for day in (first, last))
    lessons = read(source.read_bytes(), start, end, ZONE, Limits()).lessons
    return [
        f"{each.start.astimezone(ZONE):%m-%d %H:%M}-{each.end.astimezone(ZONE):%H:%M}"
        + (" off" if each.cancelled else "")
        for each in lessons
        if label in each.label
    ]


def test_google_a_weekly_class_keeps_its_hour_when_the_clock_changes_and_leaves_out_what_was_deleted() -> (
    None
):
    calendar = ISSUES / "daylight_saving_time.ics"
    assert b"Google Calendar" in calendar.read_bytes()
    # Thursdays and Fridays; both of the week of 7 March were deleted; the clock went forward on 31 March.
    assert told(calendar, "2019-02-27", "2019-04-06", "Montessori") == [
        "02-28 08:30-14:30", "03-01 08:30-14:30",
        "03-14 08:30-14:30", "03-15 08:30-14:30",
        "03-21 08:30-14:30", "03-22 08:30-14:30",
        "03-28 08:30-14:30", "03-29 08:30-14:30",
        "04-04 08:30-14:30", "04-05 08:30-14:30",
    ]  # fmt: skip


def test_google_an_occurrence_that_was_moved_stands_on_its_new_day_alone() -> None:
    calendar = ISSUES / "daylight_saving_time.ics"
    # From Saturday the 16th of February to Sunday the 24th.
    assert told(calendar, "2019-02-10", "2019-03-01", "repairCaf") == ["02-24 11:00-15:00"]
    calendar = ISSUES / "issue_62_moved_event_2.ics"
    # Sydney, Tuesdays at 14:00, 06:00 in Amsterdam; the one of the 15th was moved to Monday; whole days are no lessons.
    assert told(calendar, "2023-08-01", "2023-09-01") == [
        "08-08 06:00-07:00",
        "08-14 06:00-07:00",
        "08-22 06:00-07:00",
    ]


def test_thunderbird_a_cancelled_occurrence_is_shown_as_fallen_out_and_a_moved_one_where_it_went() -> None:
    assert b"Mozilla" in (ISSUES / "issue_18_cancel_status.ics").read_bytes()
    assert told(ISSUES / "issue_18_cancel_status.ics", "2020-01-01", "2020-02-20") == [
        "01-28 22:00-23:00",
        "01-29 22:00-23:00 off",
        "01-30 22:00-23:00",
    ]
    assert told(ISSUES / "recurring_events_moved.ics", "2019-03-01", "2019-03-15") == [
        "03-07 02:00-03:00",
        "03-08 01:00-02:00",
        "03-09 03:00-04:00",
        "03-10 02:00-03:00",
    ]


def test_nextcloud_deletions_that_are_written_in_utc_hit_the_right_nights_on_both_sides_of_the_change() -> (
    None
):
    calendar = ISSUES / "each_week_but_two_deleted.ics"
    assert b"SabreDAV" in calendar.read_bytes()
    # Eight Mondays at half past midnight from 4 March, without 11 and 25 March.
    assert told(calendar, "2019-03-01", "2019-06-01") == [
        "03-04 00:30-01:00",
        "03-18 00:30-01:00",
        "04-01 00:30-01:00",
        "04-08 00:30-01:00",
        "04-15 00:30-01:00",
        "04-22 00:30-01:00",
    ]


def test_exchange_zones_of_windows_are_understood_and_whole_days_are_no_lessons() -> None:
    calendar = EXAMPLES / "timezone_same_start.ics"
    assert b"Microsoft Exchange" in calendar.read_bytes()
    # Noon on the Pacific coast in February.
    assert told(calendar, "2017-02-01", "2017-03-01") == ["02-24 21:00-21:30"]
    assert told(ISSUES / "issue_28_rrule_with_UTC_endinginZ.ics", "2020-03-01", "2020-10-01") == []


@pytest.mark.filterwarnings("ignore:Timezone .* is a globally unique TZID")
@pytest.mark.parametrize("source", EVERY, ids=lambda each: str(each.name))
def test_any_file_that_people_had_trouble_with_is_read_or_refused_with_a_sentence(
    source: Traversable,
) -> None:
    data = source.read_bytes()
    year = next(
        (int(line.rpartition(b":")[2][:4]) for line in data.split(b"BEGIN:VEVENT")[-1].splitlines()
         if line.startswith(b"DTSTART") and line.rpartition(b":")[2][:4].isdigit()), 2026,
    )  # fmt: skip
    start = datetime(max(year, 1970), 1, 1, tzinfo=UTC)
    try:
        lessons = read(data, start, start + timedelta(days=60), ZONE, Limits()).lessons
    except Permanent:
        return  # its sentences are held by the tests of hostile feeds
    assert all(lesson.start < lesson.end for lesson in lessons)
    assert list(lessons) == sorted(lessons, key=lambda lesson: lesson.start)
