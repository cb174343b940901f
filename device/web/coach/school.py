"""The school's settings: its legal basis, what an unbooked press does, its name and its clock."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flask import Response, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from device.domain.register.decisions import SchoolSet, Unbooked
from device.domain.trajectory import LegalBasis
from device.web.coach.blueprint import coach
from device.web.coach.filled import Filled, filled_from, filled_with
from device.web.current import say
from device.web.deciding import Objected, decide
from device.web.forms import decision_from
from device.web.roles import Role, open_to
from device.web.services import services

ZONES = ("Europe/Amsterdam", "America/Curacao", "America/Aruba", "America/Kralendijk")


@coach.get("/coach/school")
@open_to(Role.COACH)
def school() -> str:
    """Show the settings, as a form."""
    known = services().book.read().school
    new = filled_with(zone=services().timezone, unbooked=Unbooked.REFUSE.value)
    return _page(new if known is None else filled_from(known))


@coach.post("/coach/school")
@open_to(Role.COACH)
def set_school() -> Response:
    """Decide on them."""
    try:
        decision = decision_from(SchoolSet, request.form)
        _check_zone(decision.zone)
        decide(decision)
    except Objected as objected:
        return make_response(_page(Filled(request.form, objected.sentences)), 400)
    say(_("Saved. It counts from now on."))
    _say_which_groups(decision)
    return make_response(redirect(url_for("coach.overview"), 303))


def _page(filled: Filled) -> str:
    return render_template(
        "coach/school.html", filled=filled, zones=ZONES, bases=list(LegalBasis), unbooked=list(Unbooked)
    )


def _check_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        sentence = _("There is no such time zone: choose one from the list, such as Europe/Amsterdam.")
        raise Objected({"zone": sentence}) from None


def _say_which_groups(decision: SchoolSet) -> None:
    """Say how many groups must be registered again: each was informed or asked under one basis."""
    groups = services().book.read().groups.values()
    other = sum(not each.withdrawn and each.basis is not decision.legal_basis for each in groups)
    if other:
        say(
            ngettext(
                "%(num)s group was registered under the other legal basis: register it again before it counts.",
                "%(num)s groups were registered under the other legal basis: register them again before they count.",
                other,
            )
        )
