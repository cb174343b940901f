"""Parts that may come later: a light or a button whose chip is not there yet is tried again, and used from then on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from device.domain.errors import Temporary
from device.footage.packets import NS_PER_S
from device.ports import Clock, Edge, Indicator, Signal, Trigger

_AGAIN_NS = 5 * NS_PER_S
# Told with the part and what is the matter with it, "" when it is there.
Note = Callable[[str, str], None]


class LateIndicators:
    """All lights and sounds of the device as one; ``builders`` make them by name. Fulfils ``ports.Indicator``.

    Permanent from a builder (a wrong pin) is the configuration's fault and ends the start.
    """

    def __init__(self, builders: Sequence[tuple[str, Callable[[], Indicator]]], clock: Clock) -> None:
        self._waiting = list(builders)
        self._clock = clock
        self._there: list[Indicator] = []
        self._shown = Signal.OFF
        self._due_ns = 0

    @property
    def any_works(self) -> bool:
        """Whether people in the room can be told anything at all."""
        return bool(self._there)

    def try_again(self, note: Note) -> None:
        """Build what is not there yet, now and then."""
        now_ns = self._clock.monotonic_ns()
        if not self._waiting or now_ns < self._due_ns:
            return
        self._due_ns = now_ns + _AGAIN_NS
        for name, build in list(self._waiting):
            try:
                member = build()
            except Temporary as error:
                note(f"light {name}", str(error))
                continue
            self._waiting.remove((name, build))
            self._there.append(member)
            if self._shown is not Signal.OFF:
                member.show(self._shown)
            note(f"light {name}", "")

    def show(self, signal: Signal) -> None:
        """Show a signal on everything that is there."""
        self._shown = signal
        for member in self._there:
            member.show(signal)

    def close(self) -> None:
        """Go dark."""
        for member in self._there:
            member.close()


class LateTriggers:
    """All buttons of the device; one that cannot be listened to yet is tried again."""

    def __init__(self, triggers: Sequence[tuple[str, Trigger]], clock: Clock) -> None:
        self._waiting = list(triggers)
        self._clock = clock
        self._started: list[Trigger] = []
        self._due_ns = 0

    def try_again(self, on_edge: Callable[[Edge], None], note: Note) -> None:
        """Start what could not be started yet, now and then."""
        now_ns = self._clock.monotonic_ns()
        if not self._waiting or now_ns < self._due_ns:
            return
        self._due_ns = now_ns + _AGAIN_NS
        for name, trigger in list(self._waiting):
            try:
                trigger.start(on_edge)
            except Temporary as error:
                note(f"button {name}", str(error))
                continue
            self._waiting.remove((name, trigger))
            self._started.append(trigger)
            note(f"button {name}", "")

    def stop(self) -> None:
        """Report nothing more."""
        for trigger in self._started:
            trigger.stop()
