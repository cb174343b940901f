"""No other site makes a visitor's browser do something here: a token in every form, and where it came from."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from flask import Response, g, request

from device.web.current import current_session, set_cookie
from device.web.services import services

FIELD = "csrf_token"
HEADER = "X-CSRF-Token"
_SAFE = ("GET", "HEAD", "OPTIONS")
_PLAIN, _TLS = "leerblik-form", "__Host-leerblik-form"
_FORM_FOR_S = 3600
# Of this process: a form that stood open during a restart is simply asked for again.
_KEY = secrets.token_bytes(32)


def csrf_token() -> str:
    """Return the token for a form on this page: the session's, or one bound to a cookie of this browser."""
    session = current_session()
    if session is not None:
        return session.csrf_token
    if not _form_cookie():
        g.form_cookie = secrets.token_urlsafe(32)
        g.form_cookie_is_new = True
    return _sign(_form_cookie())


def is_forged() -> bool:
    """Tell whether a request that changes something lacks the token or came from elsewhere."""
    if request.method in _SAFE or g.get("is_machine", False):
        return False
    return _came_from_elsewhere() or not _has_token()


def keep_form_cookie(response: Response) -> Response:
    """Give the browser the cookie that a form on this page is bound to."""
    if g.get("form_cookie_is_new", False):
        set_cookie(response, _cookie_name(), g.form_cookie, _FORM_FOR_S)
    return response


def _has_token() -> bool:
    given = request.headers.get(HEADER) or request.form.get(FIELD, "")
    session = current_session()
    if session is not None:
        wanted = session.csrf_token
    elif _form_cookie():
        wanted = _sign(_form_cookie())
    else:
        return False
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), wanted.encode())


def _came_from_elsewhere() -> bool:
    """Believe a browser that says where the form stood; one that says nothing still needs the token."""
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if site is not None and site not in ("same-origin", "none"):
        return True
    return origin is not None and origin.lower() != f"{request.scheme}://{request.host}".lower()


def _form_cookie() -> str:
    made: str = g.get("form_cookie", "")
    return made or request.cookies.get(_cookie_name(), "")


def _cookie_name() -> str:
    return _TLS if services().tls else _PLAIN


def _sign(cookie: str) -> str:
    return hmac.new(_KEY, cookie.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
