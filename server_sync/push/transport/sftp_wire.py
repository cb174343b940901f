"""The few requests of SFTP version 3 that a drop box needs, on a channel of an SSH connection.

Format: https://datatracker.ietf.org/doc/html/draft-ietf-secsh-filexfer-02, and OpenSSH's PROTOCOL for
``fsync@openssh.com`` and ``limits@openssh.com``. paramiko's own client is not used because its pipelined
writes lose errors and its small ones are slow.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

import paramiko

from device.domain.errors import Temporary
from server_sync.push.transport.reasons import reason_of

_INIT, _VERSION, _OPEN, _CLOSE, _READ, _WRITE, _FSTAT, _STAT = 1, 2, 3, 4, 5, 6, 8, 17
_STATUS, _HANDLE, _DATA, _ATTRS, _EXTENDED, _EXTENDED_REPLY = 101, 102, 103, 105, 200, 201
_OK, _EOF, NO_SUCH_FILE, PERMISSION_DENIED, FAILURE = 0, 1, 2, 3, 4
_FOR_READING, _FOR_A_NEW_OBJECT = 0x01, 0x02 | 0x08 | 0x20  # WRITE, CREAT, EXCL
_ATTRIBUTE_SIZE = 0x01

# Bytes of the fixed fields, by which a reply can be too short
_NUMBER, _CODE, _LENGTH, _FLAGS_AND_SIZE, _LIMITS = 4, 4, 4, 12, 32

# Version 3 has no status for a full disk; OpenSSH says "Failure" to these.
_NEEDS_ROOM = {"write", "flush", "close"}

_SAFE_WRITE_BYTES = 32 * 1024
_LARGEST_WRITE_BYTES = 255 * 1024
_LARGEST_REPLY_BYTES = 256 * 1024

Reply = tuple[int, bytes]
"""The kind of a reply, and what follows its request number."""


class BadStatus(Temporary):
    """The server understood and said no; ``code`` is its SSH_FX_ number."""

    def __init__(self, code: int, doing: str, text: str) -> None:
        hint = "; its disk may be full" if code == FAILURE and doing in _NEEDS_ROOM else ""
        super().__init__(f"the server refused to {doing} ({text or f'status {code}'}){hint}")
        self.code = code


class SftpWire:
    """One SFTP session. Every trouble on the channel is Temporary; after one the session is of no use."""

    def __init__(self, channel: paramiko.Channel, alive: Callable[[], None]) -> None:
        """``alive`` is called whenever the server has answered."""
        self.alive = alive
        self.write_limit_bytes = _SAFE_WRITE_BYTES
        self._channel = channel
        self._received = bytearray()
        self._last_request = 0
        self._extensions: set[bytes] = set()

    def start(self) -> None:
        """Agree on version 3, learn what the server can do."""
        self._send(struct.pack(">IBI", 5, _INIT, 3))
        kind, body = self._receive_packet()
        if kind != _VERSION or body[:4] != b"\0\0\0\3":
            raise _garbage("no SFTP version 3")
        rest = body[4:]
        while rest:
            name, rest = _cut_string(rest)
            _, rest = _cut_string(rest)
            self._extensions.add(name)
        if b"limits@openssh.com" in self._extensions:
            self._learn_limits()

    def create(self, path: str) -> bytes:
        """Create a file that did not exist, for writing; return its handle."""
        return self._open(path, _FOR_A_NEW_OBJECT, "create")

    def open(self, path: str) -> bytes:
        """Open a file for reading; return its handle."""
        return self._open(path, _FOR_READING, "open")

    def read(self, handle: bytes, offset: int, size_bytes: int) -> bytes:
        """Return up to ``size_bytes`` from ``offset``; nothing at the end."""
        body = _string(handle) + struct.pack(">QI", offset, size_bytes)
        kind, answer = self._ask(_READ, body)
        if kind == _STATUS and answer[:4] == _EOF.to_bytes(4, "big"):
            return b""
        return _cut_string(_expect(_DATA, kind, answer, "read"))[0]

    def flush(self, handle: bytes) -> None:
        """Have the server write the file to its disk, when it offers to."""
        if b"fsync@openssh.com" in self._extensions:
            kind, answer = self._ask(_EXTENDED, _string(b"fsync@openssh.com") + _string(handle))
            check_status(kind, answer, "flush")

    def close(self, handle: bytes) -> None:
        """Close a file."""
        kind, answer = self._ask(_CLOSE, _string(handle))
        check_status(kind, answer, "close")

    def size_of(self, path: str) -> int | None:
        """Return the size of a file in bytes; None when the server does not tell sizes."""
        return self._size(_STAT, path.encode())

    def size_of_open(self, handle: bytes) -> int | None:
        """Return the size of an open file in bytes; None when the server does not tell sizes."""
        return self._size(_FSTAT, handle)

    def write_head(self, handle: bytes, offset: int, size_bytes: int) -> tuple[int, bytes]:
        """Return the number of a write request and the bytes that come before its data."""
        fields = _string(handle) + struct.pack(">QI", offset, size_bytes)
        number = self._next_number()
        return number, struct.pack(">IBI", 5 + len(fields) + size_bytes, _WRITE, number) + fields

    def send(self, packet: memoryview) -> None:
        """Send a whole request; the buffer may be used again afterwards."""
        self._send(packet)

    def answered(self) -> bool:
        """Tell whether (the beginning of) a reply is here already."""
        return bool(self._received) or self._channel.recv_ready()

    def receive(self) -> tuple[int, Reply]:
        """Wait for the next reply; return the number of its request, and the reply."""
        kind, body = self._receive_packet()
        if len(body) < _NUMBER:
            raise _garbage("a reply without a number")
        return int.from_bytes(body[:4], "big"), (kind, body[4:])

    def _learn_limits(self) -> None:
        kind, answer = self._ask(_EXTENDED, _string(b"limits@openssh.com"))
        if kind == _EXTENDED_REPLY and len(answer) >= _LIMITS:
            _packet, _read, write_bytes, _handles = struct.unpack_from(">4Q", answer)
            # Zero means that the server names no limit; the draft promises 32 KiB then.
            self.write_limit_bytes = min(write_bytes or _SAFE_WRITE_BYTES, _LARGEST_WRITE_BYTES)

    def _open(self, path: str, flags: int, doing: str) -> bytes:
        kind, answer = self._ask(_OPEN, _string(path.encode()) + struct.pack(">II", flags, 0))
        return _cut_string(_expect(_HANDLE, kind, answer, f"{doing} {path}"))[0]

    def _size(self, request: int, subject: bytes) -> int | None:
        kind, answer = self._ask(request, _string(subject))
        attributes = _expect(_ATTRS, kind, answer, "tell a size")
        if len(attributes) < _FLAGS_AND_SIZE or not int.from_bytes(attributes[:4], "big") & _ATTRIBUTE_SIZE:
            return None
        return int.from_bytes(attributes[4:12], "big")

    def _ask(self, kind: int, body: bytes) -> Reply:
        """Send one request while none is outstanding and wait for its reply."""
        number = self._next_number()
        self._send(struct.pack(">IBI", 5 + len(body), kind, number) + body)
        answered, reply = self.receive()
        if answered != number:
            raise _garbage(f"an answer to request {answered} instead of {number}")
        return reply

    def _next_number(self) -> int:
        self._last_request = (self._last_request + 1) & 0xFFFFFFFF
        return self._last_request

    def _send(self, packet: bytes | memoryview) -> None:
        # Slices of a memoryview copy nothing; Channel.sendall would copy the rest each time (paramiko #2659).
        left = memoryview(packet)
        try:
            while left:
                sent = self._channel.send(left)  # type: ignore[arg-type]  # the stub forgets memoryview
                if sent == 0:
                    raise Temporary("the server hung up")
                left = left[sent:]
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise Temporary(f"the connection broke ({reason_of(error)})") from error

    def _receive_packet(self) -> Reply:
        self._fill(4)
        length = int.from_bytes(self._received[:4], "big")
        if not 1 <= length <= _LARGEST_REPLY_BYTES:
            raise _garbage(f"a reply of {length} bytes")
        self._fill(4 + length)
        kind, body = self._received[4], bytes(self._received[5 : 4 + length])
        del self._received[: 4 + length]
        self.alive()
        return kind, body

    def _fill(self, size_bytes: int) -> None:
        while len(self._received) < size_bytes:
            try:
                data = self._channel.recv(_LARGEST_REPLY_BYTES)
            except TimeoutError as error:
                raise Temporary(f"the connection broke ({reason_of(error)})") from error
            if not data:
                raise Temporary("the server hung up")
            self._received += data


def check_status(kind: int, answer: bytes, doing: str) -> None:
    """Return when the reply says OK; BadStatus when it says no; Temporary when it is no status."""
    if kind != _STATUS or len(answer) < _CODE:
        raise _garbage(f"a reply of kind {kind} where a status was due")
    code = int.from_bytes(answer[:4], "big")
    if code != _OK:
        # Old servers send no text.
        text = _cut_string(answer[4:])[0] if len(answer) >= _CODE + _LENGTH else b""
        raise BadStatus(code, doing, text.decode("utf-8", "replace"))


def _expect(wanted: int, kind: int, answer: bytes, doing: str) -> bytes:
    if kind != wanted:
        check_status(kind, answer, doing)
        raise _garbage(f"a bare OK where it was asked to {doing}")
    return answer


def _string(content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + content


def _cut_string(content: bytes) -> tuple[bytes, bytes]:
    end = 4 + int.from_bytes(content[:4], "big")
    if len(content) < max(end, _LENGTH):
        raise _garbage("a reply that ends too early")
    return content[4:end], content[end:]


def _garbage(what: str) -> Temporary:
    return Temporary(f"the server does not speak SFTP as we know it: it sent {what}; look at its log")
