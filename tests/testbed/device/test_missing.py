"""A device that is not whole comes up under its units, says what is missing, and works as far as it can."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from device.systemd import Happening
from tests.testbed.device.appliance import PLACE, RECORDER, Appliance, journal, show, systemctl, until
from tests.testbed.device.test_gap import read_manifest

CARD_BYTES = 64 << 20


def missing(device: Appliance) -> dict[str, str]:
    return {part["part"]: part["message"] for part in device.status()["missing"]}


def told(happening: Happening) -> str:
    return journal(f"MESSAGE_ID={happening.value}", "-u", RECORDER)


def is_lit(device: Appliance, words: str) -> bool:
    """Tell whether the light (lines on the console) showed this last."""
    lines = [line for line in journal("-u", RECORDER).splitlines() if "leerblik: " in line]
    return bool(lines) and lines[-1].endswith(words)


def test_a_camera_that_is_absent_at_boot_is_said_and_films_once_it_is_there(device: Appliance) -> None:
    device.fail("absent")
    device.start()
    assert show(RECORDER, "ActiveState") == "active"
    until("it is said", lambda: "camera" in missing(device))
    assert missing(device)["camera"] in told(Happening.CAMERA_MISSING)
    assert is_lit(device, "fault, 'leerblik status' says what")
    device.client.ask("press")
    until("it is refused", lambda: device.status()["refusals"] == 1)
    device.fail("absent", now=False)
    # A press looks at once; without one it is looked for now and then.
    time.sleep(3)
    assert device.film(device.record_for(3)).faults() == ()
    assert missing(device) == {}


def test_without_a_microphone_the_picture_is_recorded_and_everybody_is_told(device: Appliance) -> None:
    device.configure({"recorder": {"microphone": "alsa"}})
    device.start()
    until("it is said", lambda: "microphone" in missing(device))
    assert missing(device)["microphone"] in told(Happening.MICROPHONE_MISSING)
    recording = device.record_for(4)
    assert "microphone" in told(Happening.MICROPHONE_LOST)
    assert [each.reason for each in read_manifest(device, recording).intervals] == ["microphone"]
    assert device.film(recording).faults() == ()


def test_without_a_gpio_chip_the_device_can_be_used_from_the_page(device: Appliance) -> None:
    device.configure(
        {"recorder": {"triggers": ["control_socket", "gpio_button"], "indicators": ["console", "gpio_led"]}}
    )
    device.start()
    assert set(missing(device)) == {"button gpio_button", "light gpio_led"}
    assert missing(device)["button gpio_button"] in told(Happening.TRIGGER_MISSING)
    assert missing(device)["light gpio_led"] in told(Happening.INDICATOR_MISSING)
    assert device.film(device.record_for(3)).faults() == ()


def test_without_any_light_nothing_is_recorded(device: Appliance) -> None:
    device.configure({"recorder": {"indicators": ["gpio_led"]}})
    device.start()
    device.client.ask("press")
    refusal = until("it is refused", lambda: device.status()["refusal"])
    assert [reason["reason"] for reason in refusal] == ["no_light"]


@contextmanager
def small_card(free_bytes: int) -> Iterator[Path]:
    """Put a small card in the place of the device's, with so much room left."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={CARD_BYTES},mode=755", "card", PLACE], check=True)
    try:
        subprocess.run(["systemd-tmpfiles", "--create", "--prefix=/var/lib/leerblik"], check=True)
        rubbish = PLACE / "rubbish"
        with rubbish.open("wb") as file:
            file.write(bytes(CARD_BYTES - free_bytes))
        yield rubbish
    finally:
        systemctl("stop", RECORDER)
        subprocess.run(["umount", PLACE], check=True)


def test_with_a_full_card_the_device_comes_up_says_so_and_records_when_there_is_room(
    device: Appliance,
) -> None:
    with small_card(CARD_BYTES) as rubbish:
        device.start()
        assert device.film(device.record_for(2)).faults() == ()
        systemctl("stop", RECORDER)
        with rubbish.open("ab") as file:
            try:
                while True:
                    file.write(bytes(4096))
                    file.flush()
            except OSError:
                pass
        device.configure({"recorder": {"reserve_bytes": 16 << 20}})
        device.start()
        until("it is said", lambda: "card" in missing(device))
        assert missing(device)["card"] in told(Happening.CARD_NEARLY_FULL)
        device.client.ask("press")
        refusal = until("it is refused", lambda: device.status()["refusal"])
        assert [reason["reason"] for reason in refusal] == ["no_space"]
        rubbish.unlink()
        until("there is room", lambda: not missing(device))
        device.record_for(2)
        assert [each["status"] for each in device.status()["recordings"]] == ["held", "held"]
