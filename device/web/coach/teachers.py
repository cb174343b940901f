"""Teachers by code: who takes part, how far each is, and the invitation that is shown once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import Response, abort, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _

from device.domain.register.decisions import TeacherAdded, TeacherLeft
from device.domain.register.state import Register
from device.web.coach.blueprint import coach
from device.web.coach.filled import Filled, Question, ask_once_more
from device.web.coach.tasks import open_trajectories, present
from device.web.current import say
from device.web.deciding import Objected, decide
from device.web.forms import decision_from
from device.web.roles import Actor, Role, open_to
from device.web.services import services


@dataclass(frozen=True, slots=True)
class TeacherLine:
    """How far a teacher is: the PIN, and yes or not yet by open trajectory."""

    code: str
    has_pin: bool
    invited_until: datetime | None
    agreed: tuple[str, ...]
    not_agreed: tuple[str, ...]


@coach.get("/coach/teachers")
@open_to(Role.COACH)
def teachers() -> str:
    """Show who takes part, and a form for one more."""
    return _page(Filled())


@coach.post("/coach/teachers")
@open_to(Role.COACH)
def add_teacher() -> Response:
    """Add one and show the invitation, once: nothing keeps it, so that nobody can look it up."""
    try:
        decision = decision_from(TeacherAdded, request.form)
        decide(decision)
    except Objected as objected:
        return make_response(_page(Filled(request.form, objected.sentences)), 400)
    return _invite(decision.teacher)


@coach.post("/coach/teachers/invite")
@open_to(Role.COACH)
def invite_teacher() -> Response:
    """Show a new invitation, once; an earlier one ends."""
    return _invite(_known(request.form.get("teacher", "")))


@coach.get("/coach/teachers/left")
@open_to(Role.COACH)
def teacher_left() -> str:
    """Ask once more."""
    return ask_once_more(_question(_known(request.args.get("teacher", ""))))


@coach.post("/coach/teachers/left")
@open_to(Role.COACH)
def do_teacher_left() -> Response:
    """Let a teacher go: no more recordings, no more account."""
    code = _known(request.form.get("teacher", ""))
    try:
        decide(TeacherLeft(code))
    except Objected as objected:
        return make_response(ask_once_more(_question(code), objected.first), 400)
    services().accounts.remove_teacher(code)
    services().sessions.close_all(Actor(Role.TEACHER, code))
    say(_("Nothing is recorded with %(code)s any more.", code=code))
    return make_response(redirect(url_for("coach.teachers"), 303))


def line_of(register: Register, code: str, trajectories: list[str]) -> TeacherLine:
    """Return how far a teacher is with these trajectories."""
    account = services().accounts.teacher(code)
    hers = [name for name in trajectories if code in register.trajectories[name].opened.teachers]
    agreed = tuple(name for name in hers if (code, name) in register.agreements)
    return TeacherLine(
        code=code,
        has_pin=account is not None and account.has_pin,
        invited_until=account.invited_until if account else None,
        agreed=agreed,
        not_agreed=tuple(name for name in hers if name not in agreed),
    )


def _page(filled: Filled) -> str:
    register = services().book.read()
    names = open_trajectories(register)
    lines = [line_of(register, code, names) for code in present(register)]
    gone = sorted(code for code, here in register.teachers.items() if not here)
    return render_template("coach/teachers.html", filled=filled, lines=lines, gone=gone)


def _known(code: str) -> str:
    if not services().book.read().teachers.get(code, False):
        abort(404)
    return code


def _invite(code: str) -> Response:
    invitation = services().accounts.invite(code)
    account = services().accounts.teacher(code)
    page = render_template(
        "coach/invited.html", code=code, invitation=invitation, until=account and account.invited_until
    )
    return make_response(page)


def _question(code: str) -> Question:
    return Question(
        title=_("Does %(code)s leave?", code=code),
        lines=(
            _("Nothing is recorded with this code any more, and all agreements of this teacher end."),
            _(
                "The PIN stops working. What this teacher still holds here is discarded: it does not leave without her."
            ),
            _("Recordings that exist stay as they are. Must they go? The teacher takes them back first."),
        ),
        button=_("%(code)s leaves", code=code),
        back=url_for("coach.teachers"),
        fields={"teacher": code},
    )
