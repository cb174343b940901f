"""A cap on the bandwidth, so that a lesson next door keeps its share of the line."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import BinaryIO, cast

from device.domain.errors import Permanent
from server_sync.push.transport.contract import Progress, Transport


class Pace:
    """Hands out bytes at ``limit_bytes_per_s``; never more than a tenth of a second's worth at once."""

    def __init__(
        self, limit_bytes_per_s: int, clock: Callable[[], float], sleep: Callable[[float], None]
    ) -> None:
        if limit_bytes_per_s < 1:
            raise Permanent(
                f"a bandwidth cap must be at least 1 byte per second, found {limit_bytes_per_s};"
                " leave it out for no cap"
            )
        self.burst_bytes = max(1, limit_bytes_per_s // 10)
        self._limit_bytes_per_s = limit_bytes_per_s
        self._clock = clock
        self._sleep = sleep
        self._next_s = clock()

    def wait(self) -> None:
        """Wait until the bytes taken so far are paid for."""
        wait_s = self._next_s - self._clock()
        if wait_s > 0:
            self._sleep(wait_s)

    def took(self, size_bytes: int) -> None:
        """Charge for bytes. An idle line saves up nothing."""
        self._next_s = max(self._next_s, self._clock()) + size_bytes / self._limit_bytes_per_s


class PacedReader:
    """The reading end of a source, slowed down. Returns few bytes at a time so that they flow evenly."""

    def __init__(self, source: BinaryIO, pace: Pace) -> None:
        self._source = source
        self._pace = pace

    def read(self, size_bytes: int) -> bytes:
        """Wait for the line to be free, then read at most one burst."""
        self._pace.wait()
        data = self._source.read(min(size_bytes, self._pace.burst_bytes))
        self._pace.took(len(data))
        return data


class Throttled:
    """Sends at most ``limit_bytes_per_s``, over all objects together. Receipts are too small to slow down."""

    def __init__(
        self,
        transport: Transport,
        limit_bytes_per_s: int,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._transport = transport
        self._pace = Pace(limit_bytes_per_s, clock, sleep)

    def put(self, name: str, source: BinaryIO, size_bytes: int, progress: Progress) -> None:
        """Create the object, slowly; see the contract."""
        paced = cast(BinaryIO, PacedReader(source, self._pace))  # the contract uses `read` alone
        self._transport.put(name, paced, size_bytes, progress)

    def read_receipt(self, name: str, limit_bytes: int) -> bytes | None:
        """Return a receipt, or None; see the contract."""
        return self._transport.read_receipt(name, limit_bytes)

    def close(self) -> None:
        """Let the connection go."""
        self._transport.close()
