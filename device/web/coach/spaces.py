"""Spaces in which several teachers and groups are in view at once: a leerplein."""

from __future__ import annotations

from flask import Response, abort, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _

from device.domain.register.decisions import SpaceRegistered, SpaceRemoved
from device.web.coach.blueprint import coach
from device.web.coach.filled import Filled, Question, ask_once_more, filled_from
from device.web.coach.tasks import present
from device.web.current import say
from device.web.deciding import Objected, decide
from device.web.forms import decision_from
from device.web.roles import Role, open_to
from device.web.services import services


@coach.get("/coach/spaces")
@open_to(Role.COACH)
def spaces() -> str:
    """Show all of them."""
    known = sorted(services().book.read().spaces.values(), key=lambda each: each.space)
    return render_template("coach/spaces.html", spaces=known)


@coach.get("/coach/spaces/edit")
@open_to(Role.COACH)
def edit_space() -> str:
    """Show the form, filled in when the space exists."""
    known = services().book.read().spaces.get(request.args.get("space", ""))
    return _form(Filled() if known is None else filled_from(known))


@coach.post("/coach/spaces/edit")
@open_to(Role.COACH)
def do_edit_space() -> Response:
    """Register who is in view there; one of the same name takes its place."""
    try:
        decision = decision_from(SpaceRegistered, request.form)
        decide(decision)
    except Objected as objected:
        return make_response(_form(Filled(request.form, objected.sentences)), 400)
    say(_("Space “%(space)s” is registered.", space=decision.space))
    return make_response(redirect(url_for("coach.spaces"), 303))


@coach.get("/coach/spaces/remove")
@open_to(Role.COACH)
def remove_space() -> str:
    """Ask once more."""
    return ask_once_more(_question(request.args.get("space", "")))


@coach.post("/coach/spaces/remove")
@open_to(Role.COACH)
def do_remove_space() -> Response:
    """Remove it."""
    name = request.form.get("space", "")
    try:
        decide(SpaceRemoved(name))
    except Objected as objected:
        return make_response(ask_once_more(_question(name), objected.first), 400)
    say(_("Space “%(space)s” was removed.", space=name))
    return make_response(redirect(url_for("coach.spaces"), 303))


def _form(filled: Filled) -> str:
    register = services().book.read()
    return render_template(
        "coach/space.html", filled=filled, teachers=present(register), groups=sorted(register.groups)
    )


def _question(name: str) -> Question:
    if name not in services().book.read().spaces:
        abort(404)
    return Question(
        title=_("Remove the space “%(space)s”?", space=name),
        lines=(
            _("Bookings that were made for it stay, with the teachers and groups that they name."),
            _("Nobody checks any more whether everybody in this space was booked."),
        ),
        button=_("Remove the space"),
        back=url_for("coach.spaces"),
        fields={"space": name},
    )
