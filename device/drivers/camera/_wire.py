"""What a camera's process and the recorder say to each other: a line of JSON and a payload, both with a length.

Nothing that comes from the camera's process is unpickled; a permit travels the other way, as payload.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

_SIZES = struct.Struct("!II")
MAX_BYTES = 16 << 20


class Malformed(ValueError):
    """What came is no message; where the next one would begin, nobody knows."""


@dataclass(frozen=True, slots=True)
class Message:
    """What it is about, its values, and bytes that are no text."""

    kind: str
    values: dict[str, Any] = field(default_factory=dict)
    payload: bytes = b""


class Wire:
    """One end of a private pair of sockets. Sending is safe from any thread, receiving belongs to one."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._sending = threading.Lock()

    def send(self, kind: str, payload: bytes = b"", **values: Any) -> None:
        """Send a message; it is lost without a word when nobody is there any more."""
        line = json.dumps([kind, values]).encode()
        head = _SIZES.pack(len(line), len(payload)) + line
        # Broken at the other end or closed at this one: the reader hears of it.
        with self._sending, suppress(OSError):
            self._end.sendall(head)
            if payload:
                self._end.sendall(payload)

    def receive(self) -> Message | None:
        """Return the next message, or None when the other end is gone.

        :class:`Malformed` when it is none, or longer than 16 MiB: a library may write anywhere.
        """
        head = self._exactly(_SIZES.size)
        if head is None:
            return None
        line_bytes, payload_bytes = _SIZES.unpack(head)
        if max(line_bytes, payload_bytes) > MAX_BYTES:
            raise Malformed("it is too long")
        line = self._exactly(line_bytes)
        payload = self._exactly(payload_bytes)
        if line is None or payload is None:
            return None
        return _read(line, payload)

    def close(self) -> None:
        """Close this end. Harmless twice."""
        self._end.close()

    def _exactly(self, count: int) -> bytes | None:
        parts: list[bytes] = []
        while count:
            try:
                part = self._end.recv(count, socket.MSG_WAITALL)
            except ConnectionResetError:
                return None
            if not part:
                return None
            parts.append(part)
            count -= len(part)
        return b"".join(parts)


def _read(line: bytes, payload: bytes) -> Message:
    try:
        said = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Malformed(str(error)) from None
    match said:
        case [str(kind), dict(values)]:
            return Message(kind, values, payload)
    raise Malformed("it is not a kind and its values")
