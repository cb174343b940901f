"""Permits for tests, made the only way there is: by asking :func:`device.domain.consent.authorise`."""

from __future__ import annotations

from datetime import UTC, date, datetime

from device.domain.consent import Permit, Situation, authorise
from device.domain.identifiers import make_ulid
from device.domain.trajectory import Agreement, LegalBasis, Stage

NOW = datetime(2030, 3, 4, 10, 0, tzinfo=UTC)
SITUATION = Situation(
    NOW,
    clock_trusted=True,
    coach_key_present=True,
    free_bytes=2,
    needed_bytes=1,
    light_works=True,
    lens_covered=False,
)


def agreement(*, sound: bool = True) -> Agreement:
    """Return an agreement under which a lesson may be recorded at :data:`NOW`."""
    return Agreement(
        teachers=("teacher-1",),
        teachers_agreed=("teacher-1",),
        group="group-1",
        group_agreed=True,
        objecting_pupils=0,
        arrangement="",
        trajectory="trajectory-1",
        stage=Stage.COACH_LEADS,
        learning_question="Do I leave silence after a question?",
        legal_basis=LegalBasis.LEGITIMATE_INTEREST,
        sound=sound,
        valid_from=date(2030, 1, 1),
        valid_until=date(2030, 7, 1),
    )


def permit(*, sound: bool = True, number: int = 1) -> Permit:
    """Return leave to record; ``number`` tells permits apart."""
    permit_id = make_ulid(round(NOW.timestamp() * 1000), number.to_bytes(10, "big"))
    decision = authorise(agreement(sound=sound), SITUATION, permit_id)
    assert isinstance(decision, Permit), decision
    return decision
