"""What IT's forms share: the recorder's refusals in the visitor's words, and whether somebody pressed at the device."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from device.domain.errors import LeerblikError
from device.web.first_start.opening import left_s
from device.web.phrases import N_
from device.web.services import services

# As the recorder says them.
REFUSALS = (
    N_("press the button on the device first, then send this again within five minutes"),
    N_("the network is being changed already; wait until the page says how it went"),
)


def status_now() -> Mapping[str, Any] | None:
    """Return the recorder's status; None when it does not answer."""
    try:
        return services().recorder.ask("status")
    except LeerblikError:
        return None


def press_left_s(status: Mapping[str, Any] | None) -> float:
    """Return for how many seconds a press by hand at the device still counts; 0: nobody pressed."""
    return left_s((status or {}).get("pressed_ago_s"))


def refusal(error: LeerblikError) -> str:
    """Return an error as a sentence that begins with a capital, translated where it is one of ours."""
    sentence = str(_(str(error)))
    return f"{sentence[:1].upper()}{sentence[1:]}" + ("" if sentence.endswith((".", "!", "?")) else ".")
