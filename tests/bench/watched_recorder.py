"""The recorder as its unit runs it, with a stopwatch on its loop: how long is a press kept waiting, and by what?

    python -m tests.bench.watched_recorder FIGURES --config FILE

After SIGUSR1 the file FIGURES says how long it was busy since, as JSON: by what the loop did the milliseconds that 99
of 100 times did not exceed, and the longest.
"""

from __future__ import annotations

import argparse
import json
import math
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from device.recorder import command
from device.recorder.loop import RecorderLoop

_took_ms: dict[str, list[float]] = {}


def _watched(carry_out: Callable[..., Any], name_of: Callable[..., str]) -> Callable[..., Any]:
    def watched(*arguments: Any) -> Any:
        began_s = time.perf_counter()
        try:
            return carry_out(*arguments)
        finally:
            took_ms = (time.perf_counter() - began_s) * 1000
            _took_ms.setdefault(name_of(*arguments), []).append(took_ms)

    return watched


def _request(_loop: object, request: Any) -> str:
    return str(request.values.get("do"))


def _chores(_loop: object) -> str:
    return "chores"


def nearly_all(values: Sequence[float], part: float = 0.99) -> float:
    """Return what so many of them do not exceed."""
    return sorted(values)[math.ceil(part * len(values)) - 1]


def main() -> int:
    """Run until SIGTERM."""
    figures = Path(sys.argv[1])

    def write(*_: object) -> None:
        fresh = figures.with_suffix(".fresh")
        busy = {name: (nearly_all(took_ms), max(took_ms)) for name, took_ms in _took_ms.items()}
        fresh.write_text(json.dumps(busy), encoding="utf-8")
        fresh.rename(figures)
        _took_ms.clear()

    signal.signal(signal.SIGUSR1, write)
    RecorderLoop._reply = _watched(RecorderLoop._reply, _request)  # type: ignore[method-assign]
    RecorderLoop._do_chores = _watched(RecorderLoop._do_chores, _chores)  # type: ignore[method-assign]
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command.run(parser.parse_args(sys.argv[2:]))


if __name__ == "__main__":
    sys.exit(main())
