"""The written rules of who may be recorded, told once more: plainly, slowly, and from the list of decisions itself.

This shares nothing with ``device.domain.register.state`` and ``device.domain.booking`` but the decisions: no tables
are kept, every question goes through the whole history again. Also the school's clock is worked out here, from the
European rule (Directive 2000/84/EC: the last Sundays of March and October, 01:00 UTC).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from device.domain.consent import Reason, Situation
from device.domain.register.decisions import (
    AgreementGiven,
    AgreementWithdrawn,
    Arrangement,
    BookingCancelled,
    BookingMade,
    GroupRegistered,
    GroupWithdrawn,
    HolidayRemoved,
    HolidaySet,
    Repeat,
    SchoolSet,
    SpaceRegistered,
    SpaceRemoved,
    TeacherAdded,
    TeacherLeft,
    TrajectoryClosed,
    TrajectoryOpened,
    Unbooked,
)
from device.domain.trajectory import LegalBasis, Operator
from tests.support.register import Said


@dataclass(frozen=True)
class Press:
    """Somebody presses. ``used``: bookings that something was recorded under before."""

    situation: Situation
    pressed_by: str = ""
    used: frozenset[str] = frozenset()

    @property
    def wall(self) -> datetime:
        return amsterdam(self.situation.now)


@dataclass
class Verdict:
    """What the rules say: why not (nothing: it may), whether with sound, and of which booking ("": unclaimed)."""

    against: set[Reason] = field(default_factory=set)
    sound: bool = False
    booking: BookingMade | None = None


def amsterdam(now: datetime) -> datetime:
    """Return what the clock on the wall in Amsterdam shows, without a zone; ``now`` is in UTC."""
    utc = now.replace(tzinfo=None)
    summer = _last_sunday(utc.year, 3) <= utc < _last_sunday(utc.year, 10)
    return utc + timedelta(hours=2 if summer else 1)


def _last_sunday(year: int, month: int) -> datetime:
    day = datetime(year, month, 31, 1)  # noqa: DTZ001 - UTC, without saying so: it is compared with such
    while day.isoweekday() != 7:
        day -= timedelta(days=1)
    return day


def judge(history: Sequence[Said], press: Press) -> Verdict:
    school = _last(history, SchoolSet)
    if school is None:
        return Verdict({Reason.NO_AGREEMENT} | _machine(press))
    possible = [each for each in _bookings(history) if _counts_now(history, *each, press)]
    meant = _meant([booking for booking, _ in possible], press.pressed_by)
    if len(meant) > 1:
        return Verdict({Reason.SEVERAL_BOOKINGS} | _machine(press))
    if meant:
        against = _lesson(history, school, meant[0], press) | _machine(press)
        return Verdict(against, _sound(history, meant[0]), meant[0])
    if school.unbooked is Unbooked.UNCLAIMED:
        return Verdict(_machine(press))
    clock = set() if press.situation.clock_trusted else {Reason.CLOCK_NOT_SET}
    return Verdict({Reason.NO_BOOKING} | clock | _machine(press))


def _staff(history: Sequence[Said], *kinds: type[Any]) -> list[Any]:
    """What the coach decided (or the device, at its first start), in order."""
    return [s.decision for s in history if isinstance(s.decision, kinds) and s.by in ("coach", "device")]


def _last(history: Sequence[Said], kind: type[Any]) -> Any:
    return next(reversed(_staff(history, kind)), None)


# --- which lesson it is


def _bookings(history: Sequence[Said]) -> list[tuple[BookingMade, datetime]]:
    """Every booking by whoever may book it, the first of each name, without those that were cancelled after."""
    found: list[tuple[BookingMade, datetime]] = []
    for index, said in enumerate(history):
        made = said.decision
        if not isinstance(made, BookingMade) or made.booking in [each.booking for each, _ in found]:
            continue
        may = {"coach", *(f"teacher:{teacher}" for teacher in made.teachers if teacher)}
        if said.by in may:
            found.append((made, said.at))
            for later in history[index + 1 :]:
                off = later.decision
                if isinstance(off, BookingCancelled) and off.booking == made.booking and later.by in may:
                    found[-1] = (made, datetime.max.replace(tzinfo=said.at.tzinfo))
    return [each for each in found if each[1].year < 9999]


def _counts_now(history: Sequence[Said], made: BookingMade, at: datetime, press: Press) -> bool:
    if made.repeat is Repeat.NEXT_PRESS:
        waited_s = (press.situation.now - at).total_seconds()
        return 0 <= waited_s < 3600 and made.booking not in press.used
    day, clock = press.wall.date(), press.wall.time()
    if clock < made.from_time or clock >= made.to_time:
        return False
    if made.repeat is Repeat.ONCE:
        return day == made.first
    week = (day - made.first).days
    return week >= 0 and week % 7 == 0 and day <= made.last and not _holiday(history, day)


def _holiday(history: Sequence[Said], day: date) -> bool:
    names = {each.name for each in _staff(history, HolidaySet)}
    for name in names:
        about = [each for each in _staff(history, HolidaySet, HolidayRemoved) if each.name == name]
        if isinstance(about[-1], HolidaySet) and about[-1].first <= day <= about[-1].last:
            return True
    return False


def _meant(possible: list[BookingMade], pressed_by: str) -> list[BookingMade]:
    """A teacher's own button means her own booking; what was booked for one moment goes before every week's."""
    hers = [each for each in possible if pressed_by and pressed_by in each.teachers]
    for repeat in (Repeat.NEXT_PRESS, Repeat.ONCE, Repeat.WEEKLY):
        if any(each.repeat is repeat for each in hers or possible):
            return [each for each in hers or possible if each.repeat is repeat]
    return []


# --- whether it may be recorded


def _lesson(history: Sequence[Said], school: SchoolSet, made: BookingMade, press: Press) -> set[Reason]:
    today = press.wall.date()
    against = set()
    if not _trajectory_is_open(history, made.trajectory, today):
        against.add(Reason.TRAJECTORY_CLOSED)
    if not made.teachers or not all(_said_yes(history, each, made.trajectory) for each in made.teachers):
        against.add(Reason.TEACHER_HAS_NOT_AGREED)
    if press.pressed_by and press.pressed_by not in made.teachers:
        against.add(Reason.NOT_THIS_TEACHER)
    if made.operator is Operator.PUPIL and not _all_say(history, made, "pupil_films"):
        against.add(Reason.PUPIL_FILMING_NOT_AGREED)
    if not made.groups or not all(_group_agrees(history, each, school) for each in made.groups):
        against.add(Reason.GROUP_HAS_NOT_AGREED)
    for name in made.groups:
        against |= _group(history, name, today, masks_drawn=press.situation.masks_drawn)
    if _more_in_view(history, made):
        against.add(Reason.OTHERS_IN_VIEW)
    return against


def _trajectory_is_open(history: Sequence[Said], name: str, today: date) -> bool:
    opened = None
    for each in _staff(history, TrajectoryOpened, TrajectoryClosed):
        if each.trajectory == name and isinstance(each, TrajectoryOpened):
            opened = opened or each
        elif each.trajectory == name and opened:
            return False
    return opened is not None and today <= opened.closes_on


def _said_yes(history: Sequence[Said], teacher: str, trajectory: str) -> AgreementGiven | None:
    """Her own last word about this trajectory, said while she is here and the trajectory existed; or None."""
    here, exists, yes = False, False, None
    for said in history:
        what: Any = said.decision
        staff = said.by in ("coach", "device")
        if isinstance(what, TeacherAdded | TeacherLeft) and staff and what.teacher == teacher:
            here = isinstance(what, TeacherAdded)
            yes = yes if here else None
        if isinstance(what, TrajectoryOpened) and staff and what.trajectory == trajectory:
            exists = True
        hers = isinstance(what, AgreementGiven | AgreementWithdrawn) and said.by == "teacher:" + teacher
        if hers and (what.teacher, what.trajectory) == (teacher, trajectory) and teacher:
            if isinstance(what, AgreementWithdrawn):
                yes = None
            elif here and exists:
                yes = what
    return yes if here else None


def _all_say(history: Sequence[Said], made: BookingMade, what: str) -> bool:
    words = [_said_yes(history, each, made.trajectory) for each in made.teachers]
    return bool(words) and all(word is not None and getattr(word, what) for word in words)


def _registered(history: Sequence[Said], name: str) -> tuple[GroupRegistered, LegalBasis | None, bool] | None:
    """Return a group as registered last, the legal basis of that moment, and whether it was taken back since."""
    found, basis = None, None
    for each in _staff(history, SchoolSet, GroupRegistered, GroupWithdrawn):
        if isinstance(each, SchoolSet):
            basis = each.legal_basis
        elif each.group == name and isinstance(each, GroupRegistered):
            found = (each, basis, False)
        elif each.group == name and found:
            found = (found[0], found[1], True)
    return found


def _group_agrees(history: Sequence[Said], name: str, school: SchoolSet) -> bool:
    found = _registered(history, name)
    if found is None or found[2] or found[1] is not school.legal_basis:
        return False
    everybody = found[0].asked >= found[0].pupils
    return school.legal_basis is LegalBasis.LEGITIMATE_INTEREST or everybody


def _group(history: Sequence[Said], name: str, today: date, *, masks_drawn: bool) -> set[Reason]:
    found = _registered(history, name)
    if found is None:
        return set()
    group = found[0]
    objecting = group.not_filmed > 0
    rules = {
        Reason.NOT_YET_VALID: today < group.valid_from,
        Reason.EXPIRED: today > group.valid_until,
        Reason.OBJECTIONS_NOT_ARRANGED: objecting and group.arrangement is Arrangement.NONE,
        Reason.MASK_MISSING: objecting and group.arrangement is Arrangement.MASK and not masks_drawn,
    }
    return {reason for reason, broken in rules.items() if broken}


def _more_in_view(history: Sequence[Said], made: BookingMade) -> bool:
    """Whether somebody is in view of this space today whom nobody booked: each of them must agree."""
    about = [each for each in _staff(history, SpaceRegistered, SpaceRemoved) if each.space == made.space]
    if not about or isinstance(about[-1], SpaceRemoved):
        return False
    more = {*about[-1].teachers} - {*made.teachers} | {*about[-1].groups} - {*made.groups}
    return bool(more)


def _sound(history: Sequence[Said], made: BookingMade) -> bool:
    """Sound only when the booking, every group and every teacher say so."""
    groups = [_registered(history, each) for each in made.groups]
    return made.sound and _all_say(history, made, "sound") and all(each and each[0].sound for each in groups)


def _machine(press: Press) -> set[Reason]:
    now = press.situation
    rules = {
        Reason.MASKS_DO_NOT_FIT: not now.masks_fit,
        Reason.NO_COACH_KEY: not now.coach_key_present,
        Reason.NO_SPACE: now.free_bytes < now.needed_bytes,
        Reason.NO_LIGHT: not now.light_works,
        Reason.LENS_COVERED: now.lens_covered,
    }
    return {reason for reason, broken in rules.items() if broken}
