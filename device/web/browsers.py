"""A browser in which an account was opened before: its tries are counted apart from everybody else's.

The cookie proves it for one account and names none. It opens nothing; it only keeps a stranger's guesses
from making the owner wait.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from device.web.limits import BROWSER, PASSWORD, PIN, Key
from device.web.roles import Actor, Role

KNOWN_FOR_S = 180 * 86400


def prove(key: bytes, actor: Actor) -> str:
    """Return a new proof that this browser opened the account."""
    nonce = secrets.token_urlsafe(16)
    return f"{nonce}.{_sign(key, actor, nonce)}"


def account_key(key: bytes, actor: Actor, proof: str) -> tuple[Key, bool]:
    """Return what tries for an account are counted by, and whether this browser is known for it."""
    nonce, _, signature = proof.partition(".")
    if nonce and hmac.compare_digest(signature.encode(), _sign(key, actor, nonce).encode()):
        return Key(f"browser {nonce}", BROWSER), True
    pace = PIN if actor.role is Role.TEACHER else PASSWORD
    return Key(f"account {actor.role.value} {actor.code}", pace), False


def _sign(key: bytes, actor: Actor, nonce: str) -> str:
    return hmac.new(key, f"{actor.role.value} {actor.code} {nonce}".encode(), hashlib.sha256).hexdigest()
