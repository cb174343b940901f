"""A bandwidth cap holds over any stretch of time, and an idle line saves nothing up."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.domain.errors import Permanent
from server_sync.push.transport.local import LocalTransport
from server_sync.push.transport.throttle import Pace, PacedReader, Throttled


class _Time:
    """A clock that moves only when somebody sleeps or says so."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def clock(self) -> float:
        return self.now_s

    def sleep(self, wait_s: float) -> None:
        assert wait_s > 0
        self.now_s += wait_s


PAUSES = st.lists(st.tuples(st.floats(0, 5), st.integers(1, 100_000)), min_size=1, max_size=60)


@given(limit_bytes_per_s=st.integers(1, 50_000), steps=PAUSES)
def test_no_stretch_of_time_carries_more_than_the_cap_and_one_burst(
    limit_bytes_per_s: int, steps: list[tuple[float, int]]
) -> None:
    time = _Time()
    pace = Pace(limit_bytes_per_s, time.clock, time.sleep)
    reader = PacedReader(io.BytesIO(bytes(10_000_000)), pace)
    taken: list[tuple[float, int]] = []
    for pause_s, asked in steps:
        time.now_s += pause_s
        size_bytes = len(reader.read(asked))
        assert 0 < size_bytes <= pace.burst_bytes
        taken.append((time.now_s, size_bytes))
    for first, (start_s, _) in enumerate(taken):
        total = 0
        for at_s, size_bytes in taken[first:]:
            total += size_bytes
            assert total <= limit_bytes_per_s * (at_s - start_s) + pace.burst_bytes + 1e-3


def test_two_objects_share_one_cap(tmp_path: Path) -> None:
    for name in ("inbox", "receipts"):
        (tmp_path / name).mkdir()
    time = _Time()
    transport = Throttled(LocalTransport(tmp_path), 1000, time.clock, time.sleep)
    for name in ("A", "B"):
        transport.put(name, io.BytesIO(bytes(2000)), 2000, lambda _: None)
    assert time.now_s == pytest.approx(4, abs=0.2)


@pytest.mark.parametrize("cap", [0, -1])
def test_a_cap_that_lets_nothing_through_is_permanent(tmp_path: Path, cap: int) -> None:
    with pytest.raises(Permanent, match="at least 1 byte per second"):
        Throttled(LocalTransport(tmp_path), cap)
