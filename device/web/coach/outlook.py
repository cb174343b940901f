"""Whether a press would record, as the recorder says it, with what stands in the way and where to put that right."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from flask import url_for
from flask_babel import gettext as _

from device.domain.booking import agreement_of, group_agrees
from device.domain.consent import Reason
from device.domain.register.decisions import Arrangement, BookingMade
from device.domain.register.state import Booking, Register
from device.domain.texts import reason_sentence
from device.domain.trajectory import LegalBasis
from device.web.language import current_language
from device.web.pressing import Press


@dataclass(frozen=True, slots=True)
class Hurdle:
    """Why a press would not record, and the page where the coach can do something about it ("": none)."""

    reason: Reason
    sentence: str
    link: str = ""
    link_text: str = ""


@dataclass(frozen=True, slots=True)
class Outlook:
    """Whether a press would record under a booking; ``instead``: another booking goes before it at that time.

    ``known``: the recorder said so; else nobody knows.
    """

    records: bool
    sound: bool = False
    hurdles: tuple[Hurdle, ...] = ()
    instead: str = ""
    known: bool = True


UNKNOWN = Outlook(records=False, known=False)


def outlook(register: Register, booking: Booking, press: Press, day: date) -> Outlook:
    """Return what a press in a booking's time on a day of the school would do, with the recorder's reasons in words."""
    lesson = press.lesson
    if lesson is not None and lesson.booking != booking.made.booking:
        return Outlook(records=False, instead=lesson.booking)
    if press.reasons:
        hurdles = tuple(hurdle(register, booking, each, day) for each in press.reasons)
        return Outlook(records=False, hurdles=hurdles)
    return Outlook(records=lesson is not None, sound=lesson is not None and lesson.sound)


def hurdle(register: Register, booking: Booking, reason: Reason, day: date) -> Hurdle:
    """Return a reason in words, with the people and groups that it is about."""
    sentence = reason_sentence(reason, current_language())
    link, text = _link(reason, booking.made)
    if link:
        # The sentence goes on with advice for whoever pressed ("ask the coach"): the coach sees the link instead.
        who = _WHO.get(reason, _nobody)(register, booking.made, day)
        fact = sentence.partition(": ")[0].removesuffix(".")
        sentence = f"{fact}: {', '.join(who)}." if who else f"{fact}."
    return Hurdle(reason, sentence, link, text)


def why_no_sound(register: Register, booking: Booking, day: date) -> list[str]:
    """Return why a booking that wishes for sound would be recorded without; empty when it would not be."""
    made = booking.made
    if not made.sound or agreement_of(register, booking, day).sound:
        return []
    groups = [name for name in made.groups if name in register.groups]
    silent = [name for name in groups if not register.groups[name].registered.sound]
    waiting = [code for code in made.teachers if not _says(register, code, made, "sound")]
    found = []
    if silent:
        found.append(_("Sound was not registered for: %(names)s.", names=", ".join(silent)))
    if waiting:
        found.append(_("No yes to sound yet from: %(names)s.", names=", ".join(waiting)))
    return found


Who = Callable[[Register, BookingMade, date], list[str]]


def _nobody(register: Register, made: BookingMade, day: date) -> list[str]:
    return []


def _not_agreed(register: Register, made: BookingMade, day: date) -> list[str]:
    agreed = agreement_of(register, Booking(made, "", _moment(day)), day).teachers_agreed
    return [code for code in made.teachers if code not in agreed]


def _no_pupil(register: Register, made: BookingMade, day: date) -> list[str]:
    return [code for code in made.teachers if not _says(register, code, made, "pupil_films")]


def _groups(register: Register, made: BookingMade, day: date) -> list[str]:
    basis = register.school.legal_basis if register.school else LegalBasis.CONSENT
    known = register.groups
    return [name for name in made.groups if name not in known or not group_agrees(known[name], basis)]


def _outside(register: Register, made: BookingMade, day: date) -> list[str]:
    """Return the groups whose registration does not count on this day."""
    found = [register.groups[name].registered for name in made.groups if name in register.groups]
    return [each.group for each in found if not each.valid_from <= day <= each.valid_until]


def _not_arranged(register: Register, made: BookingMade, day: date) -> list[str]:
    found = [register.groups[name].registered for name in made.groups if name in register.groups]
    return [each.group for each in found if each.not_filmed and each.arrangement is Arrangement.NONE]


def _others(register: Register, made: BookingMade, day: date) -> list[str]:
    space = register.spaces.get(made.space)
    if space is None:
        return []
    return [*sorted({*space.teachers} - {*made.teachers}), *sorted({*space.groups} - {*made.groups})]


def _says(register: Register, code: str, made: BookingMade, what: str) -> bool:
    yes = register.agreements.get((code, made.trajectory))
    return yes is not None and bool(getattr(yes, what))


def _moment(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001  # nobody looks at it


_WHO: Mapping[Reason, Who] = {
    Reason.TEACHER_HAS_NOT_AGREED: _not_agreed,
    Reason.GROUP_HAS_NOT_AGREED: _groups,
    Reason.NOT_YET_VALID: _outside,
    Reason.EXPIRED: _outside,
    Reason.OBJECTIONS_NOT_ARRANGED: _not_arranged,
    Reason.PUPIL_FILMING_NOT_AGREED: _no_pupil,
    Reason.OTHERS_IN_VIEW: _others,
}


def _link(reason: Reason, made: BookingMade) -> tuple[str, str]:
    """Return where the coach can do something about a reason, and how that is called."""
    if reason in (Reason.TEACHER_HAS_NOT_AGREED, Reason.PUPIL_FILMING_NOT_AGREED, Reason.TRAJECTORY_CLOSED):
        return url_for("coach.trajectory", name=made.trajectory), _("See the trajectory")
    if reason in (Reason.MASK_MISSING, Reason.MASKS_DO_NOT_FIT):
        return "/coach/masks", _("Draw the mask")
    if reason is Reason.OTHERS_IN_VIEW:
        return url_for("coach.make_booking", trajectory=made.trajectory), _("Make a new booking")
    if reason in (Reason.NO_AGREEMENT, Reason.NO_BOOKING, Reason.SEVERAL_BOOKINGS):
        return url_for("coach.bookings"), _("See the bookings")
    return (url_for("coach.groups"), _("See the groups")) if reason in _WHO else ("", "")
