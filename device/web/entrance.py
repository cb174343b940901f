"""Logging in and out, and the page on which a teacher chooses her PIN."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _

from device.domain.errors import Busy, Refused
from device.web.accounts import check_code
from device.web.browsers import KNOWN_FOR_S, account_key, prove
from device.web.current import current_actor, log_in, log_out, say, set_cookie
from device.web.guard import access_table, safe_next
from device.web.limits import PASSWORD, Key, address_key
from device.web.pins import check_new_pin
from device.web.roles import Actor, Role, homes_of, open_to
from device.web.services import services

entrance = Blueprint("entrance", __name__)
_PLAIN, _TLS = "leerblik-browser", "__Host-leerblik-browser"
_NO_TEACHER = Actor(Role.TEACHER, "")


@entrance.get("/login")
@open_to(Role.PUBLIC)
def login() -> str | Response:
    """Ask who it is."""
    if current_actor().role is not Role.PUBLIC:
        return make_response(redirect(home(), 303))
    return _login_form()


@entrance.post("/login")
@open_to(Role.PUBLIC)
def do_login() -> Response:
    """Let in whoever knows the secret; who does not, learns neither why nor how nearly."""
    actor, secret = _actor_of_form(), request.form.get("secret", "")
    keys = _keys(actor)
    wait_s = services().limits.begin(*keys)
    if wait_s > 0:
        return _again(_wait_sentence(wait_s), 429, wait_s)
    try:
        right = services().accounts.verify(actor, secret)
    except Busy:
        services().limits.succeeded(*keys)
        raise
    if not right:
        return _again(_("That is not right. Look at the code and the PIN or password, and try again."), 401)
    services().limits.succeeded(*keys)
    return _let_in(actor, safe_next(request.form.get("next", "")))


@entrance.post("/logout")
@open_to(Role.TEACHER, Role.COACH, Role.IT)
def logout() -> Response:
    """Log out here, or in every browser."""
    response = make_response(redirect(url_for("entrance.login"), 303))
    log_out(response, everywhere="everywhere" in request.form)
    return response


@entrance.get("/invitation")
@open_to(Role.PUBLIC)
def invitation() -> str:
    """Ask for the invitation and a PIN."""
    return _invitation_form("")


@entrance.post("/invitation")
@open_to(Role.PUBLIC)
def do_invitation() -> Response:
    """Set the PIN that a teacher chose, and let her in."""
    code, pin = request.form.get("invitation", ""), request.form.get("pin", "")
    try:
        check_new_pin(pin)
        if pin != request.form.get("pin_again", ""):
            raise Refused(_("The two PINs are not the same: type them once more."))
    except Refused as refused:
        return make_response(_invitation_form(code, str(refused)), 400)
    keys = (Key("invitations", PASSWORD), address_key(request.remote_addr or ""))
    wait_s = services().limits.begin(*keys)
    if wait_s > 0:
        return _told_to_wait(make_response(_invitation_form(code, _wait_sentence(wait_s)), 429), wait_s)
    try:
        teacher = Actor(Role.TEACHER, services().accounts.choose_pin(code, pin))
    except Refused as refused:
        return make_response(_invitation_form(code, str(refused)), 400)
    except Busy:
        services().limits.succeeded(*keys)
        raise
    services().limits.succeeded(*keys)
    services().sessions.close_all(teacher)
    response = _let_in(teacher, None)
    say(_("Your PIN is set. Only you know it."))
    return response


def home() -> str:
    """Return where the one who is logged in begins."""
    endpoint = homes_of(access_table()).get(current_actor().role)
    return url_for(endpoint or "public.status_page")


def _let_in(actor: Actor, wished: str | None) -> Response:
    response = make_response("", 303)
    log_in(actor, response)
    set_cookie(response, _browser_cookie(), prove(services().accounts.browser_key(), actor), KNOWN_FOR_S)
    response.location = wished or home()
    return response


def _actor_of_form() -> Actor:
    """Return whom the form names; what no account can be called is a teacher that does not exist."""
    role, code = request.form.get("role", ""), request.form.get("code", "").strip().lower()
    if role in (Role.COACH.value, Role.IT.value):
        return Actor(Role(role))
    try:
        check_code(code)
    except Refused:
        return _NO_TEACHER
    return Actor(Role.TEACHER, code)


def _keys(actor: Actor) -> tuple[Key, ...]:
    proof = request.cookies.get(_browser_cookie(), "")
    key, is_known = account_key(services().accounts.browser_key(), actor, proof)
    return (key,) if is_known else (key, address_key(request.remote_addr or ""))


def _login_form(problem: str = "") -> str:
    form = request.form
    return render_template(
        "login.html", problem=problem, role=form.get("role", "teacher"), code=form.get("code", "")[:8],
        next=safe_next(request.values.get("next", "")) or "",
    )  # fmt: skip


def _invitation_form(code: str, problem: str = "") -> str:
    return render_template("invitation.html", problem=_(problem) if problem else "", invitation=code[:20])


def _again(problem: str, status: int, wait_s: float = 0.0) -> Response:
    return _told_to_wait(make_response(_login_form(problem), status), wait_s)


def _told_to_wait(response: Response, wait_s: float) -> Response:
    if wait_s > 0:
        response.headers["Retry-After"] = str(int(wait_s) + 1)
    return response


def _wait_sentence(wait_s: float) -> str:
    sentence: str = _(
        "There were too many tries: wait %(seconds)d seconds and try again.", seconds=int(wait_s) + 1
    )
    return sentence


def _browser_cookie() -> str:
    return _TLS if services().tls else _PLAIN
