"""The page gives memory back after it was used, and does not when nobody asked it for anything."""

from __future__ import annotations

import itertools

from device.web.rest import AFTER_S, Rest


def times_given_back(looks: list[tuple[float, int]]) -> list[float]:
    """Look at these times, with so many requests answered until then; return when memory was given back."""
    given: list[float] = []
    now_s = [0.0]
    rest = Rest(lambda: given.append(now_s[0]))
    for now_s[0], answered in looks:  # the tidying notes it
        rest.look(now_s[0], answered)
    return given


def test_a_page_that_nobody_asked_for_anything_has_nothing_to_give_back() -> None:
    assert times_given_back([(second, 0) for second in range(2000)]) == []


def test_some_minutes_after_it_was_used_it_gives_back_once() -> None:
    assert times_given_back([(second, int(second >= 10)) for second in range(2000)]) == [10 + AFTER_S]


def test_a_tablet_that_asks_all_the_time_does_not_keep_it_from_that_nor_make_it_do_nothing_else() -> None:
    given = times_given_back([(second, second) for second in range(2000)])
    assert len(given) == 2000 // AFTER_S
    assert all(later - earlier > AFTER_S for earlier, later in itertools.pairwise(given))


def test_what_was_answered_just_before_it_gave_back_is_no_reason_to_do_it_again() -> None:
    looks = [(0.0, 1), (AFTER_S - 1, 2), (AFTER_S, 2), *((AFTER_S + second, 2) for second in range(1, 2000))]
    assert times_given_back(looks) == [AFTER_S]
