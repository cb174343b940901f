"""Finding and ending the processes below one of ours (Linux, ``/proc``)."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

_KILL_LIMIT_S = 5.0


def descendants(pid: int) -> list[int]:
    """Return the ids of every process below ``pid``, nearest first."""
    parents = _parents()
    found = [pid]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found[1:]


def send(number: signal.Signals, pids: list[int]) -> None:
    """Send a signal to processes, some of which may have gone."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def end(pids: list[int], patience_s: float) -> None:
    """Ask processes to end; after ``patience_s`` make them. Returns when none of them runs any more."""
    send(signal.SIGTERM, pids)
    _wait(pids, patience_s)
    send(signal.SIGKILL, [pid for pid in pids if _runs(pid)])
    # The kernel ends them in its own time: on a busy machine that is later than kill(2) returns.
    _wait(pids, _KILL_LIMIT_S)


def _wait(pids: list[int], limit_s: float) -> None:
    deadline_s = time.monotonic() + limit_s
    while any(_runs(pid) for pid in pids) and time.monotonic() < deadline_s:
        time.sleep(0.01)


def _parents() -> dict[int, int]:
    parents = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            fields = _stat(int(folder.name))
            if fields:
                parents[int(folder.name)] = int(fields[1])
    return parents


def _runs(pid: int) -> bool:
    fields = _stat(pid)
    return bool(fields) and fields[0] != "Z"


def _stat(pid: int) -> list[str]:
    """Return state, parent and what follows; nothing when the process has gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    # The name before it may contain spaces and brackets.
    return text.rpartition(")")[2].split()
