"""One press is one press."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from device.drivers.trigger._debounce import Debouncer
from device.ports import Edge

BOUNCE_NS = 30
CONTACTS = st.lists(st.tuples(st.booleans(), st.integers(1, 100)), max_size=60)


def _settle_all(contacts: list[tuple[bool, int]]) -> tuple[list[Edge], list[tuple[bool, int]]]:
    """Return what is reported for contacts ``(level, pause before it)``, and the contacts with their times."""
    rule, edges, timed, now_ns = Debouncer(BOUNCE_NS), [], [], 0
    for level, pause_ns in [*contacts, (None, 10 * BOUNCE_NS)]:
        due_ns = rule.due_ns()
        now_ns += pause_ns
        if due_ns is not None and due_ns <= now_ns:
            edges.append(rule.settle(due_ns))
        if level is not None:
            rule.change(level, now_ns)
            timed.append((level, now_ns))
    return [edge for edge in edges if edge is not None], timed


@given(CONTACTS)
def test_edges_alternate_beginning_with_down_and_their_times_rise(contacts: list[tuple[bool, int]]) -> None:
    edges, _ = _settle_all(contacts)
    assert [edge.down for edge in edges] == [index % 2 == 0 for index in range(len(edges))]
    stamps = [edge.at_ns for edge in edges]
    assert stamps == sorted(set(stamps))


@given(CONTACTS)
def test_at_rest_the_last_level_is_the_one_that_was_reported(contacts: list[tuple[bool, int]]) -> None:
    edges, timed = _settle_all(contacts)
    reported = bool(edges) and edges[-1].down
    assert reported == (bool(timed) and timed[-1][0])


@given(CONTACTS)
def test_no_edge_is_reported_for_a_level_that_was_not_still_for_the_bounce_time(
    contacts: list[tuple[bool, int]],
) -> None:
    edges, timed = _settle_all(contacts)
    still = [
        level
        for (level, at_ns), (_, next_ns) in itertools.pairwise([*timed, (False, 1 << 60)])
        if next_ns - at_ns >= BOUNCE_NS
    ]
    assert sum(edge.down for edge in edges) <= sum(still)


def test_twenty_bounces_are_one_press_that_began_with_the_first() -> None:
    bounces = [(index % 2 == 0, 1 if index else 1000) for index in range(21)]
    edges, _ = _settle_all([*bounces, (False, 500)])
    assert edges == [Edge(True, 1000), Edge(False, 1520)]


def test_a_spike_starts_nothing() -> None:
    assert _settle_all([(True, 1000), (False, 1)])[0] == []


def test_a_level_that_is_not_still_long_enough_is_not_believed_yet() -> None:
    rule = Debouncer(BOUNCE_NS)
    rule.change(True, 1000)
    assert rule.settle(1000 + BOUNCE_NS - 1) is None
    assert rule.settle(1000 + BOUNCE_NS) == Edge(True, 1000)


def test_a_contact_that_was_closed_from_the_beginning_reports_that_it_opens_and_not_that_it_is_closed() -> (
    None
):
    rule = Debouncer(BOUNCE_NS, down=True)
    rule.change(True, 1000)
    assert rule.settle(1000 + BOUNCE_NS) is None
    rule.change(False, 2000)
    assert rule.settle(2000 + BOUNCE_NS) == Edge(False, 2000)


HOLD_NS = 2000


def test_a_button_that_must_be_held_is_down_when_it_was_and_comes_up_like_any_other() -> None:
    rule = Debouncer(BOUNCE_NS, HOLD_NS)
    rule.change(True, 1000)
    assert rule.settle(1000 + HOLD_NS - 1) is None
    assert rule.settle(1000 + HOLD_NS) == Edge(True, 1000 + HOLD_NS)
    rule.change(False, 9000)
    assert rule.settle(9000 + BOUNCE_NS) == Edge(False, 9000)


def test_a_button_that_must_be_held_and_was_only_pressed_reports_nothing() -> None:
    rule = Debouncer(BOUNCE_NS, HOLD_NS)
    rule.change(True, 1000)
    rule.change(False, 1000 + HOLD_NS - 1)
    assert rule.settle(1000 + 2 * HOLD_NS) is None
    assert rule.due_ns() is None
