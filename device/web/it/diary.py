"""What happened to the device's parts since the page was started, for IT: in memory, and about nobody.

The system's journal stays closed to the page: it tells of lessons, and of everything else on the machine. This
follows the recorder's events instead, and keeps those of an allow-list: faults of parts. No lesson is in it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from device.domain.errors import LeerblikError
from device.web.it.health import without_recordings

MOST = 500
_AGAIN_S = 5.0
_log = logging.getLogger(__name__)
# Events about parts. Whatever tells of a lesson (its start, its end, a refusal, a mark) is not among them.
KEPT = frozenset(
    {
        *("part", "camera_failed", "camera_back", "microphone_failed", "microphone_back"),
        *("sound_silent", "sound_clipping", "sound_fine", "card_stalls", "card_goes_on", "card_failed"),
        *("dropping", "privacy_failed", "clock_trusted", "power_off"),
    }
)


@dataclass(frozen=True, slots=True)
class Line:
    """One event: its name, and the part's own sentence (English), if it has one."""

    at: datetime
    event: str
    sentence: str = ""


class Diary:
    """``follow`` yields the recorder's events until it goes away; safe from any thread."""

    def __init__(
        self,
        follow: Callable[[], Iterator[Mapping[str, Any]]],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        rest: Callable[[float], None] = time.sleep,
    ) -> None:
        self._follow = follow
        self._now = now
        self._rest = rest
        self._lines: deque[Line] = deque(maxlen=MOST)
        self._lock = threading.Lock()
        self.begun_at = now()

    def start(self) -> None:
        """Follow from now on, in a thread that ends with the process."""
        threading.Thread(target=self._run, name="diary", daemon=True).start()

    def lines(self) -> tuple[Line, ...]:
        """Return what was kept, the oldest first."""
        with self._lock:
            return tuple(self._lines)

    def follow_once(self) -> None:
        """Follow until the recorder goes away."""
        try:
            for event in self._follow():
                self.note(event)
        except (LeerblikError, OSError, ValueError) as error:
            _log.debug("the recorder's events cannot be followed now: %s", error)

    def note(self, event: Mapping[str, Any]) -> None:
        """Keep an event if it is about a part."""
        kind = event.get("event")
        if kind not in KEPT:
            return
        # A fault's sentence may name the recording that it happened in.
        words = " ".join(str(event.get(name) or "") for name in ("part", "message")).strip()
        with self._lock:
            self._lines.append(Line(self._now(), str(kind), without_recordings(words)))

    def _run(self) -> None:
        while True:
            self.follow_once()
            self._rest(_AGAIN_S)
