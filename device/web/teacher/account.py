"""What this device keeps about a teacher, her PIN, and leaving every browser at once."""

from __future__ import annotations

from typing import Any

from flask import Response, make_response, redirect, render_template, request, url_for

from device.domain.errors import Refused
from device.web.current import current_actor, log_in, say
from device.web.deciding import Objected
from device.web.pins import check_new_pin
from device.web.roles import Role, open_to
from device.web.services import services
from device.web.teacher import wording
from device.web.teacher.blueprint import teacher
from device.web.teacher.own import me, my_bookings, my_trajectories
from device.web.teacher.pin import confirm_pin
from device.web.teacher.text import gettext as _
from device.web.teacher.times import when


@teacher.get("/teacher/account")
@open_to(Role.TEACHER)
def account() -> str:
    """Show all of it."""
    return _page()


@teacher.post("/teacher/account/pin")
@open_to(Role.TEACHER)
def change_pin() -> Response:
    """Change her PIN; every other browser is logged out."""
    pin = request.form.get("new_pin", "")
    try:
        _check(pin, request.form.get("new_pin_again", ""))
        confirm_pin(request.form.get("pin", ""))
    except Objected as objected:
        return make_response(_page(objected.sentences), 400)
    accounts = services().accounts
    accounts.change_pin(me(), pin)
    actor = current_actor()
    services().sessions.close_all(actor)
    response = make_response(redirect(url_for("teacher.account"), 303))
    log_in(actor, response)
    say(_("Your PIN was changed, and you are logged out everywhere else."))
    return response


def _check(pin: str, again: str) -> None:
    try:
        check_new_pin(pin)
    except Refused as refused:
        raise Objected({"new_pin": _(str(refused))}) from None
    if pin != again:
        raise Objected({"new_pin_again": _("The two PINs are not the same: type them once more.")})


def _page(problems: Any = None) -> str:
    register = services().book.read()
    held = services().accounts.teacher(me())
    mine = my_trajectories(register)
    return render_template(
        "teacher/account.html", problems=problems or {}, code=me(), trajectories=mine, wording=wording,
        yeses={name: yes for name in mine if (yes := register.agreements.get((me(), name)))},
        bookings=len(my_bookings(register)), spaces=[n for n, s in register.spaces.items() if me() in s.teachers],
        happenings=[(each.at, when(each.at), _words(each.what)) for each in (held.happenings if held else ())],
    )  # fmt: skip


def _words(what: str) -> str:
    sentences = {
        "invited": _("Your coach made an invitation to choose a PIN."),
        "pin-chosen": _("A PIN was chosen."),
        "pin-changed": _("You changed your PIN."),
    }
    return sentences.get(what, what)
