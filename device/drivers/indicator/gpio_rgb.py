"""A light that has a colour as well as a rhythm: a red, a green and a blue LED, or one LED with all three."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from device.domain.settings import Setting
from device.drivers.indicator._gpio import BUZZER, build_light, buzzer_pins
from device.drivers.indicator._patterns import COLOURS, DARK, Step
from device.ports import Indicator, Signal

OPTIONS = (
    Setting("red_pin", str, "the pin of red, by its GPIO number or its place", "GPIO27", "BOARD13"),
    Setting("green_pin", str, "the pin of green", "GPIO5", "BOARD29"),
    Setting("blue_pin", str, "the pin of blue", "GPIO6", "BOARD31"),
    Setting("common_anode", bool, "true when the pins switch towards ground", False, True),
    *BUZZER,
)
_PINS = ("red_pin", "green_pin", "blue_pin")


def pins(options: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the pins it uses, with the keys of their settings."""
    return [*((key, options[key]) for key in _PINS), *buzzer_pins(options)]


def build(options: Mapping[str, Any], *, pin_factory: Any = None, hurry: float = 1.0) -> Indicator:
    """Return the indicator, dark. ``pin_factory`` is gpiozero's; None is the chip of this machine.

    Temporary when there is no GPIO chip to be had, Permanent for a wrong pin.
    """
    leds = [("PWMLED", key) for key in _PINS]
    return build_light(
        "indicator.gpio_rgb", leds, options, _paint, pin_factory, hurry,
        active_high=not options["common_anode"],
    )  # fmt: skip


def _paint(leds: Sequence[Any], signal: Signal, step: Step) -> None:
    for led, share in zip(leds, COLOURS[signal] if step.light else DARK, strict=True):
        led.value = share
