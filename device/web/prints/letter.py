"""What stands in the letter for parents: about a group, never about a pupil or a teacher."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from device.domain.register.decisions import Arrangement, SchoolSet
from device.domain.register.state import Register, Trajectory
from device.domain.trajectory import LegalBasis
from device.web.prints.configuration import MAXIMUM_AGE, Configuration
from device.web.prints.door import coaches_of, has_microphone


@dataclass(frozen=True, slots=True)
class Letter:
    """What is filled in. What is "" or None is a line for the school to fill in by hand.

    ``group`` is "" for one that is not registered yet: parents are informed before. ``cooling_off_s`` and
    ``longest_s`` are seconds; ``closes_on`` is the day on which the last trajectory with this group ends;
    ``maximum_age_days`` is the oldest that a recording may get.
    """

    school: str
    group: str
    consent: bool
    sound: bool
    arrangement: Arrangement
    coaches: tuple[str, ...]
    day: date
    cooling_off_s: float | None = None
    longest_s: float | None = None
    closes_on: date | None = None
    maximum_age_days: float | None = None


def letter_of(
    register: Register, school: SchoolSet, known: Configuration, group: str, day: date, *, sound: bool
) -> Letter | None:
    """Return the letter about a group ("": one that is not registered yet, ``sound`` is asked for it).

    None when there is no such group.
    """
    found = register.groups.get(group)
    if group and found is None:
        return None
    registered = found.registered if found else None
    trajectories = _trajectories_with(register, group, day)
    coached = trajectories or tuple(register.trajectories.values())
    return Letter(
        school=school.name,
        group=group,
        consent=school.legal_basis is LegalBasis.CONSENT,
        sound=has_microphone(known) and (registered.sound if registered else sound),
        arrangement=registered.arrangement if registered else Arrangement.NONE,
        coaches=coaches_of(register, coached),
        day=day,
        cooling_off_s=known.number("recorder", "cooling_off_s"),
        longest_s=known.number("recorder", "maximum_length_s"),
        closes_on=max((each.opened.closes_on for each in trajectories), default=None),
        maximum_age_days=known.number(*MAXIMUM_AGE),
    )


def _trajectories_with(register: Register, group: str, day: date) -> tuple[Trajectory, ...]:
    """Return the trajectories in which this group is booked and which are not over."""
    booked = {
        each.made.trajectory
        for each in register.bookings.values()
        if not each.cancelled and group in each.made.groups
    }
    return tuple(
        each
        for name, each in register.trajectories.items()
        if name in booked and not each.closed and each.opened.closes_on >= day
    )
