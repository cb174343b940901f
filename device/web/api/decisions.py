"""Decisions of people: one operation for each kind, its values by the types that the kind declares."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask_babel import gettext as _

from device.domain.errors import Permanent
from device.domain.register.decisions import (
    KINDS,
    AgreementGiven,
    AgreementWithdrawn,
    BookingCancelled,
    BookingMade,
    RecordingClaimed,
    RecordingWithdrawn,
)
from device.domain.register.text import read_decision
from device.web.api.operation import BASE, Answer, Asked, Operation
from device.web.api.recordings import is_nobodys, row_of
from device.web.api.schemas import COUNT, TEXT, Schema, decision_schema, record
from device.web.current import current_actor
from device.web.deciding import Objected, decide
from device.web.roles import Role
from device.web.teacher.pin import confirm_pin

_TEACHER, _BOTH, _COACH = (Role.TEACHER,), (Role.TEACHER, Role.COACH), (Role.COACH,)
# As device.domain.register.state.may_decide has it, which is asked all the same.
_ROLES: dict[type[Any], tuple[Role, ...]] = {
    AgreementGiven: _TEACHER,
    AgreementWithdrawn: _TEACHER,
    RecordingClaimed: _TEACHER,
    RecordingWithdrawn: _TEACHER,
    BookingMade: _BOTH,
    BookingCancelled: _BOTH,
}
# A yes needs the PIN once more: nobody gives it at a screen that a teacher left open. A no needs none.
_WITH_PIN = (AgreementGiven, RecordingClaimed)
_PIN: Schema = {"type": "string", "maxLength": 64, "writeOnly": True}
_WRITTEN = record("Written", number=COUNT, sha256=TEXT)

_SUMMARIES = {
    "school_set": ("Leg de instellingen van de school vast.", "Set the school's settings."),
    "holiday_set": ("Leg een vakantie vast.", "Set a holiday."),
    "holiday_removed": ("Haal een vakantie weg.", "Remove a holiday."),
    "teacher_added": ("Voeg een docent toe, met de afkorting.", "Add a teacher, by code."),
    "teacher_left": ("Een docent doet niet meer mee.", "A teacher has left."),
    "group_registered": ("Leg een groep vast.", "Register a group."),
    "group_withdrawn": ("Een groep trekt het in.", "A group takes it back."),
    "space_registered": ("Leg een leerplein vast.", "Register a space."),
    "space_removed": ("Haal een leerplein weg.", "Remove a space."),
    "trajectory_opened": ("Open een traject.", "Open a trajectory."),
    "trajectory_closed": ("Sluit een traject af.", "Close a trajectory."),
    "agreement_given": ("Stem zelf toe, met de pincode.", "Agree yourself, with the PIN."),
    "agreement_withdrawn": ("Trek je toestemming in.", "Take your agreement back."),
    "booking_made": ("Maak een boeking.", "Make a booking."),
    "booking_cancelled": ("Haal een boeking weg.", "Cancel a booking."),
    "recording_claimed": (
        "Deze opname is van jou, met de pincode.",
        "This recording is yours, with the PIN.",
    ),
    "recording_withdrawn": ("Trek een opname in, waar die ook is.", "Take a recording back, wherever it is."),
}


def _view(kind: str) -> Callable[[Asked], dict[str, Any]]:
    def view(asked: Asked) -> dict[str, Any]:
        values = dict(asked.body)
        pin = values.pop("pin", "")
        try:
            decision = read_decision(kind, values)
        except Permanent as error:
            # Only what no schema can say, such as letters that cannot be shown.
            raise Objected({"": str(error)}) from None
        if isinstance(decision, _WITH_PIN):
            _check_own(decision.teacher)
            confirm_pin(pin)
        _check_recording(decision)
        head = decide(decision).head
        return {"number": head.number, "sha256": head.sha256}

    return view


def _check_own(teacher: str) -> None:
    """Say so before a PIN is asked: hers opens nothing of somebody else's."""
    if teacher != current_actor().code:
        raise Objected({"teacher": _("Only this teacher can decide that.")})


def _check_recording(decision: object) -> None:
    """Object to a recording that is not there to be claimed, or not hers to be taken back."""
    if isinstance(decision, RecordingClaimed | RecordingWithdrawn):
        row = row_of(decision.recording)
        right = (
            (
                is_nobodys(row)
                if isinstance(decision, RecordingClaimed)
                else current_actor().code in row["teachers"]
            )
            if row
            else False
        )
        if not right:
            raise Objected({"recording": _("There is no such recording that you may decide this about.")})


def _operation(kind: str, made: type[Any]) -> Operation:
    more = {"pin": _PIN} if issubclass(made, _WITH_PIN) else {}
    return Operation(
        name=kind,
        method="POST",
        path=f"{BASE}/decisions/{kind}",
        roles=_ROLES.get(made, _COACH),
        summary=_SUMMARIES[kind],
        view=_view(kind),
        right=Answer("It is in the register, as the line of that number.", _WRITTEN),
        status=201,
        body=decision_schema(made, **more),
    )


OPERATIONS = tuple(_operation(kind, made) for kind, made in KINDS.items())
