"""What a teacher books for herself: the next press within this hour is hers. And cancelling what she is in."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import time
from typing import Any

from flask import Response, abort, make_response, redirect, render_template, request, url_for

from device.domain.identifiers import make_ulid
from device.domain.register.decisions import BookingCancelled, BookingMade, Repeat, Start
from device.domain.register.state import Register
from device.domain.trajectory import Operator, Stage
from device.web.current import say
from device.web.deciding import Objected, decide, today
from device.web.roles import Role, open_to
from device.web.services import services
from device.web.teacher.blueprint import teacher
from device.web.teacher.confirm import ask_again
from device.web.teacher.own import me, my_bookings, my_last_booking, my_open_trajectories
from device.web.teacher.press import open_next_presses
from device.web.teacher.text import gettext as _
from device.web.teacher.times import full_day, weekday

_MOST = 30


@teacher.get("/teacher/next-press")
@open_to(Role.TEACHER)
def next_press() -> str:
    """Ask for whom the next press is, with what she chose last time filled in."""
    register = services().book.read()
    last = my_last_booking(register)
    if last is None:
        return _form(register, {"sound": True})
    made = last.made
    return _form(
        register,
        {
            "trajectory": made.trajectory, "groups": made.groups, "space": made.space, "sound": made.sound,
            "pupil": made.operator is Operator.PUPIL, "others": [each for each in made.teachers if each != me()],
        },
    )  # fmt: skip


@teacher.post("/teacher/next-press")
@open_to(Role.TEACHER)
def book_next_press() -> Response:
    """Book it."""
    register = services().book.read()
    typed = _typed()
    try:
        booking = _booking(register, typed)
        # Two that wait at once would make the device ask which one is meant.
        earlier = [each for each in open_next_presses(register) if me() in each.made.teachers]
        decide(booking)
    except Objected as objected:
        return make_response(_form(register, typed, objected.sentences), 400)
    for each in earlier:
        decide(BookingCancelled(each.made.booking))
    say(_("The next press within an hour is yours."))
    return make_response(redirect(url_for("teacher.overview"), 303))


@teacher.get("/teacher/bookings/<booking>/cancel")
@open_to(Role.TEACHER)
def cancel_booking(booking: str) -> str:
    """Ask whether a booking should go."""
    made = _my_booking(booking)
    weekly = made.repeat is Repeat.WEEKLY
    sentences = [
        _which(made),
        _("A press at that time will not record you any more.")
        if not weekly
        else _("This booking is for every week: none of its lessons is recorded any more."),
        _("What was recorded before stays as it is."),
    ]
    if len(made.teachers) > 1:
        sentences.append(_("It goes for everybody in it: %(codes)s.", codes=", ".join(made.teachers)))
    return ask_again(
        _("Cancel this booking?"), sentences, _("Cancel the booking"), url_for("teacher.overview")
    )


@teacher.post("/teacher/bookings/<booking>/cancel")
@open_to(Role.TEACHER)
def do_cancel_booking(booking: str) -> Response:
    """Cancel it."""
    made = _my_booking(booking)
    try:
        decide(BookingCancelled(made.booking))
    except Objected as objected:
        say(objected.first)
    else:
        say(_("The booking was cancelled."))
    return make_response(redirect(url_for("teacher.overview"), 303))


def _my_booking(name: str) -> BookingMade:
    mine = {each.made.booking: each.made for each in my_bookings(services().book.read())}
    if name not in mine:
        abort(404)
    return mine[name]


def _which(made: BookingMade) -> str:
    """Return which booking it is: when, with which groups, for which trajectory."""
    about = {"groups": ", ".join(made.groups), "name": made.trajectory}
    if made.repeat is Repeat.NEXT_PRESS:
        return _("It is for the next press, with %(groups)s, in trajectory “%(name)s”.", **about)
    times = {"start": f"{made.from_time:%H:%M}", "end": f"{made.to_time:%H:%M}"}
    if made.repeat is Repeat.WEEKLY:
        return _(
            "It is for every %(day)s from %(start)s to %(end)s, with %(groups)s, in trajectory “%(name)s”.",
            day=weekday(made.first), **times, **about,
        )  # fmt: skip
    return _(
        "It is for %(day)s from %(start)s to %(end)s, with %(groups)s, in trajectory “%(name)s”.",
        day=full_day(made.first), **times, **about,
    )  # fmt: skip


def _typed() -> dict[str, Any]:
    form = request.form
    return {
        "trajectory": form.get("trajectory", ""), "groups": form.getlist("groups")[:_MOST],
        "space": form.get("space", ""), "others": form.getlist("others")[:_MOST],
        "sound": "sound" in form, "pupil": "pupil" in form,
    }  # fmt: skip


def _booking(register: Register, typed: dict[str, Any]) -> BookingMade:
    """Return the booking, with everybody who is always in view in the space; Objected when she did not agree."""
    trajectory = typed["trajectory"]
    if not trajectory:
        raise Objected({"trajectory": _("Choose a trajectory.")})
    if (me(), trajectory) not in register.agreements:
        raise Objected({"trajectory": _("You have not agreed to this trajectory yet.")})
    space = register.spaces.get(typed["space"])
    moment = services().now()
    return BookingMade(
        booking=make_ulid(round(moment.timestamp() * 1000), secrets.token_bytes(10)),
        trajectory=trajectory,
        teachers=_all((me(),), typed["others"], space.teachers if space else ()),
        groups=_all(typed["groups"], space.groups if space else ()),
        space=typed["space"],
        stage=_stage(register, trajectory),
        operator=Operator.PUPIL if typed["pupil"] else Operator.TEACHER,
        sound=typed["sound"],
        repeat=Repeat.NEXT_PRESS,
        start=Start.PRESS,
        first=today(),
        last=today(),
        from_time=time(0, 0),
        to_time=time(23, 59),
    )


def _all(*names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for some in names for name in some))


def _stage(register: Register, trajectory: str) -> Stage:
    """Return the stage of the next planned recording: as many were booked here before as are behind her."""
    opened = register.trajectories.get(trajectory)
    if opened is None or not opened.opened.stages:
        return Stage.COACH_LEADS
    rows = services().recorder.ask("recordings", teacher=me(), limit=100)["recordings"]
    made: int = sum(row.get("trajectory") == trajectory and not row.get("discarded") for row in rows)
    stages: tuple[Stage, ...] = opened.opened.stages
    return stages[min(made, len(stages) - 1)]


def _form(register: Register, typed: dict[str, Any], problems: Any = None) -> str:
    agreed = [name for name in my_open_trajectories(register) if (me(), name) in register.agreements]
    yeses = [register.agreements[me(), name] for name in agreed]
    mine = {name: each for name, each in register.spaces.items() if me() in each.teachers}
    colleagues = {
        code for name in agreed for code in register.trajectories[name].opened.teachers if code != me()
    }
    return render_template(
        "teacher/next_press.html", typed=typed, problems=problems or {}, spaces=mine, colleagues=sorted(colleagues),
        trajectories=[register.trajectories[name].opened for name in agreed],
        groups=[name for name, each in sorted(register.groups.items()) if not each.withdrawn],
        may_sound=any(yes.sound for yes in yeses), may_pupil=any(yes.pupil_films for yes in yeses),
        unanswered=len(my_open_trajectories(register)) > len(agreed),
    )  # fmt: skip
