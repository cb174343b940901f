"""Measures one way of recording, inside the container: recording_child WAY SECONDS; ``prepare`` once before.

Each way is a service with a control group of its own, of which processor and memory are read: whatever it
starts is in it. What counts is a window in the middle: loading, opening and closing are not in it.
"""

from __future__ import annotations

import functools
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from PIL import Image

from deploy.demo.analysis import FilmReport, analyse
from tests.bench.child import report
from tests.testbed.device.appliance import PLACE, RECORDER, Appliance, show, until

SIZE = (1280, 720)
RATE = 30
_SETTLING_S = 5.0
# Between the end of the window and that of the program.
_SPARE_S = 3.0
_UNIT = "leerblik-bench.service"
_HERE = Path(__file__).parent
# As the recorder's own unit has it here.
_CAMERA = (
    "VIRTUALCAM=1",
    "LD_PRELOAD=/usr/local/lib/virtualcam/dmaheap.so",
    "LIBCAMERA_LOG_LEVELS=*:WARN",
)
_PICTURES = Path("/usr/local/lib/virtualcam/pictures")
_GRAIN = 14.0
_GRAPH = "sine=frequency=440:sample_rate=48000"

Figures = dict[str, float]


@dataclass(frozen=True, slots=True)
class Usage:
    """What a unit has used so far, in seconds: by the clock, of the processor, and each process for itself."""

    wall_s: float
    cpu_s: float
    by_process: dict[int, float]

    @classmethod
    def of(cls, unit: str) -> Self:
        """Read it."""
        found = re.search(r"^usage_usec (\d+)$", (_group(unit) / "cpu.stat").read_text(), re.MULTILINE)
        assert found is not None
        return cls(
            time.monotonic(), int(found[1]) / 1e6, {number: _cpu_s(number) for number in _processes(unit)}
        )


def _group(unit: str) -> Path:
    return Path("/sys/fs/cgroup") / show(unit, "ControlGroup").lstrip("/")


def _processes(unit: str) -> list[int]:
    return [int(number) for number in (_group(unit) / "cgroup.procs").read_text().split()]


def _cpu_s(process: int) -> float:
    fields = _about(process, "stat").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") if fields else 0.0


def _mib(processes: Iterable[int], file: str, name: str) -> float:
    texts = (_about(each, file) for each in processes)
    found = (re.search(rf"^{name}:\s+(\d+) kB$", text, re.MULTILINE) for text in texts)
    return sum(int(each[1]) for each in found if each) / 1024


def _about(process: int, file: str) -> str:
    """Read what the kernel tells about a process: nothing, when it has just ended."""
    try:
        return Path(f"/proc/{process}/{file}").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _window(unit: str, seconds: float) -> Figures:
    """Let a unit run for so long, and return what it used of one core in percent, and its memory."""
    before = Usage.of(unit)
    time.sleep(seconds)
    after = Usage.of(unit)
    percent = 100 / (after.wall_s - before.wall_s)
    figures = {"core_percent": (after.cpu_s - before.cpu_s) * percent}
    # systemd starts the first process, and that one the others: the camera's.
    for number, cpu_s in after.by_process.items():
        key = "main_percent" if number == int(show(unit, "MainPID")) else "other_percent"
        figures[key] = figures.get(key, 0.0) + (cpu_s - before.by_process.get(number, 0.0)) * percent
    figures["pss_mib"] = _mib(after.by_process, "smaps_rollup", "Pss")
    figures["peak_mib"] = _mib(after.by_process, "status", "VmHWM")
    return figures


def _program(name: str, *arguments: str, marks: bool = True, seconds: float) -> Figures:
    """Measure one of the small programs beside this file; its first argument is a file that tells it runs."""
    with tempfile.TemporaryDirectory(dir=PLACE) as folder:
        sign = Path(folder, "film.mp4")
        length_s = _SETTLING_S + seconds + _SPARE_S
        environment = [f"--setenv={each}" for each in (*_CAMERA, f"VIRTUALCAM_MARKS={int(marks)}")]
        program = [sys.executable, str(_HERE / name), str(sign), str(length_s), *arguments]
        subprocess.run(
            ["systemd-run", "--quiet", "--collect", f"--unit={_UNIT}", *environment, *program], check=True
        )
        until("it films", sign.exists)
        time.sleep(_SETTLING_S)
        figures = _window(_UNIT, seconds)
        until("it ends", lambda: show(_UNIT, "ActiveState") == "inactive")
        return figures | (_film(analyse(sign), sign) if sign.stat().st_size else {})


def _recorder(microphone: str, *, seconds: float) -> Figures:
    """Measure the recorder as it is installed, under its unit."""
    device = Appliance()
    device.reset()
    width, height = SIZE
    device.configure(
        {
            "recorder": {"microphone": microphone, "segment_s": 30.0},
            "camera.picamera2": {
                "width": width, "height": height, "frame_rate": float(RATE), "bitrate_bps": 3_500_000,
            },
            "microphone.lavfi": {"graph": _GRAPH},
        }
    )  # fmt: skip
    try:
        device.start()
        device.client.ask("press")
        recording = str(device.wait_for_state("recording")["recording"])
        until("it films", lambda: device.status()["recorded_s"] >= _SETTLING_S)
        figures = _window(RECORDER, seconds)
        device.client.ask("press")
        device.wait_for_state("idle")
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder, "film.mp4")
            return figures | _film(device.film(recording, target), target)
    finally:
        device.reset()


def _film(film: FilmReport, file: Path) -> Figures:
    """Return what shows that two films are of the same picture: rate of the pictures, and of the footage."""
    assert (film.width, film.height) == SIZE, f"the film is {film.width}x{film.height}"
    assert film.counters is not None, "the film's pictures carry no numbers"
    taken = film.counters.last - film.counters.first + 1
    return {
        "pictures_per_s": RATE * film.frames / taken,
        "mbit_per_s": file.stat().st_size * 8 / film.video_duration_s / 1e6,
    }


def prepare() -> Figures:
    """Put grain into what the camera plays: a drawn lesson alone takes a third of its bitrate."""
    noise = np.random.default_rng(1)
    for path in _PICTURES.glob("*.jpg"):
        with Image.open(path) as picture:
            pixels = np.asarray(picture, dtype=np.float64)
        grain = noise.normal(0, _GRAIN, pixels.shape[:2])[:, :, None]
        Image.fromarray(np.clip(pixels + grain, 0, 255).astype(np.uint8)).save(path, quality=90)
    return {}


WAYS: dict[str, Callable[..., Figures]] = {
    "plain": functools.partial(_program, "recording_plain.py"),
    "plain-sound": functools.partial(_program, "recording_plain.py", f"{_GRAPH},arealtime"),
    "leerblik": functools.partial(_recorder, "none"),
    "leerblik-sound": functools.partial(_recorder, "lavfi"),
    "camera": functools.partial(_program, "recording_camera.py"),
    "camera-unmarked": functools.partial(_program, "recording_camera.py", marks=False),
}


def main(way: str, seconds: str = "0") -> None:
    """Measure, and print the figures as JSON."""
    report(prepare() if way == "prepare" else WAYS[way](seconds=float(seconds)))


if __name__ == "__main__":
    main(*sys.argv[1:])
