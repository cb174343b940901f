"""When bookings take place, and when a lesson that began in one ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.domain.booking import covers
from device.domain.occurrences import lesson_end, next_of, occurrence_now, occurrences, only_near
from device.domain.register.decisions import BookingCancelled, BookingMade, HolidaySet, Repeat
from tests.support.register import (
    BOOKING,
    NOW,
    TODAY,
    ZONE,
    Said,
    a_register,
    decided,
    everything,
    folded,
    ulid,
)

END = datetime(2026, 9, 1, 8, 20, tzinfo=UTC)
FIVE = timedelta(minutes=5)


def another(begins: time, ends: time, **changes: object) -> Said:
    made = replace(BOOKING, booking=ulid(2), from_time=begins, to_time=ends, **changes)  # type: ignore[arg-type]
    return decided("coach", made)


def test_a_lesson_has_the_time_of_its_booking_and_may_run_over_it() -> None:
    register = a_register()
    assert lesson_end(register, BOOKING.booking, NOW, ZONE) == END
    assert lesson_end(register, BOOKING.booking, NOW, ZONE, FIVE) == END + FIVE


@pytest.mark.parametrize(
    ("begins", "ends", "end"),
    [
        (time(10, 22), time(11, 0), END + timedelta(minutes=2)),
        (time(10, 20), time(11, 0), END),
        (time(10, 0), time(11, 0), END),
        (time(10, 25), time(11, 0), END + FIVE),
        (time(8, 0), time(10, 20), END + FIVE),
    ],
)
def test_what_runs_over_ends_where_another_booking_begins(begins: time, ends: time, end: datetime) -> None:
    register = a_register(another(begins, ends))
    assert lesson_end(register, BOOKING.booking, NOW, ZONE, FIVE) == end


def test_a_booking_that_is_cancelled_or_free_that_day_takes_no_time_of_others() -> None:
    later = another(time(10, 22), time(11, 0))
    register = a_register(later, decided("coach", BookingCancelled(ulid(2))))
    assert lesson_end(register, BOOKING.booking, NOW, ZONE, FIVE) == END + FIVE
    once = decided("coach", replace(BOOKING, booking=ulid(3), repeat=Repeat.ONCE, last=TODAY))
    free = decided("coach", HolidaySet("vrij", TODAY, TODAY))
    assert lesson_end(a_register(once, later, free), ulid(3), NOW, ZONE, FIVE) == END + FIVE


def test_somebody_elses_next_press_takes_no_time_of_others() -> None:
    press = decided("coach", replace(BOOKING, booking=ulid(2), repeat=Repeat.NEXT_PRESS), END)
    assert lesson_end(a_register(press), BOOKING.booking, NOW, ZONE, FIVE) == END + FIVE


@pytest.mark.parametrize("booking", ["", ulid(9)])
def test_what_is_under_no_booking_has_no_end_but_its_maximum_length(booking: str) -> None:
    assert lesson_end(a_register(), booking, NOW, ZONE, FIVE) is None
    register = a_register(booking={"repeat": Repeat.NEXT_PRESS})
    assert lesson_end(register, BOOKING.booking, everything()[-1].at, ZONE, FIVE) is None


def test_on_the_night_of_the_clock_it_ends_where_the_schools_clock_says() -> None:
    night = date(2026, 10, 25)  # 03:00 becomes 02:00
    changes = {
        "repeat": Repeat.ONCE,
        "first": night,
        "last": night,
        "from_time": time(1, 30),
        "to_time": time(3, 30),
    }
    register = a_register(booking=changes)
    began = datetime(2026, 10, 25, 1, 40, tzinfo=ZONE).astimezone(UTC)
    end = lesson_end(register, BOOKING.booking, began, ZONE)
    assert end == datetime(2026, 10, 25, 2, 30, tzinfo=UTC)
    assert end - began == timedelta(hours=2, minutes=50)


_DAYS = st.integers(-8, 8).map(lambda days: TODAY + timedelta(days=days))
_TIMES = st.sampled_from([time(0, 0), time(8, 30), time(9, 30), time(10, 20), time(10, 24), time(23, 59)])


@st.composite
def bookings(draw: st.DrawFn) -> list[Said]:
    made = []
    for number in range(draw(st.integers(1, 5))):
        first, repeat = draw(_DAYS), draw(st.sampled_from(Repeat))
        last = first if repeat is Repeat.ONCE else first + timedelta(days=draw(st.integers(0, 20)))
        booking = replace(
            BOOKING, booking=ulid(number + 10), repeat=repeat, first=first, last=last,
            from_time=draw(_TIMES), to_time=draw(_TIMES),
        )  # fmt: skip
        made.append(decided("coach", booking, NOW + timedelta(minutes=draw(st.integers(-200, 200)))))
    return made


@settings(max_examples=150)
@given(bookings(), st.integers(-2000, 2000), st.integers(0, 30))
def test_a_lesson_ends_within_its_time_and_what_it_may_run_over_and_never_in_the_time_of_another(
    made: list[Said], minutes: int, overrun_min: int
) -> None:
    register, now = folded([*everything()[:-1], *made]), NOW + timedelta(minutes=minutes)
    overrun = timedelta(minutes=overrun_min)
    for name, booking in register.bookings.items():
        counts = covers(register, booking, now, ZONE, ())
        mine = occurrence_now(register, name, now, ZONE)
        assert (mine is not None and not booking.cancelled) == counts
        end = lesson_end(register, name, now, ZONE, overrun)
        assert (end is not None) == (counts and booking.made.repeat is not Repeat.NEXT_PRESS)
        if end is None or mine is None:
            continue
        assert now < mine.end <= end <= mine.end + overrun
        for each in occurrences(register, mine.end, mine.end + timedelta(days=1), ZONE):
            planned = each.booking.made.repeat is not Repeat.NEXT_PRESS
            if planned and each.booking is not booking:
                assert end <= max(each.start, mine.end)


@settings(max_examples=100)
@given(bookings(), st.integers(-2000, 2000))
def test_the_next_time_of_a_booking_is_the_first_of_its_times_that_is_not_over(
    made: list[Said], minutes: int
) -> None:
    register, now = folded([*everything()[:-1], *made]), NOW + timedelta(minutes=minutes)
    near = only_near(register, now, now + timedelta(days=40), ZONE)
    all_of_them = occurrences(near, now, now + timedelta(days=40), ZONE)
    for name, booking in register.bookings.items():
        mine = [each for each in all_of_them if each.booking.made.booking == name]
        assert next_of(register, booking, now, ZONE) == (mine[0] if mine else None)
        assert all(isinstance(each.booking.made, BookingMade) and each.key.startswith(name) for each in mine)
