"""What stands on the sheet for the door: no names but the school's and the coach's."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from device.domain.register.decisions import SchoolSet
from device.domain.register.state import Register, Trajectory
from device.domain.trajectory import LegalBasis
from device.web.prints.configuration import Configuration

_COLOURED = "gpio_rgb"
# What stands for a name in some registers, and is none.
_NO_NAME = "coach"


@dataclass(frozen=True, slots=True)
class Door:
    """``coaches`` is empty when the register names none; then the school writes it by hand.

    ``sound``: whether any group may be heard.
    """

    school: str
    consent: bool
    sound: bool
    coaches: tuple[str, ...]
    coloured: bool


def door_of(register: Register, school: SchoolSet, known: Configuration) -> Door:
    """Return it, out of the register and the settings."""
    groups = [each.registered for each in register.groups.values() if not each.withdrawn]
    return Door(
        school=school.name,
        consent=school.legal_basis is LegalBasis.CONSENT,
        sound=has_microphone(known) and any(group.sound for group in groups),
        coaches=coaches_of(register, register.trajectories.values()),
        coloured=_COLOURED in (known.names("recorder", "indicators") or ()),
    )


def has_microphone(known: Configuration) -> bool:
    """Tell whether sound can be recorded at all; a device that says nothing about it may be able to."""
    return known.text("recorder", "microphone") != "none"


def coaches_of(register: Register, trajectories: Iterable[Trajectory]) -> tuple[str, ...]:
    """Return the coaches of open trajectories, but nobody who is known as a teacher here."""
    names = dict.fromkeys(each.opened.coach.strip() for each in trajectories if not each.closed)
    teachers = {teacher.casefold() for teacher in register.teachers} | {_NO_NAME}
    return tuple(name for name in names if name and not teachers & _words(name.casefold()))


def _words(name: str) -> set[str]:
    """Return the name, and each word of it as a code might be written."""
    return {name, *re.findall(r"[\w.-]+", name)}
