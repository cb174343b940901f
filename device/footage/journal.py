"""The journal of one recording: what the catalogue can be rebuilt from, and what a killed recorder leaves.

One JSON object per line, each on the card before the call returns. It holds names, sizes and times, no
footage. A last line that was cut off by a power failure is ignored; any other damage is an error.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
from pathlib import Path
from typing import Any

from device.domain.errors import Permanent
from device.domain.strict import canonical_json
from device.footage.durable import sync_folder

NAME = "journal.jsonl"


class Journal:
    """Appends to ``journal.jsonl`` in a recording's folder; safe from any thread."""

    def __init__(self, folder: Path) -> None:
        self._lock = threading.Lock()
        path = folder / NAME
        is_new = not path.exists()
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
        _cut_broken_tail(self._fd)
        if is_new:
            sync_folder(folder)

    def write(self, event: str, **values: Any) -> None:
        """Append one line and put it on the card. OSError when the card is full."""
        line = memoryview(canonical_json({"event": event, **values}) + b"\n")
        with self._lock:
            size_bytes = os.fstat(self._fd).st_size
            try:
                while line:
                    line = line[os.write(self._fd, line) :]
                os.fdatasync(self._fd)
            except OSError:
                # A card that fills up may take half a line: the next one must stand by itself.
                with contextlib.suppress(OSError):
                    os.ftruncate(self._fd, size_bytes)
                raise

    def close(self) -> None:
        """Let the file go. Harmless twice."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


def _cut_broken_tail(fd: int) -> None:
    """Remove a line that a power failure left half written, so that the next one stands by itself."""
    data = os.pread(fd, os.fstat(fd).st_size, 0)
    whole = data.rfind(b"\n") + 1
    if whole != len(data):
        os.ftruncate(fd, whole)


def read_journal(folder: Path) -> list[dict[str, Any]]:
    """Return the lines of a journal in order; an empty list when there is none."""
    path = folder / NAME
    if not path.exists():
        return []
    lines = path.read_bytes().split(b"\n")
    events: list[dict[str, Any]] = []
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        try:
            event = json.loads(line)
        except ValueError:
            if number == len(lines):
                continue
            raise Permanent(f"line {number} of {path} is damaged") from None
        if not isinstance(event, dict) or not isinstance(event.get("event"), str):
            raise Permanent(f"line {number} of {path} is not an event")
        events.append(event)
    return events
