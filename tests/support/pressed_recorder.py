"""A recorder of which a test can press the button as a hand does: a real driver on gpiozero's own mock chip.

``python -m tests.support.pressed_recorder --config FILE``: each ``d`` and ``u`` on standard input moves the pin down
and up. Everything else is ``leerblik recorder``; a press over the control socket would not count as somebody's hand.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import Any

PIN = "GPIO17"


def main() -> int:
    os.environ["GPIOZERO_PIN_FACTORY"] = "mock"
    from device.cli import main as leerblik

    threading.Thread(target=_move_the_pin, daemon=True).start()
    return leerblik(["recorder", *sys.argv[1:]])


def _move_the_pin() -> None:
    from gpiozero import Device

    while move := os.read(0, 1):
        pin: Any = _chip(Device).pin(PIN)
        (pin.drive_low if move == b"d" else pin.drive_high)()


def _chip(device: Any) -> Any:
    """Return the chip as soon as the recorder has opened its button on it."""
    while device.pin_factory is None:
        time.sleep(0.01)
    return device.pin_factory


if __name__ == "__main__":
    sys.exit(main())
