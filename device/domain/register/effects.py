"""How far a withdrawal reaches: which bookings and which recordings it takes back, and whose a recording is."""

from __future__ import annotations

from dataclasses import dataclass

from device.domain.register.decisions import (
    AgreementWithdrawn,
    BookingMade,
    GroupWithdrawn,
    RecordingClaimed,
    RecordingWithdrawn,
    TeacherLeft,
)
from device.domain.register.state import Register, Withdrawal


@dataclass(frozen=True, slots=True)
class Reached:
    """Bookings (all that was recorded under them before the withdrawal) and recordings by name.

    ``teacher``: the recordings count only when they are hers. ``trajectory``: what was recorded for it under
    no booking counts as well.
    """

    bookings: frozenset[str] = frozenset()
    recordings: frozenset[str] = frozenset()
    teacher: str = ""
    trajectory: str = ""


def reaches(register: Register, withdrawal: Withdrawal) -> Reached:
    """Return what a withdrawal takes back, as far as the register knows."""
    decision = withdrawal.decision
    if isinstance(decision, RecordingWithdrawn):
        return Reached(recordings=frozenset({decision.recording}), teacher=decision.teacher)
    # What was claimed later was judged then, with this withdrawal known.
    claims = {
        name: each
        for name, each in register.claims.items()
        if register.claim_numbers[name] < withdrawal.number
    }
    return Reached(
        bookings=frozenset(name for name, each in register.bookings.items() if _in_view(decision, each.made)),
        recordings=frozenset(name for name, each in claims.items() if _claimed(decision, each)),
    )


def teachers_of(register: Register, recording: str, booking: str) -> tuple[str, ...]:
    """Return the teachers in view of a recording: those of its booking, or the one who claimed it."""
    claim = register.claims.get(recording)
    if booking in register.bookings:
        return register.bookings[booking].made.teachers
    return (claim.teacher,) if claim else ()


def _in_view(decision: AgreementWithdrawn | GroupWithdrawn | TeacherLeft, made: BookingMade) -> bool:
    if isinstance(decision, GroupWithdrawn):
        return decision.group in made.groups
    if isinstance(decision, TeacherLeft):
        return decision.teacher in made.teachers
    return decision.teacher in made.teachers and decision.trajectory == made.trajectory


def _claimed(decision: AgreementWithdrawn | GroupWithdrawn | TeacherLeft, claim: RecordingClaimed) -> bool:
    if isinstance(decision, GroupWithdrawn):
        return decision.group in claim.groups
    if isinstance(decision, TeacherLeft):
        return decision.teacher == claim.teacher
    return (decision.teacher, decision.trajectory) == (claim.teacher, claim.trajectory)
