"""What goes wrong, said once: a page in the visitor's language, or JSON for a program."""

from __future__ import annotations

from http import HTTPStatus

from flask import Flask, Response, jsonify, make_response, render_template
from flask_babel import gettext as _
from werkzeug.exceptions import HTTPException

from device.domain.errors import Busy, LeerblikError, Permanent, Refused, Temporary
from device.web.guard import wants_json
from device.web.phrases import N_

# Headline, and what to do.
WORDS = {
    400: (N_("Not understood"), N_("This request cannot be understood: go back and try again.")),
    401: (N_("Log in first"), N_("This page is only for somebody who is logged in.")),
    403: (N_("Not allowed"), N_("This page is not for you. Log in with another account if you have one.")),
    404: (N_("Not found"), N_("There is no such page.")),
    405: (N_("Not possible here"), N_("This page cannot be used like that: go back and use its buttons.")),
    409: (N_("Not now"), N_("This cannot be done at this moment.")),
    411: (N_("Not understood"), N_("This request does not say how long it is.")),
    413: (N_("Too large"), N_("What you sent is too large: choose a smaller file or a shorter text.")),
    415: (N_("Unknown kind of file"), N_("This kind of file cannot be read here.")),
    421: (
        N_("Wrong address"),
        N_(
            "This device is not known under that name: use the address on its label, or ask IT to add this one."
        ),
    ),
    429: (N_("Wait a moment"), N_("There were too many tries: wait a little and try again.")),
    500: (N_("Something went wrong"), N_("That is our fault, and recording goes on. Try again, or tell IT.")),
    503: (N_("Not available"), N_("This does not work at the moment: try again a little later.")),
}
_STATUS_OF: tuple[tuple[type[LeerblikError], int], ...] = (
    (Refused, 403),
    (Busy, 503),
    (Temporary, 503),
    (Permanent, 400),
)


def stand_behind(app: Flask) -> None:
    """Answer every error, those of Leerblik with their own sentence."""
    app.register_error_handler(HTTPException, _of_http)
    app.register_error_handler(LeerblikError, _of_leerblik)


def answer(status: int, sentence: str | None = None, *, wait_s: float = 0.0) -> Response:
    """Return the answer for a status, with a translated sentence of one's own if there is one."""
    headline, usual = WORDS.get(status, WORDS[500] if status >= 500 else WORDS[400])
    sentence = sentence or _(usual)
    if wants_json():
        response = jsonify(error=HTTPStatus(status).phrase, message=sentence)
    else:
        response = make_response(
            render_template("problem.html", status=status, headline=_(headline), sentence=sentence)
        )
    response.status_code = status
    if wait_s > 0:
        response.headers["Retry-After"] = str(int(wait_s) + 1)
    return response


def _of_http(error: HTTPException) -> Response:
    if error.code is None or error.code < 400:
        return make_response(error.get_response())
    own = error.description if error.description != type(error).description else None
    response = answer(error.code, _(own) if own else None)
    for name, value in error.get_headers():
        if name.lower() in ("allow", "retry-after", "www-authenticate", "content-range"):
            response.headers[name] = value
    return response


def _of_leerblik(error: LeerblikError) -> Response:
    status = next((status for kind, status in _STATUS_OF if isinstance(error, kind)), 500)
    return answer(status, _(str(error)))
