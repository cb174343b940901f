"""A second button, for privacy: blanks picture and sound at once, and the next push ends that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from device.drivers.trigger._gpio import BOUNCE, PULL_UP, Contact, GpioTrigger, pin_setting, wiring
from device.ports import Button, Trigger

OPTIONS = (pin_setting("GPIO23", "BOARD16"), PULL_UP, BOUNCE)


def pins(options: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the pin it uses, with the key of its setting."""
    return [("pin", options["pin"])]


def build(options: Mapping[str, Any], *, pin_factory: Any = None) -> Trigger:
    """Return the trigger. ``pin_factory`` is gpiozero's; None is the chip of this machine."""
    wired = wiring("trigger.gpio_privacy.pin", options)
    return GpioTrigger([Contact(options["pin"], Button.PRIVACY)], wired, pin_factory)
