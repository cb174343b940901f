"""A trajectory ends once, for good, and its end reaches what was recorded under it and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from device.domain.register.closing import WARNED_BEFORE, ends_soon, is_over, over, recorded_under
from device.domain.register.decisions import RecordingClaimed, TrajectoryClosed
from tests.support.register import BOOKING, TRAJECTORY, Said, a_register, any_said, decided, ulid

NAME = TRAJECTORY.trajectory
LAST = TRAJECTORY.closes_on
DAY = timedelta(days=1)


# What people might do to make a trajectory go on after all, among whatever else they decide.
about_it = st.sampled_from(
    [
        decided("coach", TrajectoryClosed(NAME)),
        decided("teacher:abc", TrajectoryClosed(NAME)),
        decided("coach", replace(TRAJECTORY, closes_on=LAST + 900 * DAY)),
        decided("coach", replace(BOOKING, booking=ulid(5), last=LAST + 900 * DAY)),
        decided("teacher:abc", RecordingClaimed(ulid(9), "abc", NAME, ("2b",))),
    ]
)
anything = st.lists(st.one_of(any_said, about_it), max_size=8)


def test_on_its_last_day_it_goes_on_and_the_day_after_it_is_over() -> None:
    for day, expected in ((LAST - DAY, []), (LAST, []), (LAST + DAY, [NAME])):
        assert over(a_register(), day) == expected


def test_without_a_sure_clock_only_what_the_coach_closed_is_over() -> None:
    assert over(a_register(), None) == []
    assert over(a_register(decided("coach", TrajectoryClosed(NAME))), None) == [NAME]


def test_nobody_else_closes_it() -> None:
    assert over(a_register(decided("teacher:abc", TrajectoryClosed(NAME))), None) == []


def test_two_weeks_before_its_last_day_it_ends_soon() -> None:
    (found,) = a_register().trajectories.values()
    days = [LAST - WARNED_BEFORE - DAY, LAST - WARNED_BEFORE, LAST, LAST + DAY]
    assert [ends_soon(found, day) for day in days] == [False, True, True, False]
    assert not ends_soon(replace(found, closed=True), LAST)


def test_its_end_reaches_its_bookings_and_what_was_claimed_for_it() -> None:
    claimed = RecordingClaimed(ulid(9), "abc", NAME, ("2b",))
    elsewhere = replace(BOOKING, booking=ulid(77), trajectory="another")
    found = a_register(decided("teacher:abc", claimed), decided("coach", elsewhere))
    reached = recorded_under(found, [NAME])[NAME]
    assert reached.bookings == {BOOKING.booking}
    assert reached.recordings == {ulid(9)}


@settings(max_examples=50, deadline=None)
@given(
    said=anything,
    more=anything,
    day=st.dates(LAST - 30 * DAY, LAST + 30 * DAY),
    later=st.integers(0, 4000),
)
def test_what_is_over_stays_over_whatever_is_decided_later(
    said: list[Said], more: list[Said], day: date, later: int
) -> None:
    before, after = a_register(*said), a_register(*said, *more)
    for today in (None, day):
        ended = over(before, today)
        assert all(is_over(before.trajectories[name], today) for name in ended)
        assert set(ended) <= set(over(after, today and today + timedelta(days=later)))
        # What an end reaches is never reached less by what is decided later.
        for name, reached in recorded_under(before, ended).items():
            longer = recorded_under(after, [name])[name]
            assert reached.bookings <= longer.bookings
            assert reached.recordings <= longer.recordings


@settings(max_examples=40, deadline=None)
@given(anything)
def test_a_booking_is_reached_by_the_end_of_its_own_trajectory_only(said: list[Said]) -> None:
    found = a_register(*said)
    reached = recorded_under(found, found.trajectories)
    for name, booking in found.bookings.items():
        by = [each for each, reach in reached.items() if name in reach.bookings]
        assert by == ([booking.made.trajectory] if booking.made.trajectory in found.trajectories else [])
