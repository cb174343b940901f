"""Whether a value fits a schema of :mod:`schemas`; for a person, what is wrong with which field."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from flask_babel import gettext as _

from device.web.api.schemas import TIME_PATTERN, ULID_PATTERN, WEEK_PATTERN, Schema
from device.web.phrases import N_

_TYPES: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "null": lambda value: value is None,
}


def fits(schema: Schema, value: Any) -> bool:
    """Tell whether a value is what a schema describes."""
    if "anyOf" in schema:
        return any(fits(each, value) for each in schema["anyOf"])
    if "type" in schema and not _TYPES[schema["type"]](value):
        return False
    return all(_KEYWORDS[word](limit, value) for word, limit in schema.items() if word in _KEYWORDS) and (
        not isinstance(value, dict) or not misfits(schema, value)
    )


def misfits(schema: Schema, values: Mapping[str, Any]) -> dict[str, str]:
    """Return what is wrong with an object, a sentence for each field in the visitor's language; empty: nothing."""
    properties: Mapping[str, Schema] = schema.get("properties", {})
    found = {name: _("This is missing.") for name in schema.get("required", ()) if name not in values}
    for name, value in values.items():
        if name in properties:
            if not fits(properties[name], value):
                found[name] = sentence(properties[name])
        elif not schema.get("additionalProperties", True):
            found[name[:100]] = _("There is no such field.")
    return found


def sentence(schema: Schema) -> str:
    """Return what would be right, in the visitor's language."""
    if "anyOf" in schema:
        return sentence(schema["anyOf"][0])
    said: str
    if "enum" in schema:
        said = _("Choose one of these: %(words)s.", words=", ".join(map(str, schema["enum"])))
        return said
    known = _SENTENCES.get(schema.get("pattern") or schema.get("format") or schema.get("type", ""))
    # Every sentence may use what the schema says.
    limits = {"low": schema.get("minimum"), "high": schema.get("maximum"), "most": schema.get("maxLength")}
    limits |= {"items": schema.get("maxItems")}
    said = _(known or N_("This is not right."), **limits)
    return said


_SENTENCES: dict[str, str] = {
    TIME_PATTERN: N_("Give a time, such as 08:30."),
    ULID_PATTERN: N_("Give the name of a recording or a booking: 26 capital letters and digits."),
    WEEK_PATTERN: N_("Give a week, such as 2026-W36."),
    "date": N_("Give a day, such as 2026-09-01."),
    "string": N_("Give one line of at most %(most)s characters."),
    "integer": N_("Give a whole number from %(low)s to %(high)s."),
    "boolean": N_("Say true or false."),
    "array": N_("Give a list of at most %(items)s, each of the right kind."),
    "object": N_("Give an object with the right fields."),
}


def _is_moment(kind: str, value: str) -> bool:
    """Tell whether it is a day or a moment, written in the one way that is usual."""
    try:
        if kind == "date":
            return date.fromisoformat(value).isoformat() == value
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


_KEYWORDS: dict[str, Callable[[Any, Any], bool]] = {
    "enum": lambda words, value: any(type(value) is type(word) and value == word for word in words),
    "minimum": lambda low, value: value >= low,
    "maximum": lambda high, value: value <= high,
    "minLength": lambda least, value: len(value) >= least,
    "maxLength": lambda most, value: len(value) <= most,
    # A "$" of Python also fits before a last line feed, one of JSON Schema does not.
    "pattern": lambda pattern, value: re.search(pattern, value) is not None and not value.endswith("\n"),
    "format": _is_moment,
    "minItems": lambda least, value: len(value) >= least,
    "maxItems": lambda most, value: len(value) <= most,
    "items": lambda schema, value: all(fits(schema, each) for each in value),
}
