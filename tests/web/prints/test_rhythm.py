"""The bars on the door sheet: the very rhythm that the light plays, and every signal in words."""

from __future__ import annotations

import pytest

from device.drivers.indicator._patterns import COLOURS, DARK, MOMENTARY, PATTERNS
from device.ports import Signal
from device.web.prints.rhythm import BAR_S, bar
from device.web.prints.signals import COLOURS as COLOUR_WORDS
from device.web.prints.signals import WORDS


def lit_at(signal: Signal, at_s: float) -> bool:
    return any(lit.from_s <= at_s < lit.from_s + lit.length_s for lit in bar(signal))


@pytest.mark.parametrize("signal", [each for each in Signal if each not in MOMENTARY])
def test_a_lasting_signal_is_drawn_as_its_cycle_again_and_again(signal: Signal) -> None:
    steps = PATTERNS[signal].cycle
    length_s = sum(step.seconds for step in steps)
    for hundredth in range(int(BAR_S * 100)):
        at_s = hundredth / 100 + 0.005
        left_s = (at_s - 0.5) % length_s
        for step in steps:
            if left_s < step.seconds:
                break
            left_s -= step.seconds
        assert lit_at(signal, at_s) is step.light, (signal, at_s)


@pytest.mark.parametrize("signal", [each for each in Signal if each in MOMENTARY])
def test_a_momentary_signal_is_drawn_once_with_what_is_the_case_around_it(signal: Signal) -> None:
    around = signal is Signal.MARKED
    assert lit_at(signal, 0.2) is around
    at_s = 0.5
    for step in PATTERNS[signal].opening:
        assert lit_at(signal, at_s + step.seconds / 2) is step.light
        at_s += step.seconds
    assert lit_at(signal, BAR_S - 0.01) is around


def test_no_two_bars_look_alike() -> None:
    assert len({bar(signal) for signal in Signal}) == len(Signal)


def test_every_signal_is_explained_once() -> None:
    explained = [signal for lines in WORDS.values() for signal in lines]
    assert len(explained) == len(Signal)
    assert set(explained) == set(Signal)


def test_every_colour_that_the_light_shows_has_a_word() -> None:
    assert set(COLOUR_WORDS) == {signal for signal, colour in COLOURS.items() if colour != DARK}
    for one, other in ((a, b) for a in COLOUR_WORDS for b in COLOUR_WORDS):
        assert (COLOURS[one] == COLOURS[other]) == (COLOUR_WORDS[one] == COLOUR_WORDS[other])
