"""Translating, with the types that the library itself does not tell."""

from __future__ import annotations

from typing import Any

import flask_babel


def gettext(sentence: str, **values: Any) -> str:
    """Return a sentence in the visitor's language, its values filled in."""
    return str(flask_babel.gettext(sentence, **values))


def ngettext(one: str, many: str, number: int) -> str:
    """Return the sentence that fits a number, with ``%(num)d`` filled in."""
    return str(flask_babel.ngettext(one, many, number))
