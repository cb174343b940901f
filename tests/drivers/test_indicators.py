"""What a person in the room can tell apart."""

from __future__ import annotations

import io
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.drivers.indicator._patterns import LOW_HZ, MOMENTARY, PATTERNS, SILENT_HZ, Step
from device.drivers.indicator._player import Player
from device.drivers.indicator.console import TEXTS, Console
from device.ports import Signal
from tests.support.waiting import Collector

FILMING = (Signal.RECORDING, Signal.ENDING_SOON, Signal.BLANKED)
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


@pytest.mark.parametrize("signal", FILMING)
def test_while_footage_is_made_the_light_is_never_dark_for_longer_than_a_second(signal: Signal) -> None:
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
    player = Player(steps, hurry=100.0)
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
    player = Player(steps)  # in no hurry: a discard takes seconds
    player.show(Signal.DISCARDED)
    steps.wait_for(lambda: PATTERNS[Signal.DISCARDED].opening[0] in steps.seen)
    player.show(Signal.RECORDING)
    steps.wait_for(lambda: PATTERNS[Signal.RECORDING].opening[0] in steps.seen)
    player.close()
    assert PATTERNS[Signal.DISCARDED].opening[-1] not in steps.seen


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


def test_a_console_that_was_closed_from_the_other_side_does_not_stop_a_recording() -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    Console("nl", Gone()).show(Signal.RECORDING)
