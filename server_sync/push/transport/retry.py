"""When to try again, and a wrapper that tries again what is harmless to repeat."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from device.domain.errors import Permanent, Temporary
from server_sync.push.transport.contract import Progress, Transport


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential backoff with full jitter: many devices that lost one server do not return as one.

    See https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/ for why the jitter is full.
    """

    first_s: float = 1.0
    factor: float = 2.0
    limit_s: float = 300.0

    def __post_init__(self) -> None:
        if not (0 < self.first_s <= self.limit_s and self.factor >= 1):
            raise Permanent(
                f"a backoff needs 0 < first_s <= limit_s and factor >= 1, found first_s={self.first_s:g},"
                f" limit_s={self.limit_s:g}, factor={self.factor:g}"
            )

    def ceiling_s(self, failures: int) -> float:
        """Return the longest wait after this many failures in a row (1, 2, …), in seconds."""
        if self.factor == 1:
            return self.first_s
        # Past this many doublings the limit holds anyway, and a float would overflow.
        enough = math.log(self.limit_s / self.first_s, self.factor) + 1
        doublings = min(max(failures, 1) - 1, enough)
        return min(self.limit_s, self.first_s * math.pow(self.factor, doublings))

    def delay_s(self, failures: int, randomness: Callable[[], float] = random.random) -> float:
        """Return how long to wait now; ``randomness`` returns a number in [0, 1)."""
        return self.ceiling_s(failures) * randomness()


class Retrying:
    """Reads receipts up to ``attempts`` times when the trouble is Temporary.

    A put passes straight through: repeating it needs a new name, which only the caller can choose.
    """

    def __init__(
        self,
        transport: Transport,
        backoff: Backoff,
        attempts: int = 3,
        sleep: Callable[[float], None] = time.sleep,
        randomness: Callable[[], float] = random.random,
    ) -> None:
        if attempts < 1:
            raise Permanent(f"attempts must be at least 1, found {attempts}")
        self._transport = transport
        self._backoff = backoff
        self._attempts = attempts
        self._sleep = sleep
        self._randomness = randomness

    def put(self, name: str, source: BinaryIO, size_bytes: int, progress: Progress) -> None:
        """Create the object, once; see the contract."""
        self._transport.put(name, source, size_bytes, progress)

    def read_receipt(self, name: str, limit_bytes: int) -> bytes | None:
        """Return a receipt, or None; the last attempt's Temporary when none succeeded."""
        for failures in range(1, self._attempts):
            try:
                return self._transport.read_receipt(name, limit_bytes)
            except Temporary:
                self._sleep(self._backoff.delay_s(failures, self._randomness))
        return self._transport.read_receipt(name, limit_bytes)

    def close(self) -> None:
        """Let the connection go."""
        self._transport.close()
