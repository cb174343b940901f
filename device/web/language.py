"""Which language a visitor gets: the one chosen here, else the browser's, else the device's."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Flask, Response, request
from flask_babel import Babel

from device.domain.errors import LeerblikError
from device.domain.texts import LANGUAGES
from device.web.services import services

NAMES = {"nl": "Nederlands", "en": "English"}
# Days and times as they are written in Europe.
_LOCALES = {"nl": "nl", "en": "en_GB"}
_COOKIE = "leerblik-lang"
_CHOSEN_FOR_S = 365 * 86400


def set_up(app: Flask, timezone: str) -> None:
    """Let the pages speak; English sentences are the keys, so English needs no catalogue."""
    app.config["BABEL_DEFAULT_TIMEZONE"] = timezone
    app.config["BABEL_DEFAULT_LOCALE"] = _LOCALES["en"]
    Babel(app, locale_selector=lambda: _LOCALES[current_language()], timezone_selector=_zone)


def _zone() -> str | None:
    """Return the school's time zone; the device's while no school is set or the register cannot be read."""
    from device.web.deciding import zone

    try:
        return zone().key
    except LeerblikError:
        return None


def current_language() -> str:
    """Return "nl" or "en"."""
    for wished in (request.args.get("lang", ""), request.cookies.get(_COOKIE, "")):
        if wished in LANGUAGES:
            return wished
    return request.accept_languages.best_match(LANGUAGES) or services().language


def others() -> list[tuple[str, str]]:
    """Return the other languages and their own names."""
    return [(code, NAMES[code]) for code in LANGUAGES if code != current_language()]


def keep(response: Response) -> Response:
    """Remember a language that was chosen in the address."""
    wished = request.args.get("lang", "")
    if wished in LANGUAGES and wished != request.cookies.get(_COOKIE):
        response.set_cookie(
            _COOKIE,
            wished,
            max_age=_CHOSEN_FOR_S,
            path="/",
            secure=services().tls,
            httponly=True,
            samesite="Lax",
        )
    response.vary.update(("Accept-Language", "Cookie"))
    return response


def query_in(code: str) -> str:
    """Return the query of this page in another language."""
    return urlencode([*((k, v) for k, v in request.args.items(multi=True) if k != "lang"), ("lang", code)])
