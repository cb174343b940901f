"""Groups of pupils: how many, what was arranged, until when; never who."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from flask import Response, abort, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from device.domain.booking import group_agrees
from device.domain.register.decisions import Arrangement, GroupRegistered, GroupWithdrawn
from device.domain.register.effects import reaches
from device.domain.register.state import Group, Register, Withdrawal
from device.domain.trajectory import LegalBasis
from device.web.coach.blueprint import coach
from device.web.coach.filled import Filled, Question, ask_once_more, filled_from, filled_with
from device.web.coach.tasks import SOON
from device.web.coach.times import day_words
from device.web.current import say
from device.web.deciding import Objected, decide, today
from device.web.forms import decision_from
from device.web.roles import Role, open_to
from device.web.services import services


@dataclass(frozen=True, slots=True)
class GroupLine:
    """A group with whether it counts today, in words. ``renew``: it should be registered again."""

    group: Group
    state: str
    counts: bool
    renew: bool


@coach.get("/coach/groups")
@open_to(Role.COACH)
def groups() -> str:
    """Show every group and whether it counts."""
    register = services().book.read()
    lines = [_line(register, group) for _name, group in sorted(register.groups.items())]
    return render_template("coach/groups.html", lines=lines, basis=_basis(register))


@coach.get("/coach/groups/register")
@open_to(Role.COACH)
def register_group() -> str:
    """Show the form, filled in as before when a group is renewed."""
    known = services().book.read().groups.get(request.args.get("group", ""))
    days = {"valid_from": today(), "valid_until": _end_of_school_year(today())}
    if known is None:
        return _form(filled_with(not_filmed=0, arrangement=Arrangement.NONE.value, **days))
    return _form(filled_from(known.registered, informed_on="", **days))


@coach.post("/coach/groups/register")
@open_to(Role.COACH)
def do_register_group() -> Response:
    """Register it; one of the same name takes its place."""
    try:
        decision = decision_from(GroupRegistered, request.form, **_fixed(services().book.read()))
        decide(decision)
    except Objected as objected:
        return make_response(_form(Filled(request.form, objected.sentences)), 400)
    say(_("Group %(group)s is registered.", group=decision.group))
    return make_response(redirect(url_for("coach.groups"), 303))


@coach.get("/coach/groups/withdraw")
@open_to(Role.COACH)
def withdraw_group() -> str:
    """Say what it does, and ask once more."""
    return ask_once_more(_question(request.args.get("group", "")))


@coach.post("/coach/groups/withdraw")
@open_to(Role.COACH)
def do_withdraw_group() -> Response:
    """Withdraw it."""
    name = request.form.get("group", "")
    try:
        decide(GroupWithdrawn(name))
    except Objected as objected:
        return make_response(ask_once_more(_question(name), objected.first), 400)
    say(_("Group %(group)s was withdrawn. The device now does what belongs to it.", group=name))
    return make_response(redirect(url_for("coach.groups"), 303))


def _form(filled: Filled) -> str:
    register = services().book.read()
    return render_template(
        "coach/group.html", filled=filled, basis=_basis(register), consent=LegalBasis.CONSENT,
        arrangements=list(Arrangement),
    )  # fmt: skip


def _fixed(register: Register) -> dict[str, int]:
    """Return what the form does not ask: under A nobody's answer is waited for."""
    return {} if _basis(register) is LegalBasis.CONSENT else {"asked": 0}


def _basis(register: Register) -> LegalBasis | None:
    return register.school.legal_basis if register.school else None


def _line(register: Register, group: Group) -> GroupLine:
    last, basis = group.registered.valid_until, _basis(register)
    if group.withdrawn:
        return GroupLine(group, _("withdrawn"), counts=False, renew=True)
    if basis is None or not group_agrees(group, basis):
        return GroupLine(group, _("does not count under the school's legal basis"), counts=False, renew=True)
    if last < today():
        return GroupLine(group, _("expired since %(day)s", day=day_words(last)), counts=False, renew=True)
    if group.registered.valid_from > today():
        state = _("counts from %(day)s", day=day_words(group.registered.valid_from))
        return GroupLine(group, state, counts=False, renew=False)
    state = _("counts until %(day)s", day=day_words(last))
    return GroupLine(group, state, counts=True, renew=last - today() <= SOON)


def _end_of_school_year(day: date) -> date:
    """Return the next last day of July that is at least two months away."""
    year = day.year if day.month <= 5 else day.year + 1
    return date(year, 7, 31)


def _question(name: str) -> Question:
    register = services().book.read()
    if name not in register.groups:
        abort(404)
    reached = reaches(register, Withdrawal(register.head.number + 1, services().now(), GroupWithdrawn(name)))
    count = len(reached.bookings) + len(reached.recordings)
    return Question(
        title=_("Withdraw group %(group)s?", group=name),
        lines=(
            _("From now on nothing is recorded with this group."),
            _("Recordings with this group that still wait on this device are thrown away."),
            _("Those that were delivered are called back: your machine destroys them and proves it."),
            _("Copies that you made by hand you destroy yourself."),
            ngettext(
                "It reaches %(num)s booking or recording.",
                "It reaches %(num)s bookings and recordings.",
                count,
            ),
            _(
                "Does one pupil take it back? Withdraw the group, then register it again with the new numbers."
            ),
        ),
        button=_("Withdraw group %(group)s", group=name),
        back=url_for("coach.groups"),
        fields={"group": name},
    )
