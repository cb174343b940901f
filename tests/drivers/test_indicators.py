"""What a person in the room can tell apart."""

from __future__ import annotations

import io
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.drivers import load
from device.drivers.indicator._patterns import (
    COLOURS,
    DARK,
    HIGH_HZ,
    LOW_HZ,
    MOMENTARY,
    PATTERNS,
    SILENT_HZ,
    Step,
)
from device.drivers.indicator._player import Player
from device.drivers.indicator.console import TEXTS, Console
from device.ports import Signal
from tests.support.waiting import Collector

LENS_OPEN = (
    Signal.RECORDING, Signal.IMPAIRED, Signal.ENDING_SOON, Signal.BLANKED, Signal.AIMING, Signal.WARM,
)  # fmt: skip
PAIRS = list(itertools.combinations(sorted(set(Signal) - MOMENTARY, key=str), 2))
FOREVER_S = 12.0
TICKS_PER_SECOND = 20


def _light(signal: Signal, *, before: bool = False) -> list[bool]:
    """Return the light in twentieths of a second, from the state it had before."""
    pattern = PATTERNS[signal]
    ticks = [before]
    for step in itertools.chain(pattern.opening, itertools.cycle(pattern.cycle)):
        ticks += [step.light] * round(step.seconds * TICKS_PER_SECOND)
        if len(ticks) > FOREVER_S * TICKS_PER_SECOND:
            break
    return ticks[: round(FOREVER_S * TICKS_PER_SECOND)]


def _steady(signal: Signal) -> tuple[tuple[float, bool], ...]:
    return tuple((step.seconds, step.light) for step in PATTERNS[signal].cycle or PATTERNS[signal].opening)


def test_every_signal_has_a_rhythm_of_its_own() -> None:
    assert set(PATTERNS) == set(Signal)
    assert len({_steady(signal) for signal in Signal}) == len(Signal)


def _looks(signal: Signal) -> tuple[float, int]:
    """Return the share of the time that a lasting signal is lit, and how often it lights up in a minute."""
    cycle = PATTERNS[signal].cycle
    length_s = sum(step.seconds for step in cycle)
    ups = sum(now.light and not before.light for before, now in itertools.pairwise([cycle[-1], *cycle]))
    return sum(step.seconds for step in cycle if step.light) / length_s, round(60 / length_s * ups)


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_any_two_lasting_signals_can_be_told_apart_by_rhythm_alone(one: Signal, other: Signal) -> None:
    (lit, ups), (other_lit, other_ups) = _looks(one), _looks(other)
    assert abs(lit - other_lit) >= 0.25 or abs(ups - other_ups) >= 10


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_any_two_lasting_signals_can_be_told_apart_by_colour_alone(one: Signal, other: Signal) -> None:
    assert max(abs(a - b) for a, b in zip(COLOURS[one], COLOURS[other], strict=True)) >= 0.2


def test_every_signal_has_a_colour_and_only_off_has_none() -> None:
    assert set(COLOURS) == set(Signal)
    assert [signal for signal in Signal if COLOURS[signal] == DARK] == [Signal.OFF]
    assert all(0 <= share <= 1 for colour in COLOURS.values() for share in colour)


def test_a_recording_that_is_impaired_begins_with_an_alarm_that_no_other_signal_has() -> None:
    def tones(signal: Signal) -> tuple[int, ...]:
        return tuple(step.tone_hz for step in PATTERNS[signal].opening if step.tone_hz)

    assert tones(Signal.IMPAIRED) == (HIGH_HZ, LOW_HZ) * 3
    assert [signal for signal in Signal if len(tones(signal)) >= 6] == [Signal.IMPAIRED]


def test_the_momentary_signals_are_those_of_the_seam() -> None:
    assert {Signal.MARKED, Signal.REFUSED, Signal.DISCARDED} == MOMENTARY


@given(st.lists(st.sampled_from(sorted(MOMENTARY, key=str)), max_size=3), st.sampled_from(Signal))
def test_the_light_never_flashes_more_than_three_times_in_a_second(
    momentary: list[Signal], lasting: Signal
) -> None:
    for signal in {*momentary, lasting}:
        ticks = _light(signal)
        onsets = [now and not before for before, now in itertools.pairwise(ticks)]
        for begin in range(len(onsets) - TICKS_PER_SECOND + 1):
            assert sum(onsets[begin : begin + TICKS_PER_SECOND]) <= 3


