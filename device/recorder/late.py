"""Parts that may come later: a light or a button whose chip is not there yet is tried again, and used from then on.

One that can never work (a wrong pin, a library that is not installed) is said and left alone: the others work.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from device.domain.errors import Permanent, Temporary
from device.footage.packets import NS_PER_S
from device.ports import Clock, Edge, Indicator, Signal, Trigger

_AGAIN_NS = 5 * NS_PER_S
_DARK = "it cannot be lit any more; check its cable, and the journal for the reason"
_NOBODY_SEES = (
    'no light that the room sees is configured; set recorder.indicators = ["gpio_led"], or in_view = true '
    "in [indicator.console] when the class sees this screen"
)
# Told with the part and what is the matter with it, "" when it is there.
Note = Callable[[str, str], None]


class LateIndicators:
    """All lights and sounds of the device as one; ``builders`` make them by name. Fulfils ``ports.Indicator``."""

    def __init__(self, builders: Sequence[tuple[str, Callable[[], Indicator]]], clock: Clock) -> None:
        self._waiting = list(builders)
        self._clock = clock
        self._there: dict[str, Indicator] = {}
        self._ever_worked: set[str] = set()
        self._count = len(self._waiting)
        self._shown = Signal.OFF
        self._due_ns = 0

    @property
    def works(self) -> bool:
        """Whether people in the room can be told anything at all, now."""
        return any(member.works for member in self._there.values())

    def try_again(self, note: Note) -> None:
        """Note which lights have gone dark and which came back; build what is not there yet, now and then."""
        now_ns = self._clock.monotonic_ns()
        if self._waiting and now_ns >= self._due_ns:
            self._due_ns = now_ns + _AGAIN_NS
            for builder in list(self._waiting):
                self._build(builder, note)
        self._look_after(note)

    def _build(self, builder: tuple[str, Callable[[], Indicator]], note: Note) -> None:
        name, build = builder
        try:
            member = build()
        except (Temporary, Permanent) as error:
            note(f"light {name}", str(error))
            if isinstance(error, Permanent):
                self._waiting.remove(builder)
            return
        self._waiting.remove(builder)
        self._there[name] = member
        if self._shown is not Signal.OFF:
            member.show(self._shown)
        note(f"light {name}", "")

    def _look_after(self, note: Note) -> None:
        for name, member in self._there.items():
            if member.works:
                self._ever_worked.add(name)
                note(f"light {name}", "")
            elif name in self._ever_worked:  # else it is no light, and nothing is wrong with it
                note(f"light {name}", _DARK)
        complete = len(self._there) == self._count
        note("light", _NOBODY_SEES if complete and not self._ever_worked else "")

    def show(self, signal: Signal) -> None:
        """Show a signal on everything that is there."""
        self._shown = signal
        for member in self._there.values():
            member.show(signal)

    def close(self) -> None:
        """Go dark."""
        for member in self._there.values():
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
            except (Temporary, Permanent) as error:
                note(f"button {name}", str(error))
                if isinstance(error, Permanent):
                    self._waiting.remove((name, trigger))
                continue
            self._waiting.remove((name, trigger))
            self._started.append(trigger)
            note(f"button {name}", "")

    def stop(self) -> None:
        """Report nothing more."""
        for trigger in self._started:
            trigger.stop()
