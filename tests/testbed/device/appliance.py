"""The device as it stands in the container: its configuration, its services, its faults, its films."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import pyrage

from deploy.demo.analysis import FilmReport
from device.domain.errors import LeerblikError
from device.domain.settings import toml_value
from device.recorder.client import RecorderClient
from tests.support.houses import AGREEMENT
from tests.testbed.vm.footage import make_film

CONFIG = Path("/etc/leerblik/leerblik.toml")
PLACE = Path("/var/lib/leerblik")
FAULTS = Path("/run/virtualcam")
RECORDER = "leerblik-recorder.service"
SERVICES = (RECORDER, "leerblik-sync.service", "leerblik-web.service")
_LIMIT_S = 60.0

_T = TypeVar("_T")
Tables = Mapping[str, Mapping[str, Any]]

# Small pictures: many lessons fit into a minute. Anything can be overridden, by table and key.
_TABLES: dict[str, dict[str, Any]] = {
    "device": {"name": "testbed", "language": "en"},
    "recorder": {
        "camera": "picamera2", "microphone": "none", "triggers": ["control_socket"],
        "indicators": ["console"], "reserve_bytes": 0, "segment_s": 5.0,
    },
    "indicator.console": {"in_view": True},
    "camera.picamera2": {"width": 640, "height": 480, "frame_rate": 30.0, "bitrate_bps": 1_000_000},
    "agreement": AGREEMENT,
}  # fmt: skip


class Appliance:
    """One device with a coach's key of its own. Everything it keeps is forgotten by :meth:`reset`."""

    def __init__(self) -> None:
        self.identity = pyrage.x25519.Identity.generate()
        self.client = RecorderClient(Path("/run/leerblik"))

    def reset(self) -> None:
        """Stop every service, take every fault away, and forget every recording."""
        systemctl("stop", "leerblik.target", *SERVICES)
        systemctl("reset-failed", check=False)
        shutil.rmtree(FAULTS, ignore_errors=True)
        for folder in ("spool", "state", "recorder"):
            for path in (PLACE / folder).iterdir():
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def configure(self, tables: Tables | None = None) -> None:
        """Write the configuration, with these settings changed from the usual ones."""
        merged = {name: dict(values) for name, values in _TABLES.items()}
        merged["coach"] = {"recipient": str(self.identity.to_public())}
        for name, values in (tables or {}).items():
            merged.setdefault(name, {}).update(values)
        lines = []
        for name, values in merged.items():
            lines += [f"[{name}]", *(f"{key} = {toml_value(value)}" for key, value in values.items())]
        CONFIG.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def start(self, *units: str) -> None:
        """Start services (the recorder, if none is named), and return when the recorder answers."""
        systemctl("start", *(units or (RECORDER,)))
        until("the recorder answers", lambda: self._answer() is not None)

    def fail(self, fault: str, *, now: bool = True) -> None:
        """Let the camera ``stall``, be ``absent``, or ``hang`` when it is stopped; or take the fault away."""
        FAULTS.mkdir(mode=0o755, exist_ok=True)
        (FAULTS / fault).touch() if now else (FAULTS / fault).unlink()

    def status(self) -> dict[str, Any]:
        """Return what the recorder says of itself."""
        return self.client.ask("status")

    def wait_for_state(self, state: str) -> dict[str, Any]:
        """Return the recorder's status as soon as it is in this state."""
        return until(f"the recorder is {state}", lambda: self._answer(state))

    def record_for(self, seconds: float) -> str:
        """Press, film so many seconds, press; return the recording's id."""
        self.client.ask("press")
        recording = str(self.wait_for_state("recording")["recording"])
        until("enough is filmed", lambda: self.status()["recorded_s"] >= seconds, _LIMIT_S + seconds)
        self.client.ask("press")
        self.wait_for_state("idle")
        return recording

    def film(self, recording: str, target: Path | None = None) -> FilmReport:
        """Open a recording with the coach's key, join it into a film, and measure that."""
        with tempfile.TemporaryDirectory() as folder:
            return make_film(PLACE / "spool" / recording, self.identity, target or Path(folder, "film.mp4"))

    def _answer(self, state: str = "") -> dict[str, Any] | None:
        with suppress(LeerblikError):
            status = self.status()
            return status if state in ("", status["state"]) else None
        return None


def until(what: str, attempt: Callable[[], _T | None], limit_s: float = _LIMIT_S) -> _T:
    """Return the first answer that is something; AssertionError, with the journal's end, when none comes."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        answer = attempt()
        if answer:
            return answer
        time.sleep(0.05)
    raise AssertionError(f"waited {limit_s:g} s for this: {what}\n{journal(lines=30)}")


def systemctl(*words: str, check: bool = True) -> str:
    """Run systemctl and return what it printed."""
    return subprocess.run(["systemctl", *words], check=check, stdout=subprocess.PIPE, text=True).stdout


def show(unit: str, name: str) -> str:
    """Return one property of a unit, such as NRestarts."""
    return systemctl("show", "--value", "--property", name, unit).strip()


def journal(*matches: str, lines: int = 1000) -> str:
    """Return the journal of this boot; ``matches`` such as ``-u`` and a unit, or ``MESSAGE_ID=...``."""
    words = ["journalctl", "--boot", "--no-pager", "--output=short-monotonic", f"--lines={lines}", *matches]
    return subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout
