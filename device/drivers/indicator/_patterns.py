"""What every signal looks and sounds like: told apart by rhythm alone, in the dark or colour-blind.

signal       light                                             colour   sound (once, when it begins)
-----------  ------------------------------------------------  -------  -----------------------------
READY        a short blink every 4 s                           green    -
RECORDING    on, steadily                                      red      one high tone
IMPAIRED     on for 2 s, dark for half a second                orange   alarm: high and low, three times
MARKED       three short gaps in the light                     red      two short high tones
BLANKED      1 s on, 1 s off                                   blue     one long middle tone
ENDING_SOON  on, with two short gaps every 2 s                 yellow   two middle tones
ANNOUNCED    0.3 s on, 0.5 s off                               lime     low, middle, high
WARM         a short blink every second                        mint     -
AIMING       long, short, and a pause, every 2 s               white    one middle tone, then high
WIPING       two long, a pause of a second and a half          pink     low, long, twice
HELD         two short blinks every 4 s                        cyan     high, then low
DISCARDED    on for 2 s, then dark for half a second           white    middle, then low, long
REFUSED      three flashes                                     magenta  one low tone
FAULT        0.2 s on, 0.4 s off, without end                  magenta  -
OFF          dark                                              -        -

Light never flashes more than three times in any second (WCAG 2.3.1: pupils with photosensitive
epilepsy). While the lens is open the light is never dark for longer than a second.
"""

from __future__ import annotations

from dataclasses import dataclass

from device.ports import Signal

LOW_HZ, MIDDLE_HZ, HIGH_HZ, SILENT_HZ = 220, 587, 988, 0

Colour = tuple[float, float, float]
DARK: Colour = (0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Step:
    """So many seconds of light or dark; ``tone_hz`` is 0 for silence."""

    seconds: float
    light: bool
    tone_hz: int = SILENT_HZ


@dataclass(frozen=True, slots=True)
class Pattern:
    """An opening that is played once and a cycle that repeats. Without a cycle the signal is momentary."""

    opening: tuple[Step, ...]
    cycle: tuple[Step, ...]


# Red, green and blue, each from 0 to 1. Less green than a screen would need: a green LED is the brightest.
COLOURS: dict[Signal, Colour] = {
    Signal.READY: (0.0, 1.0, 0.0),
    Signal.RECORDING: (1.0, 0.0, 0.0),
    Signal.IMPAIRED: (1.0, 0.2, 0.0),
    Signal.MARKED: (1.0, 0.0, 0.0),
    Signal.BLANKED: (0.0, 0.0, 1.0),
    Signal.ENDING_SOON: (1.0, 0.6, 0.0),
    Signal.ANNOUNCED: (0.5, 1.0, 0.0),
    Signal.WARM: (0.0, 1.0, 0.4),
    Signal.AIMING: (1.0, 0.8, 1.0),
    Signal.WIPING: (1.0, 0.4, 0.6),
    Signal.HELD: (0.0, 0.8, 1.0),
    Signal.DISCARDED: (1.0, 0.8, 1.0),
    Signal.REFUSED: (1.0, 0.0, 1.0),
    Signal.FAULT: (1.0, 0.0, 1.0),
    Signal.OFF: DARK,
}

# The light is written anew each second: that is how one whose chip is gone is noticed.
_HOLD = Step(1, light=True)
_GAP, _LIT = Step(0.15, light=False), Step(0.2, light=True)

PATTERNS = {
    Signal.READY: Pattern((), (Step(0.1, light=True), Step(3.9, light=False))),
    Signal.RECORDING: Pattern((Step(0.3, light=True, tone_hz=HIGH_HZ),), (_HOLD,)),
    Signal.IMPAIRED: Pattern(
        (
            Step(0.25, light=True, tone_hz=HIGH_HZ),
            Step(0.25, light=True, tone_hz=LOW_HZ),
        )
        * 3,
        (Step(2.0, light=True), Step(0.5, light=False)),
    ),
    Signal.MARKED: Pattern(
        (
            Step(0.15, light=False, tone_hz=HIGH_HZ),
            _LIT,
            Step(0.15, light=False, tone_hz=HIGH_HZ),
            _LIT,
            _GAP,
            _LIT,
        ),
        (),
    ),
    Signal.BLANKED: Pattern(
        (Step(1.0, light=True, tone_hz=MIDDLE_HZ),), (Step(1.0, light=False), Step(1.0, light=True))
    ),
    Signal.ENDING_SOON: Pattern(
        (Step(0.3, light=True, tone_hz=MIDDLE_HZ), _LIT, Step(0.3, light=True, tone_hz=MIDDLE_HZ)),
        (Step(1.5, light=True), _GAP, _LIT, _GAP),
    ),
    Signal.ANNOUNCED: Pattern(
        (
            Step(0.3, light=True, tone_hz=LOW_HZ),
            Step(0.3, light=False, tone_hz=MIDDLE_HZ),
            Step(0.3, light=True, tone_hz=HIGH_HZ),
            Step(0.7, light=False),
        ),
        (Step(0.3, light=True), Step(0.5, light=False)),
    ),
    Signal.WARM: Pattern((), (Step(0.15, light=True), Step(0.85, light=False))),
    Signal.AIMING: Pattern(
        (Step(0.3, light=True, tone_hz=MIDDLE_HZ), Step(0.3, light=True, tone_hz=HIGH_HZ)),
        (
            Step(0.8, light=True),
            Step(0.3, light=False),
            Step(0.2, light=True),
            Step(0.7, light=False),
        ),
    ),
    Signal.WIPING: Pattern(
        (
            Step(0.6, light=True, tone_hz=LOW_HZ),
            Step(0.3, light=False),
            Step(0.6, light=True, tone_hz=LOW_HZ),
        ),
        (
            Step(0.6, light=True),
            Step(0.3, light=False),
            Step(0.6, light=True),
            Step(1.5, light=False),
        ),
    ),
    Signal.HELD: Pattern(
        (Step(0.3, light=True, tone_hz=HIGH_HZ), Step(0.3, light=False, tone_hz=LOW_HZ)),
        (Step(0.1, light=True), Step(0.3, light=False), Step(0.1, light=True), Step(3.5, light=False)),
    ),
    Signal.DISCARDED: Pattern(
        (
            Step(0.5, light=True, tone_hz=MIDDLE_HZ),
            Step(1.5, light=True, tone_hz=LOW_HZ),
            Step(0.5, light=False),
        ),
        (),
    ),
    Signal.REFUSED: Pattern(
        (
            Step(0.2, light=True, tone_hz=LOW_HZ),
            Step(0.2, light=False, tone_hz=LOW_HZ),
            Step(0.2, light=True, tone_hz=LOW_HZ),
            Step(0.2, light=False, tone_hz=LOW_HZ),
            Step(0.2, light=True),
            Step(0.6, light=False),
        ),
        (),
    ),
    Signal.FAULT: Pattern((), (Step(0.2, light=True), Step(0.4, light=False))),
    Signal.OFF: Pattern((), (Step(60, light=False),)),
}

MOMENTARY = frozenset(signal for signal, pattern in PATTERNS.items() if not pattern.cycle)
