"""A sound card's clock is not ours: whatever it does, every sample lies where it was heard."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st

from device.drivers.microphone._drift import Placed, Placer

RATE_HZ = 1000  # low, so that minutes are cheap; every rule is in seconds
CHUNK = 40
ROUND_MS = 30_000
LIMIT_MS = 20.0


@dataclass
class Card:
    """A card that hears the time: a sample's level is when it was taken, in ms, modulo half a minute."""

    ppm: float
    jitter_ms: float
    tells_unread: bool
    seed: int = 1
    starts_ms: float = 5.0
    lost: tuple[tuple[int, int], ...] = ()  # (after so many chunks, so many ms)
    stalls: tuple[tuple[int, int], ...] = ()  # (at this chunk, the reader is away for so many ms)
    overruns: tuple[tuple[int, int], ...] = ()  # as lost, but ALSA tells
    chunk: int = 40

    def play(self, placer: Placer, chunks: int = 220) -> list[Placed]:
        chance = random.Random(self.seed)
        period_ms = 1000 / RATE_HZ * (1 + self.ppm / 1e6)
        lost, stalls, overruns = dict(self.lost), dict(self.stalls), dict(self.overruns)
        at_ms, reader_free_ms = self.starts_ms, 0.0
        out: list[Placed] = []
        for number in range(chunks):
            gap_ms = lost.get(number, 0) + overruns.get(number, 0)
            at_ms += gap_ms
            if number in overruns:
                placer.restart()
            times = at_ms + period_ms * np.arange(self.chunk)
            at_ms += self.chunk * period_ms
            late_ms = chance.uniform(0, self.jitter_ms)
            read_ms = max(at_ms + late_ms, reader_free_ms) + stalls.get(number, 0)
            reader_free_ms = read_ms
            unread = 0
            if self.tells_unread:
                until_loss = min((n for n in (*lost, *overruns) if n > number), default=chunks)
                unread = min(int((read_ms - at_ms) / period_ms), (until_loss - number - 1) * self.chunk)
            levels = np.rint(times % ROUND_MS).astype("<i2")[:, np.newaxis]
            out += placer.take(levels, unread, round(read_ms * 1e6))
        return out


def worst_ms(placed: list[Placed]) -> float:
    """Return by how much the sample that is farthest from its place is off."""
    index = np.concatenate([np.arange(each.index, each.index + len(each.samples)) for each in placed])
    heard = np.concatenate([each.samples[:, 0] for each in placed]).astype(float)
    error = (heard - index * 1000 / RATE_HZ + ROUND_MS / 2) % ROUND_MS - ROUND_MS / 2
    # Where the level wraps around, what lies between two samples means nothing.
    meaningful = np.abs(index % ROUND_MS - ROUND_MS / 2) < ROUND_MS / 2 - 100
    return float(np.abs(error[meaningful]).max(initial=0))


def assert_in_order(placed: list[Placed]) -> None:
    end = 0
    for each in placed:
        assert each.index >= end
        end = each.index + len(each.samples)


def holes_ms(placed: list[Placed]) -> list[int]:
    ends = [each.index + len(each.samples) for each in placed]
    return [later.index - end for end, later in zip(ends, placed[1:], strict=False) if later.index > end]


cards = st.builds(
    Card,
    ppm=st.floats(-200, 200),
    jitter_ms=st.floats(0, 12),
    tells_unread=st.booleans(),
    seed=st.integers(0, 1000),
    starts_ms=st.floats(-300, 300),
)


def troubles(least_ms: int, most_ms: int) -> st.SearchStrategy[list[tuple[int, int]]]:
    """Return up to four troubles, each (after which chunk, for how long), more than a second apart."""
    when = st.integers(1, 6).map(lambda number: 30 * number)
    return st.lists(
        st.tuples(when, st.integers(least_ms, most_ms)), max_size=4, unique_by=lambda each: each[0]
    )


@given(cards)
def test_every_sample_lies_within_20_ms_of_when_it_was_heard_and_none_is_missing(card: Card) -> None:
    placed = card.play(Placer(RATE_HZ, 1))
    assert_in_order(placed)
    assert holes_ms(placed) == []
    assert worst_ms(placed) < LIMIT_MS


