"""A button that switches the device off, or the output of a power board that says the battery runs down.

A button must be held for ``hold_s`` seconds. With ``hold_s = 0`` it is an input that counts at once, also
when it is active at the start.

Power boards agree on nothing. The low battery output of Adafruit's PowerBoost is pulled up and goes low, a
Pigeon's asks for a shutdown by going low, a Geekworm X728 asks for it by going high; and what many boards call
power loss (high on an X728, low on a SupTronics X1201) says that the mains are gone, not that the battery is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from device.domain.settings import Setting
from device.drivers.trigger._gpio import BOUNCE, Contact, GpioTrigger, level_settings, pin_setting, wiring
from device.ports import Button, Trigger

OPTIONS = (
    # Not GPIO3, the usual one: it is I2C's as well, where a clock or a power board would sit.
    pin_setting("GPIO26", "BOARD37"),
    Setting(
        "hold_s", float, "seconds that a button must be held; 0 for a power board that counts at once",
        2.0, 0.0, 0, 30,
    ),
    *level_settings(
        "low",
        "level that means 'switch off': low for a button to ground or an output that drops when the battery"
        " runs down, high for an output that rises then; with hold_s = 0 the wrong one switches off at every start",
    ),
    BOUNCE,
)  # fmt: skip


def pins(options: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the pin it uses, with the key of its setting."""
    return [("pin", options["pin"])]


def build(options: Mapping[str, Any], *, pin_factory: Any = None) -> Trigger:
    """Return the trigger. ``pin_factory`` is gpiozero's; None is the chip of this machine."""
    wired = wiring("trigger.gpio_power.pin", options, options["hold_s"])
    contact = Contact(options["pin"], Button.POWER)
    return GpioTrigger([contact], wired, pin_factory, switch=options["hold_s"] == 0)
