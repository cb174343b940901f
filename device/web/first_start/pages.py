"""The first start in the browser: code, press, school, keys, passwords; public while nobody has claimed the device.

Afterwards none of these addresses exists any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    current_app,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext as _

from device.domain.errors import Busy, LeerblikError
from device.domain.register.decisions import SchoolSet, Unbooked
from device.domain.texts import LANGUAGES
from device.domain.trajectory import LegalBasis
from device.web.claim import ClaimCode
from device.web.current import set_cookie
from device.web.first_start import finishing
from device.web.first_start.keys import Keys, fingerprint, qr
from device.web.first_start.opening import KEPT_S, Opening, Visit, left_s
from device.web.first_start.pasting import keys_from
from device.web.first_start.plan import check_school, keys_there, present_keys
from device.web.language import NAMES, current_language
from device.web.limits import PASSWORD, Key, address_key
from device.web.roles import Role, open_to
from device.web.services import services

first_start = Blueprint("first_start", __name__, url_prefix="/start")
KEY = "leerblik.first_start"
_PLAIN, _TLS = "leerblik-start", "__Host-leerblik-start"


@dataclass(frozen=True, slots=True)
class FirstStart:
    """What these pages need besides the services: the web page's own folder, the code in it, and who is there."""

    folder: Path
    claim: ClaimCode
    opening: Opening


def prepare(app: Flask, folder: Path, claim: ClaimCode | None = None) -> None:
    """Give an application its first start; ``folder`` is the web page's own. Without this there is none."""
    app.extensions[KEY] = FirstStart(folder, claim or ClaimCode(folder), Opening())


@first_start.get("")
@open_to(Role.PUBLIC)
def begin() -> str | Response:
    """Ask for the code on the label."""
    own = _unclaimed()
    if _visit() is not None:
        return make_response(redirect(url_for(".press"), 303))
    return render_template("first_start/begin.html", has_code=own.claim.exists(), problem="")


@first_start.post("")
@open_to(Role.PUBLIC)
def do_begin() -> Response:
    """Let on whoever knows the code."""
    own = _unclaimed()
    keys = (Key("claim code", PASSWORD), address_key(request.remote_addr or ""))
    wait_s = services().limits.begin(*keys)
    if wait_s > 0:
        sentence = _(
            "There were too many tries: wait %(seconds)d seconds and try again.", seconds=int(wait_s) + 1
        )
        answer = _begin_again(sentence, 429)
        answer.headers["Retry-After"] = str(int(wait_s) + 1)
        return answer
    try:
        right = own.claim.is_right(request.form.get("code", ""))
    except Busy:
        services().limits.succeeded(*keys)
        raise
    if not right:
        return _begin_again(_("This is not the code on the label: read it once more, letter by letter."), 400)
    services().limits.succeeded(*keys)
    answer = make_response(redirect(url_for(".press"), 303))
    set_cookie(answer, _cookie(), own.opening.begin(services().clock_s), round(KEPT_S))
    return answer


@first_start.get("/press")
@open_to(Role.PUBLIC, awake=False)
def press() -> str | Response:
    """Ask for the press at the device; goes on by itself when there was one."""
    visit = _need_visit()
    asked_by_htmx = "HX-Request" in request.headers
    problem = ""
    try:
        is_open = _left_s() > 0
    except LeerblikError:
        is_open, problem = False, _("The recorder does not answer: is its light on? This page keeps trying.")
    if is_open and asked_by_htmx:
        return Response(status=204, headers={"HX-Redirect": _next_page(visit)})
    if is_open:
        return make_response(redirect(_next_page(visit), 303))
    return render_template("first_start/press.html", problem=problem)


@first_start.get("/school")
@open_to(Role.PUBLIC)
def school() -> str:
    """Ask for language, school and legal basis."""
    visit = _need_press()
    chosen = visit.school or services().book.read().school
    return _school_form(
        {
            "language": visit.language or current_language(),
            "name": chosen.name if chosen else "",
            "legal_basis": chosen.legal_basis.value if chosen else "",
        },
        {},
    )


@first_start.post("/school")
@open_to(Role.PUBLIC)
def do_school() -> Response:
    """Keep the school's settings until the end."""
    visit = _need_press()
    fields = {name: request.form.get(name, "").strip() for name in ("language", "name", "legal_basis")}
    problems: dict[str, str] = {}
    if fields["language"] not in LANGUAGES:
        problems["language"] = _("Choose a language.")
    if fields["legal_basis"] not in {each.value for each in LegalBasis}:
        problems["legal_basis"] = _("Choose one of the two; the coach can change it later.")
    basis = LegalBasis.CONSENT if "legal_basis" in problems else LegalBasis(fields["legal_basis"])
    decision = SchoolSet(fields["name"], basis, Unbooked.REFUSE, services().timezone)
    problems |= check_school(decision, services().book, services().now(), current_language())
    if problems:
        return make_response(_school_form(fields, problems), 400)
    visit.language, visit.school = fields["language"], decision
    return make_response(redirect(url_for(".keys"), 303))


