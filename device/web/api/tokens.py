"""Tokens for machines: made by the coach or IT, shown once, known here by their hash alone.

A token is 256 random bits: nobody guesses one, so its SHA-256 is as good as a slow hash, and a monitoring system
that asks every few seconds costs nothing. What a person chooses is hashed differently (``device.web.hashing``).
"""

from __future__ import annotations

import hashlib
import re
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from device.domain.errors import Permanent, Refused
from device.web import private_file
from device.web.phrases import N_
from device.web.roles import Role

FILE_NAME = "tokens.json"
MOST = 20
ROLES = (Role.IT, Role.COACH)
# So that a search for secrets that lie about finds it.
PREFIX = "leerblik_"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,39}")
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a token: ``name`` says which machine has it."""

    name: str
    role: Role
    made_by: Role
    made_at: datetime


class Tokens:
    """The file and its rules; safe from any thread. A token goes out once and never again."""

    def __init__(self, folder: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """``folder`` is this process's own; Permanent when what lies there cannot be understood."""
        self._path = folder / FILE_NAME
        self._now = now
        self._lock = threading.Lock()
        self._held = _checked(private_file.read(self._path), self._path)

    def make(self, name: str, role: Role, made_by: Role) -> str:
        """Return a new token for a machine; Refused with what would be right."""
        if not _NAME.fullmatch(name):
            raise Refused(
                N_("A token is called after its machine: at most 40 letters and digits, such as monitoring.")
            )
        if role not in may_make(made_by):
            raise Refused(N_("Only the coach makes tokens for the register; IT makes tokens for monitoring."))
        token = PREFIX + secrets.token_urlsafe(32)
        made = {
            "role": role.value, "made_by": made_by.value, "sha256": _hash(token),
            "made_at": self._now().astimezone(UTC).isoformat(timespec="seconds"),
        }  # fmt: skip
        with self._lock:
            if name in self._held:
                raise Refused(
                    N_("There is a token of this name already: choose another, or revoke that one.")
                )
            if len(self._held) >= MOST:
                raise Refused(N_("There are as many tokens as there may be: revoke one first."))
            self._save({**self._held, name: made})
        return token

    def find(self, token: str) -> Token | None:
        """Return which one it is; None when it is none, or no more."""
        given, found = _hash(token), None
        for name, each in self._held.items():
            if secrets.compare_digest(each["sha256"], given):
                found = name
        return None if found is None else self._token(found)

    def all(self) -> tuple[Token, ...]:
        """Return all of them, by name."""
        return tuple(self._token(name) for name in sorted(self._held))

    def revoke(self, name: str) -> None:
        """Let a token mean nothing any more; harmless twice."""
        with self._lock:
            self._save({each: held for each, held in self._held.items() if each != name})

    def _token(self, name: str) -> Token:
        held = self._held[name]
        return Token(name, Role(held["role"]), Role(held["made_by"]), datetime.fromisoformat(held["made_at"]))

    def _save(self, held: dict[str, Any]) -> None:
        """Put it on the card first; only then it counts."""
        private_file.write(self._path, {"version": _VERSION, "tokens": held})
        self._held = held


def may_make(role: Role) -> tuple[Role, ...]:
    """Return which tokens somebody may make: IT none that opens the register, nor the coach's work."""
    return {Role.COACH: ROLES, Role.IT: (Role.IT,)}.get(role, ())


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _checked(held: dict[str, Any] | None, path: Path) -> dict[str, Any]:
    if held is None:
        return {}
    tokens = held.get("tokens")
    if (
        held.get("version") != _VERSION
        or not isinstance(tokens, dict)
        or not all(map(_is_token, tokens.values()))
    ):
        raise Permanent(
            f"{path} is not as this version of Leerblik writes it; remove it to begin without tokens"
        )
    return tokens


def _is_token(held: object) -> bool:
    if not isinstance(held, dict) or not all(
        isinstance(held.get(name), str) for name in ("sha256", "made_at")
    ):
        return False
    roles = {each.value for each in ROLES}
    return held.get("role") in roles and held.get("made_by") in roles
