"""Who is at the first start now: one visit at a time, in memory only, known by a token in its browser.

It holds what was filled in so far, and never a password.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from secrets import token_urlsafe

from device.domain.register.decisions import SchoolSet
from device.web.first_start.keys import Keys

OPEN_S = 300.0
KEPT_S = 3600.0


@dataclass(slots=True)
class Visit:
    """A browser in which the label's code was typed. ``is_over``: the device was claimed here."""

    token: bytes
    began_s: float
    language: str = ""
    school: SchoolSet | None = None
    keys: Keys | None = None
    is_over: bool = False


class Opening:
    """Safe from any thread. ``lock`` is held by whoever carries the first start out."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._visit: Visit | None = None

    def begin(self, clock_s: Callable[[], float]) -> str:
        """Begin a visit and return its token; one before it ends."""
        token = token_urlsafe(32)
        self._visit = Visit(_hash(token), clock_s())
        return token

    def find(self, token: str, clock_s: Callable[[], float]) -> Visit | None:
        """Return the visit of a browser; None when it has none, or began it too long ago."""
        visit = self._visit
        if visit is None or visit.token != _hash(token) or clock_s() - visit.began_s >= KEPT_S:
            return None
        return visit


def left_s(pressed_ago_s: object) -> float:
    """Return for how long a press at the device still opens it, in seconds; 0 when nobody pressed."""
    if isinstance(pressed_ago_s, bool) or not isinstance(pressed_ago_s, int | float) or pressed_ago_s < 0:
        return 0.0
    return max(0.0, OPEN_S - pressed_ago_s)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
