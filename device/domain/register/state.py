"""The register as it stands: what follows from every decision so far. Pure; the file is in ``device.storage``.

A decision counts only when it was made by somebody who may make it: a teacher's agreement by herself alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from device.domain.register.chain import Entry, Head
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
    SchoolSet,
    SpaceRegistered,
    SpaceRemoved,
    TeacherAdded,
    TeacherLeft,
    TrajectoryClosed,
    TrajectoryOpened,
)
from device.domain.trajectory import LegalBasis

COACH, DEVICE = "coach", "device"
# What a teacher decides alone, and nobody on her behalf.
OWN_DECISIONS = AgreementGiven | AgreementWithdrawn | RecordingClaimed | RecordingWithdrawn
_TEACHER = "teacher:"
_NOTHING: Mapping[Any, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Group:
    """A group as it was registered last, under which legal basis, by whom and when."""

    registered: GroupRegistered
    basis: LegalBasis | None
    by: str
    at: datetime
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Trajectory:
    """A trajectory, and whether it was closed."""

    opened: TrajectoryOpened
    at: datetime
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Booking:
    """A booking, who made it and when."""

    made: BookingMade
    by: str
    at: datetime
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Somebody took something back, or is not there to decide any more; ``number`` is its line in the register."""

    number: int
    at: datetime
    decision: AgreementWithdrawn | GroupWithdrawn | RecordingWithdrawn | TeacherLeft


