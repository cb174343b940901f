"""Waiting for wrong tries: longer each time, never for ever, counted by a hand clock."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.web import limits
from device.web.limits import ADDRESS, BROWSER, MOST, PASSWORD, PIN, Key, Limits, Pace, address_key

PACES = {"address": ADDRESS, "pin": PIN, "password": PASSWORD, "browser": BROWSER}


class Clock:
    def __init__(self) -> None:
        self.now_s = 7.0

    def __call__(self) -> float:
        return self.now_s


@pytest.mark.parametrize("pace", PACES.values(), ids=PACES)
def test_waiting_grows_up_to_a_ceiling(pace: Pace) -> None:
    waits = [pace.wait_s(wrong) for wrong in range(200)]
    assert waits == sorted(waits)
    assert waits[pace.free - 1] == 0
    assert waits[pace.free] == 1
    assert waits[-1] == pace.ceiling_s


@pytest.mark.parametrize("pace", PACES.values(), ids=PACES)
def test_waiting_itself_is_never_what_forgives(pace: Pace) -> None:
    assert pace.forgiven_each_s > pace.ceiling_s


@given(st.sampled_from(list(PACES.values())), st.lists(st.floats(0, 50), min_size=40, max_size=60))
def test_whoever_tries_as_soon_as_it_may_reaches_the_ceiling_and_stays(
    pace: Pace, dawdles: list[float]
) -> None:
    clock = Clock()
    counted, key, gaps = Limits(clock), Key("k", pace), list[float]()
    for dawdle_s in dawdles:
        tried_s = clock.now_s
        while (wait_s := counted.begin(key)) > 0:
            clock.now_s += wait_s
        gaps.append(clock.now_s - tried_s)
        clock.now_s += dawdle_s / 1000
    assert gaps[: pace.free] == [0] * pace.free
    assert all(gap >= pace.ceiling_s - 0.1 for gap in gaps[-10:])
    assert all(gap <= pace.ceiling_s + 0.001 for gap in gaps)


def test_a_day_of_guessing_at_one_pin_is_less_than_a_small_part_of_all_pins() -> None:
    clock = Clock()
    counted, tried, end_s = Limits(clock), 0, clock.now_s + 86400
    while clock.now_s < end_s:
        wait_s = counted.begin(Key("pin", PIN))
        clock.now_s += wait_s
        tried += wait_s == 0
    assert tried < 1500  # of more than 800,000


def test_one_that_was_right_is_taken_back() -> None:
    counted = Limits(Clock())
    for _ in range(100):
        assert counted.begin(Key("k", PIN)) == 0
        counted.succeeded(Key("k", PIN))
    assert counted.size() == 0


def test_wrong_tries_are_forgotten_with_time() -> None:
    clock = Clock()
    counted, key = Limits(clock), Key("k", PIN)
    for _ in range(PIN.free + 1):
        clock.now_s += counted.begin(key)
        counted.begin(key)
    clock.now_s += PIN.forgiven_each_s * 20
    assert [counted.begin(key) for _ in range(PIN.free)] == [0] * PIN.free


def test_a_try_that_must_wait_counts_for_none_of_its_keys() -> None:
    counted, slow, other = Limits(Clock()), Key("slow", PIN), Key("other", PIN)
    while counted.begin(slow) == 0:
        pass
    for _ in range(50):
        assert counted.begin(slow, other) > 0
    assert counted.begin(other) == 0


def test_many_strangers_take_no_more_room_and_wipe_nothing_that_matters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "MOST", 200)
    clock = Clock()
    counted, guessed_at = Limits(clock), Key("guessed at", PIN)
    for _ in range(30):
        clock.now_s += counted.begin(guessed_at)
        counted.begin(guessed_at)
    for number in range(2000):
        counted.begin(Key(f"stranger {number}", ADDRESS))
    assert counted.size() <= 200
    assert counted.begin(guessed_at) > 0


def test_the_room_for_keys_is_small() -> None:
    assert MOST <= 4096


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("10.0.0.1", "10.0.0.2", False),
        ("::ffff:10.0.0.1", "10.0.0.1", True),
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2%wlan0", True),
        ("", "nonsense", True),
    ],
)
def test_an_address_is_counted_by_what_one_machine_owns(one: str, other: str, same: bool) -> None:
    assert (address_key(one) == address_key(other)) is same
