"""Who may record whom, now: the only place where a :class:`Permit` is made.

Everything that could forbid a lesson is a :class:`Reason`. The order of the checks is the order in
which a person can do something about it: agreement first, then the machine.
"""

from __future__ import annotations

import enum
from dataclasses import InitVar, dataclass
from datetime import UTC, datetime

from device.domain.manifest import PermitDescription
from device.domain.trajectory import Agreement, Operator

_ISSUER = object()
AIM_NS = 120_000_000_000
# More often than once a second would be a live view.
STILL_EVERY_NS = 1_000_000_000


class Reason(enum.Enum):
    """Why a press was refused; each has a sentence in both languages in ``device.domain.texts``."""

    NO_AGREEMENT = "no_agreement"
    NO_BOOKING = "no_booking"
    SEVERAL_BOOKINGS = "several_bookings"
    CLOCK_NOT_SET = "clock_not_set"
    REGISTER_DAMAGED = "register_damaged"
    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"
    TEACHER_HAS_NOT_AGREED = "teacher_has_not_agreed"
    GROUP_HAS_NOT_AGREED = "group_has_not_agreed"
    NOT_THIS_TEACHER = "not_this_teacher"
    OBJECTIONS_NOT_ARRANGED = "objections_not_arranged"
    PUPIL_FILMING_NOT_AGREED = "pupil_filming_not_agreed"
    MASK_MISSING = "mask_missing"
    MASKS_DO_NOT_FIT = "masks_do_not_fit"
    OTHERS_IN_VIEW = "others_in_view"
    TRAJECTORY_CLOSED = "trajectory_closed"
    NO_COACH_KEY = "no_coach_key"
    NO_SPACE = "no_space"
    NO_LIGHT = "no_light"
    LENS_COVERED = "lens_covered"


@dataclass(frozen=True, slots=True)
class Situation:
    """What the machine knows at the moment of the press. ``now`` is an aware wall time, ``masks_drawn``: for this view.

    ``light_works``: at least one light that people in the room can see. ``lens_covered``: by its cover.
    ``masks_fit``: it is known what must be masked, and on this view (where nothing must be: always).
    """

    now: datetime
    clock_trusted: bool
    coach_key_present: bool
    free_bytes: int
    needed_bytes: int
    light_works: bool
    lens_covered: bool
    masks_drawn: bool = False
    masks_fit: bool = True


