"""Translating: into the visitor's language, or into the one that a sheet is printed in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import flask_babel
from flask import render_template
from markupsafe import Markup

from device.domain.texts import LANGUAGES


def gettext(sentence: str, **values: Any) -> str:
    """Return a sentence in the language of now, its values filled in."""
    return str(flask_babel.gettext(sentence, **values))


def ngettext(one: str, many: str, number: int) -> str:
    """Return the sentence that fits a number, with ``%(num)d`` filled in."""
    return str(flask_babel.ngettext(one, many, number))


def in_each_language(sentence: str) -> Mapping[str, str]:
    """Return a sentence, marked for translation elsewhere, in every language there is."""
    found = {}
    for language in LANGUAGES:
        with flask_babel.force_locale(language):
            found[language] = gettext(sentence)
    return found


def rendered_in(language: str, template: str, **values: Any) -> Markup:
    """Return a part of a page in one language, whatever the rest of the page speaks."""
    with flask_babel.force_locale(language):
        return Markup(render_template(template, **values))  # noqa: S704  # a template of ours, which escapes


def time_words(seconds: float) -> str:
    """Return a length of time as a person says it; it loses no minute."""
    minutes = round(seconds / 60)
    if minutes % 1440 == 0 and minutes > 1440:
        return ngettext("%(num)d day", "%(num)d days", minutes // 1440)
    parts = []
    if minutes >= 60:
        parts.append(ngettext("%(num)d hour", "%(num)d hours", minutes // 60))
    if minutes % 60 or not parts:
        parts.append(ngettext("%(num)d minute", "%(num)d minutes", minutes % 60))
    return gettext("%(hours)s and %(minutes)s", hours=parts[0], minutes=parts[1]) if parts[1:] else parts[0]
