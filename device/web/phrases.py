"""Marks a sentence for the translators where it is not yet translated: an error that a page will show."""

from __future__ import annotations


def N_(sentence: str) -> str:  # noqa: N802  # the name that every gettext tool knows
    """Return the sentence as it is; ``gettext`` translates it where it is shown."""
    return sentence
