"""How long from the press until footage exists, beside a script that starts ffmpeg on the press."""

from __future__ import annotations

import functools
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from deploy.demo.house import House
from device.domain.session import Rules
from tests.bench import packet_file
from tests.bench.rounds import Column, Result, Sample, measure
from tests.bench.sealing_child import plain
from tests.support.houses import make_house

T = TypeVar("T")

Tables = dict[str, dict[str, Any]]

FFMPEG = "a script that starts ffmpeg"
_POLL_S = 0.001
_LIMIT_S = 30.0
# The grammar of presses: a second one must not count as a double press, nor come too soon after a stop.
_FINGER_S = 0.5
_PAUSE_S = Rules().restart_pause_ns / 1e9 + 0.3
# An age header for three recipients, or the first atom of an MP4, is smaller; a fragment is larger.
_HEADER_BYTES = 4096
_COLUMNS = (
    Column("first_picture_ms", "first picture in a segment, ms", 0),
    Column("first_bytes_ms", "first footage in the file, ms", 0),
)
_BITRATE_BPS = 5_000_000
_FILM_S = 10
# What was recorded stays where it is: nothing is pushed while the next press is measured.
_RECORDER = {"cooling_off_s": 3600.0, "segment_s": 30.0}
_DRAWN: Tables = {
    "recorder": _RECORDER,
    "camera.synthetic": {"width": 1920, "height": 1080, "frame_rate": 30.0, "bitrate_bps": _BITRATE_BPS},
}
_LAVFI = "testsrc2=size=1920x1080:rate=30"
_FFMPEG = (
    "ffmpeg -nostdin -v error -re -f lavfi -i {source} -c:v libx264 -preset ultrafast -tune zerolatency"
    " -b:v 5M -movflags empty_moov+default_base_moof -frag_duration 500000 -flush_packets 1 {target}"
)


def run(folder: Path, *, quick: bool) -> Result:
    """Measure 9 presses, or 3; the recorder runs as its unit would, in a process of its own."""
    with ExitStack() as stack:
        still = stack.enter_context(_recorder(folder / "still", _DRAWN))
        busy = stack.enter_context(_recorder(folder / "busy", _filmed(folder)))
        ways: dict[str, Callable[[], Sample]] = {
            "leerblik, a quiet scene (0.6 Mb/s)": functools.partial(_press, still),
            "leerblik, a busy scene (5 Mb/s)": functools.partial(_press, busy),
        }
        if shutil.which("ffmpeg"):
            ways[FFMPEG] = functools.partial(_start_ffmpeg, folder)
        samples = measure(ways, 3 if quick else 9, "press")
    return Result(
        "From the press to footage at 1080p30 with sound",
        _COLUMNS,
        samples,
        "first_bytes_ms",
        FFMPEG if FFMPEG in ways else "",
        (
            "Both write fragments of half a second, so half a second of waiting is in the second column. What is",
            "sealed leaves memory in chunks of 64 KiB; in a quiet scene one is filled up after half a second more.",
            "Synthetic camera and film open at once: a real camera needs its own time on top.",
        ),
    )


def _filmed(folder: Path) -> Tables:
    """Return settings for a lens that looks at a film with the noise of a real sensor."""
    packets = folder / "packets"
    packet_file.make(packets, _FILM_S)
    (film,) = plain(packets, folder, [])
    options = {"path": str(film), "speed": "real"}
    return {
        "recorder": {**_RECORDER, "camera": "file", "microphone": "file"},
        "camera.file": {**options, "bitrate_bps": _BITRATE_BPS},
        "microphone.file": options,
    }


@contextmanager
def _recorder(folder: Path, tables: Tables) -> Iterator[House]:
    house = make_house(folder, tables)
    try:
        house.start("recorder")
        house.wait_for_recorder()
        yield house
    finally:
        house.close()


def _press(house: House) -> dict[str, float]:
    before = set(house.spool.rglob("*"))
    pressed_s = time.perf_counter()
    house.client.ask("press")
    journal = _wait_for(lambda: _new(house.spool, "journal.jsonl", before))
    _wait_for(lambda: b"segment_opened" in journal.read_bytes() or None)
    picture_s = time.perf_counter()
    segment = _wait_for(lambda: _new(house.spool, "*.age", before))
    _wait_for(lambda: segment.stat().st_size > _HEADER_BYTES or None)
    bytes_s = time.perf_counter()
    _stop(house)
    return {
        "first_picture_ms": (picture_s - pressed_s) * 1000,
        "first_bytes_ms": (bytes_s - pressed_s) * 1000,
    }


def _stop(house: House) -> None:
    time.sleep(_FINGER_S)
    house.client.ask("press")
    _wait_for(lambda: house.client.ask("status")["state"] == "idle" or None)
    time.sleep(_PAUSE_S)


def _start_ffmpeg(folder: Path) -> dict[str, float]:
    target = folder / "ffmpeg.mp4"
    target.unlink(missing_ok=True)
    words = [word.format(source=_LAVFI, target=target) for word in _FFMPEG.split()]
    pressed_s = time.perf_counter()
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, process_group=0)
    try:
        _wait_for(lambda: (target.exists() and target.stat().st_size > _HEADER_BYTES) or None)
        return {"first_bytes_ms": (time.perf_counter() - pressed_s) * 1000}
    finally:
        process.kill()
        process.wait()


def _new(folder: Path, pattern: str, before: set[Path]) -> Path | None:
    return next((path for path in folder.rglob(pattern) if path not in before), None)


def _wait_for(look: Callable[[], T | None]) -> T:
    deadline_s = time.perf_counter() + _LIMIT_S
    while (found := look()) is None:
        if time.perf_counter() > deadline_s:
            raise RuntimeError(f"waited {_LIMIT_S:g} s in vain")
        time.sleep(_POLL_S)
    return found