@dataclass(frozen=True, slots=True)
class Refusal:
    """A press that must not record, with every reason that was found (at least one)."""

    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to record one lesson. Cannot be built outside :func:`authorise`.

    The issuer is no field, so ``dataclasses.replace`` cannot turn a permit into one for something else.
    """

    permit_id: str
    agreement: Agreement
    granted_at: datetime
    untrusted_clock: bool
    pressed_by: str
    issuer: InitVar[object]

    def __post_init__(self, issuer: object) -> None:
        if issuer is not _ISSUER:
            raise TypeError("a Permit is made by device.domain.consent.authorise only")

    @property
    def sound(self) -> bool:
        """Whether sound may be recorded; it is a decision of its own."""
        return self.agreement.sound

    def description(self) -> PermitDescription:
        """Return what travels with the footage."""
        return _describe(self.agreement, self.permit_id, self.granted_at, self.pressed_by)


def _describe(
    agreement: Agreement, permit_id: str, granted_at: datetime, pressed_by: str
) -> PermitDescription:
    return PermitDescription(
        permit_id=permit_id,
        teachers=agreement.teachers,
        group=agreement.group,
        trajectory=agreement.trajectory,
        stage=int(agreement.stage),
        learning_question=agreement.learning_question,
        legal_basis=agreement.legal_basis.value,
        sound=agreement.sound,
        granted_at=granted_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        pressed_by=pressed_by,
        operator=agreement.operator.value,
        theme=agreement.theme,
        space=agreement.space,
        booking=agreement.booking,
        register_sha256=agreement.register_sha256,
    )


@dataclass(frozen=True, slots=True)
class AimLeave:
    """Leave to look through the lens for a moment, to point the camera. Made by :func:`authorise_aim` only.

    ``until_ns`` is a time of the monotonic clock; nothing that is seen is recorded.
    """

    until_ns: int
    issuer: InitVar[object]

    def __post_init__(self, issuer: object) -> None:
        if issuer is not _ISSUER:
            raise TypeError("an AimLeave is made by device.domain.consent.authorise_aim only")

    def allows_still(self, last_ns: int | None, now_ns: int) -> bool:
        """Tell whether a still may be taken now; ``last_ns`` is when the one before it was (None: never)."""
        return now_ns < self.until_ns and (last_ns is None or now_ns - last_ns >= STILL_EVERY_NS)


def authorise_aim(
    pressed_ns: int, now_ns: int, *, by_hand: bool, light_works: bool, lens_covered: bool
) -> AimLeave | Refusal | None:
    """Decide whether the lens may be open for aiming; None when this press cannot mean that.

    Only for :data:`AIM_NS` after somebody pressed at the device itself: a camera that can be looked through
    from elsewhere, at any time, would be a security camera. And never without a light, as for a lesson.
    """
    until_ns = pressed_ns + AIM_NS
    if not by_hand or not pressed_ns <= now_ns < until_ns:
        return None
    reasons = lens_reasons(light_works=light_works, lens_covered=lens_covered)
    return Refusal(reasons) if reasons else AimLeave(until_ns, _ISSUER)


def lens_reasons(*, light_works: bool, lens_covered: bool) -> tuple[Reason, ...]:
    """Return why the lens may not be open now, whatever for; empty when it may."""
    checks = ((Reason.NO_LIGHT, not light_works), (Reason.LENS_COVERED, lens_covered))
    return tuple(reason for reason, holds in checks if holds)


@dataclass(frozen=True, slots=True)
class WarmLeave:
    """Leave to hold the camera ready for a booked lesson, its lens seeing nothing. Made by :func:`authorise_warm` only.

    ``until_ns`` is a time of the monotonic clock: the end of what was booked.
    """

    until_ns: int
    issuer: InitVar[object]

    def __post_init__(self, issuer: object) -> None:
        if issuer is not _ISSUER:
            raise TypeError("a WarmLeave is made by device.domain.consent.authorise_warm only")


def authorise_warm(
    asked: Agreement | Refusal | None, situation: Situation, until_ns: int | None
) -> WarmLeave | Refusal:
    """Decide whether the camera may be held ready, so that a lesson begins with the press and not a second after it.

    Only while a press would record a lesson that was booked, and no longer than that (``until_ns``; None: nothing
    says until when). On a clock that is not trusted nobody knows whether now is the time of any booking.
    """
    if not situation.clock_trusted:
        return Refusal((Reason.CLOCK_NOT_SET,))
    reasons = reasons_against(asked, situation)
    if reasons:
        return Refusal(reasons)
    if until_ns is None:
        return Refusal((Reason.NO_BOOKING,))
    return WarmLeave(until_ns, _ISSUER)


def authorise(
    asked: Agreement | Refusal | None, situation: Situation, permit_id: str, pressed_by: str = ""
) -> Permit | Refusal:
    """Decide whether a lesson may be recorded now.

    ``asked`` is what was agreed for this moment, or why nothing is (None: nothing was ever agreed).

    ``permit_id`` is a fresh ULID, ``pressed_by`` the code of the teacher whose button or badge it was ("" when
    nobody can know: then whoever pressed is in the room).
    An untrusted clock cannot judge dates: the lesson may be recorded
    (the teacher is in the room and pressed), the permit carries the flag, and the date rules still
    hold for what the clock says.
    """
    reasons = reasons_against(asked, situation, pressed_by)
    if asked is None or isinstance(asked, Refusal) or reasons:
        return Refusal(reasons)
    return Permit(permit_id, asked, situation.now, not situation.clock_trusted, pressed_by, _ISSUER)


def reasons_against(
    asked: Agreement | Refusal | None, situation: Situation, pressed_by: str = ""
) -> tuple[Reason, ...]:
    """Return every reason why :func:`authorise` would refuse; empty when it would not. It permits nothing."""
    found = (
        asked.reasons
        if isinstance(asked, Refusal)
        else agreement_reasons(asked, situation.now, pressed_by, masks_drawn=situation.masks_drawn)
    )
    return (*found, *_machine_reasons(situation))


def describe_claim(
    agreement: Agreement, recorded_at: datetime, permit_id: str, *, masks_drawn: bool
) -> PermitDescription | Refusal:
    """Return what travels with a recording that was claimed after it was made, or why it may not leave even so.

    The same rules as for a press at the time of the recording; it opens no lens.
    """
    reasons = agreement_reasons(agreement, recorded_at, masks_drawn=masks_drawn)
    return Refusal(reasons) if reasons else _describe(agreement, permit_id, recorded_at, "")


def agreement_reasons(
    agreement: Agreement | None, now: datetime, pressed_by: str = "", *, masks_drawn: bool
) -> tuple[Reason, ...]:
    """Return why an agreement is not enough for a press at ``now``; empty when it is, as far as people decide it."""
    if agreement is None:
        return (Reason.NO_AGREEMENT,)
    if agreement.unclaimed:
        return ()  # it names nobody: whose lesson it is, and whether that was agreed, is asked before it leaves
    # Just after midnight at school it is still yesterday in UTC.
    today = agreement.day or now.date()
    checks = (
        (Reason.TRAJECTORY_CLOSED, agreement.closed),
        (Reason.NOT_YET_VALID, today < agreement.valid_from),
        (Reason.EXPIRED, today > agreement.valid_until),
        (Reason.TEACHER_HAS_NOT_AGREED, not agreement.every_teacher_agreed),
        (Reason.GROUP_HAS_NOT_AGREED, not agreement.group_agreed),
        (Reason.NOT_THIS_TEACHER, pressed_by != "" and pressed_by not in agreement.teachers),
        (Reason.OBJECTIONS_NOT_ARRANGED, agreement.objecting_pupils > 0 and not agreement.arrangement),
        (Reason.PUPIL_FILMING_NOT_AGREED, _pupil_films(agreement) and not agreement.pupil_films_agreed),
        (Reason.MASK_MISSING, agreement.mask_needed and not masks_drawn),
        (Reason.OTHERS_IN_VIEW, agreement.others_in_view),
    )
    return tuple(reason for reason, holds in checks if holds)


def _pupil_films(agreement: Agreement) -> bool:
    return agreement.operator is Operator.PUPIL


def _machine_reasons(situation: Situation) -> tuple[Reason, ...]:
    checks = (
        (Reason.MASKS_DO_NOT_FIT, not situation.masks_fit),
        (Reason.NO_COACH_KEY, not situation.coach_key_present),
        (Reason.NO_SPACE, situation.free_bytes < situation.needed_bytes),
    )
    found = tuple(reason for reason, holds in checks if holds)
    lens = lens_reasons(light_works=situation.light_works, lens_covered=situation.lens_covered)
    return (*found, *lens)
