"""A light on a pin of the Pi and, if there is one, a passive piezo buzzer on another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gpiozero
from gpiozero.exc import GPIOZeroError, PinInvalidPin

from device.domain.errors import Permanent, Temporary
from device.domain.settings import Setting
from device.drivers.indicator._patterns import Step
from device.drivers.indicator._player import Player
from device.ports import Indicator, Signal

OPTIONS = (
    Setting("led_pin", str, "the pin of the light, by its GPIO number or its place", "GPIO27", "BOARD13"),
    Setting("buzzer_pin", str, "the pin of a passive piezo buzzer; empty for none", "", "GPIO22"),
)

_HALF_OF_THE_TIME = 0.5


def build(options: Mapping[str, Any], *, pin_factory: Any = None, hurry: float = 1.0) -> Indicator:
    """Return the indicator, dark. ``pin_factory`` is gpiozero's; None lets gpiozero find the chip.

    Temporary when there is no GPIO chip to be had, Permanent for a wrong pin.
    """
    led = _device(gpiozero.LED, "led_pin", options["led_pin"], pin_factory)
    buzzer = None
    if options["buzzer_pin"]:
        try:
            buzzer = _device(gpiozero.PWMOutputDevice, "buzzer_pin", options["buzzer_pin"], pin_factory)
        except (Permanent, Temporary):
            led.close()
            raise
    return GpioLed(led, buzzer, hurry)


class GpioLed:
    """Plays the patterns of ``device.drivers.indicator._patterns`` on gpiozero devices, which it closes."""

    def __init__(self, led: Any, buzzer: Any, hurry: float = 1.0) -> None:
        self._led = led
        self._buzzer = buzzer
        self._player = Player(self._put, hurry)

    def show(self, signal: Signal) -> None:
        """Show a signal at once; nothing after :meth:`close`."""
        self._player.show(signal)

    def close(self) -> None:
        """Go dark and let go of the pins."""
        self._player.close()
        for device in (self._led, self._buzzer):
            if device is not None and not device.closed:
                device.off()  # a pin that was only let go may float
                device.close()

    def _put(self, step: Step) -> None:
        self._led.value = int(step.light)
        if self._buzzer is None:
            return
        if step.tone_hz:
            self._buzzer.frequency = step.tone_hz
        self._buzzer.value = _HALF_OF_THE_TIME if step.tone_hz else 0


def _device(kind: Any, key: str, pin: str, pin_factory: Any) -> Any:
    try:
        return kind(pin, pin_factory=pin_factory)
    except PinInvalidPin:
        raise Permanent(f"indicator.{key}: there is no pin '{pin}' here; for example GPIO27") from None
    except (GPIOZeroError, OSError) as error:
        raise Temporary(
            f"{key} {pin} cannot be used ({error}); "
            "check that this is a Pi, that no other program uses the pin, and the group gpio"
        ) from None
