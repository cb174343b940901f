"""The register as it stands: all of it for the coach, for a teacher what concerns her."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from device.domain.booking import NEXT_PRESS_S
from device.domain.register.decisions import (
    AgreementGiven,
    BookingMade,
    GroupRegistered,
    GroupWithdrawn,
    HolidaySet,
    RecordingClaimed,
    Repeat,
    SchoolSet,
    SpaceRegistered,
    TrajectoryOpened,
)
from device.domain.register.state import Booking, Register
from device.domain.register.text import write_decision
from device.domain.trajectory import LegalBasis
from device.web.api.operation import BASE, Answer, Asked, Operation
from device.web.api.schemas import (
    COUNT,
    FLAG,
    MOMENT,
    TEXT,
    decision_schema,
    listed,
    maybe,
    one_of,
    record,
    words_of,
)
from device.web.current import current_actor
from device.web.deciding import today, values_of
from device.web.roles import Actor, Role
from device.web.services import services

# Older ones are in the audit log.
MOST_LATEST = 100
_REGISTER = record(
    "Register",
    number=COUNT,
    sha256=TEXT,
    school=maybe(decision_schema(SchoolSet)),
    holidays=listed(decision_schema(HolidaySet)),
    teachers=listed(record("Teacher", teacher=TEXT, present=FLAG)),
    groups=listed(
        record(
            "Group",
            registered=decision_schema(GroupRegistered),
            basis=maybe(words_of(LegalBasis)),
            by=TEXT,
            at=MOMENT,
            withdrawn=FLAG,
        )
    ),
    spaces=listed(decision_schema(SpaceRegistered)),
    trajectories=listed(
        record("Trajectory", opened=decision_schema(TrajectoryOpened), at=MOMENT, closed=FLAG)
    ),
    agreements=listed(decision_schema(AgreementGiven)),
    bookings=listed(record("Booking", made=decision_schema(BookingMade), by=TEXT, at=MOMENT)),
    claims=listed(decision_schema(RecordingClaimed), MOST_LATEST),
    withdrawals=listed(
        record(
            "Withdrawal",
            number=COUNT,
            at=MOMENT,
            kind=one_of("agreement_withdrawn", "group_withdrawn", "recording_withdrawn", "teacher_left"),
            what={"type": "object"},
        ),
        MOST_LATEST,
    ),
)


def text(moment: datetime) -> str:
    """Return a moment as the API writes it: UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def concerns(actor: Actor) -> Callable[..., bool]:
    """Return whether something concerns whoever asks, by the teachers in it: the coach everything."""
    return lambda *teachers: actor.role is Role.COACH or actor.code in teachers


def still_counts(booking: Booking) -> bool:
    """Tell whether something may still be recorded under a booking."""
    if booking.cancelled:
        return False
    if booking.made.repeat is Repeat.NEXT_PRESS:
        return services().now() < booking.at + timedelta(seconds=NEXT_PRESS_S)
    return booking.made.last >= today()


def _register(asked: Asked) -> dict[str, Any]:
    return present(services().book.read(), concerns(current_actor()))


def present(register: Register, mine: Callable[..., bool]) -> dict[str, Any]:
    """Return what counts now, as far as it concerns whoever asks."""
    trajectories = [each for each in register.trajectories.values() if mine(*each.opened.teachers)]
    bookings = [each for each in register.bookings.values() if still_counts(each)]
    claims = [each for each in register.claims.values() if mine(each.teacher)]
    return {
        "number": register.head.number,
        "sha256": register.head.sha256,
        "school": register.school and values_of(register.school),
        "holidays": [values_of(each) for each in register.holidays.values()],
        "teachers": [
            {"teacher": teacher, "present": there}
            for teacher, there in register.teachers.items()
            if mine(teacher)
        ],
        "groups": [
            {
                "registered": values_of(each.registered), "basis": each.basis and each.basis.value, "by": each.by,
                "at": text(each.at), "withdrawn": each.withdrawn,
            }
            for each in register.groups.values()
        ],
        "spaces": [values_of(each) for each in register.spaces.values() if mine(*each.teachers)],
        "trajectories": [
            {"opened": values_of(each.opened), "at": text(each.at), "closed": each.closed} for each in trajectories
        ],
        "agreements": [values_of(each) for each in register.agreements.values() if mine(each.teacher)],
        "bookings": [
            {"made": values_of(each.made), "by": each.by, "at": text(each.at)}
            for each in bookings
            if mine(*each.made.teachers)
        ],
        "claims": [values_of(each) for each in claims[-MOST_LATEST:]],
        "withdrawals": _withdrawals(register, mine),
    }  # fmt: skip


def _withdrawals(register: Register, mine: Callable[..., bool]) -> list[dict[str, Any]]:
    found = [
        each
        for each in register.withdrawals
        if isinstance(each.decision, GroupWithdrawn) or mine(each.decision.teacher)
    ]
    written = [(each, *write_decision(each.decision)) for each in found[-MOST_LATEST:]]
    return [
        {"number": each.number, "at": text(each.at), "kind": kind, "what": what}
        for each, kind, what in written
    ]


OPERATIONS = (
    Operation(
        name="register",
        method="GET",
        path=f"{BASE}/register",
        roles=(Role.TEACHER, Role.COACH),
        summary=(
            "Het register zoals het nu is; voor een docent wat haar aangaat.",
            "The register as it stands; for a teacher what concerns her.",
        ),
        view=_register,
        right=Answer(
            f"What counts now: bookings that are not over, the last {MOST_LATEST} claims and withdrawals. What was "
            "before is in the audit log.",
            _REGISTER,
        ),
    ),
)
