"""The web application. For now the public status page only; every page that needs a login is still to come."""

from __future__ import annotations

from flask import Blueprint, Flask, Response, current_app, jsonify, render_template, request

from device.domain.texts import LANGUAGES
from device.web.asking import Asking
from device.web.view import UNREACHABLE
from device.web.words import WORDS

REFRESH_S = 5
_HEADERS = {
    # No script, nothing from elsewhere, in nobody's frame.
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
public = Blueprint("public", __name__)


def create_app(asking: Asking, language: str) -> Flask:
    """Make the application; ``language`` is what it speaks to those who ask for none that it has."""
    app = Flask(__name__)
    app.extensions["asking"] = asking
    app.config["LANGUAGE"] = language
    app.register_blueprint(public)
    app.register_error_handler(404, not_found)
    app.after_request(_add_headers)
    return app


@public.get("/")
def status_page() -> str:
    """Show in very large type whether it records, for anybody in the room."""
    view = _asking().view()
    language = _language()
    words = WORDS[language]
    headline, line = words.lens[view.lens]
    return render_template(
        "status.html", language=language, title=words.title, lens=view.lens.value, headline=headline, line=line,
        missing=words.missing, sentences=[words.parts.get(part, words.other_part) for part in view.missing],
        others=[other for other in LANGUAGES if other != language], refresh_s=REFRESH_S,
    )  # fmt: skip


@public.get("/healthz")
def health() -> tuple[Response, int]:
    """Tell a machine whether the recorder answers: 200 or 503. It learns nothing else."""
    answers = _asking().view() is not UNREACHABLE
    return jsonify(recorder="answers" if answers else "does not answer"), 200 if answers else 503


def not_found(_error: Exception) -> tuple[str, int]:
    """Show the way to the one page that there is."""
    language = _language()
    headline, line = WORDS[language].not_found
    return render_template("not_found.html", language=language, headline=headline, line=line), 404


def _asking() -> Asking:
    asking: Asking = current_app.extensions["asking"]
    return asking


def _language() -> str:
    """Return the language: the one in the address, else the visitor's, else the device's."""
    wished = request.args.get("lang", "")
    default: str = current_app.config["LANGUAGE"]
    return wished if wished in LANGUAGES else request.accept_languages.best_match(LANGUAGES) or default


def _add_headers(response: Response) -> Response:
    response.headers.update(_HEADERS)
    return response
