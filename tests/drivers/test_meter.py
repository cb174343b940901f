"""How loud a microphone is, in numbers that are known beforehand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.drivers.microphone._meter import FLOOR_DBFS, Meter, Samples, as_samples
from device.ports import Level
from tests.support.sound_cards import RATE_HZ, tone

BLOCK = 960
BLOCK_NS = BLOCK * 1_000_000_000 // RATE_HZ


def listen(samples: Samples, meter: Meter | None = None) -> Level:
    """Return the level after these samples, the first of which sounded at time zero."""
    meter = meter or Meter("desk", 0)
    samples = samples.reshape(len(samples), -1)
    now_ns = 0
    for start in range(0, len(samples), BLOCK):
        block = samples[start : start + BLOCK]
        now_ns = (start + len(block)) * 1_000_000_000 // RATE_HZ
        meter.take(block, now_ns)
    return meter.level(now_ns)


@pytest.mark.parametrize("peak_dbfs", [-1.0, -20.0, -40.0])
def test_a_sine_has_its_peak_and_three_decibels_less_on_average(peak_dbfs: float) -> None:
    level = listen(tone(2.0, level=10 ** (peak_dbfs / 20)))
    assert level.name == "desk"
    assert level.peak_dbfs == pytest.approx(peak_dbfs, abs=0.05)
    assert level.rms_dbfs == pytest.approx(peak_dbfs - 3.01, abs=0.05)
    assert not level.clipping
    assert level.silent_s == 0.0


def test_nothing_at_all_is_at_the_floor_and_counts_as_silence() -> None:
    level = listen(np.zeros(4 * RATE_HZ, "<i2"))
    assert (level.peak_dbfs, level.rms_dbfs, level.silent_s) == (FLOOR_DBFS, FLOOR_DBFS, 4.0)


def test_only_the_last_second_counts() -> None:
    level = listen(np.concatenate((tone(3.0, level=0.9), tone(1.0, level=0.01))))
    assert level.peak_dbfs == pytest.approx(-40, abs=0.1)


def test_silence_counts_from_the_last_sound_and_ends_with_the_next() -> None:
    meter = Meter("desk", 0)
    quiet, loud = np.zeros(3 * RATE_HZ, "<i2"), tone(0.02)
    assert listen(np.concatenate((loud, quiet)), meter).silent_s == 3.0
    meter.take(loud.reshape(-1, 1), 4_000_000_000)
    assert meter.level(4_000_000_000).silent_s == 0.0


def test_a_card_that_hums_below_the_threshold_is_silent_whatever_its_offset() -> None:
    hum = tone(4.0, level=10 ** (-66 / 20)) + np.int16(900)
    assert listen(hum).silent_s == 4.0
    assert listen(hum, Meter("desk", 0, silence_dbfs=-70.0)).silent_s == 0.0


def test_a_card_that_delivers_nothing_any_more_is_silent_too() -> None:
    meter = Meter("desk", 0)
    listen(tone(1.0), meter)
    level = meter.level(6_000_000_000)
    assert (level.peak_dbfs, level.rms_dbfs, level.silent_s) == (FLOOR_DBFS, FLOOR_DBFS, 5.0)


@given(at=st.integers(0, 4000), run=st.integers(1, 6), top=st.sampled_from([32767, -32768, -32767]))
def test_three_samples_at_full_scale_in_a_row_are_clipping_wherever_they_lie(
    at: int, run: int, top: int
) -> None:
    samples = np.zeros(5000, "<i2")
    samples[at : at + run] = top
    assert listen(samples).clipping is (run >= 3)


@pytest.mark.parametrize("at", [BLOCK - 2, BLOCK - 1])
def test_a_row_at_full_scale_may_begin_in_one_block_and_end_in_the_next(at: int) -> None:
    samples = np.zeros(2 * BLOCK, "<i2")
    samples[at : at + 3] = 32767
    assert listen(samples).clipping


def test_full_scale_in_both_channels_is_not_a_row() -> None:
    samples = np.zeros((BLOCK, 2), "<i2")
    samples[100:102] = 32767
    assert not listen(samples).clipping
    samples[100:103, 1] = 32767
    assert listen(samples).clipping


def test_clipping_is_forgotten_after_a_second() -> None:
    samples = tone(3.0)
    samples[100:200] = 32767
    assert not listen(samples).clipping


def test_while_muted_nothing_shows_and_nothing_counts_as_silence() -> None:
    meter = Meter("desk", 0)
    listen(np.zeros(2 * RATE_HZ, "<i2"), meter)
    meter.mute(True, 2_000_000_000)
    meter.take(tone(1.0, level=0.9).reshape(-1, 1), 3_000_000_000)
    level = meter.level(9_000_000_000)
    assert (level.peak_dbfs, level.rms_dbfs, level.clipping, level.silent_s) == (
        FLOOR_DBFS,
        FLOOR_DBFS,
        False,
        0.0,
    )
    meter.mute(False, 9_000_000_000)
    level = meter.level(11_000_000_000)
    assert (level.peak_dbfs, level.silent_s) == (FLOOR_DBFS, 2.0)


def test_samples_are_read_as_channels_side_by_side() -> None:
    assert as_samples(b"\x01\x00\xff\xff\x02\x00\xfe\xff", 2).tolist() == [[1, -1], [2, -2]]
    assert math.isclose(listen(as_samples(b"\xff\x7f" * 960, 1)).peak_dbfs, 0, abs_tol=0.001)
