"""The recorder on gpiozero's mock chip: ``mock_chip.py FIFO LOG`` runs it as the unit would.

Lines on the FIFO move pins (``GPIO17 low``); every change of GPIO27, the light, is a line in LOG.
"""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

from gpiozero import Device
from gpiozero.pins.mock import MockFactory, MockPin

from device import cli

LIGHT = "GPIO27"


def move_pins(fifo: Path, chip: MockFactory) -> None:
    while True:
        with fifo.open() as lines:
            for line in lines:
                name, level = line.split()
                pin = chip.pin(name)
                (pin.drive_low if level == "low" else pin.drive_high)()


def watch_light(log: Path, pin: MockPin) -> None:
    before = None
    while True:
        level = bool(pin.state)
        if level is not before:
            before = level
            with log.open("a") as file:
                file.write(f"{time.monotonic():.3f} {int(level)}\n")
        time.sleep(0.005)


def main(fifo: str, log: str) -> int:
    chip = Device.pin_factory = MockFactory()
    for work, arguments in ((move_pins, (Path(fifo), chip)), (watch_light, (Path(log), chip.pin(LIGHT)))):
        threading.Thread(target=work, args=arguments, daemon=True).start()
    return cli.main(["recorder"])


sys.exit(main(*sys.argv[1:]))
