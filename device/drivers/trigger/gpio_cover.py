"""A switch in the lens cover: down while the lens is covered, and reported at once if it is at the start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from device.drivers.trigger._gpio import BOUNCE, Contact, GpioTrigger, level_settings, pin_setting, wiring
from device.ports import Button, Trigger

OPTIONS = (pin_setting("GPIO24", "BOARD18"), *level_settings("low"), BOUNCE)


def pins(options: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the pin it uses, with the key of its setting."""
    return [("pin", options["pin"])]


def build(options: Mapping[str, Any], *, pin_factory: Any = None) -> Trigger:
    """Return the trigger. ``pin_factory`` is gpiozero's; None is the chip of this machine."""
    wired = wiring("trigger.gpio_cover.pin", options)
    return GpioTrigger([Contact(options["pin"], Button.COVER)], wired, pin_factory, switch=True)
