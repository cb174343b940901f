"""Who is logged in: opaque tokens that mean nothing outside this process, and end by themselves.

They live in memory only: a restart logs everybody out, and there is no file to steal.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from device.web.roles import Actor, Role

IDLE_S = {Role.TEACHER: 10 * 60.0, Role.COACH: 30 * 60.0, Role.IT: 30 * 60.0}
LONGEST_S = {Role.TEACHER: 60 * 60.0, Role.COACH: 8 * 3600.0, Role.IT: 8 * 3600.0}
MOST_EACH = 8
MOST = 400
_MOST_MESSAGES = 10


@dataclass(slots=True)
class Session:
    """One browser in which somebody is logged in; times in seconds of the sessions' own clock."""

    actor: Actor
    opened_s: float
    seen_s: float
    csrf_token: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    messages: list[str] = field(default_factory=list)

    def say(self, message: str) -> None:
        """Keep a sentence for the next page; of very many only the last ones."""
        self.messages = [*self.messages, message][-_MOST_MESSAGES:]

    def take_messages(self) -> list[str]:
        """Return the sentences, once."""
        taken, self.messages = self.messages, []
        return taken

    def is_over(self, now_s: float) -> bool:
        """Tell whether it ended: nobody was there for too long, or it is too old."""
        role = self.actor.role
        return now_s - self.seen_s >= IDLE_S[role] or now_s - self.opened_s >= LONGEST_S[role]


class Sessions:
    """All of them, at most MOST; safe from any thread. Holds hashes of tokens, never a token."""

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        """``clock_s`` counts seconds and never goes back, whatever the calendar does."""
        self._clock_s = clock_s
        self._lock = threading.Lock()
        self._sessions: dict[bytes, Session] = {}

    def open(self, actor: Actor) -> tuple[str, Session]:
        """Log in and return a new token, always a new one, for the cookie. Raises KeyError for PUBLIC."""
        now_s, token = self._clock_s(), secrets.token_urlsafe(32)
        session = Session(actor, now_s, now_s)
        session.is_over(now_s)
        with self._lock:
            self._forget_ended(now_s)
            self._make_room(actor)
            self._sessions[_hash(token)] = session
        return token, session

    def find(self, token: str, *, awake: bool = False) -> Session | None:
        """Return whose token it is; None when there is no such session or it has ended.

        ``awake``: somebody is there, so the time until it ends by itself begins anew.
        """
        now_s, key = self._clock_s(), _hash(token)
        with self._lock:
            session = self._sessions.get(key)
            if session is None:
                return None
            if session.is_over(now_s):
                del self._sessions[key]
                return None
            if awake:
                session.seen_s = now_s
            return session

    def close(self, token: str) -> None:
        """Log out; harmless twice."""
        with self._lock:
            self._sessions.pop(_hash(token), None)

    def close_all(self, actor: Actor) -> int:
        """Log somebody out everywhere; returns in how many browsers."""
        with self._lock:
            gone = list(self._of(actor))
            for key in gone:
                del self._sessions[key]
            return len(gone)

    def count(self) -> int:
        """Return how many there are, ended ones that nobody asked for included."""
        with self._lock:
            return len(self._sessions)

    def _of(self, actor: Actor) -> Iterator[bytes]:
        return (key for key, session in self._sessions.items() if session.actor == actor)

    def _forget_ended(self, now_s: float) -> None:
        self._sessions = {k: each for k, each in self._sessions.items() if not each.is_over(now_s)}

    def _make_room(self, actor: Actor) -> None:
        """Let the one go that was not seen for longest: first of the same actor, then of all."""
        own = list(self._of(actor))
        if len(own) >= MOST_EACH:
            self._drop_stalest(own)
        if len(self._sessions) >= MOST:
            self._drop_stalest(list(self._sessions))

    def _drop_stalest(self, keys: list[bytes]) -> None:
        del self._sessions[min(keys, key=lambda key: self._sessions[key].seen_s)]


def _hash(token: str) -> bytes:
    # What is stored cannot be sent as a cookie, and looking it up tells nothing by its time.
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
