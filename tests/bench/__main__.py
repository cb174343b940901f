"""``make bench``: what the recorder costs, measured side by side with what one would use instead.

    python -m tests.bench [--quick] [--only NAME] [--json]

Figures drift with the machine and its load; the ratios, made within a round, are what can be compared.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

import av

from tests.bench import memory, pages, press, push, recording, sealing
from tests.bench.rounds import Result, say, table

_INTERRUPTED = 130


class Benchmark(Protocol):
    """One idea, one module: ``run`` uses the folder as it likes; where it cannot run it says why in a sentence."""

    def __call__(self, folder: Path, *, quick: bool) -> Result | str:
        """Measure."""
        ...


BENCHMARKS: dict[str, Benchmark] = {
    "sealing": sealing.run,
    "press": press.run,
    "push": push.run,
    "recording": recording.run,
    "pages": pages.run,
    "memory": memory.run,
}


def machine() -> dict[str, str]:
    """Return what the figures depend on."""
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {_processor()}",
        "load": f"{os.getloadavg()[0]:.2f} at the start",
        "python": platform.python_version(),
        "av": f"{av.__version__} (libavformat {'.'.join(map(str, av.library_versions['libavformat']))})",
        "paramiko": importlib.metadata.version("paramiko"),
    }


def _processor() -> str:
    """Return the processor's name as Linux gives it."""
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith(("model name", "Model")):
            return line.partition(":")[2].strip()
    return "unknown processor"


def _measure(names: Sequence[str], *, quick: bool) -> Iterator[tuple[str, Result | str]]:
    for name in names:
        with tempfile.TemporaryDirectory(prefix="leerblik-bench-") as folder:
            yield name, BENCHMARKS[name](Path(folder), quick=quick)


def _as_text(name: str, result: Result | str) -> str:
    return f"{name} was not measured: {result}" if isinstance(result, str) else table(result)


def _as_json(result: Result | str) -> dict[str, Any]:
    if isinstance(result, str):
        return {"not_measured": result}
    medians = {
        way: {column.key: result.median(way, column.key) for column in result.columns}
        for way in result.samples
    }
    ratios = {way: result.ratios(way) for way in result.samples} if result.baseline else {}
    return {**asdict(result), "medians": medians, "ratios": ratios}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 130 after Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds and less footage: a first idea")
    parser.add_argument(
        "--only", choices=tuple(BENCHMARKS), action="append", metavar="NAME", help="just this"
    )
    parser.add_argument("--json", action="store_true", help="print JSON with every sample")
    options = parser.parse_args(arguments)
    facts, results = machine(), dict[str, Any]()
    if not options.json:
        print(*(f"{name:9} {value}" for name, value in facts.items()), sep="\n", end="\n\n", flush=True)
    try:
        for name, result in _measure(options.only or tuple(BENCHMARKS), quick=options.quick):
            results[name] = _as_json(result)
            if not options.json:
                print(_as_text(name, result), "\n", flush=True)
    except KeyboardInterrupt:
        say("")
        print("stopped with Ctrl-C; nothing of it is left", file=sys.stderr)
        return _INTERRUPTED
    if options.json:
        print(json.dumps({"machine": facts, "results": results}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
