"""The pages with what can be printed: an overview, and each sheet."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, abort, make_response, render_template, request
from flask_babel import gettext as _

from device.domain.errors import LeerblikError
from device.domain.register.state import Register
from device.domain.texts import LANGUAGES
from device.web.deciding import zone
from device.web.phrases import N_
from device.web.prints.address import public_address, qr
from device.web.prints.configuration import configuration
from device.web.prints.door import door_of
from device.web.prints.facts import facts
from device.web.prints.letter import letter_of
from device.web.prints.rhythm import BAR_S
from device.web.prints.signals import parts
from device.web.prints.sources import gather, register_of
from device.web.prints.text import in_each_language, rendered_in, time_words
from device.web.roles import Role, open_to
from device.web.services import services

prints = Blueprint("prints", __name__, url_prefix="/prints")
# Parents get it in Dutch unless the school asks for English.
_LETTER_LANGUAGE = "nl"
_HEADLINE = N_("We sometimes film here")
_LOOK = N_("Does it record now? Look here:")


@prints.get("/")
@open_to(Role.COACH, Role.IT)
def overview() -> str:
    """Show what can be printed."""
    return render_template("prints/overview.html", register=register_of(services()))


@prints.get("/door")
@open_to(Role.COACH)
def door() -> Response:
    """Show the sheet for the door, in both languages."""
    register = register_of(services())
    if register is None or register.school is None:
        return _not_ready(register)
    known = configuration()
    sheet, address = door_of(register, register.school, known), public_address(known)
    return make_response(
        render_template(
            "prints/door.html", door=sheet, languages=LANGUAGES,
            headline=in_each_language(_HEADLINE), look=in_each_language(_LOOK),
            above={each: rendered_in(each, "prints/_door_above.html", door=sheet) for each in LANGUAGES},
            below={each: rendered_in(each, "prints/_door_below.html", door=sheet) for each in LANGUAGES},
            parts=parts(coloured=sheet.coloured), bar_s=BAR_S,
            address=address, qr=qr(address, _("QR code: %(address)s", address=address)),
        )
    )  # fmt: skip


@prints.get("/letter")
@open_to(Role.COACH)
def letters() -> Response:
    """Offer a letter for each group, and one for a group that is not registered yet."""
    register = register_of(services())
    if register is None or register.school is None:
        return _not_ready(register)
    return make_response(render_template("prints/letters.html", groups=sorted(register.groups)))


@prints.get("/letter/print")
@open_to(Role.COACH)
def letter() -> Response:
    """Show the letter about the group that is asked for; without a group, about one that has no name here yet."""
    register = register_of(services())
    if register is None or register.school is None:
        return _not_ready(register)
    group, language = request.args.get("group", ""), request.args.get("in", _LETTER_LANGUAGE)
    day, sound = _now().date(), request.args.get("sound") == "yes"
    filled = letter_of(register, register.school, configuration(), group, day, sound=sound)
    if filled is None or language not in LANGUAGES:
        abort(404)
    words = rendered_in(language, "prints/_letter.html", letter=filled, time_words=time_words)
    others = [each for each in LANGUAGES if each != language]
    return make_response(
        render_template("prints/letter.html", letter=filled, words=words, spoken=language, others=others)
    )


@prints.get("/facts")
@open_to(Role.COACH, Role.IT)
def facts_sheet() -> str:
    """Show the facts for the privacy officer, as they are now."""
    gathered = gather(services(), configuration(), _now())
    return render_template("prints/facts.html", sections=facts(gathered), at=gathered.now)


def _now() -> datetime:
    """Return the time on the school's clock, also while the register cannot be read."""
    try:
        return services().now().astimezone(zone())
    except LeerblikError:
        return services().now().astimezone(ZoneInfo(services().timezone))


def _not_ready(register: Register | None) -> Response:
    page = render_template("prints/not_ready.html", damaged=register is None)
    return make_response(page, 503 if register is None else 200)
