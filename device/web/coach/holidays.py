"""Days without lessons, on which weekly bookings do not count."""

from __future__ import annotations

from flask import Response, abort, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _

from device.domain.register.decisions import HolidayRemoved, HolidaySet
from device.web.coach.blueprint import coach
from device.web.coach.filled import Filled, Question, ask_once_more
from device.web.current import say
from device.web.deciding import Objected, decide
from device.web.forms import decision_from
from device.web.roles import Role, open_to
from device.web.services import services


@coach.get("/coach/holidays")
@open_to(Role.COACH)
def holidays() -> str:
    """Show all of them, and a form for one more."""
    return _page(Filled())


@coach.post("/coach/holidays")
@open_to(Role.COACH)
def set_holiday() -> Response:
    """Add one, or give one of the same name other days."""
    try:
        decision = decision_from(HolidaySet, request.form)
        decide(decision)
    except Objected as objected:
        return make_response(_page(Filled(request.form, objected.sentences)), 400)
    say(_("Holiday “%(name)s” is in the calendar.", name=decision.name))
    return make_response(redirect(url_for("coach.holidays"), 303))


@coach.get("/coach/holidays/remove")
@open_to(Role.COACH)
def remove_holiday() -> str:
    """Ask once more."""
    return ask_once_more(_question(request.args.get("name", "")))


@coach.post("/coach/holidays/remove")
@open_to(Role.COACH)
def do_remove_holiday() -> Response:
    """Remove it."""
    name = request.form.get("name", "")
    try:
        decide(HolidayRemoved(name))
    except Objected as objected:
        return make_response(ask_once_more(_question(name), objected.first), 400)
    say(_("Holiday “%(name)s” was removed.", name=name))
    return make_response(redirect(url_for("coach.holidays"), 303))


def _page(filled: Filled) -> str:
    known = sorted(services().book.read().holidays.values(), key=lambda each: each.first)
    return render_template("coach/holidays.html", filled=filled, holidays=known)


def _question(name: str) -> Question:
    if name not in services().book.read().holidays:
        abort(404)
    return Question(
        title=_("Remove the holiday “%(name)s”?", name=name),
        lines=(_("Weekly bookings then count on these days as well."),),
        button=_("Remove the holiday"),
        back=url_for("coach.holidays"),
        fields={"name": name},
    )
