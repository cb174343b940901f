"""The remote store as seen by the uploader: create, write, read a receipt, and nothing else.

Objects are immutable. A transport never renames, deletes, appends or reads back. Every operation has
a time limit. Errors: Temporary (network gone, disk full, server down: try again later), Refused (host
key or login: a person must act), Permanent (the request itself is wrong).

Who tries again: nobody in here sends an object twice. A put that failed may have left half an object
under its name, and an object is never continued or overwritten, so only the caller, who can choose a
new name and rewind the source, repeats a put (with :class:`~server_sync.push.transport.retry.Backoff`
as its schedule). Reading a receipt is harmless to repeat; the wrapper ``Retrying`` does that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO, Protocol

Progress = Callable[[int], None]
"""Called with the number of bytes of the current object that the server has confirmed."""


class Transport(Protocol):
    """One connection at a time; not safe for use from two threads."""

    def put(self, name: str, source: BinaryIO, size_bytes: int, progress: Progress) -> None:
        """Create the object ``name`` in the inbox and write ``size_bytes`` from ``source``.

        Returns only when the server has confirmed every byte, flushed it as far as it can, and
        reports the right size. Never touches an object that exists: that is Permanent (the caller
        chooses a new name). A half-written object may stay behind; it is never continued. A name is made
        of letters, digits, ``.``, ``_`` and ``-``, without ``..``; anything else is Permanent before a
        connection is made. ``source`` is read from where it stands, ``read`` may return fewer bytes than
        asked, and it must end after exactly ``size_bytes``: shorter or longer is Permanent. ``progress``
        hears rising numbers, the last of which is ``size_bytes``; an error it raises ends the put.
        """
        ...

    def read_receipt(self, name: str, limit_bytes: int) -> bytes | None:
        """Return a receipt, or None while there is none. Permanent when it is larger than the limit."""
        ...

    def close(self) -> None:
        """Let the connection go. The next operation opens a new one. Harmless twice."""
        ...
