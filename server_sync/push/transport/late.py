"""A transport that is made when it is first used: a sync with nothing to send holds no SSH library."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

from server_sync.push.transport.contract import Progress, Transport


class Late:
    """Makes the transport at the first put or receipt; ``is_made`` tells whether that has happened."""

    def __init__(self, make: Callable[[], Transport]) -> None:
        self._make = make
        self._transport: Transport | None = None

    @property
    def is_made(self) -> bool:
        """Whether the transport, and with it its library, is there."""
        return self._transport is not None

    def put(self, name: str, source: BinaryIO, size_bytes: int, progress: Progress) -> None:
        """Create the object; see the contract."""
        self._made().put(name, source, size_bytes, progress)

    def read_receipt(self, name: str, limit_bytes: int) -> bytes | None:
        """Return a receipt, or None; see the contract."""
        return self._made().read_receipt(name, limit_bytes)

    def close(self) -> None:
        """Let the connection go, if there is one."""
        if self._transport is not None:
            self._transport.close()

    def _made(self) -> Transport:
        if self._transport is None:
            self._transport = self._make()
        return self._transport
