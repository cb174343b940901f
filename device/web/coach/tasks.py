"""What the coach should do next: found in the register and in what the recorder says, most needed first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from flask import url_for
from flask_babel import gettext as _

from device.domain.register.closing import ends_soon
from device.domain.register.decisions import Repeat
from device.domain.register.state import Register
from device.web.accounts import Teacher
from device.web.coach.machine import Machine
from device.web.coach.times import day_words

SOON = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do: why, and the page where it is done."""

    sentence: str
    link: str
    link_text: str


def tasks(register: Register, accounts: Iterable[Teacher], machine: Machine, today: date) -> list[Task]:
    """Return what needs doing; empty when everything is in order. ``today`` is a day of the school."""
    if register.school is None:
        return [_choose_school()]
    return [
        *_machine(machine),
        *_groups(register, today),
        *_teachers(register, accounts),
        *_trajectories(register, today),
        *_bookings(register, today),
    ]


def present(register: Register) -> list[str]:
    """Return the codes of the teachers who take part, in order."""
    return sorted(code for code, is_present in register.teachers.items() if is_present)


def open_trajectories(register: Register) -> list[str]:
    """Return the trajectories that were not closed, in the order they were opened."""
    return [name for name, each in register.trajectories.items() if not each.closed]


def _choose_school() -> Task:
    return Task(
        _("Start here: choose the school's legal basis. What a group needs depends on it."),
        url_for("coach.school"), _("Set up the school"),
    )  # fmt: skip


def _machine(machine: Machine) -> Iterator[Task]:
    if not machine.coach_key:
        sentence = _("The device does not know your key yet, so nothing can be recorded: ask IT to set it.")
        yield Task(sentence, url_for("public.status_page"), _("See the status"))


def _groups(register: Register, today: date) -> Iterator[Task]:
    if not register.groups:
        sentence = _("No group is registered yet. Register how many pupils there are; no names.")
        yield Task(sentence, url_for("coach.register_group"), _("Register a group"))
        return
    counting = {name: each for name, each in register.groups.items() if not each.withdrawn}
    basis = register.school.legal_basis if register.school else None
    until = {name: each.registered.valid_until for name, each in counting.items()}
    needed = _needed_groups(register, today)
    of_now = {name for name, day in until.items() if day >= today}
    yield from _about_groups(
        _("Registered under another legal basis than the school has now: %(names)s."),
        [name for name in of_now if counting[name].basis is not basis],
    )
    yield from _about_groups(
        _("Valid for less than 30 days: %(names)s."), [name for name in of_now if until[name] - today <= SOON]
    )
    yield from _about_groups(
        _("Expired, and still booked: %(names)s."),
        [name for name in needed & set(until) if until[name] < today],
    )


def _about_groups(sentence: str, names: Iterable[str]) -> Iterator[Task]:
    if found := sorted(names):
        yield Task(sentence % {"names": ", ".join(found)}, url_for("coach.groups"), _("Renew groups"))


def _needed_groups(register: Register, today: date) -> set[str]:
    booked = [each.made for each in register.bookings.values() if not each.cancelled]
    return {
        name
        for made in booked
        if made.last >= today and made.repeat is not Repeat.NEXT_PRESS
        for name in made.groups
    }


def _teachers(register: Register, accounts: Iterable[Teacher]) -> Iterator[Task]:
    codes = present(register)
    link = url_for("coach.teachers")
    if not codes:
        yield Task(_("No teacher takes part yet."), link, _("Add a teacher"))
        return
    known = {each.code: each for each in accounts}
    without = [code for code in codes if code not in known or not known[code].has_pin]
    invited = [code for code in without if code in known and known[code].invited_until is not None]
    if uninvited := [code for code in without if code not in invited]:
        sentence = _("No PIN and no invitation: %(names)s.", names=", ".join(uninvited))
        yield Task(sentence, link, _("Make an invitation"))
    if invited:
        sentence = _("Invited, no PIN chosen yet: %(names)s.", names=", ".join(invited))
        yield Task(sentence, link, _("See the teachers"))


def _trajectories(register: Register, today: date) -> Iterator[Task]:
    names = open_trajectories(register)
    if not names:
        link = url_for("coach.open_trajectory")
        yield Task(_("No trajectory is open."), link, _("Open a trajectory"))
    for name in names:
        opened, link = register.trajectories[name].opened, url_for("coach.trajectory", name=name)
        waiting = [code for code in opened.teachers if (code, name) not in register.agreements]
        if ends_soon(register.trajectories[name], today):
            sentence = _(
                "Trajectory “%(name)s” ends %(day)s. Within two days after, its recordings are destroyed, "
                "here and on your machine.",
                name=name, day=day_words(opened.closes_on),
            )  # fmt: skip
            yield Task(sentence, link, _("See the trajectory"))
        if opened.closes_on < today:
            sentence = _("Trajectory “%(name)s” is past its last day: close it.", name=name)
            yield Task(sentence, link, _("See the trajectory"))
        elif waiting:
            sentence = _(
                "Trajectory “%(name)s”: not agreed yet by %(names)s.", name=name, names=", ".join(waiting)
            )
            yield Task(sentence, link, _("See what they must do"))


def _bookings(register: Register, today: date) -> Iterator[Task]:
    coming = {
        each.made.trajectory
        for each in register.bookings.values()
        if not each.cancelled and each.made.last >= today
    }
    if open_trajectories(register) and not coming:
        yield Task(
            _("No recording is booked. A press only counts when it was booked."),
            url_for("coach.make_booking"), _("Book a recording"),
        )  # fmt: skip
