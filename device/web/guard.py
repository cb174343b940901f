"""What every request passes before a page sees it; each step refuses, and what nobody declared is refused too."""

from __future__ import annotations

from flask import Flask, current_app, redirect, request, url_for
from werkzeug.exceptions import (
    Forbidden,
    LengthRequired,
    MisdirectedRequest,
    RequestEntityTooLarge,
    Unauthorized,
)
from werkzeug.wrappers import Response

from device.web.csrf import is_forged
from device.web.current import current_actor, recognise
from device.web.phrases import N_
from device.web.roles import BODY_BYTES, Access, Role, Table
from device.web.services import services

TABLE = "leerblik.access"
API = ("/api/", "/metrics")
LOGIN = "entrance.login"
_FORGED = N_(
    "This form was open for too long or came from another page: go back, open the page again and retry."
)


def stand_before(app: Flask) -> None:
    """Let every request pass here first."""
    app.before_request(check)


def access_table() -> Table:
    """Return who may open what, for every endpoint of the application that answers now."""
    table: Table = current_app.extensions[TABLE]
    return table


def check() -> Response | None:
    """Refuse by raising, send to the login page, or return None: the page may answer."""
    _check_host()
    access = access_table().get(request.endpoint or "")
    _check_size(access)
    recognise(awake=access is not None and access.awake)
    if request.endpoint is None:
        return None  # no such page or method: Flask says so
    refusal = _refusal(access)
    if refusal is not None:
        return refusal
    if is_forged():
        raise Forbidden(_FORGED)
    return None


def wants_json() -> bool:
    """Tell whether a program asks, which a page would be of no use to."""
    return request.path.startswith(API)


def safe_next(path: str) -> str | None:
    """Return where to go after logging in, if it is a path of this device and nothing else; None otherwise."""
    is_path = path.startswith("/") and not path.startswith(("//", "/\\"))
    if (
        not is_path
        or len(path) > 500
        or any(letter in path for letter in "\\\r\n\t")
        or not path.isprintable()
    ):
        return None
    return path


def _check_host() -> None:
    connection = request.environ.get("gunicorn.socket")
    own = None if connection is None else connection.getsockname()[0]
    if not services().hosts.knows(request.headers.get("Host", ""), own if isinstance(own, str) else None):
        raise MisdirectedRequest


def _check_size(access: Access | None) -> None:
    largest_bytes = BODY_BYTES if access is None else access.body_bytes
    if "Transfer-Encoding" in request.headers:
        raise LengthRequired  # no browser sends a form like that, and it could go on for ever
    request.max_content_length = largest_bytes
    request.max_form_memory_size = largest_bytes
    if (request.content_length or 0) > largest_bytes:
        raise RequestEntityTooLarge


def _refusal(access: Access | None) -> Response | None:
    role = current_actor().role
    if access is not None and role in access.roles:
        return None
    if access is None or role is not Role.PUBLIC:
        raise Forbidden
    if "HX-Request" in request.headers:
        # htmx would put the login page into a corner of this one; this makes the browser go there.
        return Response(status=204, headers={"HX-Redirect": url_for(LOGIN)})
    if wants_json() or request.method not in ("GET", "HEAD"):
        raise Unauthorized
    return redirect(url_for(LOGIN, next=safe_next(request.full_path.rstrip("?"))), 303)
