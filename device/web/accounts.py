"""Who has a password or a PIN: the coach, IT and the teachers, in one private file.

Nobody chooses a teacher's PIN but whoever holds her invitation, which works once and for a week. The coach
makes invitations; that one was made stays visible to the teacher. There is no password that comes along.
"""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from device.domain.errors import Permanent, Refused
from device.domain.passphrase import MIN_CHARACTERS, check_new_passphrase
from device.web import private_file
from device.web.hashing import Hasher, new_salt
from device.web.phrases import N_
from device.web.pins import check_new_pin
from device.web.roles import Actor, Role

FILE_NAME = "accounts.json"
INVITED_FOR = timedelta(days=7)
MOST_TEACHERS = 500
MOST_CHARACTERS = 256
# Without vowels (no words), and without what looks or sounds like something else.
_ALPHABET = "CDFHJKMNPQRTVWXY34679"
_GROUP = 4
_MOST_HAPPENINGS = 20
_CODE = re.compile("[a-z][a-z0-9]{1,7}")
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that was done with an account: ``what`` is "invited", "pin-chosen" or "pin-changed"."""

    at: datetime
    what: str


@dataclass(frozen=True, slots=True)
class Teacher:
    """What a page may know of a teacher's account. ``invited_until``: None when no invitation is open."""

    code: str
    has_pin: bool
    invited_until: datetime | None
    happenings: tuple[Happening, ...]


