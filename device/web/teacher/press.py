"""What a press on the button would do now, in one sentence and its reasons, as the recorder says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from device.domain.register.state import Booking, Register
from device.domain.texts import reason_sentence
from device.web.language import current_language
from device.web.pressing import Lesson, PressNow, ask_press, records_until
from device.web.teacher.own import me
from device.web.teacher.text import gettext as _
from device.web.teacher.times import when
from device.web.view import view_of
from device.web.words import WORDS

_STATES = ("starting", "recording", "blanked", "stopping")


@dataclass(frozen=True, slots=True)
class Outlook:
    """``headline`` answers the question; ``sentences`` say why, or what it would be. ``mine``: it is her lesson."""

    headline: str
    sentences: tuple[str, ...]
    mine: bool = False


def outlook(register: Register, status: Mapping[str, Any] | None, press: PressNow | None) -> Outlook:
    """Return what is going on, or what a press would do now; None twice when the recorder is silent."""
    if status is None or press is None:
        return Outlook(
            _("The recorder does not answer."),
            (_("Look at the light: it says whether this device records. Tell IT when this stays so."),),
        )
    if status.get("state") in _STATES:
        return _recording(register, status)
    if press.does == "cancel":
        return Outlook(
            _("A booked lesson begins within a minute, by itself."),
            (_("A press on the button now cancels it."),),
        )
    if press.does == "aim":
        return Outlook(
            _("The camera is being pointed."),
            (_("A press on the button is for that now, and records nothing."),),
        )
    if register.is_empty:
        return Outlook(
            _("Nobody has arranged anything on this device yet."), (_("Ask your coach to begin with that."),)
        )
    return _refused(press, status) if press.does != "start" else _allowed(press, status)


def open_next_presses(register: Register, press: PressNow | None = None) -> list[Booking]:
    """Return the bookings for "the next press" that still count now; ``press``: what the recorder said just now."""
    names = (press or ask_press()).next_presses
    return [each for each in register.bookings.values() if each.made.booking in names]


def _recording(register: Register, status: Mapping[str, Any]) -> Outlook:
    booking = register.bookings.get(str(status.get("booking") or ""))
    mine = booking is not None and me() in booking.made.teachers
    if status["state"] == "blanked":
        shows = _("A press shows the class again.")
        return Outlook(_("Picture and sound are off; the recording goes on."), (shows, *_until(status)), mine)
    sentence = (
        _("This is your lesson with %(groups)s.", groups=", ".join(booking.made.groups))
        if booking is not None and mine
        else _("You are not in its booking. If you are in view all the same: press the button to stop it.")
    )
    return Outlook(_("It records now."), (sentence, *_until(status)), mine)


def _until(status: Mapping[str, Any]) -> tuple[str, ...]:
    """Return until when it records if nobody presses."""
    found = records_until(status)
    if found is None:
        return ()
    moment, booked = found
    if booked:
        return (_("It stops by itself when the booked time is over: %(time)s.", time=when(moment)),)
    return (_("It stops by itself at its maximum length: %(time)s.", time=when(moment)),)


def _refused(press: PressNow, status: Mapping[str, Any]) -> Outlook:
    language = current_language()
    sentences = [reason_sentence(reason, language) for reason in dict.fromkeys(press.press.reasons)]
    return Outlook(_("A press now records nothing."), (*sentences, *_ailing(status)))


def _allowed(press: PressNow, status: Mapping[str, Any]) -> Outlook:
    ailing, lesson = _ailing(status), press.press.lesson
    if lesson is None:
        waits = _("It is outside every booking: the recording waits here, unseen, until a teacher claims it.")
        return Outlook(_("A press now records, without sound."), (waits, *ailing))
    if me() not in lesson.teachers:
        return Outlook(
            _("A press now records a lesson that you are not in."),
            (_("If it should be yours, say so with the button below."), *ailing),
        )
    sound = _("with sound") if lesson.sound else _("without sound")
    headline = _("A press now records you with %(groups)s, %(sound)s.", groups=lesson.group, sound=sound)
    return Outlook(headline, (*_what_for(lesson), *ailing), mine=True)


def _what_for(lesson: Lesson) -> list[str]:
    question = _(
        "It is for %(trajectory)s: %(question)s",
        trajectory=lesson.trajectory,
        question=lesson.learning_question,
    )
    others = [each for each in lesson.teachers if each != me()]
    return [question, _("Also in view: %(others)s.", others=", ".join(others))] if others else [question]


def _ailing(status: Mapping[str, Any]) -> tuple[str, ...]:
    words = WORDS[current_language()]
    return tuple(words.parts.get(part, words.other_part) for part in view_of(status).missing)
