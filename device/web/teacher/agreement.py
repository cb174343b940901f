"""A teacher's own yes to a trajectory, with what it means; and taking it back."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, make_response, redirect, render_template, request, url_for

from device.domain.register.decisions import AgreementGiven, AgreementWithdrawn
from device.domain.register.state import Register, Trajectory
from device.web.current import say
from device.web.deciding import Objected, decide
from device.web.roles import Role, open_to
from device.web.services import services
from device.web.teacher import wording
from device.web.teacher.blueprint import teacher
from device.web.teacher.confirm import ask_again
from device.web.teacher.own import me, my_open_trajectories, my_recordings, my_trajectories
from device.web.teacher.pin import confirm_pin
from device.web.teacher.text import gettext as _
from device.web.teacher.text import ngettext

_MOST = 100


@teacher.get("/teacher/agreements")
@open_to(Role.TEACHER)
def agreements() -> str:
    """Show every trajectory that she is in, and what she said to it."""
    register = services().book.read()
    mine = my_trajectories(register)
    return render_template(
        "teacher/agreements.html", trajectories=mine, wording=wording,
        yeses={name: yes for name in mine if (yes := register.agreements.get((me(), name)))},
    )  # fmt: skip


@teacher.get("/teacher/agreement")
@open_to(Role.TEACHER)
def agreement() -> str:
    """Explain what a yes means, and ask for it."""
    name, register, found = _trajectory(request.args.get("trajectory", ""))
    yes = register.agreements.get((me(), name))
    typed = {"sound": yes.sound, "pupil_films": yes.pupil_films} if yes else {}
    return _form(name, found, typed, register)


@teacher.post("/teacher/agreement")
@open_to(Role.TEACHER)
def agree() -> Response:
    """Write her yes down, once the PIN proves that it is she."""
    name, register, found = _trajectory(request.form.get("trajectory", ""))
    typed = {"sound": "sound" in request.form, "pupil_films": "pupil_films" in request.form}
    try:
        confirm_pin(request.form.get("pin", ""))
        decide(AgreementGiven(me(), name, **typed))
    except Objected as objected:
        return make_response(_form(name, found, typed, register, objected.sentences), 400)
    say(_("Your yes to “%(name)s” is written down. You can take it back here at any time.", name=name))
    return make_response(redirect(url_for("teacher.overview"), 303))


@teacher.get("/teacher/agreement/withdraw")
@open_to(Role.TEACHER)
def take_back() -> str:
    """Say exactly what taking it back does, and ask whether to."""
    name, _register, _found = _given(request.args.get("trajectory", ""))
    sentences = [
        _("From now on no lesson is recorded with you in view for this trajectory."),
        *_reached(name),
        _("You need no reason. Your coach sees that you took it back, not why."),
        _("If you change your mind you can agree anew; what was destroyed stays gone."),
    ]
    return ask_again(
        _("Take back your yes to “%(name)s”?", name=name), sentences, _("Take my yes back"),
        url_for("teacher.agreement", trajectory=name), names={"trajectory": name},
    )  # fmt: skip


@teacher.post("/teacher/agreement/withdraw")
@open_to(Role.TEACHER)
def do_take_back() -> Response:
    """Take it back; the recorder destroys within seconds what was recorded."""
    name, _register, _found = _given(request.form.get("trajectory", ""))
    try:
        decide(AgreementWithdrawn(me(), name))
    except Objected as objected:
        say(objected.first)
    else:
        say(
            _(
                "Your yes to “%(name)s” was taken back. Below you can follow what happens to the recordings.",
                name=name,
            )
        )
    return make_response(redirect(url_for("teacher.all_recordings"), 303))


def _reached(name: str) -> list[str]:
    """Return what happens to what was recorded, in numbers."""
    recordings = [each for each in my_recordings(limit=_MOST)[0] if each.trajectory == name]
    here, left = sum(each.is_here for each in recordings), sum(each.has_left for each in recordings)
    found = []
    if here:
        found.append(
            ngettext(
                "One recording that is still here is discarded at once.",
                "%(num)d recordings that are still here are discarded at once.",
                here,
            )
        )
    if left:
        found.append(
            ngettext(
                "One recording that your coach has is destroyed there; a signed proof comes back.",
                "%(num)d recordings that your coach has are destroyed there; a signed proof comes back of each.",
                left,
            )
        )
    return found or [_("Nothing was recorded for it that is still anywhere.")]


def _trajectory(name: str) -> tuple[str, Register, Trajectory]:
    """Return an open trajectory that she is in; anything else answers 404."""
    register = services().book.read()
    found = my_open_trajectories(register).get(name)
    if found is None:
        abort(404)
    return name, register, found


def _given(name: str) -> tuple[str, Register, Trajectory]:
    """Return a trajectory, closed ones too, that she agreed to; anything else answers 404."""
    register = services().book.read()
    found = my_trajectories(register).get(name)
    if found is None or (me(), name) not in register.agreements:
        abort(404)
    return name, register, found


def _form(
    name: str, found: Trajectory, typed: dict[str, bool], register: Register, problems: Any = None
) -> str:
    return render_template(
        "teacher/agreement.html", name=name, opened=found.opened, typed=typed, problems=problems or {},
        wording=wording, given=(me(), name) in register.agreements,
        others=[each for each in found.opened.teachers if each != me()],
    )  # fmt: skip
