"""The register's file: decisions are added at its end, durably, and nothing is ever changed in it.

The web page writes it and the recorder reads it; both keep what they have read and read on from there. A last
line without its end was never a decision: the power went while it was written.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from device.domain.errors import Permanent, Temporary
from device.domain.register.chain import Entry, Head, follow, read_line, write_line
from device.domain.register.decisions import Decision
from device.domain.register.state import Register, fold
from device.footage.durable import sync_folder

FILE_NAME = "register.jsonl"
MAX_BYTES = 64 << 20


class RegisterReader:
    """Follows the file. Belongs to one thread, or is used under a lock of its owner.

    ``seen`` is a head that it had once: a register that lacks it was written anew, and does not count.
    """

    def __init__(self, folder: Path, seen: Head | None = None) -> None:
        self._path = folder / FILE_NAME
        self._seen = seen or Head()
        self._offset = 0
        self._register = Register()

    def read(self) -> Register:
        """Return the register with everything that was decided until now.

        Permanent when a line was changed, or the file became shorter: then nothing in it counts any more.
        Temporary when it cannot be read.
        """
        data = self._fresh()
        end = data.rfind(b"\n") + 1
        if end:
            self._register = fold(self._entries(data[:end]), self._register)
            self._offset += end
        if self._register.head.number < self._seen.number:
            raise Permanent(f"the register {self._path} lacks decisions that were in it: it was changed")
        return self._register

    @property
    def size_bytes(self) -> int:
        """How far the file was read: the end of its last whole line."""
        return self._offset

    def _fresh(self) -> bytes:
        try:
            with self._path.open("rb") as file:
                size_bytes = os.fstat(file.fileno()).st_size
                if size_bytes < self._offset or size_bytes > MAX_BYTES:
                    raise Permanent(f"the register {self._path} was changed: it has {size_bytes} bytes now")
                file.seek(self._offset)
                return file.read()
        except FileNotFoundError:
            if self._offset:
                raise Permanent(f"the register {self._path} is gone") from None
            return b""
        except OSError as error:
            raise Temporary(f"the register {self._path} cannot be read: {error.strerror}") from None

    def _entries(self, data: bytes) -> Iterator[tuple[Entry, Head]]:
        head = self._register.head
        # Not splitlines: a line that ends otherwise was changed.
        for line in data.removesuffix(b"\n").split(b"\n"):
            entry, head = read_line(head, line)
            if head.number == self._seen.number and head != self._seen:
                raise Permanent(f"the register {self._path} was changed up to line {head.number}")
            yield entry, head


class RegisterBook:
    """Writes decisions, one at a time; safe from any thread, and from a process that goes while another comes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / FILE_NAME
        self._reader = RegisterReader(folder)
        self._lock = threading.Lock()

    def read(self) -> Register:
        """Return the register as it stands now; errors as :meth:`RegisterReader.read`."""
        with self._lock:
            return self._reader.read()

    def decide(self, at: datetime, by: str, decision: Decision, *, clock_trusted: bool) -> Register:
        """Add a decision and return the register after it; it is on the card when this returns.

        Whether it may be made is asked before: :func:`device.domain.register.rules.objections`. Permanent when it
        could not be read back, Temporary when it could not be stored: then it was not made.
        """
        with self._lock:
            fd = self._open()
            try:
                head = self._reader.read().head
                line, _ = write_line(head, at, by, decision, clock_trusted=clock_trusted)
                # A line that cannot be read would end the register for good.
                read_line(head, line)
                self._append(fd, line + b"\n")
            finally:
                os.close(fd)
            return self._reader.read()

    def lines(self) -> bytes:
        """Return every whole line, for an export; Temporary when the file cannot be read."""
        with self._lock:
            try:
                data = self._path.read_bytes()
            except FileNotFoundError:
                return b""
            except OSError as error:
                raise Temporary(f"the register {self._path} cannot be read: {error.strerror}") from None
        return data[: data.rfind(b"\n") + 1]

    def check(self) -> Head:
        """Look at every line anew, and return the head when all of it is as it was read; errors as :meth:`read`."""
        known = self.read().head
        lines = self.lines().split(b"\n")[: known.number]
        head = follow(lines)
        if head != known:
            raise Permanent(
                f"the register {self._path} was changed: line {head.number} is not as it was read"
            )
        return head

    def _open(self) -> int:
        """Return the file, locked: two processes that both add a line would break the chain."""
        try:
            fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
            fcntl.flock(fd, fcntl.LOCK_EX)
        except OSError as error:
            raise Temporary(f"the register {self._path} cannot be written: {error.strerror}") from None
        return fd

    def _append(self, fd: int, data: bytes) -> None:
        """Write after the last whole line, over what the power cut off: that was never a decision."""
        end = self._reader.size_bytes
        try:
            os.ftruncate(fd, end)
            if os.pwrite(fd, data, end) != len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(fd)
            sync_folder(self._folder)
        except OSError as error:
            # Half of it, or all but not for certain on the card: who decided is told that it does not count.
            with contextlib.suppress(OSError):
                os.ftruncate(fd, end)
            raise Temporary(
                f"the register {self._path} cannot be written ({error.strerror}): the decision was not stored"
            ) from None
