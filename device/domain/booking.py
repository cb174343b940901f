"""Which booking a press belongs to: from the register to what was agreed for it, or to why nothing is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from device.domain.consent import Reason, Refusal
from device.domain.register.decisions import (
    Arrangement,
    BookingMade,
    GroupRegistered,
    RecordingClaimed,
    Repeat,
    Start,
    Unbooked,
)
from device.domain.register.state import Booking, Group, Register
from device.domain.trajectory import Agreement, LegalBasis, Operator, Stage

NEXT_PRESS_S = 3600
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
# What was booked for one moment goes before what is booked every week.
_PRECEDENCE = (Repeat.NEXT_PRESS, Repeat.ONCE, Repeat.WEEKLY)


def find_agreement(
    register: Register,
    now: datetime,
    zone: tzinfo,
    *,
    clock_trusted: bool,
    used: Collection[str] = (),
    pressed_by: str = "",
) -> Agreement | Refusal:
    """Return what was agreed for a press now, or why nothing is.

    ``now`` is an aware time, ``zone`` the school's, ``used`` the bookings that something was recorded under
    already (they matter for "the next press" only), ``pressed_by`` as for
    :func:`device.domain.consent.authorise`. Whether the agreement is enough is decided there.
    """
    if register.school is None:
        return Refusal((Reason.NO_AGREEMENT,))
    # Once, and not for each of a year's bookings: on a clock that shows it already nothing is left to reckon.
    local = now.astimezone(zone)
    covering = [each for each in register.bookings.values() if covers(register, each, local, zone, used)]
    chosen = choose(covering, pressed_by)
    if len(chosen) > 1:
        return Refusal((Reason.SEVERAL_BOOKINGS,))
    if chosen:
        return agreement_of(register, chosen[0], now.astimezone(zone).date())
    if register.school.unbooked is Unbooked.UNCLAIMED:
        return _unclaimed(register, register.school.legal_basis)
    return Refusal((Reason.NO_BOOKING,) if clock_trusted else (Reason.NO_BOOKING, Reason.CLOCK_NOT_SET))


def agreement_to_go_on(register: Register, booking: str, today: date) -> Agreement | Refusal:
    """Return what is agreed by now for a lesson that began under a booking and goes on ("": it was nobody's).

    Whoever pressed meant that very booking: neither one that was made since, nor its window, which a lesson may run
    over, is looked at. What was taken back since counts.
    """
    if register.school is None:
        return Refusal((Reason.NO_AGREEMENT,))
    if not booking and register.school.unbooked is Unbooked.UNCLAIMED:
        return _unclaimed(register, register.school.legal_basis)
    own = register.bookings.get(booking)
    if own is None or own.cancelled:
        return Refusal((Reason.NO_BOOKING,))
    return agreement_of(register, own, today)


def covers(register: Register, booking: Booking, now: datetime, zone: tzinfo, used: Collection[str]) -> bool:
    """Tell whether a booking counts for this moment."""
    made = booking.made
    if booking.cancelled:
        return False
    if made.repeat is Repeat.NEXT_PRESS:
        return made.booking not in used and booking.at <= now < booking.at + timedelta(seconds=NEXT_PRESS_S)
    local = now.astimezone(zone)
    day, wall = local.date(), local.timetz().replace(tzinfo=None)
    if not (made.first <= day <= made.last and made.from_time <= wall < made.to_time):
        return False
    if made.repeat is Repeat.ONCE:
        return day == made.first
    return day.weekday() == made.first.weekday() and not is_holiday(register, day)


def is_holiday(register: Register, day: date) -> bool:
    """Tell whether there are no lessons on this day."""
    return any(each.first <= day <= each.last for each in register.holidays.values())


def choose(covering: Sequence[Booking], pressed_by: str) -> list[Booking]:
    """Return the bookings that a press may mean; more than one when only a person can tell."""
    mine = [each for each in covering if pressed_by and pressed_by in each.made.teachers]
    for repeat in _PRECEDENCE:
        found = [each for each in mine or covering if each.made.repeat is repeat]
        if found:
            return found
    return []


def agreement_of(register: Register, booking: Booking, today: date) -> Agreement:
    """Return what the register says of a booking's lesson, agreed or not."""
    made = booking.made
    trajectory = register.trajectories.get(made.trajectory)
    opened = trajectory.opened if trajectory else None
    groups = [register.groups.get(name) for name in made.groups]
    known = [group for group in groups if group is not None]
    yeses = [register.agreements.get((teacher, made.trajectory)) for teacher in made.teachers]
    present = [yes for yes in yeses if yes is not None and register.teachers.get(yes.teacher, False)]
    everybody = bool(made.teachers) and len(present) == len(made.teachers)
    basis = register.school.legal_basis if register.school else LegalBasis.CONSENT
    last = min((group.registered.valid_until for group in known), default=today)
    return Agreement(
        teachers=made.teachers,
        teachers_agreed=tuple(yes.teacher for yes in present),
        group=", ".join(made.groups),
        group_agreed=bool(groups)
        and all(group is not None and group_agrees(group, basis) for group in groups),
        objecting_pupils=sum(group.registered.not_filmed for group in known),
        arrangement=_arrangement([group.registered for group in known]),
        trajectory=made.trajectory,
        stage=made.stage,
        learning_question=opened.learning_question if opened else "",
        legal_basis=basis,
        sound=made.sound and everybody and all(yes.sound for yes in present) and _may_sound(groups),
        valid_from=max((group.registered.valid_from for group in known), default=today),
        valid_until=last,
        closed=trajectory is None or trajectory.closed or today > trajectory.opened.closes_on,
        operator=made.operator,
        pupil_films_agreed=everybody and all(yes.pupil_films for yes in present),
        mask_needed=any(_objects(group.registered, Arrangement.MASK) for group in known),
        others_in_view=_others_in_view(register, made),
        day=today,
        theme=opened.theme if opened else "",
        space=made.space,
        booking=made.booking,
        register_number=register.head.number,
        register_sha256=register.head.sha256,
    )


def claimed_agreement(register: Register, claim: RecordingClaimed, day: date) -> Agreement:
    """Return what the register says of an unclaimed recording that a teacher claims; it was recorded on ``day``.

    It has no sound: nobody had agreed to any.
    """
    made = BookingMade(
        booking="", trajectory=claim.trajectory, teachers=(claim.teacher,), groups=claim.groups, space="",
        stage=_next_stage(register, claim.trajectory), operator=Operator.TEACHER, sound=False, repeat=Repeat.ONCE,
        start=Start.PRESS, first=day, last=day, from_time=time.min, to_time=time.max,
    )  # fmt: skip
    return agreement_of(register, Booking(made, "", _LONG_AGO), day)


def _next_stage(register: Register, trajectory: str) -> Stage:
    found = register.trajectories.get(trajectory)
    return found.opened.stages[0] if found and found.opened.stages else Stage.COACH_LEADS


def group_agrees(group: Group, basis: LegalBasis) -> bool:
    """Tell whether a group was informed or asked as the school's legal basis wants it, and has not taken it back."""
    asked = group.basis is LegalBasis.LEGITIMATE_INTEREST or group.registered.asked >= group.registered.pupils
    return not group.withdrawn and group.basis is basis and asked


def _others_in_view(register: Register, made: BookingMade) -> bool:
    """Tell whether somebody is in view of a space who was not when it was booked: nobody asked them for this."""
    space = register.spaces.get(made.space)
    return space is not None and not (
        set(space.teachers) <= set(made.teachers) and set(space.groups) <= set(made.groups)
    )


def _may_sound(groups: Sequence[Group | None]) -> bool:
    return all(group is not None and group.registered.sound for group in groups)


def _objects(group: GroupRegistered, arrangement: Arrangement) -> bool:
    return group.not_filmed > 0 and group.arrangement is arrangement


def _arrangement(groups: Sequence[GroupRegistered]) -> str:
    """Return what was arranged for pupils who must not be filmed; "" when somewhere nothing was."""
    objecting = [group for group in groups if group.not_filmed > 0]
    if any(group.arrangement is Arrangement.NONE for group in objecting):
        return ""
    return ", ".join(dict.fromkeys(group.arrangement.value for group in objecting))


def _unclaimed(register: Register, basis: LegalBasis) -> Agreement:
    """Return what a press outside every booking means where the school allows it: nobody's yet, and without sound."""
    return Agreement(
        teachers=(), teachers_agreed=(), group="", group_agreed=False, objecting_pupils=0, arrangement="",
        trajectory="", stage=Stage.COACH_LEADS, learning_question="", legal_basis=basis, sound=False,
        valid_from=date.min, valid_until=date.max, unclaimed=True,
        register_number=register.head.number, register_sha256=register.head.sha256,
    )  # fmt: skip
