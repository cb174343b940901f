"""What a press of ``leerblik press`` meant, told from how the recorder was before it and is after it.

The rules themselves stand in ``device.domain.session``; these are the sentences for who did not expect them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from device.domain.session import Rules

_NS_PER_S = 1_000_000_000
_TAP_S = Rules().tap_ns / _NS_PER_S
Status = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Gesture:
    """Two quick presses, or one that is held for so many seconds (0: a short one)."""

    double: bool = False
    hold_s: float = 0.0

    def request(self) -> dict[str, Any]:
        """Return what is asked of the recorder."""
        if self.double:
            return {"gesture": "double"}
        return {"gesture": "hold", "seconds": self.hold_s} if self.hold_s else {"gesture": "single"}


def nothing(gesture: Gesture, before: Status) -> str:
    """Return why a press changed nothing, and what to do."""
    if before["state"] == "stopping":
        return "the lens is being closed; wait a moment"
    if before["state"] != "idle":
        return "the recorder goes on as it did; see 'leerblik status'"
    if gesture.hold_s >= _TAP_S:
        return "hold 5 seconds, within a minute after stopping, to discard the lesson"
    return "a press within 2 seconds after a stop means nothing; press again to record"


def remark(gesture: Gesture, before: Status, after: Status) -> str:
    """Return what should be said of a press that did something else than it seems to; "" when that is clear."""
    if before["state"] != "idle":
        return ""
    began = _latest(after) != _latest(before)
    if before["aim"]["open"] and not after["aim"]["open"] and not began:
        return "the lens is closed again; nothing was recorded"
    if began and after["state"] == "idle":
        return "the second press stopped the lesson at once; press once to record" if gesture.double else ""
    if began and not before["aim"]["open"] and before["aim"]["left_s"] > 0:
        return "a lesson began; opening the lens for aiming needs the button at the device itself"
    if began and gesture.hold_s >= _TAP_S:
        return "a lesson began, for none was stopped within the last minute; press once to stop it"
    return ""


def _latest(status: Status) -> str:
    return str(status["recordings"][0]["id"]) if status["recordings"] else ""
