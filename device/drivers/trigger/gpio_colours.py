"""Buttons of different colours, one for each teacher: whose colour was pressed is who pressed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from device.domain.settings import Setting
from device.drivers.trigger._codes import read_codes
from device.drivers.trigger._gpio import BOUNCE, PULL_UP, Contact, GpioTrigger, wiring
from device.ports import Button, Trigger

_WHERE = "trigger.gpio_colours.buttons"

OPTIONS = (
    Setting(
        "buttons", list, "pin and teacher of each button, by code or initials; never a name",
        [], ["GPIO5=teacher-1", "GPIO6=teacher-2"],
    ),
    PULL_UP,
    BOUNCE,
)  # fmt: skip


def verify(options: Mapping[str, Any]) -> None:
    """Raise Permanent when a button is written wrongly, or a pin stands there twice."""
    _contacts(options)


def pins(options: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the pins it uses, with the key of their setting."""
    return [("buttons", contact.pin) for contact in _contacts(options)]


def build(options: Mapping[str, Any], *, pin_factory: Any = None) -> Trigger:
    """Return the trigger. ``pin_factory`` is gpiozero's; None is the chip of this machine."""
    return GpioTrigger(_contacts(options), wiring(_WHERE, options), pin_factory)


def _contacts(options: Mapping[str, Any]) -> list[Contact]:
    codes = read_codes(options["buttons"], _WHERE, "GPIO5=teacher-1")
    return [Contact(pin, Button.RECORD, who) for pin, who in codes.items()]
