"""Opening a trajectory: who, about which question, with which recordings, until when."""

from __future__ import annotations

from datetime import timedelta

from flask import Response, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _

from device.domain.register.decisions import TrajectoryOpened
from device.domain.register.rules import MAX_STAGES
from device.domain.trajectory import Stage
from device.web.coach.blueprint import coach
from device.web.coach.filled import Filled, filled_with
from device.web.coach.tasks import present
from device.web.current import say
from device.web.deciding import Objected, decide, today
from device.web.forms import decision_from
from device.web.roles import Role, open_to
from device.web.services import services

_USUAL = timedelta(weeks=16)


@coach.get("/coach/trajectories/open")
@open_to(Role.COACH)
def open_trajectory() -> str:
    """Show the form; three recordings, one of each stage, is how most trajectories go."""
    stages = [int(each) for each in Stage]
    return _form(filled_with(stages=stages, closes_on=today() + _USUAL))


@coach.post("/coach/trajectories/open")
@open_to(Role.COACH)
def do_open_trajectory() -> Response:
    """Open it."""
    try:
        decision = decision_from(TrajectoryOpened, request.form)
        decide(decision)
    except Objected as objected:
        return make_response(_form(Filled(request.form, objected.sentences)), 400)
    say(_("The trajectory is open. Now every teacher in it agrees, with the PIN."))
    return make_response(redirect(url_for("coach.trajectory", name=decision.trajectory), 303))


def _form(filled: Filled) -> str:
    return render_template(
        "coach/trajectory_form.html",
        filled=filled,
        teachers=present(services().book.read()),
        stages=list(Stage),
        places=range(MAX_STAGES),
        themes=_themes(),
    )


def _themes() -> list[str]:
    """Return examples of a school theme; any other is as good."""
    return [
        _("cooperative work forms"),
        _("modelling during instruction"),
        _("differentiation"),
        _("the atmosphere in class"),
    ]