@given(cards, troubles(20, 3000))
def test_lost_samples_leave_a_hole_of_their_length(card: Card, lost: list[tuple[int, int]]) -> None:
    card.lost = tuple(lost)
    placed = card.play(Placer(RATE_HZ, 1))
    assert_in_order(placed)
    assert worst_ms(placed) < LIMIT_MS + card.jitter_ms
    assert sum(holes_ms(placed)) <= sum(ms for _, ms in card.lost) + LIMIT_MS * len(card.lost)


@given(cards, troubles(1, 3000))
def test_an_overrun_leaves_a_hole_and_lips_stay_right(card: Card, overruns: list[tuple[int, int]]) -> None:
    card.overruns = tuple(overruns)
    placed = card.play(Placer(RATE_HZ, 1))
    assert_in_order(placed)
    assert worst_ms(placed) < LIMIT_MS


@given(cards, troubles(1, 900))
def test_a_thread_that_was_held_up_costs_nothing(card: Card, stalls: list[tuple[int, int]]) -> None:
    card.stalls = tuple(stalls)
    placed = card.play(Placer(RATE_HZ, 1))
    assert_in_order(placed)
    assert holes_ms(placed) == []
    assert worst_ms(placed) < LIMIT_MS


def test_a_thread_that_is_a_little_late_and_then_very_late_is_not_taken_for_a_loss() -> None:
    card = Card(ppm=0, jitter_ms=0, tells_unread=False, stalls=((30, 16), (31, 176)))
    placed = card.play(Placer(RATE_HZ, 1))
    assert holes_ms(placed) == []
    assert worst_ms(placed) < 2


def test_what_waits_in_the_card_tells_how_late_the_look_is() -> None:
    placer, out = Placer(RATE_HZ, 1), []
    for number in range(30):
        heard = np.arange(number * CHUNK, (number + 1) * CHUNK, dtype="<i2")[:, np.newaxis]
        out += placer.take(heard, 100, ((number + 1) * CHUNK + 100) * 1_000_000)
    assert worst_ms(out) < 2


def test_after_fifty_minutes_at_200_ppm_it_is_still_on_time() -> None:
    placer = Placer(RATE_HZ, 1)
    card = Card(ppm=-200, jitter_ms=8, tells_unread=True, chunk=200)
    placed = card.play(placer, 50 * 60 * RATE_HZ // card.chunk)
    assert worst_ms(placed) < LIMIT_MS
    assert math.isclose(placer.stretch, -200e-6, abs_tol=30e-6)
    delivered = sum(len(each.samples) for each in placed)
    # The card counted three million samples 0.6 s early; what was delivered counts the clock.
    assert abs(delivered - 2_999_400) < 10


def test_a_tone_stays_a_tone_while_it_is_stretched() -> None:
    rate_hz, pitch_hz, ppm = 48_000, 3000, 150
    placer = Placer(rate_hz, 1)
    chunk, out = 1920, []
    for number in range(250):
        at = np.arange(number * chunk, (number + 1) * chunk) / rate_hz * (1 + ppm / 1e6)
        samples = np.rint(8000 * np.sin(2 * np.pi * pitch_hz * at)).astype("<i2")[:, np.newaxis]
        out += placer.take(samples, 0, round((number + 1) * chunk / rate_hz * (1 + ppm / 1e6) * 1e9))
    assert holes_ms(out) == []
    heard = np.concatenate([each.samples[:, 0] for each in out]).astype(float)[-rate_hz:]
    assert _share_outside(heard, pitch_hz) < 1e-4


def test_nothing_from_before_time_zero_comes_out() -> None:
    placed = Card(ppm=0, jitter_ms=0, tells_unread=True, starts_ms=-500).play(Placer(RATE_HZ, 1), 30)
    assert placed[0].index == 0
    assert worst_ms(placed) < 2


def test_two_channels_stay_two() -> None:
    placer = Placer(RATE_HZ, 2)
    both = np.tile(np.asarray([[100, -200]], "<i2"), (CHUNK, 1))
    out = [each for n in range(20) for each in placer.take(both, 0, (n + 1) * CHUNK * 1_000_000)]
    assert all((each.samples == [100, -200]).all() for each in out)


def _share_outside(heard: npt.NDArray[np.float64], pitch_hz: int) -> float:
    power = np.abs(np.fft.rfft(heard * np.hanning(len(heard)))) ** 2
    return float(1 - power[pitch_hz - 20 : pitch_hz + 20].sum() / power.sum())
