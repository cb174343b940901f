"""Reads a feed in a process of its own, so that whatever is in it can cost us no more than that process."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from device.domain.errors import Permanent, Temporary
from device.domain.strict import parse_object
from device.timetable.lessons import TOO_MUCH, Expanded, Limits, from_dict

_CODE = Path(__file__).resolve().parents[2]


def expand(
    data: bytes, since: datetime, until: datetime, zone: ZoneInfo, limits: Limits | None = None
) -> Expanded:
    """Return the lessons of an iCalendar feed that overlap ``since`` to ``until`` (aware), sorted by start.

    ``zone`` is the school's, for times without one. Blocks for as long as the child needs, at most
    ``limits.wall_s``. Permanent when the feed cannot be used, Temporary when no process can be started.
    """
    limits = limits or Limits()
    if len(data) > limits.size_bytes:
        raise Permanent(
            f"the timetable is larger than {limits.size_bytes // 1000} kB; export fewer weeks of it"
        )
    order = {
        "since": since.isoformat(),
        "until": until.isoformat(),
        "zone": zone.key,
        "limits": asdict(limits),
    }
    answer = parse_object(_ask(json.dumps(order).encode() + b"\n" + data, limits.wall_s), "the timetable")
    if "refused" in answer:
        raise Permanent(str(answer["refused"]))
    return from_dict(answer)


def _ask(question: bytes, wall_s: float) -> bytes:
    """Return what the child answers; Permanent when it died of the feed."""
    try:
        # Run from where our code lies: -m looks there first, and nowhere that a stranger can write.
        child = subprocess.Popen(
            [sys.executable, "-m", "device.timetable"], cwd=_CODE, process_group=0, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    except OSError as error:
        raise Temporary(
            f"the timetable's process could not be started ({error.strerror}); try again"
        ) from None
    with child:
        try:
            answer, _ = child.communicate(question, wall_s)
        except subprocess.TimeoutExpired:
            raise Permanent(TOO_MUCH) from None
        finally:
            child.kill()
    if child.returncode == 0:
        return answer
    killed = -child.returncode in (signal.SIGKILL, signal.SIGXCPU)
    raise Permanent(TOO_MUCH if killed else "the timetable is damaged and cannot be read; export it again")