@pytest.mark.parametrize("signal", LENS_OPEN)
def test_while_the_lens_is_open_the_light_is_never_dark_for_longer_than_a_second(signal: Signal) -> None:
    runs = itertools.groupby(_light(signal, before=True))
    assert max((len(list(run)) for lit, run in runs if not lit), default=0) <= TICKS_PER_SECOND


def test_recording_is_a_steady_light() -> None:
    assert all(_light(Signal.RECORDING, before=True))


def test_a_refusal_is_three_flashes_and_a_low_tone() -> None:
    steps = PATTERNS[Signal.REFUSED].opening
    assert (
        sum(now and not before for before, now in itertools.pairwise([False, *(s.light for s in steps)])) == 3
    )
    assert {step.tone_hz for step in steps} == {LOW_HZ, SILENT_HZ}


def test_nothing_sounds_for_ever() -> None:
    assert not [step for pattern in PATTERNS.values() for step in pattern.cycle if step.tone_hz]


def test_what_a_momentary_signal_interrupted_goes_on_without_its_tone() -> None:
    steps: Collector[Step] = Collector()
    player = Player(lambda _signal, step: steps(step), hurry=100.0)
    player.show(Signal.ENDING_SOON)
    opening, cycle = PATTERNS[Signal.ENDING_SOON].opening, PATTERNS[Signal.ENDING_SOON].cycle
    steps.wait_for(lambda: cycle[0] in steps.seen)
    player.show(Signal.MARKED)
    last = PATTERNS[Signal.MARKED].opening[-1]
    steps.wait_for(
        lambda: last in _after(steps.seen, PATTERNS[Signal.MARKED].opening[0]) and steps.seen[-1] in cycle
    )
    player.show(Signal.ENDING_SOON)  # again: changes nothing
    steps.wait(len(steps.seen) + 20)
    player.close()
    assert steps.seen.count(opening[0]) == opening.count(opening[0])


def _after(seen: list[Step], first: Step) -> list[Step]:
    return seen[seen.index(first) :] if first in seen else []


def test_a_new_lasting_signal_cuts_a_momentary_one_short() -> None:
    steps: Collector[Step] = Collector()
    player = Player(lambda _signal, step: steps(step))  # in no hurry: a discard takes seconds
    player.show(Signal.DISCARDED)
    steps.wait_for(lambda: PATTERNS[Signal.DISCARDED].opening[0] in steps.seen)
    player.show(Signal.RECORDING)
    steps.wait_for(lambda: PATTERNS[Signal.RECORDING].opening[0] in steps.seen)
    player.close()
    assert PATTERNS[Signal.DISCARDED].opening[-1] not in steps.seen


def test_a_light_that_fails_is_logged_once_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    tried: Collector[Signal] = Collector()

    def put(signal: Signal, step: Step) -> None:
        tried(signal)
        if len(tried.seen) < 10:
            raise OSError("the chip is gone")

    player = Player(put, hurry=100.0)
    player.show(Signal.FAULT)
    tried.wait(20)
    player.close()
    assert len(caplog.records) == 1
    assert "the chip is gone" in caplog.text


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_console_has_a_line_for_every_signal_in_both_languages(language: str) -> None:
    assert set(TEXTS[language]) == set(Signal)
    assert len(set(TEXTS[language].values())) == len(Signal)


def test_the_console_writes_one_line_per_change_and_says_again_what_is_the_case() -> None:
    stream = io.StringIO()
    console = Console("nl", stream)
    for signal in (Signal.RECORDING, Signal.RECORDING, Signal.MARKED, Signal.OFF):
        console.show(signal)
    console.close()
    lines = ["neemt op", "moment gemarkeerd", "neemt op", "uit"]
    assert stream.getvalue().splitlines() == [f"leerblik: {line}" for line in lines]


def test_a_console_is_a_light_only_where_people_see_it() -> None:
    for in_view in (False, True):
        console = Console("nl", io.StringIO(), in_view=in_view)
        console.show(Signal.RECORDING)
        assert console.works is in_view
    assert load("indicator", "console").OPTIONS[1].default is False


def test_a_console_that_was_closed_from_either_side_raises_nothing_and_is_no_light() -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    closed = io.StringIO()
    closed.close()
    for stream in (Gone(), closed):
        console = Console("nl", stream, in_view=True)
        console.show(Signal.RECORDING)
        assert not console.works
