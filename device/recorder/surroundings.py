"""What the recorder tells of the device around it: its clock, its board, and how much still fits on its card."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from device.footage.packets import NS_PER_S
from device.ports import Board, Clock
from device.recorder.agreements import Agreements
from device.recorder.booked import Booked
from device.recorder.desk import DeskSettings
from device.storage.catalogue import Catalogue

# Until recordings of this device tell better: 1080p30 with sound.
_USUAL_BYTES_PER_S = 800_000.0
_RECENT = 20
_SHORTEST_S = 60.0


class Surroundings:
    """Belongs to the recorder's loop."""

    def __init__(
        self,
        settings: DeskSettings,
        agreements: Agreements,
        catalogue: Catalogue,
        clock: Clock,
        board: Callable[[], Board],
        version: str,
    ) -> None:
        self._settings = settings
        self._agreements = agreements
        self._catalogue = catalogue
        self._clock = clock
        self._board = board
        self._version = version
        self._since_ns = clock.monotonic_ns()

    def describe(self, pressed_ago_ns: int | None, free_bytes: int, booked: Booked) -> dict[str, Any]:
        """Return facts for the status; times in seconds, degrees Celsius."""
        board, head = self._board(), self._agreements.register.head
        by_status, recorded_s = self._catalogue.recordings.counts()
        volts = {"now": board.undervoltage_now, "past": board.undervoltage_past}
        return {
            "device": self._settings.lesson.device,
            "version": self._version,
            "uptime_s": (self._clock.monotonic_ns() - self._since_ns) / NS_PER_S,
            "clock_trusted": self._clock.trusted(),
            "pressed_ago_s": None if pressed_ago_ns is None else pressed_ago_ns / NS_PER_S,
            "coach_key": self._settings.keys.coach_present,
            "register": {
                "number": head.number, "sha256": head.sha256, "problem": self._agreements.problem,
            },
            "schedule": {"key": booked.announcing, "in_s": booked.left_s} if booked.announcing else None,
            "counts": {"by_status": by_status, "recorded_s": recorded_s},
            "temperature_c": board.temperature_c,
            "undervoltage": None if board.undervoltage_now is None else volts,
            "minutes_left": self._minutes_left(free_bytes),
        }  # fmt: skip

    def _minutes_left(self, free_bytes: int) -> float:
        recent = [
            (each.size_bytes, each.duration_us / 1e6)
            for each in self._catalogue.recordings.latest(_RECENT)
            if each.size_bytes and each.duration_us and each.duration_us / 1e6 >= _SHORTEST_S
        ]
        seconds = sum(length_s for _, length_s in recent)
        rate = sum(size_bytes for size_bytes, _ in recent) / seconds if seconds else _USUAL_BYTES_PER_S
        return max(0.0, (free_bytes - self._settings.reserve_bytes) / rate / 60)
