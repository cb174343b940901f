"""Two microphones side by side: aligned to the sample, and neither waits for ever for the other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.drivers.microphone._drift import Placed
from device.drivers.microphone._merge import Block, Merge

RATE_HZ = 1000
SIZE = 20
SECOND = 1000


def level(value: int, samples: int = 100) -> np.ndarray:
    return np.full((samples, 1), value, "<i2")


def only(blocks: list[Block]) -> list[int]:
    """Return all samples of the one track."""
    return [int(each) for block in blocks for each in block.tracks[0][:, 0]]


def test_one_microphone_comes_out_as_it_went_in() -> None:
    merge = Merge(RATE_HZ, 1, 1, mix=True)
    merge.put(0, Placed(7, np.arange(100, dtype="<i2")[:, np.newaxis]))
    blocks = list(merge.ready(107))
    assert [block.index for block in blocks] == [7, 27, 47, 67, 87]
    assert only(blocks) == list(range(100))


def test_two_are_added_up_and_held_at_full_scale() -> None:
    merge = Merge(RATE_HZ, 1, 2, mix=True)
    merge.put(0, Placed(0, level(100, 20)))
    merge.put(1, Placed(0, level(-30, 20)))
    assert set(only(list(merge.ready(20)))) == {70}
    merge.put(0, Placed(20, level(30_000, 20)))
    merge.put(1, Placed(20, level(30_000, 20)))
    assert set(only(list(merge.ready(40)))) == {32767}


def test_two_tracks_cover_the_same_time() -> None:
    merge = Merge(RATE_HZ, 1, 2, mix=False)
    merge.put(0, Placed(0, level(5)))
    merge.put(1, Placed(50, level(6)))
    blocks = list(merge.ready(100))
    assert [len(block.tracks) for block in blocks] == [2] * 5
    assert [int(each) for block in blocks for each in block.tracks[1][:, 0]] == [0] * 50 + [6] * 50


def test_a_microphone_that_is_late_is_waited_for_a_second_and_no_longer() -> None:
    merge = Merge(RATE_HZ, 1, 2, mix=True)
    merge.put(0, Placed(0, level(5, 3000)))
    merge.put(1, Placed(0, level(6, 20)))
    assert len(only(list(merge.ready(900)))) == SIZE
    assert only(list(merge.ready(1040))) == []
    assert only(list(merge.ready(1041))) == [5] * 2980


def test_one_that_is_back_is_heard_again_and_waited_for_again() -> None:
    merge = Merge(RATE_HZ, 1, 2, mix=True)
    merge.put(0, Placed(0, level(5, 2000)))
    merge.lost(1)
    assert only(list(merge.ready(2000))) == [5] * 2000
    merge.put(1, Placed(2000, level(6, 40)))
    merge.put(0, Placed(2000, level(5, 100)))
    assert only(list(merge.ready(2100))) == [11] * 40


def test_while_nobody_delivers_there_is_no_block_and_no_made_up_silence() -> None:
    merge = Merge(RATE_HZ, 1, 1, mix=True)
    merge.put(0, Placed(0, level(5, 40)))
    assert len(list(merge.ready(40))) == 2
    assert list(merge.ready(40 + 2 * SECOND)) == []
    assert merge.silent
    merge.put(0, Placed(9000, level(5, 40)))
    assert [block.index for block in merge.ready(9040)] == [9000, 9020]


def test_a_short_hole_is_silence() -> None:
    merge = Merge(RATE_HZ, 1, 1, mix=True)
    merge.put(0, Placed(0, level(5, 30)))
    merge.put(0, Placed(50, level(5, 30)))
    assert only(list(merge.ready(80))) == [5] * 30 + [0] * 20 + [5] * 30


@pytest.mark.parametrize("mix", [True, False])
@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 300), st.integers(1, 300)), max_size=40),
    st.integers(0, 2000),
)
def test_blocks_never_overlap_and_every_sample_keeps_its_place(
    mix: bool, puts: list[tuple[int, int, int]], slack: int
) -> None:
    merge = Merge(RATE_HZ, 1, 2, mix=mix)
    ends, out = [0, 0], 0
    for microphone, gap, length in puts:
        index = ends[microphone] + gap
        ends[microphone] = index + length
        times = np.arange(index, ends[microphone], dtype="<i2")[:, np.newaxis]
        merge.put(microphone, Placed(index, times))
        for block in merge.ready(max(ends) + slack):
            assert block.index >= out
            out = block.index + SIZE
            place = np.arange(block.index, out)
            for samples in block.tracks:
                heard = samples[:, 0]
                assert ((heard == 0) | (heard == place) | (mix & (heard == 2 * place))).all()
