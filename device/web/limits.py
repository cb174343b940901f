"""How fast somebody may guess: every wrong try makes the next one wait longer, up to a limit, never for ever.

Whoever guesses is slowed down by address and by account. That alone would let him keep a colleague out by
guessing in her name all day. Therefore a browser in which the account was opened before is counted by
itself (see ``browsers.py``): it waits only for its own wrong tries. From a new browser the wait for an account has
a ceiling (a minute for a teacher's PIN, seconds for a long password), and one address that guesses soon waits
much longer than that itself, so that it cannot fill every gap. All of it is counted by
a clock that only goes forward, and forgotten at a restart.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

MOST = 4096


@dataclass(frozen=True, slots=True)
class Pace:
    """``free`` wrong tries cost nothing; then the wait doubles from one second to ``ceiling_s``.

    Every ``forgiven_each_s`` without a try one wrong one is forgotten.
    """

    free: int
    ceiling_s: float
    forgiven_each_s: float

    def wait_s(self, wrong: int) -> float:
        """Return how long after that many wrong tries the next one waits."""
        over = wrong - self.free
        return 0.0 if over < 0 else min(self.ceiling_s, 2.0 ** min(over, 60))


# Forgiving goes slower than waiting, else whoever waits would never wait long.
ADDRESS = Pace(free=10, ceiling_s=300.0, forgiven_each_s=600.0)
PIN = Pace(free=5, ceiling_s=60.0, forgiven_each_s=600.0)
PASSWORD = Pace(free=5, ceiling_s=5.0, forgiven_each_s=600.0)
BROWSER = Pace(free=5, ceiling_s=300.0, forgiven_each_s=600.0)


@dataclass(frozen=True, slots=True)
class Key:
    """What is counted: an account, an address, a browser."""

    name: str
    pace: Pace


@dataclass(slots=True)
class _Count:
    wrong: int = 0
    tried_s: float = 0.0


class Limits:
    """Counts tries, at most MOST keys of them; safe from any thread."""

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._lock = threading.Lock()
        self._counts: dict[str, _Count] = {}

    def begin(self, *keys: Key) -> float:
        """Begin a try: 0 when it may go on, else how many seconds to wait; nothing is counted then.

        It counts as wrong until :meth:`succeeded`, so that eight at once are eight.
        """
        now_s = self._clock_s()
        with self._lock:
            wait_s = max((self._wait_s(key, now_s) for key in keys), default=0.0)
            if wait_s > 0:
                return wait_s
            if not self._has_room(keys, now_s):
                return 60.0
            for key in keys:
                count = self._counts.setdefault(key.name, _Count())
                count.wrong = self._wrong(key, now_s) + 1
                count.tried_s = now_s
            return 0.0

    def succeeded(self, *keys: Key) -> None:
        """Take a try back that was right. What the same address or account did before stays counted."""
        with self._lock:
            for key in keys:
                count = self._counts.get(key.name)
                if count is not None:
                    count.wrong = max(0, count.wrong - 1)
                    if count.wrong == 0:
                        del self._counts[key.name]

    def forget(self, *keys: Key) -> None:
        """Begin anew: whoever proved to know the secret needs no limit for having mistyped it."""
        with self._lock:
            for key in keys:
                self._counts.pop(key.name, None)

    def size(self) -> int:
        """Return how many keys are held."""
        with self._lock:
            return len(self._counts)

    def _wrong(self, key: Key, now_s: float) -> int:
        count = self._counts.get(key.name)
        if count is None:
            return 0
        return max(0, count.wrong - int((now_s - count.tried_s) / key.pace.forgiven_each_s))

    def _wait_s(self, key: Key, now_s: float) -> float:
        count = self._counts.get(key.name)
        if count is None:
            return 0.0
        return max(0.0, count.tried_s + key.pace.wait_s(self._wrong(key, now_s)) - now_s)

    def _has_room(self, keys: tuple[Key, ...], now_s: float) -> bool:
        """Make room by forgetting whoever tried least; never those who are waiting for their many tries."""
        new = sum(key.name not in self._counts for key in keys)
        while len(self._counts) + new > MOST:
            name = min(self._counts, key=lambda each: (self._counts[each].wrong, self._counts[each].tried_s))
            if self._counts[name].wrong > PIN.free and now_s - self._counts[name].tried_s < 3600:
                return False
            del self._counts[name]
        return True


def address_key(address: str) -> Key:
    """Return what an address is counted by: itself, or the network of 2**64 that one IPv6 machine owns."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return Key("address ?", ADDRESS)
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return Key(f"address {parsed.ipv4_mapped}", ADDRESS)
        return Key(f"address {IPv6Address(int(parsed) >> 64 << 64)}/64", ADDRESS)
    return Key(f"address {parsed}", ADDRESS)
