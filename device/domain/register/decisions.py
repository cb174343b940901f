"""What people decide: one class per kind of decision, each a line of the register.

No pupil is named anywhere: a group is a word such as "2b" and numbers. Teachers are codes, the school's own
abbreviations. Text that a person writes freely is bounded, and is never about a pupil.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date, time

from device.domain.trajectory import LegalBasis, Operator, Stage


class Arrangement(enum.Enum):
    """What was arranged for the pupils of a group who must not be filmed."""

    NONE = "none"
    OUT_OF_VIEW = "out_of_view"
    MASK = "mask"
    NOT_THAT_HOUR = "not_that_hour"


class Unbooked(enum.Enum):
    """What the school wants of a press outside every booking."""

    REFUSE = "refuse"
    UNCLAIMED = "unclaimed"


class Repeat(enum.Enum):
    """When a booking counts: on one day, every week, or for the next press within an hour."""

    ONCE = "once"
    WEEKLY = "weekly"
    NEXT_PRESS = "next_press"


class Start(enum.Enum):
    """Who starts the recording: a press, or the schedule after an announcement."""

    PRESS = "press"
    SCHEDULE = "schedule"


@dataclass(frozen=True, slots=True)
class SchoolSet:
    """The school's settings. ``zone`` is a name such as Europe/Amsterdam."""

    name: str
    legal_basis: LegalBasis
    unbooked: Unbooked
    zone: str


@dataclass(frozen=True, slots=True)
class HolidaySet:
    """Days without lessons, both included; weekly bookings do not count on them."""

    name: str
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class HolidayRemoved:
    """These days have lessons after all."""

    name: str


@dataclass(frozen=True, slots=True)
class TeacherAdded:
    """A teacher whom the device may know, by code."""

    teacher: str


@dataclass(frozen=True, slots=True)
class TeacherLeft:
    """A teacher who left the school or the coaching: nothing is recorded with this code any more."""

    teacher: str


@dataclass(frozen=True, slots=True)
class GroupRegistered:
    """A group of pupils as it was informed or asked. A later one of the same name takes its place.

    ``pupils`` is how many there are, ``not_filmed`` how many must not be filmed (they objected, or did not
    consent), ``asked`` for how many an answer is known (basis B: all of them must be). ``sound`` is a decision
    of its own.
    """

    group: str
    pupils: int
    asked: int
    not_filmed: int
    arrangement: Arrangement
    sound: bool
    informed_on: date
    valid_from: date
    valid_until: date


@dataclass(frozen=True, slots=True)
class GroupWithdrawn:
    """A group, or pupils of it, take it back: nothing more is recorded, and what was recorded goes."""

    group: str


@dataclass(frozen=True, slots=True)
class SpaceRegistered:
    """A leerplein: all teachers and groups that are in view there."""

    space: str
    teachers: tuple[str, ...]
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SpaceRemoved:
    """No more bookings for this space."""

    space: str


@dataclass(frozen=True, slots=True)
class TrajectoryOpened:
    """A trajectory of coaching. ``stages`` are the planned recordings; ``closes_on`` is its last day."""

    trajectory: str
    teachers: tuple[str, ...]
    coach: str
    learning_question: str
    theme: str
    stages: tuple[Stage, ...]
    closes_on: date


@dataclass(frozen=True, slots=True)
class TrajectoryClosed:
    """A trajectory that is over: nothing more is recorded under it."""

    trajectory: str


@dataclass(frozen=True, slots=True)
class AgreementGiven:
    """A teacher's own yes to being filmed in a trajectory, confirmed with the PIN.

    ``sound`` and ``pupil_films`` (a pupil holds the camera) are yeses of their own.
    """

    teacher: str
    trajectory: str
    sound: bool
    pupil_films: bool


@dataclass(frozen=True, slots=True)
class AgreementWithdrawn:
    """A teacher takes it back: nothing more is recorded, and what was recorded with this teacher goes."""

    teacher: str
    trajectory: str


@dataclass(frozen=True, slots=True)
class BookingMade:
    """Leave for lessons at some time, with everybody who will be in view.

    Times are the school's wall clock. ``first`` and ``last`` are days: the same one for ONCE; WEEKLY counts on
    the weekday of ``first``; NEXT_PRESS counts for an hour from the decision, and its times mean nothing.
    """

    booking: str
    trajectory: str
    teachers: tuple[str, ...]
    groups: tuple[str, ...]
    space: str
    stage: Stage
    operator: Operator
    sound: bool
    repeat: Repeat
    start: Start
    first: date
    last: date
    from_time: time
    to_time: time


@dataclass(frozen=True, slots=True)
class BookingCancelled:
    """A booking that no longer counts."""

    booking: str


@dataclass(frozen=True, slots=True)
class RecordingClaimed:
    """An unclaimed recording is a teacher's: she names what it belongs to and who was in view."""

    recording: str
    teacher: str
    trajectory: str
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RecordingWithdrawn:
    """A teacher takes one recording back, wherever it is."""

    recording: str
    teacher: str


Decision = (
    SchoolSet | HolidaySet | HolidayRemoved | TeacherAdded | TeacherLeft | GroupRegistered | GroupWithdrawn
    | SpaceRegistered | SpaceRemoved | TrajectoryOpened | TrajectoryClosed | AgreementGiven | AgreementWithdrawn
    | BookingMade | BookingCancelled | RecordingClaimed | RecordingWithdrawn
)  # fmt: skip
KINDS: dict[str, type[Decision]] = {
    "school_set": SchoolSet,
    "holiday_set": HolidaySet,
    "holiday_removed": HolidayRemoved,
    "teacher_added": TeacherAdded,
    "teacher_left": TeacherLeft,
    "group_registered": GroupRegistered,
    "group_withdrawn": GroupWithdrawn,
    "space_registered": SpaceRegistered,
    "space_removed": SpaceRemoved,
    "trajectory_opened": TrajectoryOpened,
    "trajectory_closed": TrajectoryClosed,
    "agreement_given": AgreementGiven,
    "agreement_withdrawn": AgreementWithdrawn,
    "booking_made": BookingMade,
    "booking_cancelled": BookingCancelled,
    "recording_claimed": RecordingClaimed,
    "recording_withdrawn": RecordingWithdrawn,
}
KIND_OF = {decision: kind for kind, decision in KINDS.items()}