class Accounts:
    """The file and its rules; safe from any thread. Secrets go in and never come out."""

    def __init__(
        self,
        folder: Path,
        hasher: Hasher | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """``folder`` is this process's own; Permanent when what lies there cannot be understood."""
        self._path = folder / FILE_NAME
        self._hasher = hasher or Hasher()
        self._now = now
        self._lock = threading.Lock()
        self._held = _checked(private_file.read(self._path), self._path)

    def is_claimed(self) -> bool:
        """Tell whether both the coach's and IT's password have been chosen."""
        return all(role.value in self._held["staff"] for role in (Role.COACH, Role.IT))

    def browser_key(self) -> bytes:
        """Return the key that proves that a browser was known here before."""
        return bytes.fromhex(self._held["browser_key"])

    def verify(self, actor: Actor, secret: str) -> bool:
        """Tell whether it is this account's secret; takes as long when there is no such account."""
        return self._hasher.verify(self._known(actor), secret[:MOST_CHARACTERS])

    def set_password(self, role: Role, password: str) -> None:
        """Set the coach's or IT's; Refused with what would be a good one. Who may ask is the caller's to know."""
        if role not in (Role.COACH, Role.IT):
            raise Refused(N_("Only the coach and IT have a password; teachers have a PIN."))
        check_new_password(password)
        known = self._hasher.hash(password)
        with self._lock:
            self._save({**self._held, "staff": {**self._held["staff"], role.value: known}})

    def invite(self, code: str) -> str:
        """Return a new invitation, such as ``KDFM-37XR``, for a teacher to choose a PIN with; shown once.

        An earlier invitation ends; a PIN that she has goes on until she chose another.
        """
        check_code(code)
        invitation = "-".join("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP)) for _ in range(2))
        known = self._hasher.fingerprint(_plain(invitation), self._held["salt"])
        with self._lock:
            teacher = self._held["teachers"].get(code, {"pin": None, "happenings": []})
            if code not in self._held["teachers"] and len(self._held["teachers"]) >= MOST_TEACHERS:
                raise Refused(N_("There are as many teachers as this device can hold: remove one first."))
            invited = {"hash": known, "until": _text(self._now() + INVITED_FOR)}
            self._save_teacher(code, self._happened({**teacher, "invited": invited}, "invited"))
        return invitation

    def invited(self, invitation: str) -> str | None:
        """Return whose invitation it is; None when it is none, was used or is too old."""
        known = self._hasher.fingerprint(_plain(invitation)[:MOST_CHARACTERS], self._held["salt"])
        with self._lock:
            return self._invited(known)

    def choose_pin(self, invitation: str, pin: str) -> str:
        """Set the PIN of whoever was invited and return her code. The invitation works no more."""
        check_new_pin(pin)
        known = self._hasher.fingerprint(_plain(invitation)[:MOST_CHARACTERS], self._held["salt"])
        hashed = self._hasher.hash(pin)
        with self._lock:
            code = self._invited(known)
            if code is None:
                raise Refused(N_("This invitation does not work, or no longer: ask the coach for a new one."))
            teacher = {**self._held["teachers"][code], "pin": hashed, "invited": None}
            self._save_teacher(code, self._happened(teacher, "pin-chosen"))
        return code

    def change_pin(self, code: str, pin: str) -> None:
        """Set another PIN for a teacher who just proved that she has the present one; Refused when there is none."""
        check_new_pin(pin)
        hashed = self._hasher.hash(pin)
        with self._lock:
            teacher = self._held["teachers"].get(code)
            if teacher is None or teacher["pin"] is None:
                raise Refused(N_("This account has no PIN yet: use the invitation of the coach."))
            self._save_teacher(code, self._happened({**teacher, "pin": hashed}, "pin-changed"))

    def teachers(self) -> tuple[Teacher, ...]:
        """Return all of them, by code."""
        held = sorted(self._held["teachers"].items())
        return tuple(self._teacher(code, each) for code, each in held)

    def teacher(self, code: str) -> Teacher | None:
        """Return one; None when there is no such account."""
        held = self._held["teachers"].get(code)
        return None if held is None else self._teacher(code, held)

    def remove_teacher(self, code: str) -> None:
        """Forget an account with its PIN and invitation; harmless twice. Log her out, too."""
        with self._lock:
            left = {each: held for each, held in self._held["teachers"].items() if each != code}
            self._save({**self._held, "teachers": left})

    def _known(self, actor: Actor) -> str | None:
        held = self._held
        if actor.role is Role.TEACHER:
            known = held["teachers"].get(actor.code, {}).get("pin")
        else:
            known = held["staff"].get(actor.role.value)
        return known if isinstance(known, str) else None

    def _invited(self, known: str) -> str | None:
        for code, teacher in self._held["teachers"].items():
            invited = teacher.get("invited")
            if invited and secrets.compare_digest(invited["hash"], known):
                return str(code) if self._now() < datetime.fromisoformat(invited["until"]) else None
        return None

    def _teacher(self, code: str, held: dict[str, Any]) -> Teacher:
        until = datetime.fromisoformat(held["invited"]["until"]) if held.get("invited") else None
        happenings = tuple(
            Happening(datetime.fromisoformat(each["at"]), each["what"]) for each in held["happenings"]
        )
        return Teacher(
            code, held["pin"] is not None, until if until and self._now() < until else None, happenings
        )

    def _happened(self, teacher: dict[str, Any], what: str) -> dict[str, Any]:
        happenings = [*teacher["happenings"], {"at": _text(self._now()), "what": what}]
        return {**teacher, "happenings": happenings[-_MOST_HAPPENINGS:]}

    def _save_teacher(self, code: str, teacher: dict[str, Any]) -> None:
        self._save({**self._held, "teachers": {**self._held["teachers"], code: teacher}})

    def _save(self, held: dict[str, Any]) -> None:
        """Put it on the card first; only then it counts."""
        private_file.write(self._path, held)
        self._held = held


def check_code(code: str) -> None:
    """Refuse what cannot be a teacher's code; a name would be one person too many on this device."""
    if not _CODE.fullmatch(code):
        raise Refused(
            N_(
                "A teacher's code has 2 to 8 small letters or digits, such as jkl: the school's abbreviation, no name."
            )
        )


def check_new_password(password: str) -> None:
    """Refuse a password that is too short, too long or hardly one."""
    try:
        check_new_passphrase(password)
    except Refused:
        raise Refused(
            N_("A password has at least 12 characters; four words that do not belong together are good.")
        ) from None
    if len(password) > MOST_CHARACTERS:
        raise Refused(N_("A password has at most 256 characters."))
    if len(set(password)) < MIN_CHARACTERS // 2:
        raise Refused(N_("This password is too easy to guess: use more different characters."))


def _checked(held: dict[str, Any] | None, path: Path) -> dict[str, Any]:
    if held is None:
        keys = {"salt": new_salt(), "browser_key": secrets.token_hex(32)}
        return {"version": _VERSION, "staff": {}, "teachers": {}, **keys}
    parts = {"staff": dict, "teachers": dict, "salt": str, "browser_key": str}
    if held.get("version") != _VERSION or not all(
        isinstance(held.get(name), kind) for name, kind in parts.items()
    ):
        raise Permanent(
            f"{path} was written by another version of Leerblik; put back the one of this version"
        )
    return held


def _plain(invitation: str) -> str:
    """Return it as it was made, however it was typed."""
    return "".join(letter for letter in invitation.upper() if letter.isascii() and letter.isalnum())


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
