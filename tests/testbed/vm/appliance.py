"""The device inside the emulated machine, as a finger, an eye and a coach meet it."""

from __future__ import annotations

import io
import shutil
import tarfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyrage

from device.domain.settings import toml_value
from tests.support.houses import AGREEMENT
from tests.testbed.vm.machine import Machine, until

_LINE = "/sys/devices/platform/gpio-sim.0/gpiochip0/sim_gpio{}/{}"
BUTTON, LIGHT = _LINE.format(17, "pull"), _LINE.format(27, "value")
DOWN, UP = "pull-down", "pull-up"
FRAME_RATE = 10.0
# Much longer than most lessons here: what an open segment keeps is what the syncing is worth.
SEGMENT_S = 30.0
# Emulated, everything takes ten times as long: a contact that bounces, and a finger, too.
BOUNCE_MS = 200
TAP_S = 0.5
_PLACE = "/var/lib/leerblik"
_CONFIG = "/etc/leerblik/leerblik.toml"
_COPY = "/run/catalogue-copy.sqlite"
_START_LIMIT_S = 120.0
_PAUSE_S = 2.5
Tables = dict[str, dict[str, Any]]

_TABLES: Tables = {
    "device": {"name": "emulated", "language": "en"},
    "recorder": {
        "camera": "synthetic", "microphone": "synthetic", "triggers": ["control_socket", "gpio_button"],
        "indicators": ["gpio_led"], "reserve_bytes": 0, "segment_s": SEGMENT_S, "audio_bitrate_bps": 32_000,
    },
    "trigger.gpio_button": {"pin": "GPIO17", "bounce_time_ms": BOUNCE_MS},
    "indicator.gpio_led": {"led_pin": "GPIO27"},
    "camera.synthetic": {"width": 320, "height": 180, "frame_rate": FRAME_RATE, "bitrate_bps": 300_000},
    "microphone.synthetic": {"rate_hz": 16_000},
    "agreement": AGREEMENT,
}  # fmt: skip


class Appliance:
    """Starts with the project installed and a coach's key of its own; ``folder`` is for what is fetched."""

    def __init__(self, machine: Machine, folder: Path) -> None:
        self.machine = machine
        self.identity = pyrage.x25519.Identity.generate()
        self._folder = folder
        self._installed = False
        self._config = ""

    def be_ready(self, changes: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        """Be switched on and idle, with these settings changed from the usual ones."""
        config = self._text(changes or {})
        if not self.machine.running:
            self._switch_on(config)
        elif config != self._config:
            self.machine.call("put", path=_CONFIG, text=config)
            self.machine.run("systemctl", "restart", "leerblik-recorder")
        self._config = config
        self.wait_for_recorder()
        # A second press right after a stop is meant for the stop, and starts nothing.
        time.sleep(_PAUSE_S)
        if self.status()["state"] != "idle":
            self.machine.call("ask", request={"do": "stop"})
            self.wait_for_state("idle")

    def status(self) -> dict[str, Any]:
        """Return what the recorder says about itself; ``clock_ns`` is when, on the machine's clock."""
        status: dict[str, Any] = self.machine.call("ask", request={"do": "status"})
        assert status["ok"], status
        return status

    def wait_for_recorder(self) -> None:
        """Return when the recorder answers."""
        try:
            until("the recorder", lambda: self.machine.call("answers"), _START_LIMIT_S)
        except AssertionError as error:
            raise AssertionError(f"{error}; the machine's journal:\n{self.journal()}") from None

    def wait_for_state(self, state: str) -> dict[str, Any]:
        """Return the status as soon as the recorder is in this state."""
        status: dict[str, Any] = until(f"the recorder to be {state}", lambda: self._status_if(state))
        return status

    def record_for(self, seconds: float) -> str:
        """Press, film so many seconds, press; return the recording."""
        self.tap()
        recording = str(self.wait_for_state("recording")["recording"])
        until("enough film", lambda: self.status()["recorded_s"] >= seconds, 60 + seconds)
        self.tap()
        self.wait_for_state("idle")
        return recording

    def tap(self) -> None:
        """Press the button and let it go."""
        self.move_finger(DOWN, UP)

    def move_finger(self, *levels: str, pause_s: float = TAP_S) -> list[int]:
        """Put the button's line on these levels; return when each was reached, on the machine's clock."""
        reached: list[int] = self.machine.call("levels", path=BUTTON, values=levels, pause_s=pause_s)
        return reached

    def light(self, seconds: float) -> list[bool]:
        """Return what the light does for so long: each change once."""
        return [level == "1" for _, level in self.machine.call("watch", path=LIGHT, seconds=seconds)]

    def row(self, recording: str) -> dict[str, Any]:
        """Return what the recorder says about a recording."""
        row: dict[str, Any] = next(r for r in self.status()["recordings"] if r["id"] == recording)
        return row

    def fetch(self) -> tuple[Path, Path]:
        """Copy catalogue and spool out of the machine, and return where they are now."""
        target = self._folder / "fetched"
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        self.machine.call("copy_database", path=f"{_PLACE}/state/catalogue.sqlite", target=_COPY)
        self.machine.fetch([_COPY, f"{_PLACE}/spool"], target)
        return target / _COPY[1:], target / _PLACE[1:] / "spool"

    def journal(self) -> str:
        """Return what the recorder wrote since the machine was switched on; empty when it is off."""
        if not self.machine.running:
            return ""
        done = self.machine.call("run", command=["journalctl", "-b", "--no-pager", "-o", "short-monotonic"])
        return str(done["text"])[-20_000:]

    def _status_if(self, state: str) -> dict[str, Any] | None:
        status = self.status()
        return status if status["state"] == state else None

    def _switch_on(self, config: str) -> None:
        if not self._installed:
            with tarfile.open(self._folder / "project.tar", "a") as tar:
                entry = tarfile.TarInfo(f".{_CONFIG}")
                entry.size, entry.mode = len(config.encode()), 0o644
                tar.addfile(entry, io.BytesIO(config.encode()))
        self.machine.start(None if self._installed else self._folder / "project.tar")
        if self._installed and config != self._config:
            self.machine.call("put", path=_CONFIG, text=config)
            self.machine.run("systemctl", "restart", "leerblik-recorder")
        self._installed = True

    def _text(self, changes: Mapping[str, Mapping[str, Any]]) -> str:
        tables: Tables = {name: dict(values) for name, values in _TABLES.items()}
        tables["coach"] = {"recipient": str(self.identity.to_public())}
        for name, values in changes.items():
            tables.setdefault(name, {}).update(values)
        parts = [
            "\n".join([f"[{name}]", *(f"{key} = {toml_value(value)}" for key, value in values.items())])
            for name, values in tables.items()
        ]
        return "\n\n".join(parts) + "\n"
