"""Fresh names for recordings and objects."""

from __future__ import annotations

import os
import time

from device.domain.identifiers import make_ulid


def fresh_ulid() -> str:
    """Return a ULID that nobody had before, made from the wall time and the kernel's randomness."""
    return make_ulid(time.time_ns() // 1_000_000, os.urandom(10))
