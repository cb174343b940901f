"""JSON Schemas in a few words: the part of JSON Schema 2020-12 that the API speaks and :mod:`fitting` understands.

A schema with a ``title`` gets a name of its own in the OpenAPI document.
"""

from __future__ import annotations

import enum
import typing
from datetime import date, time
from typing import Any

from device.domain.register.text import MAX_ITEMS, MAX_TEXT, fields_of

Schema = dict[str, Any]

# Formats that people write; `fitting` has a sentence for each.
TIME_PATTERN = "^([01][0-9]|2[0-3]):[0-5][0-9]$"
ULID_PATTERN = "^[0-7][0-9A-HJKMNP-TV-Z]{25}$"
WEEK_PATTERN = "^2[0-9]{3}-W(0[1-9]|[1-4][0-9]|5[0-3])$"
MOST = 1 << 53  # whole numbers that every reader of JSON keeps exactly (RFC 8259, section 6)

TEXT: Schema = {"type": "string"}
LINE: Schema = {"type": "string", "maxLength": MAX_TEXT}
FLAG: Schema = {"type": "boolean"}
NUMBER: Schema = {"type": "number"}
COUNT: Schema = {"type": "integer", "minimum": 0, "maximum": MOST}
DAY: Schema = {"type": "string", "format": "date"}
TIME: Schema = {"type": "string", "pattern": TIME_PATTERN}
MOMENT: Schema = {"type": "string", "format": "date-time"}
ULID: Schema = {"type": "string", "pattern": ULID_PATTERN}


def integer(low: int, high: int = MOST) -> Schema:
    """Return whole numbers from ``low`` to ``high``, both included."""
    return {"type": "integer", "minimum": low, "maximum": high}


def one_of(*values: str | int) -> Schema:
    """Return these values and no other; all of one type."""
    return {"type": "string" if isinstance(values[0], str) else "integer", "enum": list(values)}


def words_of(kind: type[enum.Enum]) -> Schema:
    """Return the values of an enumeration."""
    return one_of(*(each.value for each in kind))


def listed(items: Schema, most: int | None = None) -> Schema:
    """Return a list, of at most ``most`` things if that is said."""
    return {"type": "array", "items": items} | ({} if most is None else {"maxItems": most})


def maybe(schema: Schema) -> Schema:
    """Return the same, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def record(title: str, /, **properties: Schema) -> Schema:
    """Return an object that has all of these and nothing else; ``title`` may be empty."""
    made: Schema = {
        "type": "object", "properties": properties, "required": list(properties), "additionalProperties": False,
    }  # fmt: skip
    return {"title": title, **made} if title else made


def decision_schema(made: Any, **more: Schema) -> Schema:
    """Return how a kind of decision is written as JSON, by the types that its fields declare."""
    fields = {name: _of_hint(hint) for name, hint in fields_of(made).items()}
    return record(made.__name__ + "".join(f"With{name.title()}" for name in more), **fields, **more)


def _of_hint(hint: Any) -> Schema:
    if typing.get_origin(hint) is tuple:
        return listed(_of_hint(typing.get_args(hint)[0]), MAX_ITEMS)
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return words_of(hint)
    return _BY_TYPE[hint]


_BY_TYPE: dict[Any, Schema] = {str: LINE, int: COUNT, bool: FLAG, date: DAY, time: TIME}
