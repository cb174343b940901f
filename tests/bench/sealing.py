"""What sealing and muxing cost, beside plain PyAV that writes the same packets to one unsealed file."""

from __future__ import annotations

import functools
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.bench import packet_file
from tests.bench.child import run_child
from tests.bench.rounds import Column, Result, Sample, measure

PLAIN = "plain PyAV"
_WAYS = {
    "leerblik": "leerblik: sealed, synced, hashed",
    "plain": PLAIN,
    "pyrage": "plain PyAV, then pyrage.encrypt_file",
    "age": "plain PyAV, then the age command",
}
_COLUMNS = (
    Column("cpu_s_per_min", "CPU s/min"),
    Column("wall_s", "wall s"),
    Column("peak_mib", "peak MiB", 1),
    Column("grown_mib", "of which work", 1),
    Column("written_mib", "MiB written", 1),
)


def run(folder: Path, *, quick: bool) -> Result:
    """Measure; 5 rounds of a minute, or 2 of ten seconds."""
    length_s, rounds = (10, 2) if quick else (60, 5)
    packets = folder / "packets"
    packet_file.make(packets, length_s)
    present = {key: name for key, name in _WAYS.items() if key != "age" or shutil.which("age")}
    ways: dict[str, Callable[[], Sample]] = {
        name: functools.partial(_sample, key, packets, folder, length_s) for key, name in present.items()
    }
    samples = measure(ways, rounds, "sealing")
    return Result(
        f"Sealing and muxing {length_s} s of 1080p30 H.264 + AAC, fed as fast as it is taken",
        _COLUMNS,
        samples,
        "cpu_s_per_min",
        PLAIN,
        (
            "CPU: user + system, encoding of the sound included, of the picture not. Peak: VmHWM of a fresh",
            "process; 'of which work' is what came on top of the imports (the age command's own is not in it).",
        ),
    )


def _sample(way: str, packets: Path, folder: Path, length_s: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory(dir=folder) as target:
        figures = run_child("sealing_child", way, packets, target)
    return {**figures, "cpu_s_per_min": figures["cpu_s"] * 60 / length_s}
