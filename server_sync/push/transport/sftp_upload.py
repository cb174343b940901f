"""Writing one object over SFTP: many requests on their way at once, every single answer read.

Several requests keep a long line full; the bound keeps memory and lost work small. Sixteen of 255 KiB
kept 1 Gbit/s at 20 ms as full as OpenSSH's own client does.
"""

from __future__ import annotations

from typing import BinaryIO

from device.domain.errors import Temporary
from server_sync.push.transport.contract import Progress
from server_sync.push.transport.sftp_wire import SftpWire, check_status
from server_sync.push.transport.source import blocks

_OUTSTANDING = 16


class Upload:
    """The pipeline of write requests for one open handle."""

    def __init__(self, wire: SftpWire, handle: bytes, progress: Progress) -> None:
        self._wire = wire
        self._handle = handle
        self._progress = progress
        self._waiting: dict[int, int] = {}  # number of the request -> its bytes
        self._confirmed_bytes = 0
        # Laid out once and used for every request: the head, then the data.
        head_bytes = len(wire.write_head(handle, 0, 0)[1])
        self._buffer = bytearray(head_bytes + wire.write_limit_bytes)

    def write(self, source: BinaryIO, size_bytes: int) -> None:
        """Send everything and wait until all of it is confirmed; the first bad answer ends it."""
        self._progress(0)
        offset = 0
        for data in blocks(source, size_bytes, self._wire.write_limit_bytes):
            # A slow source (a bandwidth cap) is no silence of the server.
            self._wire.alive()
            self._send(offset, data)
            offset += len(data)
            while len(self._waiting) >= _OUTSTANDING or self._wire.answered():
                self._reap()
        while self._waiting:
            self._reap()

    def _send(self, offset: int, data: bytes) -> None:
        number, head = self._wire.write_head(self._handle, offset, len(data))
        end = len(head) + len(data)
        self._buffer[: len(head)] = head
        self._buffer[len(head) : end] = data
        self._waiting[number] = len(data)
        self._wire.send(memoryview(self._buffer)[:end])

    def _reap(self) -> None:
        number, (kind, answer) = self._wire.receive()
        written_bytes = self._waiting.pop(number, None)
        if written_bytes is None:
            raise Temporary(f"the server answered request {number}, which was never sent; look at its log")
        check_status(kind, answer, "write")
        self._confirmed_bytes += written_bytes
        self._progress(self._confirmed_bytes)
