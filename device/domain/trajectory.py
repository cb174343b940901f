"""A trajectory of coaching, and the agreement under which its lessons may be recorded."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any


class Stage(enum.IntEnum):
    """Who leads the conversation about a recording; the initiative moves to the teacher."""

    COACH_LEADS = 1
    TEACHER_LEADS = 2
    TEACHER_PREPARES = 3


class Operator(enum.Enum):
    """Who holds the camera; a pupil only when every teacher in view said yes to just that."""

    TEACHER = "teacher"
    PUPIL = "pupil"


class LegalBasis(enum.Enum):
    """The school's choice: (A) information and an objection list, or (B) consent per purpose."""

    LEGITIMATE_INTEREST = "legitimate_interest"
    CONSENT = "consent"


@dataclass(frozen=True, slots=True)
class Agreement:
    """What was agreed before a lesson: who is in view, for what, until when.

    ``teachers`` are all teachers in view, ``teachers_agreed`` those who said yes themselves. No pupil
    is named: only how many objected and what was arranged for them. ``unclaimed``: nobody knows yet whose lesson
    it is; then it names nobody. ``others_in_view``: in the space are more than were booked. ``day`` is the school's
    day that was asked about (None: the clock's own). ``booking`` and the register's last line say where all this
    is written.
    """

    teachers: tuple[str, ...]
    teachers_agreed: tuple[str, ...]
    group: str
    group_agreed: bool
    objecting_pupils: int
    arrangement: str
    trajectory: str
    stage: Stage
    learning_question: str
    legal_basis: LegalBasis
    sound: bool
    valid_from: date
    valid_until: date
    closed: bool = False
    operator: Operator = Operator.TEACHER
    pupil_films_agreed: bool = False
    mask_needed: bool = False
    unclaimed: bool = False
    others_in_view: bool = False
    day: date | None = None
    theme: str = ""
    space: str = ""
    booking: str = ""
    register_number: int = 0
    register_sha256: str = ""

    @property
    def every_teacher_agreed(self) -> bool:
        """Whether there is a teacher, and each one in view has agreed."""
        return bool(self.teachers) and set(self.teachers) <= set(self.teachers_agreed)


def read_agreement(table: Mapping[str, Any]) -> Agreement | None:
    """Return the agreement that the table ``[agreement]`` tells of, or None when nothing was agreed."""
    if not table["trajectory"] and not table["group"]:
        return None
    days = [date.fromisoformat(table[key]) for key in ("valid_from", "valid_until")]
    same = (
        "group",
        "group_agreed",
        "objecting_pupils",
        "arrangement",
        "trajectory",
        "learning_question",
        "sound",
    )
    return Agreement(
        teachers=tuple(table["teachers"]),
        teachers_agreed=tuple(table["teachers_agreed"]),
        stage=Stage(table["stage"]),
        legal_basis=LegalBasis(table["legal_basis"]),
        valid_from=days[0],
        valid_until=days[1],
        **{key: table[key] for key in same},
    )
