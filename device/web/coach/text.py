"""gettext with the type that it has: a text."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext


def translated(sentence: str, **values: Any) -> str:
    """Return a sentence in the visitor's language, with its values filled in."""
    return str(gettext(sentence, **values))
