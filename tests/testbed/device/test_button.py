"""The button and the light through gpiozero, on its mock chip, under the real unit; a real chip is in the VM."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.testbed.device import appliance
from tests.testbed.device.appliance import RECORDER, Appliance, systemctl, until

DROP_IN = Path(f"/run/systemd/system/{RECORDER}.d/chip.conf")
FIFO, LOG = Path("/var/lib/leerblik/state/pins"), Path("/var/lib/leerblik/state/light")
_PROGRAM = Path(appliance.__file__).with_name("mock_chip.py")
GPIO = {"recorder": {"triggers": ["control_socket", "gpio_button"], "indicators": ["gpio_led"]}}


class Chip:
    """Pins that a test moves, and a light that it reads."""

    def set(self, pin: str, level: str) -> None:
        with FIFO.open("w") as lines:
            lines.write(f"{pin} {level}\n")

    def press(self, seconds: float = 0.15) -> None:
        """Press the button, which pulls its pin low."""
        self.set("GPIO17", "low")
        time.sleep(seconds)
        self.set("GPIO17", "high")
        time.sleep(0.1)

    def changes(self) -> int:
        """Return how often the light went on or off."""
        return len(LOG.read_text().splitlines()) if LOG.exists() else 0


@pytest.fixture
def chip(device: Appliance) -> Iterator[Chip]:
    """A recorder that runs on a mock chip."""
    os.mkfifo(FIFO, 0o666)
    FIFO.chmod(0o666)
    DROP_IN.parent.mkdir(parents=True, exist_ok=True)
    DROP_IN.write_text(
        "[Service]\nExecStart=\nEnvironment=PYTHONPATH=/opt/suite GPIOZERO_PIN_FACTORY=mock\n"
        f"ExecStart=/opt/leerblik/bin/python {_PROGRAM} {FIFO} {LOG}\n"
    )
    systemctl("daemon-reload")
    device.configure(GPIO)
    device.start()
    yield Chip()
    systemctl("stop", RECORDER)
    DROP_IN.unlink()
    systemctl("daemon-reload")


def test_a_press_starts_and_a_press_stops_and_the_light_says_so(device: Appliance, chip: Chip) -> None:
    before = chip.changes()
    chip.press()
    recording = device.wait_for_state("recording")["recording"]
    until("some film", lambda: device.status()["recorded_s"] > 4)
    assert chip.changes() > before
    chip.press()
    device.wait_for_state("idle")
    assert device.film(recording).faults() == ()


def test_twenty_bounces_are_one_press(device: Appliance, chip: Chip) -> None:
    for bounce in range(20):
        chip.set("GPIO17", "low" if bounce % 2 == 0 else "high")
    chip.set("GPIO17", "low")
    time.sleep(0.2)
    chip.set("GPIO17", "high")
    device.wait_for_state("recording")
    time.sleep(2)
    status = device.status()
    assert (status["state"], status["bookmarks"], len(status["recordings"])) == ("recording", 0, 1)


def test_the_aim_opens_with_a_press_at_the_device_and_with_no_press_from_elsewhere(
    device: Appliance, chip: Chip
) -> None:
    assert device.client.ask("aim")["open"] is False
    chip.press()
    until("the lens is open", lambda: device.status()["aim"]["open"])
    still = device.client.ask("still")
    assert still["jpeg"].startswith("/9j/")
    chip.press()
    until("the lens is closed", lambda: not device.status()["aim"]["open"])
    assert device.status()["recordings"] == []
