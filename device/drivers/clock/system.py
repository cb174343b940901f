"""The times of this machine, and whether its wall clock was ever set right."""

from __future__ import annotations

import ctypes
import time
from datetime import UTC, datetime
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised
_TIMEX_BYTES = 512  # more than struct timex on any architecture; modes = 0 only reads


class SystemClock:
    """The kernel's clocks. Trusted means: the kernel says that a time service keeps it in step."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)

    def monotonic_ns(self) -> int:
        """Return nanoseconds since some moment of this boot."""
        return time.monotonic_ns()

    def now(self) -> datetime:
        """Return the wall time in UTC."""
        return datetime.now(UTC)

    def trusted(self) -> bool:
        """Tell whether the wall clock was synchronised since boot."""
        answer: int = self._libc.adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
        return answer not in (-1, _TIME_ERROR)

    def boot_id(self) -> str:
        """Return the kernel's identity of this boot."""
        return _BOOT_ID.read_text("ascii").strip()