@dataclass(frozen=True, slots=True)
class Register:
    """What counts now. Agreements by teacher and trajectory, everything else by its own name.

    ``claim_numbers`` are the lines in which recordings were claimed; ``decided_at`` is when the last line was written.
    """

    head: Head = field(default_factory=Head)
    decided_at: datetime | None = field(default=None, compare=False)
    school: SchoolSet | None = None
    holidays: Mapping[str, HolidaySet] = field(default_factory=lambda: _NOTHING)
    teachers: Mapping[str, bool] = field(default_factory=lambda: _NOTHING)
    groups: Mapping[str, Group] = field(default_factory=lambda: _NOTHING)
    spaces: Mapping[str, SpaceRegistered] = field(default_factory=lambda: _NOTHING)
    trajectories: Mapping[str, Trajectory] = field(default_factory=lambda: _NOTHING)
    agreements: Mapping[tuple[str, str], AgreementGiven] = field(default_factory=lambda: _NOTHING)
    bookings: Mapping[str, Booking] = field(default_factory=lambda: _NOTHING)
    claims: Mapping[str, RecordingClaimed] = field(default_factory=lambda: _NOTHING)
    claim_numbers: Mapping[str, int] = field(default_factory=lambda: _NOTHING)
    withdrawals: tuple[Withdrawal, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nobody has decided anything yet."""
        return self.head.number == 0


def may_decide(by: str, decision: Decision, register: Register) -> bool:
    """Tell whether somebody may make this decision. Agreeing, claiming and taking back are the teacher's own."""
    teacher = by.removeprefix(_TEACHER) if by.startswith(_TEACHER) else ""
    if isinstance(decision, OWN_DECISIONS):
        return teacher != "" and teacher == decision.teacher
    if isinstance(decision, BookingMade):
        return by == COACH or (teacher != "" and teacher in decision.teachers)
    if isinstance(decision, BookingCancelled):
        booking = register.bookings.get(decision.booking)
        return by == COACH or (teacher != "" and booking is not None and teacher in booking.made.teachers)
    return by in (COACH, DEVICE)


def fold(entries: Iterable[tuple[Entry, Head]], register: Register = Register()) -> Register:  # frozen
    """Return the register after these entries, in their order."""
    # One copy for all of them: a school year is thousands of lines.
    draft: dict[str, Any] = {each.name: getattr(register, each.name) for each in fields(register)}
    draft |= {name: dict(value) for name, value in draft.items() if isinstance(value, Mapping)}
    seen = _Draft(draft)
    for entry, head in entries:
        draft["head"], draft["decided_at"] = head, entry.at
        if may_decide(entry.by, entry.decision, seen):  # type: ignore[arg-type]  # it has the same names
            _EFFECTS[type(entry.decision)](draft, entry)
    frozen: dict[str, Any] = {
        name: MappingProxyType(value) if isinstance(value, dict) else value for name, value in draft.items()
    }
    return Register(**frozen)


class _Draft:
    """A register that is being made, with the names of a real one."""

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values

    def __getattr__(self, name: str) -> Any:
        return self._values[name]


_Effect = Callable[[dict[str, Any], Entry], None]


def _put(table: str, key: str) -> _Effect:
    """Return the effect of a decision that is kept under its own name."""

    def effect(draft: dict[str, Any], entry: Entry) -> None:
        draft[table][getattr(entry.decision, key)] = entry.decision

    return effect


def _drop(table: str, key: str) -> _Effect:
    def effect(draft: dict[str, Any], entry: Entry) -> None:
        draft[table].pop(getattr(entry.decision, key), None)

    return effect


def _mark(table: str, key: str, **values: bool) -> _Effect:
    """Return the effect of a decision that ends something which stays on record."""

    def effect(draft: dict[str, Any], entry: Entry) -> None:
        name = getattr(entry.decision, key)
        if name in draft[table]:
            draft[table][name] = replace(draft[table][name], **values)

    return effect


def _teacher(present: bool) -> _Effect:
    def effect(draft: dict[str, Any], entry: Entry) -> None:
        teacher = entry.decision.teacher  # type: ignore[union-attr]
        draft["teachers"][teacher] = present
        if not present:
            # Who comes back decides anew.
            draft["agreements"] = {k: v for k, v in draft["agreements"].items() if k[0] != teacher}
            _withdraw(draft, entry)

    return effect


def _set_school(draft: dict[str, Any], entry: Entry) -> None:
    draft["school"] = entry.decision


def _register_group(draft: dict[str, Any], entry: Entry) -> None:
    decision: Any = entry.decision
    basis = draft["school"].legal_basis if draft["school"] else None
    draft["groups"][decision.group] = Group(decision, basis, entry.by, entry.at)


def _open_trajectory(draft: dict[str, Any], entry: Entry) -> None:
    decision: Any = entry.decision
    # A name is used once: agreements of an earlier trajectory must not count for another of the same name.
    draft["trajectories"].setdefault(decision.trajectory, Trajectory(decision, entry.at))


def _agree(draft: dict[str, Any], entry: Entry) -> None:
    decision: Any = entry.decision
    # Nobody agrees to what does not exist yet, and who left decides anew after coming back.
    if draft["teachers"].get(decision.teacher, False) and decision.trajectory in draft["trajectories"]:
        draft["agreements"][decision.teacher, decision.trajectory] = decision


def _withdraw_agreement(draft: dict[str, Any], entry: Entry) -> None:
    decision: Any = entry.decision
    draft["agreements"].pop((decision.teacher, decision.trajectory), None)
    _withdraw(draft, entry)


def _withdraw_group(draft: dict[str, Any], entry: Entry) -> None:
    _mark("groups", "group", withdrawn=True)(draft, entry)
    _withdraw(draft, entry)


def _withdraw(draft: dict[str, Any], entry: Entry) -> None:
    decision: Any = entry.decision
    draft["withdrawals"] = (*draft["withdrawals"], Withdrawal(entry.number, entry.at, decision))


def _book(draft: dict[str, Any], entry: Entry) -> None:
    decision: Any = entry.decision
    draft["bookings"].setdefault(decision.booking, Booking(decision, entry.by, entry.at))


def _claim(draft: dict[str, Any], entry: Entry) -> None:
    decision: Any = entry.decision
    # Whoever claims first has it.
    draft["claims"].setdefault(decision.recording, decision)
    draft["claim_numbers"].setdefault(decision.recording, entry.number)


_EFFECTS: dict[type[Decision], _Effect] = {
    SchoolSet: _set_school,
    HolidaySet: _put("holidays", "name"),
    HolidayRemoved: _drop("holidays", "name"),
    TeacherAdded: _teacher(present=True),
    TeacherLeft: _teacher(present=False),
    GroupRegistered: _register_group,
    GroupWithdrawn: _withdraw_group,
    SpaceRegistered: _put("spaces", "space"),
    SpaceRemoved: _drop("spaces", "space"),
    TrajectoryOpened: _open_trajectory,
    TrajectoryClosed: _mark("trajectories", "trajectory", closed=True),
    AgreementGiven: _agree,
    AgreementWithdrawn: _withdraw_agreement,
    BookingMade: _book,
    BookingCancelled: _mark("bookings", "booking", cancelled=True),
    RecordingClaimed: _claim,
    RecordingWithdrawn: _withdraw,
}
