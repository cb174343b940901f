"""Reading exactly the promised number of bytes from a source, and saying so when it is another number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from device.domain.errors import Permanent


def blocks(source: BinaryIO, size_bytes: int, block_bytes: int) -> Iterator[bytes]:
    """Yield ``size_bytes`` in blocks of at most ``block_bytes``; Permanent when the source ends elsewhere."""
    left = size_bytes
    while left:
        data = _read(source, min(left, block_bytes))
        if not data:
            raise Permanent(
                f"the source ended after {size_bytes - left} of {size_bytes} bytes: it is not what was sealed"
            )
        left -= len(data)
        yield data
    if _read(source, 1):
        raise Permanent(f"the source is longer than {size_bytes} bytes: it is not what was sealed")


def _read(source: BinaryIO, size_bytes: int) -> bytes:
    """Read, telling trouble with our own file from trouble with the network (both are OSError)."""
    try:
        return source.read(size_bytes)
    except OSError as error:
        raise Permanent(f"the source cannot be read ({error}): check the card it is on") from error
