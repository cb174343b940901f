"""Feeds of several producers become the lessons that a person would expect; hostile ones a sentence."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.domain.errors import Permanent
from device.timetable.child import expand
from device.timetable.lessons import Expanded, Lesson, Limits
from device.timetable.read import clean, read

ZONE = ZoneInfo("Europe/Amsterdam")
AUTUMN = (datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC))
EXPORTS = Path(__file__).parent / "exports"


def export(name: str) -> bytes:
    return (EXPORTS / f"{name}.ics").read_bytes().replace(b"\n", b"\r\n")


def feed(*lines: str, before: str = "") -> bytes:
    event = "\r\n".join(("BEGIN:VEVENT", "UID:les-1", *lines, "END:VEVENT"))
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{before}{event}\r\nEND:VCALENDAR\r\n".encode()


def here(data: bytes, limits: Limits | None = None) -> Expanded:
    """As the child does it, without the child: a process for each small case would cost too much."""
    return read(data, *AUTUMN, ZONE, limits or Limits())


def outcome(call: Callable[[], Expanded]) -> Expanded | str:
    try:
        return call()
    except Permanent as error:
        return str(error)


def told(expanded: Expanded) -> list[str]:
    return [tell(lesson) for lesson in expanded.lessons]


def tell(lesson: Lesson) -> str:
    start, end = lesson.start.astimezone(ZONE), lesson.end.astimezone(ZONE)
    off = " off" if lesson.cancelled else ""
    return f"{start:%m-%d %H:%M}-{end:%H:%M} {lesson.label} @ {lesson.location}{off}"


def test_somtoday_floating_times_are_the_schools_and_what_is_said_twice_is_one_lesson() -> None:
    assert told(expand(export("somtoday"), *AUTUMN, ZONE)) == [
        "09-14 08:30-09:15 vb101 - vb3ane - ABC @ vb101",
        "10-26 08:30-09:15 leerplein - vb3ane - ABC, DEF @ leerplein",
    ]


def test_zermelo_marks_in_the_title_say_what_is_off_and_what_only_moved() -> None:
    assert told(expand(export("zermelo"), *AUTUMN, ZONE)) == [
        "09-14 08:30-09:15 vb101 ne vb3a abc @ vb101",
        "09-14 09:15-10:00 [x] vb101 ne vb3b abc @ vb101 off",
        "09-14 12:00-12:45 [>] vb204 ne vb3b abc @ vb204",
        "09-14 13:00-13:45 [!] leerplein ne vb2c abc,def @ leerplein",
        "10-26 08:30-09:15 [o] [toets] vb101 ne vb3a abc @ vb101",
    ]


def test_magister_lessons_that_are_off_are_known_by_status_and_by_words() -> None:
    assert told(expand(export("magister"), *AUTUMN, ZONE)) == [
        "09-14 08:30-09:15 1 netl vb3a - abc @ vb101",
        "09-14 09:15-10:00 2 netl vb3b - abc @ verborgen off",
        "09-14 10:15-11:00 Uitval netl vb2c - abc @ vb101 off",
        "10-26 08:30-09:15 1 netl vb3a - abc @ leerplein",
    ]


def test_google_series_moved_cancelled_and_left_out_and_holidays_are_no_lessons() -> None:
    assert told(expand(export("google"), *AUTUMN, ZONE)) == [
        "09-07 08:30-09:15 Nederlands vb3a @ vb101",
        "09-14 13:00-13:45 Nederlands vb3a (verplaatst) @ leerplein",
        "09-15 12:00-12:45 Losse les @ ",
        "09-21 08:30-09:15 Nederlands vb3a @  off",
        "09-28 08:30-09:15 Nederlands vb3a @ vb101",
        "10-05 08:30-09:15 Nederlands vb3a @ vb101",
        "10-12 08:30-09:15 Nederlands vb3a @ vb101",
        "10-26 08:30-09:15 Nederlands vb3a @ vb101",
    ]


def test_outlook_windows_zones_moved_to_another_day_and_a_week_away_is_no_lesson() -> None:
    assert told(expand(export("outlook"), *AUTUMN, ZONE)) == [
        "09-07 08:30-09:15 Nederlands vb3a @ vb101",
        "09-15 10:30-11:15 Nederlands vb3a @ leerplein",
        "09-16 09:30-10:15 Geannuleerd: Nederlands vb3b @  off",
        "09-21 08:30-09:15 Nederlands vb3a @ vb101",
        "09-28 08:30-09:15 Nederlands vb3a @ vb101",
        "10-05 08:30-09:15 Nederlands vb3a @ vb101",
        "10-12 08:30-09:15 Nederlands vb3a @ vb101",
        "10-26 08:30-09:15 Nederlands vb3a @ vb101",
    ]


@pytest.mark.parametrize("name", ["somtoday", "outlook"])
def test_a_feed_gives_the_same_after_the_sieve_and_in_the_child_as_here(name: str) -> None:
    limits = Limits(label_characters=7, location_characters=0)
    assert expand(export(name), *AUTUMN, ZONE, limits) == here(export(name), limits)


def test_the_key_of_an_occurrence_stays_when_it_is_moved_and_is_no_address() -> None:
    weekly = ["DTSTART:20260907T063000Z", "DURATION:PT45M", "RRULE:FREQ=WEEKLY;COUNT=2"]
    moved = (
        "BEGIN:VEVENT\r\nUID:les-1\r\nRECURRENCE-ID:20260914T063000Z\r\nDTSTART:20260915T100000Z\r\n"
        "DURATION:PT45M\r\nEND:VEVENT\r\n"
    )
    before, after = here(feed(*weekly)), here(feed(*weekly, before=moved))
    assert [each.key for each in before.lessons] == [each.key for each in after.lessons]
    assert before.lessons[1].start != after.lessons[1].start
    assert len({each.key for each in before.lessons}) == 2
    assert all(each.key.isalnum() for each in before.lessons)


def test_the_key_of_a_single_lesson_stays_when_it_is_moved() -> None:
    keys = [here(feed(f"DTSTART:202609{day}T063000Z", "DURATION:PT45M")).lessons[0].key for day in (14, 15)]
    assert keys[0] == keys[1]


@pytest.mark.parametrize("start", ["20260914T083000", "20260914T063000Z"])
@pytest.mark.parametrize("end", ["DTEND:20260914T091500", "DTEND:20260914T071500Z", "DURATION:PT45M"])
def test_a_lesson_ends_at_its_end_or_after_its_duration(start: str, end: str) -> None:
    if end.startswith("DTEND") and end.endswith("Z") != start.endswith("Z"):
        return
    assert told(here(feed(f"DTSTART:{start}", end))) == ["09-14 08:30-09:15  @ "]


def test_a_lesson_at_a_time_that_is_skipped_falls_out_and_one_that_comes_twice_happens_once() -> None:
    for zone in ("", ";TZID=Europe/Amsterdam", ";TZID=W. Europe Standard Time"):
        night = feed(f"DTSTART{zone}:20260325T021500", "DURATION:PT30M", "RRULE:FREQ=DAILY;COUNT=300")
        spring = read(
            night,
            datetime(2026, 3, 28, 12, tzinfo=UTC),
            datetime(2026, 3, 30, 12, tzinfo=UTC),
            ZONE,
            Limits(),
        )
        assert told(spring) == ["03-30 02:15-02:45  @ "], zone
        autumn = read(
            night,
            datetime(2026, 10, 24, 12, tzinfo=UTC),
            datetime(2026, 10, 25, 12, tzinfo=UTC),
            ZONE,
            Limits(),
        )
        assert [each.start for each in autumn.lessons] == [datetime(2026, 10, 25, 0, 15, tzinfo=UTC)], zone


def test_a_zone_that_the_feed_defines_itself_counts() -> None:
    custom = (
        "BEGIN:VTIMEZONE\r\nTZID:Eigen\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0300\r\n"
        "TZOFFSETTO:+0300\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
    )
    assert told(here(feed("DTSTART;TZID=Eigen:20260914T093000", "DURATION:PT45M", before=custom))) == [
        "09-14 08:30-09:15  @ "
    ]


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["DTSTART:20260914T083000Z", "DURATION:PT1S", "RRULE:FREQ=SECONDLY"], "repeats within a day"),
        (["DTSTART:20260914T083000Z", "DURATION:PT1S", "RRULE:FREQ=MINUTELY;COUNT=9"], "repeats within a day"),
        (["DTSTART:20260914T083000Z", "DURATION:PT1S", "RRULE:FREQ=HOURLY"], "repeats within a day"),
        (["DTSTART:20260914T083000Z", "DURATION:PT1S", "RRULE:FREQ=DAILY;BYHOUR=1,2;BYSECOND=1,2"], "within a day"),
        (["DTSTART:00010101T083000Z", "DURATION:PT45M", "RRULE:FREQ=DAILY;COUNT=1000000000"], "too long ago"),
        (["DTSTART:20260914T083000Z", "DURATION:PT45M", "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"], "too long"),
        (["DTSTART;TZID=Nergens/Hier:20260914T083000", "DURATION:PT45M"], "time zone that nobody knows"),
        (["DTSTART:morgen", "DURATION:PT45M"], "no start that is a time"),
        (["SUMMARY:zonder tijd"], "no start that is a time"),
        (["DTSTART:20260914T083000Z", "DURATION:PT45M", "RRULE:FREQ=SOMS"], "breaks the rules"),
    ],
)  # fmt: skip
def test_one_entry_that_cannot_be_used_is_named_and_the_others_remain(lines: list[str], says: str) -> None:
    good = "BEGIN:VEVENT\r\nUID:les-2\r\nDTSTART:20260914T063000Z\r\nDURATION:PT45M\r\nEND:VEVENT\r\n"
    found = here(feed(*lines, before=good), Limits(series_cpu_s=0.1))
    assert told(found) == ["09-14 08:30-09:15  @ "]
    (sentence,) = found.skipped
    assert says in sentence


@pytest.mark.parametrize("lines", [
    ["DTSTART;VALUE=DATE:19800914", "RRULE:FREQ=YEARLY"],
    ["DTSTART:20260914T083000Z"],
    ["DTSTART:20260914T083000Z", "DTEND:20260918T160000Z"],
])  # fmt: skip
def test_a_birthday_a_reminder_and_a_week_away_are_no_lessons_and_nothing_to_complain_about(
    lines: list[str],
) -> None:
    assert here(feed(*lines)) == Expanded((), ())


def test_a_count_of_a_thousand_million_costs_no_more_than_the_days_that_were_asked_for() -> None:
    found = here(feed("DTSTART:20260914T083000Z", "DURATION:PT45M", "RRULE:FREQ=DAILY;COUNT=1000000000"))
    assert len(found.lessons) == 48


def test_a_calendar_that_calls_itself_a_cancellation_cancels() -> None:
    data = feed("DTSTART:20260914T063000Z", "DURATION:PT45M").replace(b"VERSION:2.0", b"METHOD:CANCEL")
    assert told(here(data)) == ["09-14 08:30-09:15  @  off"]


def test_no_more_than_so_many_lessons_are_told_of() -> None:
    weekly = feed("DTSTART:20260901T063000Z", "DURATION:PT45M", "RRULE:FREQ=DAILY")
    with pytest.raises(Permanent, match="more than 20 lessons"):
        here(weekly, Limits(lessons=20))


def test_no_more_than_so_many_complaints_are_told_of() -> None:
    bad = "".join(f"BEGIN:VEVENT\r\nUID:x{n}\r\nDTSTART:nooit\r\nEND:VEVENT\r\n" for n in range(50))
    found = here(feed("DTSTART:20260914T063000Z", "DURATION:PT45M", before=bad), Limits(sentences=3))
    assert len(found.skipped) == 4
    assert found.skipped[-1] == "47 more entries could not be used"


def test_a_stretch_of_time_longer_than_a_school_year_is_not_worked_out() -> None:
    with pytest.raises(Permanent, match="at most 400 days"):
        read(export("google"), AUTUMN[0], AUTUMN[0] + timedelta(days=401), ZONE, Limits())


def test_a_label_is_one_short_line_that_steers_nothing() -> None:
    assert clean("  les\r\n\x1b[31mrood\u202e \u00a0vb101\x00", 40) == "les [31mrood vb101"
    assert clean("x" * 100, 40) == "x" * 40
    assert clean("les", 0) == ""


# In the child, where nothing can hang or bloat anything.


def hostile(name: str) -> bytes:
    bombs = "".join(
        f"BEGIN:VEVENT\r\nUID:b{n}\r\nDTSTART:20260914T083000Z\r\nDURATION:PT45M\r\n"
        "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30\r\nEND:VEVENT\r\n"
        for n in range(100)
    )
    zone = (
        "BEGIN:VTIMEZONE\r\nTZID:Bom\r\n"
        + "".join(
            f"BEGIN:STANDARD\r\nDTSTART:1601{1 + n % 12:02d}01T000000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\n"
            "RRULE:FREQ=SECONDLY\r\nEND:STANDARD\r\n"
            for n in range(200)
        )
        + "END:VTIMEZONE\r\n"
    )
    dates = ",".join(["20260914T083000Z"] * 900)
    many = "".join(
        f"BEGIN:VEVENT\r\nUID:m{n}\r\nDTSTART:20260101T000000Z\r\nRDATE:{dates}\r\nEND:VEVENT\r\n"
        for n in range(120)
    )
    return {
        "never": feed(before=bombs),
        "zone": feed("DTSTART;TZID=Bom:20260914T083000", "DURATION:PT45M", before=zone),
        "nested": feed(before="BEGIN:VTIMEZONE\r\n" * 20_000 + "END:VTIMEZONE\r\n" * 20_000),
        "nested lists": b"BEGIN:VCALENDAR\r\n" * 20_000,
        "memory": feed("DTSTART:20260914T083000Z", before=many),
        "garbage": bytes(range(256)) * 1000,
    }[name]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", ["never", "zone", "nested", "nested lists", "memory", "garbage"])
def test_a_hostile_feed_ends_in_lessons_or_in_one_sentence_within_its_limits(name: str) -> None:
    limits = Limits(cpu_s=1, series_cpu_s=0.2, memory_bytes=128 * 1024 * 1024, wall_s=20)
    found = outcome(lambda: expand(hostile(name), *AUTUMN, ZONE, limits))
    assert isinstance(found, Expanded) or len(found.splitlines()) == 1


@pytest.mark.slow
def test_a_feed_that_takes_all_the_time_there_is_says_so() -> None:
    with pytest.raises(Permanent, match="more time or memory"):
        expand(hostile("never"), *AUTUMN, ZONE, Limits(cpu_s=1, series_cpu_s=5))


def test_a_child_that_does_not_answer_is_ended() -> None:
    before = time.monotonic()
    with pytest.raises(Permanent, match="more time or memory"):
        expand(export("google"), *AUTUMN, ZONE, Limits(wall_s=0.001))
    assert time.monotonic() - before < 60


def test_ten_megabytes_are_refused_before_anything_is_started() -> None:
    with pytest.raises(Permanent, match="larger than 2000 kB"):
        expand(b"BEGIN:VCALENDAR\r\n" + b"X-A:1\r\n" * 1_500_000, *AUTUMN, ZONE)


def test_asking_for_lessons_loads_no_calendar_library_into_the_process_that_asks() -> None:
    code = (
        "import sys, device.timetable.child, device.timetable.refresh;"
        "assert not {'icalendar', 'dateutil', 'recurring_ical_events'} & set(sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


TOKENS = st.sampled_from([
    "BEGIN:VEVENT\r\n", "END:VEVENT\r\n", "BEGIN:VTIMEZONE\r\n", "END:VTIMEZONE\r\n", "BEGIN:STANDARD\r\n",
    "END:STANDARD\r\n", "UID:les\r\n", "DTSTART:20260914T083000\r\n", "DTSTART;VALUE=DATE:20260914\r\n",
    "DTSTART;TZID=Europe/Amsterdam:20260914T083000\r\n", "DTEND:20260914T093000Z\r\n", "DURATION:PT45M\r\n",
    "DURATION:-P1D\r\n", "DTEND:99991231T235959Z\r\n", "DTSTART:00010101T000000Z\r\n", "RRULE:FREQ=WEEKLY\r\n",
    "RRULE:FREQ=DAILY;UNTIL=20261001\r\n", "RRULE:FREQ=MONTHLY;BYDAY=-1FR;BYSETPOS=9\r\n", "RRULE:\r\n",
    "EXDATE:20260914T083000\r\n", "EXDATE;VALUE=DATE:20260914\r\n", "RECURRENCE-ID:20260914T083000\r\n",
    "RECURRENCE-ID;RANGE=THISANDFUTURE:20260921T083000Z\r\n", "RDATE;VALUE=PERIOD:20260914T083000Z/PT1H\r\n",
    "SEQUENCE:x\r\n", "SUMMARY:les\\, \\n\r\n", 'SUMMARY;X="a:b:les\r\n', "STATUS:CANCELLED\r\n", "TZID:Eigen\r\n",
    "TZOFFSETFROM:+0100\r\n", "TZOFFSETTO:+9999\r\n", "METHOD:CANCEL\r\n", "CALSCALE:MAYA\r\n", "\x00\r\n", ";=:\r\n",
])  # fmt: skip


@given(st.lists(st.one_of(TOKENS, TOKENS, st.text(max_size=20)), max_size=30))
def test_any_mixture_of_lines_gives_lessons_or_one_sentence(lines: list[str]) -> None:
    body = "".join(lines).encode(errors="replace")
    data = b"BEGIN:VCALENDAR\r\n" + body + b"\r\nEND:VCALENDAR\r\n"
    found = outcome(lambda: here(data, Limits(series_cpu_s=0.2)))
    if isinstance(found, str):
        assert len(found.splitlines()) == 1
        return
    assert list(found.lessons) == sorted(found.lessons)
    for lesson in found.lessons:
        assert AUTUMN[0] < lesson.end
        assert lesson.start < AUTUMN[1]
        assert lesson.start < lesson.end <= lesson.start + timedelta(hours=12)
