"""Puts right when a lesson began, once the clock is trusted: counted back on the monotonic clock of the same boot."""

from __future__ import annotations

import contextlib
from datetime import UTC, timedelta
from pathlib import Path

from device.footage.journal import Journal, read_journal
from device.ports import Clock


def correct_start(folder: Path, clock: Clock) -> bool:
    """Write the true beginning into a recording's journal; returns whether the journal now knows it.

    Nothing is written when the clock was trusted from the beginning, is not trusted yet, or this is another
    boot: how long the device was off, nobody knows. OSError when the card is full, Permanent when the
    journal is damaged.
    """
    events = read_journal(folder)
    if any(event["event"] == "clock_corrected" for event in events):
        return True
    opened = next((event for event in events if event["event"] == "opened"), None)
    first = next((event for event in events if event["event"] == "segment_opened"), None)
    if opened is None or first is None or opened["clock_trusted"] or not clock.trusted():
        return False
    if opened["boot_id"] != clock.boot_id() or "mono_ns" not in first:
        return False
    passed_us = (clock.monotonic_ns() - first["mono_ns"]) // 1000 + first["offset_us"]
    began = clock.now().astimezone(UTC) - timedelta(microseconds=passed_us)
    with contextlib.closing(Journal(folder)) as journal:
        journal.write("clock_corrected", started_at=began.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
    return True
