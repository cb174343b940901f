"""The whole house in a test: real processes, a real SSH server, a small picture."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from deploy.demo.house import House

SMALL = {"width": 320, "height": 180, "bitrate_bps": 400_000}
AGREEMENT = {
    "teachers": ["teacher-1"],
    "teachers_agreed": ["teacher-1"],
    "group": "group-1",
    "group_agreed": True,
    "trajectory": "trajectory-1",
    "learning_question": "How do I model a task?",
    "sound": True,
    "valid_from": "2000-01-01",
    "valid_until": "2999-12-31",
}


def make_house(folder: Path, overrides: Mapping[str, Mapping[str, Any]] | None = None) -> House:
    """Return a house with a synthetic lesson in real time; ``overrides`` by table and key."""
    tables: dict[str, dict[str, Any]] = {
        "recorder": {
            "camera": "synthetic",
            "microphone": "synthetic",
            "triggers": ["control_socket"],
            "indicators": ["console"],
            "segment_s": 2.0,
            "cooling_off_s": 0.5,
            "reserve_bytes": 0,
        },
        "agreement": dict(AGREEMENT),
        "indicator.console": {"in_view": True},
        "camera.synthetic": {**SMALL, "speed": "real"},
        "microphone.synthetic": {"speed": "real"},
    }
    for name, values in (overrides or {}).items():
        tables.setdefault(name, {}).update(values)
    return House(folder, tables)


def quick(length_s: float) -> dict[str, dict[str, Any]]:
    """Return overrides that record so many seconds as fast as possible."""
    return {
        "camera.synthetic": {"speed": "max", "length_s": length_s},
        "microphone.synthetic": {"speed": "max", "length_s": length_s},
    }


def row(house: House, recording: str) -> dict[str, Any]:
    """Return the status row of a recording."""
    rows = house.client.ask("status")["recordings"]
    return next(each for each in rows if each["id"] == recording)


def wait_for(house: House, recording: str, *statuses: str, limit_s: float = 60.0) -> dict[str, Any]:
    """Return the row as soon as it has one of the statuses."""
    return until(
        lambda: _with_status(row(house, recording), statuses), f"{recording} to be {statuses}", limit_s
    )


def sync_state(house: House) -> dict[str, Any]:
    """Return what the sync says about itself."""
    processes = house.client.ask("status")["processes"]
    return next((p for p in processes if p["process"] == "sync"), {"state": "", "message": ""})


def wait_for_sync_state(house: House, state: str, words: str, limit_s: float = 60.0) -> dict[str, Any]:
    """Return the sync's state as soon as it has this word and its sentence holds these words."""

    def look() -> dict[str, Any] | None:
        said = sync_state(house)
        return said if said["state"] == state and words in said["message"] else None

    return until(look, f"the sync to be {state} with '{words}' (now {sync_state(house)})", limit_s)


def until(look: Callable[[], dict[str, Any] | None], what: str, limit_s: float) -> dict[str, Any]:
    """Return what ``look`` gives as soon as it gives something."""
    deadline_s = time.monotonic() + limit_s
    while (found := look()) is None:
        assert time.monotonic() < deadline_s, f"waited {limit_s:g} s for {what}"
        time.sleep(0.05)
    return found


def film_of(house: House, recording: str) -> Path:
    """Return the coach's film of a recording."""
    (film,) = house.films.glob(f"*{recording}*.mp4")
    return film


def ffprobe_complaints(film: Path) -> str:
    """Return what ffprobe warns about; an empty text when all is well."""
    done = subprocess.run(
        ["ffprobe", "-v", "warning", "-show_format", "-show_streams", str(film)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stderr


def _with_status(found: dict[str, Any], statuses: tuple[str, ...]) -> dict[str, Any] | None:
    return found if found["status"] in statuses else None
