"""Only at certain times of the day: the school's line is for lessons until the afternoon."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from device.domain.errors import Permanent, Temporary
from server_sync.push.transport.contract import Progress, Transport
from server_sync.push.transport.names import check_name

_TIME = r"([01][0-9]|2[0-3]):([0-5][0-9])"
_WINDOW = re.compile(f"{_TIME}-(?:{_TIME}|(24):(00))")
_DAY_MIN = 24 * 60


@dataclass(frozen=True, slots=True)
class Window:
    """A daily stretch in minutes since midnight; it opens at ``opens_min`` and may run over midnight."""

    opens_min: int
    closes_min: int

    def contains(self, minute: int) -> bool:
        """Tell whether a minute of the day lies inside; the closing minute does not."""
        length_min = (self.closes_min - self.opens_min) % _DAY_MIN or _DAY_MIN
        return (minute - self.opens_min) % _DAY_MIN < length_min


def parse_window(text: str) -> Window:
    """Read ``16:00-07:00``; ``00:00-24:00`` is the whole day. Permanent that says what would be right."""
    match = _WINDOW.fullmatch(text.strip())
    if match is None:
        raise Permanent(
            f"{text!r} is not a time window:"
            " write when it opens and closes as 16:00-07:00, or 00:00-24:00 for all day"
        )
    from_hour, from_minute, to_hour, to_minute = (int(part) for part in match.groups() if part)
    window = Window(from_hour * 60 + from_minute, to_hour * 60 + to_minute)
    if window.opens_min == window.closes_min:
        raise Permanent(f"time window {text!r} closes when it opens: write 00:00-24:00 for all day")
    return window


class Windowed:
    """Works within the windows only; outside them, Temporary that says when the next one opens.

    An object that began in time is finished: half of it would have to be sent again.
    """

    def __init__(
        self, transport: Transport, windows: Sequence[str], now: Callable[[], datetime] = datetime.now
    ) -> None:
        """``now`` returns the school's local time."""
        if not windows:
            raise Permanent("no time window given: write at least one, such as 16:00-07:00")
        self._transport = transport
        self._windows = [parse_window(text) for text in windows]
        self._now = now

    def put(self, name: str, source: BinaryIO, size_bytes: int, progress: Progress) -> None:
        """Create the object if it may start now; see the contract."""
        check_name(name)  # a wrong name is wrong at any hour
        self._check_open()
        self._transport.put(name, source, size_bytes, progress)

    def read_receipt(self, name: str, limit_bytes: int) -> bytes | None:
        """Return a receipt, or None, if the line may be used now; see the contract."""
        check_name(name)
        self._check_open()
        return self._transport.read_receipt(name, limit_bytes)

    def close(self) -> None:
        """Let the connection go, at any hour."""
        self._transport.close()

    def _check_open(self) -> None:
        now = self._now()
        minute = now.hour * 60 + now.minute
        if not any(window.contains(minute) for window in self._windows):
            openings_min = [window.opens_min for window in self._windows]
            opens_min = min(openings_min, key=lambda opens: (opens - minute) % _DAY_MIN)
            raise Temporary(f"sending waits for its time window, which opens at {_clock_text(opens_min)}")


def _clock_text(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
