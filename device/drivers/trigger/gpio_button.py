"""A push button between a pin of the Pi and ground (or 3.3 V, with ``pull_up = false``)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import gpiozero
from gpiozero.exc import GPIOZeroError, PinInvalidPin

from device.domain.errors import Busy, Permanent, Temporary
from device.domain.settings import Setting
from device.drivers.trigger._debounce import DebouncedContact
from device.ports import Edge, Trigger

OPTIONS = (
    Setting("pin", str, "the pin, by its GPIO number or its place on the header", "GPIO17", "BOARD11"),
    Setting("pull_up", bool, "true when the button connects the pin to ground", True, False),
    Setting("bounce_time_ms", int, "how long a contact must be still to count", 30, 50, 1, 500),
)


def build(options: Mapping[str, Any], *, pin_factory: Any = None) -> Trigger:
    """Return the trigger. ``pin_factory`` is gpiozero's; None lets gpiozero find the chip."""
    return GpioButton(options["pin"], options["pull_up"], options["bounce_time_ms"] / 1000, pin_factory)


class GpioButton:
    """Reports edges from the moment of :meth:`start`; a button that was held before must come up first."""

    def __init__(self, pin: str, pull_up: bool, bounce_s: float, pin_factory: Any) -> None:
        self._pin = pin
        self._pull_up = pull_up
        self._bounce_s = bounce_s
        self._pin_factory = pin_factory
        self._guard = threading.Lock()
        self._open: tuple[Any, DebouncedContact] | None = None

    def start(self, on_edge: Callable[[Edge], None]) -> None:
        """Watch the pin; Temporary when there is no GPIO chip to be had, Permanent for a wrong pin."""
        with self._guard:
            if self._open is not None:
                raise Busy(f"the button on {self._pin} is already being watched; stop it first")
            button = self._button()
            contact = DebouncedContact(self._bounce_s, on_edge)
            button.when_activated = lambda: contact.change(True)
            button.when_deactivated = lambda: contact.change(False)
            self._open = (button, contact)

    def stop(self) -> None:
        """Let go of the pin."""
        with self._guard:
            opened, self._open = self._open, None
        if opened is not None:
            button, contact = opened
            button.close()
            contact.close()

    def _button(self) -> Any:
        try:
            # Not gpiozero.Button: its thread for long presses keeps stop() waiting for a second.
            return gpiozero.DigitalInputDevice(
                self._pin, pull_up=self._pull_up, pin_factory=self._pin_factory
            )
        except PinInvalidPin:
            raise Permanent(f"trigger.pin: there is no pin '{self._pin}' here; for example GPIO17") from None
        except (GPIOZeroError, OSError) as error:
            raise Temporary(
                f"the button on {self._pin} cannot be watched ({error}); "
                "check that this is a Pi, that no other program uses the pin, and the group gpio"
            ) from None
