"""The marks survive what a film does to them."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from device.drivers._test_card import draw_counter, is_black, read_counter

SIZES = st.sampled_from([(90, 160), (180, 320), (480, 640), (720, 1280), (1080, 1920)])
NUMBERS = st.integers(0, 2**32 - 1)


@settings(max_examples=50, deadline=None)
@given(counter=NUMBERS, size=SIZES, background=st.integers(0, 255), noise=st.integers(0, 40))
def test_every_number_can_be_read_back_through_noise(
    counter: int, size: tuple[int, int], background: int, noise: int
) -> None:
    luma = np.full(size, background, dtype=np.uint8)
    draw_counter(luma, counter)
    rough = luma + np.random.default_rng(counter).integers(-noise, noise + 1, size)
    assert read_counter(np.clip(rough, 0, 255)) == counter


@settings(max_examples=50, deadline=None)
@given(counter=NUMBERS, flipped=st.integers(0, 47))
def test_a_number_with_one_wrong_block_is_not_believed(counter: int, flipped: int) -> None:
    luma = np.zeros((180, 320), dtype=np.uint8)
    draw_counter(luma, counter)
    row, column = divmod(flipped, 24)
    left, right = -(-column * 320 // 24), -(-(column + 1) * 320 // 24)
    block = luma[162 + 9 * row : 171 + 9 * row, left:right]
    block[:] = 251 - block
    assert read_counter(luma) is None


def test_black_white_and_grey_pictures_carry_no_number() -> None:
    for level in (0, 16, 128, 235, 255):
        assert read_counter(np.full((180, 320), level, dtype=np.uint8)) is None


def test_a_picture_too_small_for_blocks_carries_no_number() -> None:
    assert read_counter(np.zeros((16, 16), dtype=np.uint8)) is None


def test_only_a_picture_with_nothing_in_it_is_black() -> None:
    luma = np.full((180, 320), 16, dtype=np.uint8)
    assert is_black(luma)
    luma[90:100, 100:110] = 200
    assert not is_black(luma)
