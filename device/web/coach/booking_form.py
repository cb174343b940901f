"""Making a booking: leave for lessons at some time, with everybody who will be in view."""

from __future__ import annotations

import contextlib
import secrets
from datetime import date, time

from flask import Response, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from device.domain.errors import Permanent
from device.domain.identifiers import make_ulid
from device.domain.register.decisions import BookingMade, Repeat, Start
from device.domain.register.state import Register
from device.domain.register.text import read_value
from device.domain.trajectory import Operator, Stage
from device.web.coach.blueprint import coach
from device.web.coach.filled import Filled, filled_with
from device.web.coach.tasks import open_trajectories, present
from device.web.current import say
from device.web.deciding import Objected, decide, today
from device.web.forms import decision_from
from device.web.roles import Role, open_to
from device.web.services import services

_NO_TIME = "00:00"
# What the timetable hands over.
_LESSON = ("day", "from", "to", "note")
_FIELDS: dict[str, tuple[str, type]] = {
    "first": ("day", date), "from_time": ("from", time), "to_time": ("to", time),
}  # fmt: skip
_LONGEST = 60


@coach.get("/coach/bookings/make")
@open_to(Role.COACH)
def make_booking() -> str:
    """Ask for which trajectory, then show the form with its teachers chosen."""
    register, name = services().book.read(), request.args.get("trajectory", "")
    names = open_trajectories(register)
    if name not in names:
        chosen = [register.trajectories[each] for each in reversed(names)]
        return render_template("coach/booking_for.html", trajectories=chosen, lesson=_lesson())
    opened = register.trajectories[name].opened
    stage = _next_stage(register, name)
    return _form(
        name,
        filled_with(
            teachers=opened.teachers, stage=int(stage), repeat=Repeat.ONCE.value, start=Start.PRESS.value,
            operator=Operator.TEACHER.value, last=opened.closes_on, groups=_usual_groups(register, name),
            **{"first": today(), **_times()},
        ),
    )  # fmt: skip


def _lesson() -> dict[str, str]:
    """Return the lesson of the timetable that is booked, as its address names it; cut, and not believed."""
    return {name: request.args[name][:_LONGEST] for name in _LESSON if request.args.get(name)}


def _times() -> dict[str, date | time]:
    """Return day and times of that lesson, as far as they are any."""
    found: dict[str, date | time] = {}
    for field, (name, kind) in _FIELDS.items():
        with contextlib.suppress(Permanent):
            found[field] = read_value(request.args.get(name, ""), kind, name)
    return found


@coach.post("/coach/bookings/make")
@open_to(Role.COACH)
def do_make_booking() -> Response:
    """Make it; its page says at once whether a press then would record."""
    register = services().book.read()
    fields, added = _completed(register, request.form)
    try:
        decision = decision_from(BookingMade, fields, booking=_fresh_name())
        decide(decision)
    except Objected as objected:
        problems = _beside(objected, fields)
        return make_response(_form(request.form.get("trajectory", ""), Filled(fields, problems)), 400)
    if added:
        say(_("Always in view in this space, and added: %(names)s.", names=", ".join(added)))
    say(_("The booking is made."))
    return make_response(redirect(url_for("coach.booking", booking=decision.booking), 303))


def _form(name: str, filled: Filled) -> str:
    register = services().book.read()
    return render_template(
        "coach/booking_form.html",
        filled=filled,
        name=name,
        trajectory=register.trajectories.get(name),
        teachers=present(register),
        groups=sorted(each for each, group in register.groups.items() if not group.withdrawn),
        spaces=sorted(register.spaces),
        repeats=list(Repeat),
        stages=list(Stage),
        operators=list(Operator),
        starts=list(Start),
    )


def _completed(register: Register, form: MultiDict[str, str]) -> tuple[MultiDict[str, str], list[str]]:
    """Return the form with what follows from it, and whom its space added."""
    fields = MultiDict(form.items(multi=True))
    if fields.get("repeat") == Repeat.NEXT_PRESS.value:
        # Its times mean nothing, and nobody can announce somebody's press.
        now = {"first": str(today()), "last": str(today()), "from_time": _NO_TIME, "to_time": _NO_TIME}
        _set(fields, now | {"start": Start.PRESS.value})
    elif fields.get("repeat") == Repeat.ONCE.value:
        _set(fields, {"last": fields.get("first", "")})
    return fields, _add_space(register, fields)


def _add_space(register: Register, fields: MultiDict[str, str]) -> list[str]:
    """Add whoever is always in view in the space that was chosen, and return who was not there yet."""
    space = register.spaces.get(fields.get("space", ""))
    added: list[str] = []
    for name, always in (("teachers", space.teachers), ("groups", space.groups)) if space else ():
        missing = [each for each in always if each not in fields.getlist(name)]
        fields.setlist(name, [*fields.getlist(name), *missing])
        added += missing
    return added


def _set(fields: MultiDict[str, str], values: dict[str, str]) -> None:
    for name, value in values.items():
        fields.setlist(name, [value])


def _next_stage(register: Register, name: str) -> Stage:
    """Return the stage of the next planned recording: one for each booking that was made."""
    planned = register.trajectories[name].opened.stages or (Stage.COACH_LEADS,)
    made = [
        each for each in register.bookings.values() if each.made.trajectory == name and not each.cancelled
    ]
    return planned[min(len(made), len(planned) - 1)]


def _usual_groups(register: Register, name: str) -> tuple[str, ...]:
    """Return the groups of the last booking of a trajectory that are still known."""
    made = [each.made.groups for each in register.bookings.values() if each.made.trajectory == name]
    return tuple(group for group in (made[-1] if made else ()) if group in register.groups)


def _fresh_name() -> str:
    return make_ulid(round(services().now().timestamp() * 1000), secrets.token_bytes(10))


def _beside(objected: Objected, fields: MultiDict[str, str]) -> dict[str, str]:
    """Return the sentences beside the fields that are there: a single day has one field, not two."""
    problems = dict(objected.sentences)
    if fields.get("repeat") == Repeat.ONCE.value and "last" in problems:
        problems.setdefault("first", problems.pop("last"))
    return problems
