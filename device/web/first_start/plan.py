"""Makes a device the school's: keys, register, language, passwords, in an order that can be repeated.

IT's password comes last, and a device counts as claimed only with it. Whatever fails before that, the page (or the
command) is still there, and doing it again does what is left: keys and decisions that are there already are not
made twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from device.domain.errors import Refused
from device.domain.register.decisions import SchoolSet
from device.domain.register.rules import objections
from device.domain.register.sentences import objection_sentence
from device.domain.register.state import DEVICE
from device.domain.texts import LANGUAGES
from device.storage.register import RegisterBook
from device.web import private_file
from device.web.accounts import Accounts, check_new_password
from device.web.claim import ClaimCode
from device.web.first_start.keys import Keys
from device.web.phrases import N_
from device.web.roles import Role
from device.web.services import Recorder

CHOICES = "choices.json"


@dataclass(frozen=True, slots=True)
class Plan:
    """What was decided at the first start. ``keys``: None when the settings have them; ``language``: "" likewise."""

    school: SchoolSet
    coach_password: str = field(repr=False)
    it_password: str = field(repr=False)
    keys: Keys | None = None
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What it is carried out with. ``folder`` is the web page's own."""

    folder: Path
    accounts: Accounts
    claim: ClaimCode
    book: RegisterBook
    recorder: Recorder
    now: Callable[[], datetime]
    clock_trusted: Callable[[], bool]


def check_passwords(coach: str, it: str) -> None:
    """Refuse passwords that are too weak, or the same for both."""
    check_new_password(coach)
    check_new_password(it)
    if coach == it:
        raise Refused(
            N_("The coach and IT each need a password of their own: IT must not open the coach's pages.")
        )


def check_school(school: SchoolSet, book: RegisterBook, now: datetime, language: str) -> dict[str, str]:
    """Return what is wrong with the school's settings: sentences by field."""
    found = objections(book.read(), DEVICE, school, now.date())
    return {each.field: objection_sentence(each, language) for each in reversed(found)}


def carry_out(plan: Plan, tools: Tools) -> None:
    """Do all of it; any LeerblikError leaves the device unclaimed, and the same plan can be carried out again."""
    check_passwords(plan.coach_password, plan.it_password)
    problems = check_school(plan.school, tools.book, tools.now(), "en")
    if problems:
        raise Refused("; ".join(problems.values()))
    if plan.keys is not None:
        _set_keys(plan.keys, tools.recorder)
    if tools.book.read().school != plan.school:
        tools.book.decide(tools.now(), DEVICE, plan.school, clock_trusted=tools.clock_trusted())
    if plan.language:
        private_file.write(tools.folder / CHOICES, {"language": plan.language})
    tools.accounts.set_password(Role.COACH, plan.coach_password)
    tools.accounts.set_password(Role.IT, plan.it_password)
    tools.claim.forget()


def present_keys(recorder: Recorder) -> Keys | None:
    """Return the keys that the recorder seals to now; None when there is no coach's key."""
    there = keys_there(recorder)
    return there if there.coach else None


def keys_there(recorder: Recorder) -> Keys:
    """Return the keys that the device has, with empty texts for those that it has not."""
    answer = recorder.ask("keys")
    return Keys(*(str(answer.get(name) or "") for name in ("coach", "recovery", "receipt")))


def chosen_language(folder: Path) -> str | None:
    """Return the language that was chosen at the first start; None when none was."""
    language = (private_file.read(folder / CHOICES) or {}).get("language")
    return language if language in LANGUAGES else None


def _set_keys(keys: Keys, recorder: Recorder) -> None:
    there = keys_there(recorder)
    if there == keys:
        return
    same = (there.coach, there.recovery) == (keys.coach, keys.recovery)
    if (there.coach and not same) or there.receipt not in ("", keys.receipt):
        raise Refused(N_("This device has other keys already: go back to the keys and compare them."))
    recorder.ask("keys", coach=keys.coach, recovery=keys.recovery, receipt=keys.receipt)
