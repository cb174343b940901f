"""Every kind of decision as a sentence that a person reads, in the visitor's language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from device.domain.register.decisions import (
    AgreementGiven,
    AgreementWithdrawn,
    BookingCancelled,
    BookingMade,
    Decision,
    GroupRegistered,
    GroupWithdrawn,
    HolidayRemoved,
    HolidaySet,
    RecordingClaimed,
    RecordingWithdrawn,
    Repeat,
    SchoolSet,
    SpaceRegistered,
    SpaceRemoved,
    TeacherAdded,
    TeacherLeft,
    TrajectoryClosed,
    TrajectoryOpened,
)
from device.domain.register.state import COACH, DEVICE, Register
from device.domain.trajectory import Operator
from device.web.coach.labels import label
from device.web.coach.text import translated as _
from device.web.coach.times import date_words, moment_words

_TEACHER = "teacher:"


def who_words(by: str) -> str:
    """Return who made a decision."""
    if by.startswith(_TEACHER):
        return _("Teacher %(code)s", code=by.removeprefix(_TEACHER))
    known = {COACH: _("Coach"), DEVICE: _("Settings of the device (IT)")}
    return known.get(by, by)


def decision_words(decision: Decision, register: Register) -> str:
    """Return what was decided, in one sentence; ``register`` knows the booking that a cancelling only names."""
    if isinstance(decision, BookingCancelled) and decision.booking in register.bookings:
        booking = register.bookings[decision.booking]
        made, when = booking.made, booking_words(booking.made)
        if made.repeat is Repeat.NEXT_PRESS:
            when = _("the next press after %(moment)s", moment=moment_words(booking.at))
        return _("Booking for trajectory “%(name)s” cancelled: %(when)s; teachers %(teachers)s, groups %(groups)s.",
                 name=made.trajectory, when=when, teachers=_names(made.teachers),
                 groups=_names(made.groups))  # fmt: skip
    return _WORDS[type(decision)](decision)


def booking_words(made: BookingMade) -> str:
    """Return when a booking is for, in a few words."""
    if made.repeat is Repeat.NEXT_PRESS:
        return _("the next press, within an hour")
    times = f"{made.from_time:%H:%M}-{made.to_time:%H:%M}"
    if made.repeat is Repeat.ONCE:
        return _("%(day)s, %(times)s", day=_day(made.first), times=times)
    return _(
        "every week from %(first)s to %(last)s, %(times)s",
        first=_day(made.first), last=_day(made.last), times=times,
    )  # fmt: skip


def yes_words(yes: bool) -> str:
    """Return yes or no."""
    return _("yes") if yes else _("no")


def _day(day: date) -> str:
    return date_words(day)


def _names(values: tuple[str, ...]) -> str:
    return ", ".join(values)


def _school(it: SchoolSet) -> str:
    return _(
        "School “%(name)s”. Legal basis: %(basis)s. A press without a booking: %(unbooked)s. Time zone: %(zone)s.",
        name=it.name, basis=label(it.legal_basis), unbooked=label(it.unbooked), zone=it.zone,
    )  # fmt: skip


def _holiday(it: HolidaySet) -> str:
    return _(
        "Holiday “%(name)s”: %(first)s to %(last)s.", name=it.name, first=_day(it.first), last=_day(it.last)
    )


def _group(it: GroupRegistered) -> str:
    return _(
        "Group %(group)s registered: %(pupils)s pupils, answer known of %(asked)s, not filmed %(not_filmed)s "
        "(%(arrangement)s), sound: %(sound)s, informed on %(informed)s, valid from %(first)s to %(last)s.",
        group=it.group, pupils=it.pupils, asked=it.asked, not_filmed=it.not_filmed, sound=yes_words(it.sound),
        arrangement=label(it.arrangement), informed=_day(it.informed_on), first=_day(it.valid_from),
        last=_day(it.valid_until),
    )  # fmt: skip


def _space(it: SpaceRegistered) -> str:
    return _(
        "Space “%(space)s”: teachers %(teachers)s, groups %(groups)s.",
        space=it.space, teachers=_names(it.teachers), groups=_names(it.groups),
    )  # fmt: skip


def _trajectory(it: TrajectoryOpened) -> str:
    return _(
        "Trajectory “%(name)s” opened: teachers %(teachers)s, coach %(coach)s, learning question “%(question)s”, "
        "theme “%(theme)s”, stages %(stages)s, closes on %(day)s.",
        name=it.trajectory, teachers=_names(it.teachers), coach=it.coach, question=it.learning_question,
        theme=it.theme, stages=", ".join(str(int(each)) for each in it.stages), day=_day(it.closes_on),
    )  # fmt: skip


def _agreed(it: AgreementGiven) -> str:
    return _(
        "%(teacher)s agrees to be filmed in trajectory “%(name)s”. Sound: %(sound)s. A pupil may film: %(pupil)s.",
        teacher=it.teacher, name=it.trajectory, sound=yes_words(it.sound), pupil=yes_words(it.pupil_films),
    )  # fmt: skip


def _booking(it: BookingMade) -> str:
    return _(
        "Booking for trajectory “%(name)s”: %(when)s; teachers %(teachers)s, groups %(groups)s, space: %(space)s, "
        "stage %(stage)s, a pupil films: %(pupil)s, sound wished: %(sound)s.",
        name=it.trajectory, when=booking_words(it), teachers=_names(it.teachers), groups=_names(it.groups),
        space=it.space or "-", stage=int(it.stage), pupil=yes_words(it.operator is Operator.PUPIL),
        sound=yes_words(it.sound),
    )  # fmt: skip


def _claimed(it: RecordingClaimed) -> str:
    return _(
        "%(teacher)s claims recording %(recording)s for trajectory “%(name)s”, groups %(groups)s.",
        teacher=it.teacher, recording=it.recording, name=it.trajectory, groups=_names(it.groups),
    )  # fmt: skip


def _took_back(it: AgreementWithdrawn) -> str:
    return _("%(teacher)s takes back the agreement for trajectory “%(name)s”: what was recorded goes.",
             teacher=it.teacher, name=it.trajectory)  # fmt: skip


def _recording_back(it: RecordingWithdrawn) -> str:
    return _("%(teacher)s takes back recording %(recording)s.", teacher=it.teacher, recording=it.recording)


_WORDS: Mapping[type[Decision], Callable[[Any], str]] = {
    SchoolSet: _school,
    HolidaySet: _holiday,
    HolidayRemoved: lambda it: _("Holiday “%(name)s” removed.", name=it.name),
    TeacherAdded: lambda it: _("Teacher %(teacher)s added.", teacher=it.teacher),
    TeacherLeft: lambda it: _("Teacher %(teacher)s left.", teacher=it.teacher),
    GroupRegistered: _group,
    GroupWithdrawn: lambda it: _("Group %(group)s withdrawn: what was recorded goes.", group=it.group),
    SpaceRegistered: _space,
    SpaceRemoved: lambda it: _("Space “%(space)s” removed.", space=it.space),
    TrajectoryOpened: _trajectory,
    TrajectoryClosed: lambda it: _("Trajectory “%(name)s” closed.", name=it.trajectory),
    AgreementGiven: _agreed,
    AgreementWithdrawn: _took_back,
    BookingMade: _booking,
    BookingCancelled: lambda _it: _("A booking was cancelled."),
    RecordingClaimed: _claimed,
    RecordingWithdrawn: _recording_back,
}
