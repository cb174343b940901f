"""When to try again: a schedule that is a pure function, and a wrapper that repeats only what is harmless."""

from __future__ import annotations

import io
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.domain.errors import LeerblikError, Permanent, Refused, Temporary
from server_sync.push.transport.contract import Progress
from server_sync.push.transport.retry import Backoff, Retrying

UNIT = st.floats(0, 1, exclude_max=True)


@given(failures=st.integers(1, 10**9), randomness=UNIT)
def test_a_wait_is_never_negative_and_never_above_the_limit(failures: int, randomness: float) -> None:
    assert 0 <= Backoff(1, 2, 300).delay_s(failures, lambda: randomness) <= 300


@given(failures=st.integers(1, 100), factor=st.floats(1, 10), first_s=st.floats(0.01, 10))
def test_the_longest_wait_never_shrinks_with_more_failures(
    failures: int, factor: float, first_s: float
) -> None:
    backoff = Backoff(first_s, factor, 600)
    assert backoff.ceiling_s(failures) <= backoff.ceiling_s(failures + 1)


def test_the_longest_wait_doubles_up_to_the_limit() -> None:
    backoff = Backoff(first_s=1, factor=2, limit_s=10)
    assert [backoff.ceiling_s(failures) for failures in range(1, 7)] == [1, 2, 4, 8, 10, 10]


def test_the_jitter_is_full() -> None:
    backoff = Backoff(first_s=8, factor=2, limit_s=100)
    assert [backoff.delay_s(1, lambda part=part: part) for part in (0.0, 0.5)] == [0.0, 4.0]  # type: ignore[misc]


@pytest.mark.parametrize(
    ("first_s", "factor", "limit_s"), [(0, 2, 10), (-1, 2, 10), (20, 2, 10), (1, 0.5, 10)]
)
def test_an_impossible_schedule_is_permanent(first_s: float, factor: float, limit_s: float) -> None:
    with pytest.raises(Permanent, match="first_s"):
        Backoff(first_s, factor, limit_s)


class _Moody:
    """A transport that fails in the given ways before it works."""

    def __init__(self, troubles: list[LeerblikError]) -> None:
        self.troubles = troubles
        self.calls = 0

    def _call(self) -> None:
        self.calls += 1
        if self.troubles:
            raise self.troubles.pop(0)

    def put(self, name: str, source: BinaryIO, size_bytes: int, progress: Progress) -> None:
        self._call()

    def read_receipt(self, name: str, limit_bytes: int) -> bytes | None:
        self._call()
        return b"receipt"

    def close(self) -> None:
        self.troubles = []


def _retrying(moody: _Moody, slept: list[float]) -> Retrying:
    return Retrying(moody, Backoff(1, 2, 60), attempts=3, sleep=slept.append, randomness=lambda: 0.5)


def test_a_receipt_is_read_again_after_temporary_trouble() -> None:
    slept: list[float] = []
    assert _retrying(_Moody([Temporary("a"), Temporary("b")]), slept).read_receipt("R", 10) == b"receipt"
    assert slept == [0.5, 1.0]


def test_after_the_last_attempt_its_own_trouble_is_told() -> None:
    moody = _Moody([Temporary("first"), Temporary("second"), Temporary("third")])
    with pytest.raises(Temporary, match="third"):
        _retrying(moody, []).read_receipt("R", 10)
    assert moody.calls == 3


@pytest.mark.parametrize("trouble", [Refused("wrong key"), Permanent("wrong name")])
def test_what_a_person_must_change_is_not_tried_again(trouble: LeerblikError) -> None:
    moody = _Moody([trouble])
    with pytest.raises(type(trouble)):
        _retrying(moody, []).read_receipt("R", 10)
    assert moody.calls == 1


def test_an_object_is_never_sent_twice_under_one_name() -> None:
    moody = _Moody([Temporary("half of it went")])
    with pytest.raises(Temporary):
        _retrying(moody, []).put("OBJECT", io.BytesIO(b"x"), 1, lambda _: None)
    assert moody.calls == 1


def test_no_attempt_at_all_is_permanent() -> None:
    with pytest.raises(Permanent, match="attempts"):
        Retrying(_Moody([]), Backoff(), attempts=0)
