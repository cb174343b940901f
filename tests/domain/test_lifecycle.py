"""One table of transitions, one writer per status."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.domain.errors import Refused
from device.domain.lifecycle import (
    TRANSITIONS,
    WRITERS,
    Status,
    Writer,
    check_transition,
    may_purge,
    may_release,
    may_withdraw,
)


def _allowed(current: Status, new: Status, writer: Writer) -> bool:
    try:
        check_transition(current, new, writer)
    except Refused:
        return False
    return True


def test_every_status_has_exactly_one_writer_and_a_line_in_the_table() -> None:
    assert set(WRITERS) == set(TRANSITIONS) == set(Status)
    for current, new in itertools.product(Status, Status):
        writers = [writer for writer in Writer if _allowed(current, new, writer)]
        assert writers == ([WRITERS[new]] if new in TRANSITIONS[current] else [])


def test_nothing_follows_destruction_and_every_recording_can_come_to_an_end() -> None:
    assert TRANSITIONS[Status.DESTROYED] == frozenset()
    for status in Status:
        assert status in (Status.PURGED, Status.DESTROYED) or _reachable(status) & {
            Status.PURGED,
            Status.DESTROYED,
        }


def _reachable(status: Status) -> set[Status]:
    found: set[Status] = set()
    waiting = [status]
    while waiting:
        new = TRANSITIONS[waiting.pop()] - found
        found |= new
        waiting += new
    return found


def _paths(way: tuple[Status, ...] = (Status.RECORDING,)) -> Iterator[tuple[Status, ...]]:
    """Every way a recording can go, from its beginning; that there is an end proves that none is a circle."""
    yield way
    for status in TRANSITIONS[way[-1]]:
        yield from _paths((*way, status))


def test_no_status_is_skipped_on_any_way() -> None:
    way = [Status.RECORDING, Status.HELD, Status.RELEASED, Status.UPLOADING, Status.DELIVERED]
    for path in _paths():
        if Status.DELIVERED in path:
            assert list(path[:5]) == way
        if Status.DISCARDED in path:
            assert not {Status.UPLOADING, Status.DELIVERED} & set(path)
        if Status.DESTROYED in path:
            assert path[-2:] == (Status.WITHDRAWN, Status.DESTROYED)
        if Status.PURGED in path:
            assert path[path.index(Status.PURGED) - 1] in (Status.DISCARDED, Status.DELIVERED)


@given(st.lists(st.tuples(st.sampled_from(Status), st.sampled_from(Writer)), max_size=40))
def test_no_sequence_of_wishes_leaves_the_table(wishes: list[tuple[Status, Writer]]) -> None:
    path = [Status.RECORDING]
    for new, writer in wishes:
        if _allowed(path[-1], new, writer):
            assert WRITERS[new] is writer
            path.append(new)
    assert tuple(path) in set(_paths())


def test_a_refusal_names_what_would_have_been_possible() -> None:
    with pytest.raises(Refused, match="recording cannot become delivered; possible: held"):
        check_transition(Status.RECORDING, Status.DELIVERED, Writer.SYNC)
    with pytest.raises(Refused, match="only sync may write the status delivered, not web"):
        check_transition(Status.UPLOADING, Status.DELIVERED, Writer.WEB)
    with pytest.raises(Refused, match="possible: nothing"):
        check_transition(Status.DESTROYED, Status.HELD, Writer.RECORDER)


def test_local_footage_goes_after_a_no_or_after_a_receipt_and_never_otherwise() -> None:
    for status, accepted in itertools.product(Status, (True, False)):
        expected = status is Status.DISCARDED or (status is Status.DELIVERED and accepted)
        assert may_purge(status, receipt_accepted=accepted) is expected


def test_a_withdrawal_is_for_footage_that_the_coach_has() -> None:
    for status, accepted in itertools.product(Status, (True, False)):
        expected = accepted and status in (Status.DELIVERED, Status.PURGED)
        assert may_withdraw(status, receipt_accepted=accepted) is expected


@given(st.sampled_from(Status), st.booleans(), st.floats(allow_nan=False))
def test_nothing_is_released_before_the_cooling_off_or_unclaimed(
    status: Status, unclaimed: bool, left_s: float
) -> None:
    released = may_release(status, unclaimed=unclaimed, cooling_off_left_s=left_s)
    assert released == (status is Status.HELD and not unclaimed and left_s <= 0)


def test_a_time_that_is_not_a_number_releases_nothing() -> None:
    assert not may_release(Status.HELD, unclaimed=False, cooling_off_left_s=float("nan"))
