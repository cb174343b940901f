"""A fresh process for every sample, so that its processor time and peak memory are its own."""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

_ROOT = Path(__file__).parents[2]


def run_child(module: str, *arguments: str | Path) -> dict[str, float]:
    """Run ``python -m tests.bench.MODULE ARGUMENTS`` and return the figures it printed as JSON."""
    command = [sys.executable, "-m", f"tests.bench.{module}", *map(str, arguments)]
    # In a group of its own: Ctrl-C comes to us, and we end it.
    with subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, process_group=0) as process:
        try:
            out, _ = process.communicate()
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    figures: dict[str, float] = json.loads(out)
    return figures


class Meter:
    """Measures what happens inside a ``with``: seconds on the clock and of the processor (with children)."""

    def __init__(self) -> None:
        self.wall_s = 0.0
        self.cpu_s = 0.0

    def __enter__(self) -> Self:
        self._wall_s, self._cpu_s = time.perf_counter(), _cpu_s()
        return self

    def __exit__(self, *_: object) -> None:
        self.wall_s, self.cpu_s = time.perf_counter() - self._wall_s, _cpu_s() - self._cpu_s


def _cpu_s() -> float:
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def peak_mib() -> float:
    """Return the most memory this process ever had."""
    # Not ru_maxrss: a child inherits that of the process it was forked from.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0


def memory_mb(pid: int | str) -> tuple[float, float]:
    """Return what a process holds: all of it, and with what it shares counted in parts."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
    kib = {words[0]: int(words[1]) for line in lines if (words := line.split())[0] in ("Rss:", "Pss:")}
    return kib["Rss:"] * 1024 / 1e6, kib["Pss:"] * 1024 / 1e6


def report(figures: dict[str, float]) -> None:
    """Hand the figures to the process that started this one."""
    json.dump(figures, sys.stdout)


def written_bytes(paths: Sequence[Path]) -> int:
    """Return how large files are together."""
    return sum(path.stat().st_size for path in paths)
