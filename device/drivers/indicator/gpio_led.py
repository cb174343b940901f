"""A light on a pin of the Pi and, if there is one, a passive piezo buzzer on another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from device.domain.settings import Setting
from device.drivers.indicator._gpio import BUZZER, build_light, buzzer_pins
from device.drivers.indicator._patterns import Step
from device.ports import Indicator, Signal

OPTIONS = (
    Setting("led_pin", str, "the pin of the light, by its GPIO number or its place", "GPIO27", "BOARD13"),
    *BUZZER,
)


def pins(options: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the pins it uses, with the keys of their settings."""
    return [("led_pin", options["led_pin"]), *buzzer_pins(options)]


def build(options: Mapping[str, Any], *, pin_factory: Any = None, hurry: float = 1.0) -> Indicator:
    """Return the indicator, dark. ``pin_factory`` is gpiozero's; None is the chip of this machine.

    Temporary when there is no GPIO chip to be had, Permanent for a wrong pin.
    """
    return build_light("indicator.gpio_led", [("LED", "led_pin")], options, _paint, pin_factory, hurry)


def _paint(leds: Sequence[Any], signal: Signal, step: Step) -> None:
    leds[0].value = int(step.light)
