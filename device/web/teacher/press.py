"""What a press on the button would do now, in one sentence and its reasons, judged by the rules of the recorder."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from device.domain.booking import covers, find_agreement
from device.domain.consent import Reason, Refusal, agreement_reasons
from device.domain.register.decisions import Repeat
from device.domain.register.state import Booking, Register
from device.domain.texts import reason_sentence
from device.domain.trajectory import Agreement
from device.web.deciding import zone
from device.web.language import current_language
from device.web.services import services
from device.web.teacher.own import me
from device.web.teacher.text import gettext as _
from device.web.view import view_of
from device.web.words import WORDS

_STATES = ("starting", "recording", "blanked", "stopping")
_WITHOUT = ("camera", "card")
_RECENT = 20


@dataclass(frozen=True, slots=True)
class Outlook:
    """``headline`` answers the question; ``sentences`` say why, or what it would be. ``mine``: it is her lesson."""

    headline: str
    sentences: tuple[str, ...]
    mine: bool = False


def outlook(register: Register, status: Mapping[str, Any] | None) -> Outlook:
    """Return what is going on, or what a press would do now; ``status`` is None when the recorder is silent."""
    if status is None:
        return Outlook(
            _("The recorder does not answer."),
            (_("Look at the light: it says whether this device records. Tell IT when this stays so."),),
        )
    if status.get("state") in _STATES:
        return _recording(register, status)
    if register.is_empty:
        return Outlook(
            _("Nobody has arranged anything on this device yet."), (_("Ask your coach to begin with that."),)
        )
    found = _asked(register, status)
    reasons = [*_reasons(found), *_machine_reasons(status)]
    if reasons or isinstance(found, Refusal) or found is None:
        return _refused(reasons, status)
    return _allowed(found, status)


def open_next_presses(register: Register) -> list[Booking]:
    """Return the bookings for "the next press" that still count now."""
    once = [each for each in register.bookings.values() if each.made.repeat is Repeat.NEXT_PRESS]
    now, school = services().now(), zone()
    fresh = [each for each in once if covers(register, each, now, school, ())]
    used = _used() if fresh else ()
    return [each for each in fresh if each.made.booking not in used]


def reasons_against(agreement: Agreement, *, masks_drawn: bool) -> tuple[Reason, ...]:
    """Return why a lesson may not be recorded under an agreement now; empty when it may."""
    return agreement_reasons(agreement, services().now(), masks_drawn=masks_drawn)


def _recording(register: Register, status: Mapping[str, Any]) -> Outlook:
    booking = register.bookings.get(str(status.get("booking") or ""))
    mine = booking is not None and me() in booking.made.teachers
    if status["state"] == "blanked":
        return Outlook(_("Picture and sound are off; the recording goes on."), (), mine)
    sentence = (
        _("This is your lesson with %(groups)s.", groups=", ".join(booking.made.groups))
        if booking is not None and mine
        else _("You are not in its booking. If you are in view all the same: press the button to stop it.")
    )
    return Outlook(_("It records now."), (sentence,), mine)


def _asked(register: Register, status: Mapping[str, Any]) -> Agreement | Refusal | None:
    problem = status.get("register")
    if isinstance(problem, Mapping) and problem.get("problem"):
        return Refusal((Reason.REGISTER_DAMAGED,))
    trusted = bool(status.get("clock_trusted", False))
    used = {name for name, each in register.bookings.items() if each.made.repeat is Repeat.NEXT_PRESS}
    used -= {each.made.booking for each in open_next_presses(register)}
    return find_agreement(register, services().now(), zone(), clock_trusted=trusted, used=used)


def _used() -> Collection[str]:
    """Return the bookings under which something was recorded lately; the last hour is enough."""
    rows = services().recorder.ask("recordings", limit=_RECENT)["recordings"]
    return {str(row.get("booking", "")) for row in rows}


def _reasons(found: Agreement | Refusal | None) -> tuple[Reason, ...]:
    if isinstance(found, Refusal):
        return found.reasons
    if found is None:
        return (Reason.NO_AGREEMENT,)
    return reasons_against(found, masks_drawn=not found.mask_needed or _masks_are_drawn())


def _masks_are_drawn() -> bool:
    masks = services().recorder.ask("masks")
    return bool(masks.get("polygons")) and bool(masks.get("fits"))


def _machine_reasons(status: Mapping[str, Any]) -> tuple[Reason, ...]:
    checks = (
        (Reason.NO_COACH_KEY, status.get("coach_key") is False),
        (Reason.NO_SPACE, status.get("minutes_left") == 0),
    )
    return tuple(reason for reason, holds in checks if holds)


def _refused(reasons: list[Reason], status: Mapping[str, Any]) -> Outlook:
    language = current_language()
    sentences = [reason_sentence(reason, language) for reason in dict.fromkeys(reasons)]
    return Outlook(_("A press now records nothing."), (*sentences, *_ailing(status)))


def _allowed(agreement: Agreement, status: Mapping[str, Any]) -> Outlook:
    ailing = _ailing(status)
    if any(part in _WITHOUT for part in view_of(status).missing):
        return Outlook(_("A press now records nothing."), ailing)
    if agreement.unclaimed:
        waits = _("It is outside every booking: the recording waits here, unseen, until a teacher claims it.")
        return Outlook(_("A press now records, without sound."), (waits, *ailing))
    if me() not in agreement.teachers:
        return Outlook(
            _("A press now records a lesson that you are not in."),
            (_("If it should be yours, say so with the button below."), *ailing),
        )
    sound = _("with sound") if agreement.sound else _("without sound")
    headline = _("A press now records you with %(groups)s, %(sound)s.", groups=agreement.group, sound=sound)
    return Outlook(headline, (*_what_for(agreement), *ailing), mine=True)


def _what_for(agreement: Agreement) -> list[str]:
    question = _(
        "It is for %(trajectory)s: %(question)s",
        trajectory=agreement.trajectory,
        question=agreement.learning_question,
    )
    others = [each for each in agreement.teachers if each != me()]
    return [question, _("Also in view: %(others)s.", others=", ".join(others))] if others else [question]


def _ailing(status: Mapping[str, Any]) -> tuple[str, ...]:
    words = WORDS[current_language()]
    return tuple(words.parts.get(part, words.other_part) for part in view_of(status).missing)
