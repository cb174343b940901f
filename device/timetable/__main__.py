"""The child: one line of JSON and a feed on standard input, one JSON object on standard output, within limits.

Started by ``device.timetable.child`` as ``python -m device.timetable``; exit code 0 for an answer, a sentence of
ours included. It opens nothing and needs no network.
"""

from __future__ import annotations

import json
import resource
import sys
from datetime import datetime
from typing import BinaryIO
from zoneinfo import ZoneInfo

from device.domain.errors import Permanent
from device.timetable.lessons import TOO_MUCH, Limits, to_dict


def main(source: BinaryIO, target: BinaryIO) -> None:
    """Read the order and the feed, write the answer."""
    order = json.loads(source.readline())
    limits = Limits(**order["limits"])
    _confine(limits)
    # After the limits: what is heavy, and what reads somebody else's text.
    from device.timetable.read import read

    since, until = (datetime.fromisoformat(order[name]) for name in ("since", "until"))
    try:
        expanded = read(source.read(limits.size_bytes + 1), since, until, ZoneInfo(order["zone"]), limits)
    except Permanent as error:
        answer = {"refused": str(error)}
    except MemoryError:
        answer = {"refused": TOO_MUCH}
    else:
        answer = to_dict(expanded)
    target.write(json.dumps(answer).encode())
    target.flush()


def _confine(limits: Limits) -> None:
    for kind, most in (
        (resource.RLIMIT_CPU, limits.cpu_s),
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))


if __name__ == "__main__":
    main(sys.stdin.buffer, sys.stdout.buffer)
