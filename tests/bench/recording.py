"""What the recorder adds to plain picamera2 for the same picture, on the test bed's camera in a container."""

from __future__ import annotations

import functools
import json
import os
import statistics
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.bench.rounds import Column, Result, Sample, measure, say
from tests.testbed._host import NotRunning, cache
from tests.testbed.container import Container

LIMIT_POINTS = 5.0
PLAIN, OURS = "plain picamera2 + PyavOutput", "leerblik: the recorder's unit"
PLAIN_SOUND, OURS_SOUND = f"{PLAIN}, with sound", f"{OURS}, with sound"
_WAYS = {PLAIN: "plain", OURS: "leerblik", PLAIN_SOUND: "plain-sound", OURS_SOUND: "leerblik-sound"}
# Measured once: in which part of every figure a sensor takes the place of this.
CAMERA, UNMARKED = "(the virtual camera alone)", "(the same without its numbers)"
_CAMERA = {CAMERA: "camera", UNMARKED: "camera-unmarked"}
_COMPARED = {OURS: PLAIN, OURS_SOUND: PLAIN_SOUND}
_COLUMNS = (
    Column("core_percent", "% of a core", 1),
    Column("added_points", "added points", 1),
    Column("pss_mib", "PSS MiB", 0),
    Column("peak_mib", "peak RSS MiB", 0),
    Column("pictures_per_s", "pictures/s"),
    Column("mbit_per_s", "Mb/s", 1),
)
_PYTHON = "/opt/leerblik/bin/python"
_SUITE = "/opt/suite/project"
_ENVIRONMENT = (f"PYTHONPATH=/opt/suite:{_SUITE}", "PYTHONDONTWRITEBYTECODE=1")

_Samples = dict[str, list[Sample]]


def run(folder: Path, *, quick: bool) -> Result | str:
    """Measure 4 rounds of 30 s each, or 2 of 6 s; a sentence where there is no container to be had."""
    if os.geteuid():
        return "it boots a container, which only root may; try it with sudo"
    if not any(cache().glob("root-*.lock")):
        return "there is no root file system of a device yet; 'make testbed' builds one"
    rounds, window_s = (2, 6) if quick else (4, 30)
    say("recording: booting a device")
    try:
        with Container(f"bench-{os.getpid()}") as device:
            _inside(device, "prepare")
            return _measured(device, rounds, window_s)
    except NotRunning as problem:
        return f"the container did not come up: {problem}"


def _measured(device: Container, rounds: int, window_s: int) -> Result:
    samples = measure(_bound(device, _WAYS, window_s), rounds, "recording")
    samples |= measure(_bound(device, _CAMERA, window_s), 1, "recording")
    return Result(
        f"Recording 1280x720 at 30 pictures/s with libx264, {window_s} s in the middle of each",
        _COLUMNS,
        samples | _added(samples),
        notes=_notes(samples, _inside_says(device)),
    )


def _bound(device: Container, ways: dict[str, str], window_s: int) -> dict[str, Callable[[], Sample]]:
    return {name: functools.partial(_inside, device, way, str(window_s)) for name, way in ways.items()}


def _inside(device: Container, *words: str) -> dict[str, float]:
    """Run ``recording_child`` inside; RuntimeError with the end of what it said when it fails."""
    try:
        done = device.run(
            *(_PYTHON, "-m", "tests.bench.recording_child", *words), environment=_ENVIRONMENT, folder=_SUITE
        )
    except subprocess.CalledProcessError as error:
        told = error.stderr.decode(errors="replace")[-2000:]
        raise RuntimeError(f"'{' '.join(words)}' failed in the container: {told}") from error
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def _inside_says(device: Container) -> str:
    ask = "import platform, av; print(f'Python {platform.python_version()}, PyAV {av.__version__}')"
    return device.run(_PYTHON, "-c", ask).stdout.decode().strip()


def _added(samples: _Samples) -> _Samples:
    """Return the samples that are compared, with what each added to its counterpart of the same round."""
    return {
        way: [
            {**sample, "added_points": points}
            for sample, points in zip(samples[way], points_added(samples, way), strict=True)
        ]
        for way in _COMPARED
    }


def points_added(samples: _Samples, way: str) -> list[float]:
    """Return by how many points of a core a way exceeds what it is compared with, round by round."""
    pairs = zip(samples[way], samples[_COMPARED[way]], strict=True)
    return [(own["core_percent"] or 0.0) - (base["core_percent"] or 0.0) for own, base in pairs]


def _notes(samples: _Samples, inside: str) -> tuple[str, ...]:
    def middle(way: str, key: str) -> float:
        return statistics.median(sample.get(key) or 0.0 for sample in samples[way])

    camera, unmarked = middle(CAMERA, "core_percent"), middle(UNMARKED, "core_percent")
    parts = [f"{middle(way, 'main_percent'):.1f} + {middle(way, 'other_percent'):.1f}" for way in _COMPARED]
    return (
        *(_verdict(way, points_added(samples, way)) for way in _COMPARED),
        f"Of leerblik's figures, recorder + the camera's process: {parts[0]}, with sound {parts[1]}.",
        "In every figure: size, rate, bitrate, key frames and threads of libx264 are the same, and so is",
        f"the virtual camera; alone it takes {camera:.1f} %, {camera - unmarked:.1f} of it to draw its numbers.",
        f"Every way is a service with a control group of its own, in a container with {inside}.",
        "Only leerblik seals, hashes and syncs, and runs under its sandbox. PSS shares what several map.",
        "A Pi's core is several times slower than most: there every figure is larger, the added one too.",
    )


def _verdict(way: str, added: list[float]) -> str:
    points = statistics.median(added)
    each = " ".join(f"{value:.1f}" for value in added)
    what = "with sound" if way == OURS_SOUND else "the picture alone"
    kept = "kept" if points < LIMIT_POINTS else "NOT KEPT"
    return f"Added, {what}: {points:.1f} points of a core ({each}); the limit is {LIMIT_POINTS:g}: {kept}."
