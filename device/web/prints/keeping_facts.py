"""The facts about what lies where: for how long, locked to whom, and which accounts may open the folder."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from device.web.first_start.keys import fingerprint
from device.web.prints.configuration import MAXIMUM_AGE
from device.web.prints.fact import Fact, Section, program_source, recorder_source, setting, told, unknown
from device.web.prints.sources import Sources, permissions
from device.web.prints.text import gettext as _
from device.web.prints.text import time_words


def storage(sources: Sources) -> Section:
    """Return what lies where, and who may open it."""
    return Section(_("What is stored where, and who may open it"), tuple(_storage(sources)))


def encryption(sources: Sources) -> Section:
    """Return how footage is locked, and who has a key to it."""
    return Section(_("Who can read footage"), tuple(_encryption(sources)))


def retention(sources: Sources) -> Section:
    """Return how long footage stays."""
    return Section(_("For how long"), tuple(_retention(sources)))


def _storage(sources: Sources) -> Iterator[Fact]:
    known = sources.known
    folders = (
        ("spool_dir", _("Footage, locked (encrypted) before it touches the card"), str(sources.spool)),
        ("state_dir", _("Catalogue: which recordings there are and where they are; no footage"), None),
        ("recorder_dir", _("The masks, and the keys to lock to (public ones)"), None),
        ("register_dir", _("The register: what was agreed, with codes of teachers and names of groups"), None),
        ("settings_dir", _("What IT set on the page about the coach's machine"), None),
        ("runtime_dir", _("In memory only: this boot's review key, gone when the power goes"), str(sources.runtime)),
    )  # fmt: skip
    for key, name, used in folders:
        yield _folder(name, used or known.text("device", key), setting("device", key))
    accounts = _("Accounts of this page: passwords and PINs as argon2 hashes")
    yield _folder(accounts, known.text("web", "dir"), setting("web", "dir"))


def _folder(name: str, path: str | None, source: str) -> Fact:
    if not path:
        return told(name, None, source)
    bits = permissions(Path(path))
    if bits is None:
        return Fact(name, _("%(path)s: not there", path=path), source)
    if bits == 0:
        return Fact(name, _("%(path)s: closed to this page", path=path), source)
    if bits & stat.S_IRWXO:
        value = _("%(path)s: OTHER ACCOUNTS of the device may open it", path=path)
    elif bits & stat.S_IRWXG:
        value = _("%(path)s: its owner and its group only", path=path)
    else:
        value = _("%(path)s: its owner only", path=path)
    return Fact(name, value, source)


def _encryption(sources: Sources) -> Iterator[Fact]:
    seal = program_source("device/footage/seal.py")
    yield Fact(_("How it is locked"), _("age (X25519), each piece while it is written"), seal)
    yield from _key_facts(sources)
    yield Fact(
        _("Review key"),
        _(
            "made at each start, kept in memory only: a teacher can watch her own recording here until it leaves"
        ),
        program_source("device/recorder/review_key.py"),
    )
    yield Fact(
        _("Secret keys on the device that open footage"),
        _("none, but for the review key: what was carried away stays locked"),
        seal,
    )
    receipts = sources.known.text("coach", "receipt_key")
    yield told(
        _("Fingerprint of the key that signs proof of arrival"), receipts, setting("coach", "receipt_key")
    )


def _key_facts(sources: Sources) -> Iterator[Fact]:
    coach, recovery = _("Fingerprint of the coach's key"), _("Fingerprint of the school's recovery key")
    if not sources.keys_answered:
        yield unknown(coach, _("The recorder does not answer."), recorder_source())
    elif sources.keys is None:
        yield Fact(coach, _("there is none yet, so nothing can be recorded"), recorder_source())
    else:
        yield Fact(coach, fingerprint(sources.keys.coach), recorder_source())
        there = fingerprint(sources.keys.recovery) if sources.keys.recovery else _("the school has none")
        yield Fact(recovery, there, recorder_source())


def _retention(sources: Sources) -> Iterator[Fact]:
    for key, name in (
        ("cooling_off_s", _("Cooling-off: before this nothing leaves, unless the teacher releases it")),
        ("maximum_length_s", _("Longest recording")),
    ):
        seconds = sources.known.number("recorder", key)
        yield told(name, None if seconds is None else time_words(seconds), setting("recorder", key))
    yield Fact(
        _("The copy on the device"),
        _("destroyed when the teacher says no, or when a signed receipt proves that it arrived"),
        program_source("device/storage/retention.py"),
    )
    yield Fact(
        _("The copy on the coach's machine"),
        _("destroyed by order when it is taken back, when the trajectory is closed, or within two days after its last "
          "day; a signed certificate comes back, and does not know of copies made by hand"),
        program_source("device/domain/withdrawal.py"),
    )  # fmt: skip
    yield Fact(
        _("What nobody claims"),
        _("stays on the device, locked, until a teacher claims it or throws it away"),
        program_source("device/domain/lifecycle.py"),
    )
    yield _maximum_age(sources)
    yield Fact(
        _("The log of decisions"),
        _("nothing of it is ever removed on the device"),
        program_source("device/storage/register.py"),
    )


def _maximum_age(sources: Sources) -> Fact:
    name, source = _("Maximum age of a recording"), setting(*MAXIMUM_AGE)
    days = sources.known.text(*MAXIMUM_AGE)
    if days is None:
        why = _("This device has no such setting: it is kept on the coach's machine.")
        return unknown(name, why, source)
    return Fact(name, _("%(days)s days", days=days), source)
