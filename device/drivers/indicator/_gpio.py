"""What every light on pins shares: it plays the patterns on LEDs, and the tones on a passive piezo buzzer."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from device.domain.settings import Setting
from device.drivers._gpio import close_pin, open_pin, switch_off
from device.drivers.indicator._patterns import Step
from device.drivers.indicator._player import Player
from device.ports import Signal

BUZZER = (
    Setting("buzzer_pin", str, "the pin of a passive piezo buzzer; empty for none", "", "GPIO22"),
    Setting("tones", bool, "whether the buzzer sounds; the light says everything that it says", True, False),
)

_HALF_OF_THE_TIME = 0.5
Paint = Callable[[Sequence[Any], Signal, Step], None]


def buzzer_pins(options: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the pin of the buzzer with the key of its setting; nothing where none sounds."""
    return [("buzzer_pin", options["buzzer_pin"])] if options["buzzer_pin"] and options["tones"] else []


def build_light(
    where: str,
    leds: Sequence[tuple[str, str]],
    options: Mapping[str, Any],
    paint: Paint,
    pin_factory: Any,
    hurry: float,
    **led_options: Any,
) -> GpioLight:
    """Return a light, dark. ``leds`` are gpiozero's kind and the key of each pin, opened in this order, or none.

    Temporary when there is no GPIO chip to be had; it can then be tried again later. Permanent for a wrong pin.
    """
    buzzer = [("PWMOutputDevice", key) for key, _ in buzzer_pins(options)]
    with contextlib.ExitStack() as opened:
        devices = []
        for kind, key in (*leds, *buzzer):
            more = led_options if (kind, key) in leds else {}
            device = open_pin(kind, options[key], f"{where}.{key}", pin_factory, **more)
            opened.callback(close_pin, device)
            devices.append(device)
        opened.pop_all()
    return GpioLight(devices[: len(leds)], devices[-1] if buzzer else None, paint, hurry)


class GpioLight:
    """Plays the patterns of ``device.drivers.indicator._patterns`` on gpiozero devices, which it closes."""

    def __init__(self, leds: Sequence[Any], buzzer: Any, paint: Paint, hurry: float = 1.0) -> None:
        self._leds = leds
        self._buzzer = buzzer
        self._paint = paint
        self._player = Player(self._put, hurry)

    @property
    def works(self) -> bool:
        """Whether the pins could be set the last time; a lamp that has burnt out is not noticed."""
        return self._player.works

    def show(self, signal: Signal) -> None:
        """Show a signal at once; nothing after :meth:`close`."""
        self._player.show(signal)

    def close(self) -> None:
        """Go dark and let go of the pins."""
        self._player.close()
        for device in (*self._leds, *([self._buzzer] if self._buzzer is not None else [])):
            switch_off(device)

    def _put(self, signal: Signal, step: Step) -> None:
        self._paint(self._leds, signal, step)
        if self._buzzer is None:
            return
        if step.tone_hz:
            self._buzzer.frequency = step.tone_hz
        self._buzzer.value = _HALF_OF_THE_TIME if step.tone_hz else 0
