"""What every trigger on pins shares: contacts that are watched, debounced and reported one at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from device.domain.errors import Busy, LeerblikError
from device.domain.settings import Setting
from device.drivers._gpio import close_pin, open_pin
from device.drivers.trigger._debounce import SECOND_NS, DebouncedContacts, Debouncer
from device.ports import Button, Edge

PULL_UP = Setting("pull_up", bool, "true when the contact connects the pin to ground", True, False)
BOUNCE = Setting("bounce_time_ms", int, "how long a contact must be still to count", 30, 50, 1, 500)


def pin_setting(default: str, example: str) -> Setting:
    """Return the setting that names the pin."""
    return Setting("pin", str, "the pin, by its GPIO number or its place on the header", default, example)


def level_settings(active: str, counts: str = "level of the pin that counts") -> tuple[Setting, ...]:
    """Return the settings for an input that is not always a contact to ground; ``active`` is the default.

    ``counts`` explains in words what that level means.
    """
    return (
        Setting("active", str, counts, active, "high", choices=("low", "high")),
        Setting(
            "pull", bool, "whether the Pi pulls the pin to the other level; false if a board drives it",
            True, False,
        ),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wiring:
    """How contacts are wired: ``active_low`` ones are down while their pin is low.

    ``where`` is the table of the settings, for sentences about them.
    """

    where: str
    active_low: bool
    pull: bool
    bounce_s: float
    hold_s: float = 0.0


def wiring(where: str, options: Mapping[str, Any], hold_s: float = 0.0) -> Wiring:
    """Return the wiring that a driver's options describe, by ``pull_up`` or by ``active`` and ``pull``."""
    active_low = options["pull_up"] if "pull_up" in options else options["active"] == "low"
    return Wiring(where, active_low, options.get("pull", True), options["bounce_time_ms"] / 1000, hold_s)


@dataclass(frozen=True, slots=True)
class Contact:
    """One pin, and whose edges it makes."""

    pin: str
    button: Button
    who: str = ""


class GpioTrigger:
    """Reports the edges of contacts that stand for one button, from the moment of :meth:`start`.

    A button that is held before must come up first; a ``switch`` (one contact) is reported at once.
    """

    def __init__(
        self, contacts: Sequence[Contact], wired: Wiring, pin_factory: Any = None, *, switch: bool = False
    ) -> None:
        self._contacts = contacts
        self._wired = wired
        self._pin_factory = pin_factory
        self._switch = switch
        self._guard = threading.Lock()
        self._open: tuple[list[Any], DebouncedContacts] | None = None

    def start(self, on_edge: Callable[[Edge], None]) -> None:
        """Watch the pins; Temporary when there is no GPIO chip to be had, Permanent for a wrong pin."""
        with self._guard:
            if self._open is not None:
                raise Busy(f"{self._wired.where} is already being watched; stop it first")
            devices = self._devices()
            down = self._switch and devices[0].is_active
            one_at_a_time = _OneAtATime(on_edge, self._contacts, 0 if down else None)
            opened = devices, self._watch(one_at_a_time, down=down)
            self._open = opened
        if down:
            # Before anything else can be reported, and without the lock: who hears it may stop this.
            on_edge(Edge(True, time.monotonic_ns(), self._contacts[0].button, self._contacts[0].who))
        with self._guard:
            if self._open is opened:
                self._listen(*opened)

    def stop(self) -> None:
        """Let go of the pins."""
        with self._guard:
            opened, self._open = self._open, None
        if opened is not None:
            devices, contacts = opened
            for device in devices:
                close_pin(device)
            contacts.close()

    def _watch(self, report: Callable[[int, Edge], None], *, down: bool) -> DebouncedContacts:
        times_ns = round(self._wired.bounce_s * SECOND_NS), round(self._wired.hold_s * SECOND_NS)
        return DebouncedContacts([Debouncer(*times_ns, down=down) for _ in self._contacts], report)

    def _listen(self, devices: list[Any], contacts: DebouncedContacts) -> None:
        for number, device in enumerate(devices):
            device.when_activated = lambda number=number: contacts.change(number, lambda: True)
            device.when_deactivated = lambda number=number: contacts.change(number, lambda: False)
            if self._switch:
                # It may have moved since it was looked at.
                contacts.change(number, lambda device=device: bool(device.is_active))  # type: ignore[misc]

    def _devices(self) -> list[Any]:
        """Open every pin, or none."""
        opened: list[Any] = []
        try:
            for contact in self._contacts:
                opened.append(self._device(contact.pin))  # noqa: PERF401  # those before a failure are closed
        except LeerblikError:
            for device in opened:
                close_pin(device)
            raise
        return opened

    def _device(self, pin: str) -> Any:
        wired = self._wired
        # Not gpiozero.Button: its thread for long presses keeps stop() waiting for a second.
        levels = (
            {"pull_up": wired.active_low}
            if wired.pull
            else {"pull_up": None, "active_state": not wired.active_low}
        )
        return open_pin("DigitalInputDevice", pin, wired.where, self._pin_factory, **levels)


class _OneAtATime:
    """Several contacts as one button: one that comes down ends the press of the one that was down.

    So two that are pressed together are one press each, and what is reported alternates.
    """

    def __init__(
        self, on_edge: Callable[[Edge], None], contacts: Sequence[Contact], down: int | None
    ) -> None:
        self._on_edge = on_edge
        self._contacts = contacts
        self._down = down
        self._last_ns = 0

    def __call__(self, number: int, edge: Edge) -> None:
        """Take an edge of one contact, and report what it means for all."""
        if edge.down:
            if self._down is not None:
                self._report(self._down, replace(edge, down=False))
            self._down = number
        elif self._down == number:
            self._down = None
        else:
            return  # its press was ended by another's
        self._report(number, edge)

    def _report(self, number: int, edge: Edge) -> None:
        contact = self._contacts[number]
        self._last_ns = max(self._last_ns, edge.at_ns)
        self._on_edge(Edge(edge.down, self._last_ns, contact.button, contact.who))