@first_start.get("/keys")
@open_to(Role.PUBLIC)
def keys() -> str:
    """Ask for the public keys, or show those that the device has already."""
    visit = _need_press()
    return _keys_form(visit.keys or Keys(""), {}, keys_there(services().recorder))


@first_start.post("/keys")
@open_to(Role.PUBLIC)
def do_keys() -> Response:
    """Keep the keys until the end."""
    visit = _need_press()
    there = keys_there(services().recorder)
    pasted = keys_from(request.form, there)
    if pasted.problems:
        return make_response(_keys_form(pasted.keys, pasted.problems, there), 400)
    visit.keys = None if pasted.keys == there else pasted.keys
    return make_response(redirect(url_for(".finish"), 303))


@first_start.get("/finish")
@open_to(Role.PUBLIC)
def finish() -> str | Response:
    """Show everything once more, with the fingerprints, and ask for the passwords."""
    visit = _need_press()
    if _next_page(visit) != url_for(".finish"):
        return make_response(redirect(_next_page(visit), 303))
    return _finish_form(visit, {})


@first_start.post("/finish")
@open_to(Role.PUBLIC)
def do_finish() -> Response:
    """Make the device the school's."""
    own, visit = _unclaimed(), _need_visit()
    if _next_page(visit) != url_for(".finish"):
        return make_response(redirect(_next_page(visit), 303))
    problems = finishing.problems_of(request.form)
    if not problems and not _left_s() > 0:
        problems[""] = _("Press the button on the device once more, and then send this form again.")
    if problems:
        return make_response(_finish_form(visit, problems), 400)
    with own.opening.lock:
        _unclaimed()  # somebody else was faster
        try:
            finishing.finish(visit, request.form, own.folder, own.claim)
        except LeerblikError as error:
            sentence = _(
                "It is not done yet: %(why)s Send this form again; what was done already stays.",
                why=_(str(error)) + " ",
            )
            return make_response(_finish_form(visit, {"": sentence}), 503)
    visit.is_over = True
    return make_response(redirect(url_for(".done"), 303))


@first_start.get("/done")
@open_to(Role.PUBLIC)
def done() -> str:
    """Tell each person what comes next; only in the browser that did it, and not for long."""
    visit = _visit()
    if visit is None or not visit.is_over:
        abort(404)
    return render_template("first_start/done.html")


def _own() -> FirstStart:
    own: FirstStart | None = current_app.extensions.get(KEY)
    return own if own is not None else abort(404)


def _unclaimed() -> FirstStart:
    own = _own()
    if services().accounts.is_claimed():
        abort(404)
    return own


def _visit() -> Visit | None:
    return _own().opening.find(request.cookies.get(_cookie(), ""), services().clock_s)


def _need_visit() -> Visit:
    _unclaimed()
    return _visit() or _go(url_for(".begin"))


def _need_press() -> Visit:
    visit = _need_visit()
    return visit if _left_s() > 0 else _go(url_for(".press"))


def _go(place: str) -> NoReturn:
    abort(make_response(redirect(place, 303)))


def _left_s() -> float:
    return left_s(services().recorder.ask("status").get("pressed_ago_s"))


def _next_page(visit: Visit) -> str:
    """Return the first page that still has something to ask."""
    if visit.school is None:
        return url_for(".school")
    if visit.keys is None and present_keys(services().recorder) is None:
        return url_for(".keys")
    return url_for(".finish")


def _begin_again(problem: str, status: int) -> Response:
    return make_response(render_template("first_start/begin.html", has_code=True, problem=problem), status)


def _school_form(fields: dict[str, str], problems: dict[str, str]) -> str:
    return render_template("first_start/school.html", fields=fields, problems=problems, languages=NAMES)


def _keys_form(given: Keys, problems: Mapping[str, str], there: Keys) -> str:
    return render_template(
        "first_start/keys.html", given=given, problems=problems, there=there, fingerprint=fingerprint, qr=qr
    )


def _finish_form(visit: Visit, problems: dict[str, str]) -> str:
    return render_template(
        "first_start/finish.html", visit=visit, problems=problems, fingerprint=fingerprint, qr=qr, names=NAMES,
        keys=visit.keys or present_keys(services().recorder), minutes_left=max(1, round(_left_s() / 60)),
    )  # fmt: skip


def _cookie() -> str:
    return _TLS if services().tls else _PLAIN
