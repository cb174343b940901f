"""When a device may be wiped: IT armed it on the page, and a hand holds its button for ten seconds, in time.

A short press does nothing: whoever wants to record a lesson just then must not destroy everybody's. Nor must whoever
holds it to discard a lesson: that takes half as long, and while it can be done nothing is armed. And whoever arms it
again and again keeps nobody from recording: in between there is a pause.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace

from device.domain.lifecycle import Status

_S = 1_000_000_000
ARMED_NS = 300 * _S
HOLD_NS = 10 * _S
# So long after a lesson ended (it can be discarded still), and after an arming that came to nothing, nothing is armed.
PAUSE_NS = 60 * _S
# A device that was not wiped so long after the button was held is not being wiped: nobody carries it out.
PATIENCE_NS = 60 * _S

# In memory: what the recorder asks systemd for. On the card: what was begun, and what could not be finished.
ASKED_NAME = "wipe"
ORDER_NAME = "order.json"
UNFINISHED_NAME = "unfinished.json"
# What the proof's last file says of the SSH key when all went well.
DESTROYED = "destroyed"

# Footage of these lies here; of the first ones there is no other copy.
UNSENT = (Status.RECORDING, Status.HELD, Status.RELEASED, Status.UPLOADING)
HERE = (*UNSENT, Status.DELIVERED, Status.DISCARDED)
# The coach's machine has not heard of these withdrawals yet.
UNHEARD = (Status.WITHDRAWN,)


class Outcome(enum.Enum):
    """What came of an event."""

    ORDER = "order"  # the button was held long enough: wipe
    SHORT = "short"  # let go too soon
    NO_HAND = "no_hand"  # a program pressed
    UNDER_WAY = "under_way"  # pressed while it is being wiped already
    EXPIRED = "expired"
    UNHEARD = "unheard"  # ordered, and nobody carried it out


@dataclass(frozen=True, slots=True)
class Wipe:
    """Times of the monotonic clock in nanoseconds. Armed until then; held down since; ordered at; resting until."""

    until_ns: int | None = None
    down_ns: int | None = None
    ordered_ns: int | None = None
    rest_ns: int = 0

    @property
    def is_armed(self) -> bool:
        """Whether the button would wipe the device."""
        return self.until_ns is not None

    @property
    def is_ordered(self) -> bool:
        """Whether the device is about to be wiped."""
        return self.ordered_ns is not None

    @property
    def is_on(self) -> bool:
        """Whether a press means this and nothing else, and no lesson may begin."""
        return self.is_armed or self.is_ordered

    def rests(self, now_ns: int) -> bool:
        """Whether nothing can be armed yet, because an arming came to nothing just now."""
        return now_ns < self.rest_ns

    def left_s(self, now_ns: int) -> float:
        """Return for how many seconds the button would still wipe the device."""
        return 0.0 if self.until_ns is None else max(0, self.until_ns - now_ns) / _S


IDLE = Wipe()


def arm(state: Wipe, now_ns: int) -> Wipe:
    """Let the button wipe the device from now on. Nothing while that is on, and nothing in the pause after it."""
    return state if state.is_on or state.rests(now_ns) else Wipe(until_ns=now_ns + ARMED_NS)


def cancel(state: Wipe, now_ns: int) -> Wipe:
    """Let the button mean again what it always means; what was ordered can not be taken back."""
    return _over(now_ns) if state.is_armed else state


def _over(now_ns: int) -> Wipe:
    return Wipe(rest_ns=now_ns + PAUSE_NS)


def press(state: Wipe, at_ns: int, *, by_hand: bool) -> tuple[Wipe, Outcome | None]:
    """The button went down while this is on."""
    if state.is_ordered:
        return state, Outcome.UNDER_WAY
    if not by_hand:
        return state, Outcome.NO_HAND
    if state.until_ns is None or at_ns >= state.until_ns:
        return _over(at_ns), Outcome.EXPIRED
    return replace(state, down_ns=at_ns), None


def release(state: Wipe, at_ns: int) -> tuple[Wipe, Outcome | None]:
    """The button came up."""
    if state.down_ns is None:
        return state, None
    if at_ns - state.down_ns >= HOLD_NS:
        return Wipe(ordered_ns=at_ns), Outcome.ORDER
    return replace(state, down_ns=None), Outcome.SHORT


def tick(state: Wipe, now_ns: int) -> tuple[Wipe, Outcome | None]:
    """Time passes. A finger that came down in time may be held beyond the end of it."""
    if state.down_ns is not None:
        held = now_ns - state.down_ns >= HOLD_NS
        return (Wipe(ordered_ns=now_ns), Outcome.ORDER) if held else (state, None)
    if state.until_ns is not None and now_ns >= state.until_ns:
        return _over(now_ns), Outcome.EXPIRED
    if state.ordered_ns is not None and now_ns - state.ordered_ns >= PATIENCE_NS:
        return _over(now_ns), Outcome.UNHEARD
    return state, None


_SENTENCES: dict[Outcome, tuple[str, str]] = {
    Outcome.SHORT: (
        (
            "Dit apparaat wacht erop om gewist te worden en neemt nu niet op: houd de knop tien seconden vast, of laat "
            "de beheerder het op de pagina afbreken."
        ),
        (
            "This device waits to be wiped and does not record now: hold the button for ten seconds, or have IT "
            "cancel it on the page."
        ),
    ),
    Outcome.NO_HAND: (
        "Wissen kan alleen met de hand: houd de knop op het apparaat zelf tien seconden vast.",
        "Wiping takes a hand: hold the button on the device itself for ten seconds.",
    ),
    Outcome.UNDER_WAY: (
        "Dit apparaat wordt gewist: wacht tot het opnieuw begint.",
        "This device is being wiped: wait until it begins anew.",
    ),
    Outcome.UNHEARD: (
        "Het wissen is niet begonnen en er is niets gewist: zie 'systemctl status leerblik-wipe.path' op het apparaat.",
        "The wipe did not begin and nothing was wiped: see 'systemctl status leerblik-wipe.path' on the device.",
    ),
}
_NO_LESSON = (
    "Dit apparaat staat klaar om gewist te worden: wacht tot dat gedaan of afgebroken is.",
    "This device is about to be wiped: wait until that is done or cancelled.",
)


def outcome_sentence(outcome: Outcome, language: str) -> str:
    """Return what a person at the device should know of an outcome; "" when there is nothing to say."""
    return _SENTENCES.get(outcome, ("", ""))[language != "nl"]


def no_lesson_sentence(language: str) -> str:
    """Return why no lesson begins now."""
    return _NO_LESSON[language != "nl"]
