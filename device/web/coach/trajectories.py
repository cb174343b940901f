"""Trajectories: all of them, and one with who agreed, what is booked and where its recordings are."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Response, abort, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from device.domain.occurrences import Occurrence, next_of
from device.domain.register.closing import ends_soon
from device.domain.register.decisions import AgreementGiven, TrajectoryClosed
from device.domain.register.state import Booking, Register, Trajectory
from device.web.coach.blueprint import coach
from device.web.coach.filled import Question, ask_once_more
from device.web.coach.machine import Rows, ask, recordings
from device.web.coach.paging import page_of
from device.web.coach.places import place_of, waiting
from device.web.coach.teachers import TeacherLine, line_of
from device.web.current import say
from device.web.deciding import Objected, decide, today, zone
from device.web.roles import Role, open_to
from device.web.services import services

_MOST_BOOKINGS = 10


@dataclass(frozen=True, slots=True)
class TrajectoryLine:
    """A trajectory with who has not agreed yet. ``over``: past its last day."""

    trajectory: Trajectory
    waiting: tuple[str, ...]
    over: bool


@dataclass(frozen=True, slots=True)
class TeacherState:
    """How far one teacher of a trajectory is, and her yes when she gave it. ``here``: still takes part."""

    line: TeacherLine
    yes: AgreementGiven | None
    here: bool


@coach.get("/coach/trajectories")
@open_to(Role.COACH)
def trajectories() -> str:
    """Show those that are open, or with ``closed`` those that were."""
    register, closed = services().book.read(), "closed" in request.args
    found = [each for each in register.trajectories.values() if each.closed is closed]
    page = page_of([_line(register, each) for each in reversed(found)])
    return render_template("coach/trajectories.html", page=page, closed=closed)


@coach.get("/coach/trajectories/one")
@open_to(Role.COACH)
def trajectory() -> str:
    """Show one."""
    register, found = _found(request.args.get("name", ""))
    opened = found.opened
    rows = [row for row in _rows_of(found).rows if row.get("trajectory") == opened.trajectory]
    return render_template(
        "coach/trajectory.html",
        trajectory=found,
        over=opened.closes_on < today(),
        soon=ends_soon(found, today()),
        teachers=[_state(register, found, code) for code in opened.teachers],
        bookings=_bookings_of(register, opened.trajectory),
        waiting=sum(each.number for each in waiting(rows)),
        places=[place for row in rows if (place := place_of(row)) is not None],
    )


@coach.get("/coach/trajectories/close")
@open_to(Role.COACH)
def close_trajectory() -> str:
    """Ask once more."""
    return ask_once_more(_question(request.args.get("name", "")))


@coach.post("/coach/trajectories/close")
@open_to(Role.COACH)
def do_close_trajectory() -> Response:
    """Close it."""
    name = request.form.get("name", "")
    try:
        decide(TrajectoryClosed(name))
    except Objected as objected:
        return make_response(ask_once_more(_question(name), objected.first), 400)
    say(_("Trajectory “%(name)s” is closed.", name=name))
    return make_response(redirect(url_for("coach.trajectories"), 303))


def _found(name: str) -> tuple[Register, Trajectory]:
    register = services().book.read()
    found = register.trajectories.get(name)
    return (register, found) if found is not None else abort(404)


def _line(register: Register, each: Trajectory) -> TrajectoryLine:
    opened = each.opened
    missing = [code for code in opened.teachers if (code, opened.trajectory) not in register.agreements]
    return TrajectoryLine(each, tuple(missing), over=opened.closes_on < today())


def _state(register: Register, found: Trajectory, code: str) -> TeacherState:
    name = found.opened.trajectory
    line = line_of(register, code, [name])
    return TeacherState(line, register.agreements.get((code, name)), register.teachers.get(code, False))


def _bookings_of(register: Register, name: str) -> list[tuple[Booking, Occurrence]]:
    """Return the bookings that are still to come, each with when it is next."""
    mine = [
        each for each in register.bookings.values() if each.made.trajectory == name and not each.cancelled
    ]
    coming = []
    for booking in reversed(mine):
        occurrence = next_of(register, booking, services().now(), zone())
        if occurrence is not None:
            coming.append((booking, occurrence))
        if len(coming) == _MOST_BOOKINGS:
            break
    return coming


def _rows_of(found: Trajectory) -> Rows:
    """Return the latest recordings of its first teacher: every recording of a trajectory has each of its teachers."""
    return recordings(teacher=found.opened.teachers[0]) if found.opened.teachers else Rows()


def _destroyed(name: str) -> list[str]:
    """Return what closing it destroys, in numbers."""
    reach = ask("reach", trajectory=name)
    if reach is None or "here" not in reach:
        return [
            _("Its recordings are destroyed, here and on your machine; how many there are is not known now.")
        ]
    here, elsewhere, coming = (int(reach[each]) for each in ("here", "elsewhere", "on_the_way"))
    lines = (
        ngettext(
            "%(num)s recording that still waits on this device is thrown away, watched or not.",
            "%(num)s recordings that still wait on this device are thrown away, watched or not.",
            here,
        ),
        ngettext(
            "%(num)s recording on your machine is destroyed there, with its film; your machine proves it.",
            "%(num)s recordings on your machine are destroyed there, with their films; your machine proves it.",
            elsewhere,
        ),
        ngettext(
            "%(num)s recording is still on its way, and is destroyed when it has arrived.",
            "%(num)s recordings are still on their way, and are destroyed when they have arrived.",
            coming,
        ),
    )
    found = [line for line, number in zip(lines, (here, elsewhere, coming), strict=True) if number]
    return found or [_("Nothing of what was recorded under it is left anywhere.")]


def _question(name: str) -> Question:
    _found(name)
    return Question(
        title=_("Close the trajectory “%(name)s”?", name=name),
        lines=(
            _("Nothing is recorded under it any more. It cannot be opened again: a new one gets a new name."),
            *_destroyed(name),
            _("Copies that you made by hand you destroy yourself."),
        ),
        button=_("Close the trajectory"),
        back=url_for("coach.trajectory", name=name),
        fields={"name": name},
    )
