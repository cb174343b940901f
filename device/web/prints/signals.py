"""What the light says, in words for everybody who comes into the room; by what they want to know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from device.ports import Signal
from device.web.phrases import N_
from device.web.prints.rhythm import Lit, bar
from device.web.prints.text import in_each_language

_YES = N_("Yes: it records")
_NOTE = N_("Take note")
_NO = N_("No: nobody is filmed")

# By heading: each signal with its rhythm and its meaning.
WORDS: Mapping[str, Mapping[Signal, tuple[str, str]]] = {
    _YES: {
        Signal.RECORDING: (N_("steadily on"), N_("It records.")),
        Signal.IMPAIRED: (
            N_("on, briefly dark every 2 s"),
            N_("It records, but picture or sound is missing."),
        ),
        Signal.ENDING_SOON: (N_("on, two short gaps every 2 s"), N_("It soon stops by itself.")),
        Signal.MARKED: (N_("three short gaps, once"), N_("This moment was marked. It goes on recording.")),
    },
    _NOTE: {
        Signal.ANNOUNCED: (
            N_("three rising tones, then blinking"),
            N_("It starts within a minute. A press on the button cancels it."),
        ),
        Signal.BLANKED: (N_("1 s on, 1 s off"), N_("No picture and no sound until the next press.")),
        Signal.AIMING: (N_("long, short, pause"), N_("The lens is open for pointing. Nothing is recorded.")),
        Signal.WIPING: (
            N_("two long, a long pause"),
            N_("The device is about to be wiped. Nothing is recorded."),
        ),
        Signal.FAULT: (N_("fast blinking, without tones"), N_("Something is broken. Tell the teacher.")),
    },
    _NO: {
        Signal.READY: (N_("one short blink every 4 s"), N_("Ready.")),
        Signal.WARM: (
            N_("one short blink every second"),
            N_("A lesson is booked. The camera is ready and sees nothing yet."),
        ),
        Signal.HELD: (N_("two short blinks every 4 s"), N_("A recording waits here to be sent.")),
        Signal.DISCARDED: (N_("on for 2 s, then dark"), N_("The recording was thrown away.")),
        Signal.REFUSED: (N_("three flashes, a low tone"), N_("It may not or cannot record now.")),
        Signal.OFF: (N_("dark"), N_("The device is off.")),
    },
}
# With a light of several colours; as its pattern table calls them.
COLOURS: Mapping[Signal, str] = {
    Signal.READY: N_("green"),
    Signal.RECORDING: N_("red"),
    Signal.IMPAIRED: N_("orange"),
    Signal.MARKED: N_("red"),
    Signal.BLANKED: N_("blue"),
    Signal.ENDING_SOON: N_("yellow"),
    Signal.ANNOUNCED: N_("lime"),
    Signal.WARM: N_("mint"),
    Signal.AIMING: N_("white"),
    Signal.WIPING: N_("pink"),
    Signal.HELD: N_("cyan"),
    Signal.DISCARDED: N_("white"),
    Signal.REFUSED: N_("magenta"),
    Signal.FAULT: N_("magenta"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One signal: its bar, and by language its rhythm, its colour ("" for a light of one colour), its meaning."""

    signal: Signal
    bar: tuple[Lit, ...]
    rhythm: Mapping[str, str]
    colour: Mapping[str, str]
    meaning: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Part:
    """Signals that answer "am I being filmed?" in the same way."""

    heading: Mapping[str, str]
    lines: tuple[Line, ...]


def parts(*, coloured: bool) -> tuple[Part, ...]:
    """Return every signal in every language; ``coloured``: the light of this device has colours."""
    return tuple(
        Part(
            in_each_language(heading),
            tuple(_line(signal, *words, coloured=coloured) for signal, words in lines.items()),
        )
        for heading, lines in WORDS.items()
    )


def _line(signal: Signal, rhythm: str, meaning: str, *, coloured: bool) -> Line:
    colour = in_each_language(COLOURS[signal]) if coloured and signal in COLOURS else {}
    return Line(signal, bar(signal), in_each_language(rhythm), colour, in_each_language(meaning))
