"""Decisions as JSON and back: every value is read strictly, by the type that its field declares."""

from __future__ import annotations

import dataclasses
import enum
import functools
import types
import typing
from collections.abc import Callable, Mapping
from datetime import date, time
from typing import Any

from device.domain.errors import Permanent
from device.domain.register.decisions import KIND_OF, KINDS, Decision
from device.domain.strict import Fields

MAX_TEXT = 300
# Thirty groups of twelve letters still fit in the one line that travels with the footage.
MAX_ITEMS = 30


def write_decision(decision: Decision) -> tuple[str, dict[str, Any]]:
    """Return the kind and the values of a decision, ready for JSON."""
    values = {field.name: getattr(decision, field.name) for field in dataclasses.fields(decision)}
    return KIND_OF[type(decision)], {name: _plain(value) for name, value in values.items()}


def read_decision(kind: str, values: Mapping[str, Any]) -> Decision:
    """Return the decision; Permanent that names the first thing that is wrong with it."""
    if kind not in KINDS:
        raise Permanent(f"'{kind}' is no kind of decision; known are {', '.join(KINDS)}")
    made: Any = KINDS[kind]
    fields = Fields(values, kind)
    read = {name: _read(fields, name, hint) for name, hint in fields_of(made).items()}
    fields.done()
    decision: Decision = made(**read)
    return decision


@functools.cache
def fields_of(made: Any) -> dict[str, Any]:
    """Return the name and the type of each field of a kind of decision, in order."""
    return typing.get_type_hints(made)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, time):
        return value.strftime("%H:%M")
    return value.isoformat() if isinstance(value, date) else value


def _read(fields: Fields, name: str, hint: Any) -> Any:
    where = f"{fields.where}.{name}"
    if isinstance(typing.get_origin(hint), type) and typing.get_origin(hint) is tuple:
        items = fields.take(name, list)
        if len(items) > MAX_ITEMS:
            raise Permanent(f"{where} holds at most {MAX_ITEMS}, found {len(items)}")
        (kind, _) = typing.get_args(hint)
        return tuple(read_value(item, kind, where) for item in items)
    return read_value(fields.take(name, _json_type(hint)), hint, where)


def _json_type(hint: Any) -> type:
    if hint in (int, bool) or (isinstance(hint, type) and issubclass(hint, enum.IntEnum)):
        return bool if hint is bool else int
    return str


def read_value(value: Any, kind: Any, where: str) -> Any:
    """Return a value as ``kind`` (str, int, bool, date, time or an enumeration); Permanent that says what is right."""
    if type(value) is not _json_type(kind):
        raise Permanent(f"{where} must be {_json_type(kind).__name__}, found {type(value).__name__}")
    reader = _READERS.get(kind)
    try:
        return reader(value) if reader else kind(value)
    except ValueError:
        raise Permanent(f"{where} must be {_right(kind)}, found {str(value)[:60]!r}") from None


def _right(kind: Any) -> str:
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return f"one of {', '.join(str(each.value) for each in kind)}"
    return _RIGHT[kind]


def is_line(value: str) -> bool:
    """Tell whether a text fits in the register: one line that is not too long, without spaces around it."""
    return len(value) <= MAX_TEXT and value.isprintable() and value == value.strip()


def _text(value: str) -> str:
    if not is_line(value):
        raise ValueError
    return value


def _count(value: int) -> int:
    if value < 0:
        raise ValueError
    return value


def _time(value: str) -> time:
    found = time.fromisoformat(value)
    # fromisoformat reads more ways of writing than one ("T0830"); here every value has a single one.
    if _plain(found) != value:
        raise ValueError
    return found


def _date(value: str) -> date:
    found = date.fromisoformat(value)
    if _plain(found) != value:
        raise ValueError
    return found


_READERS: Mapping[Any, Callable[[Any], Any]] = types.MappingProxyType(
    {str: _text, date: _date, time: _time, bool: bool, int: _count}
)
_RIGHT = {
    str: f"one line of at most {MAX_TEXT} characters, without spaces around it",
    date: "a day such as 2026-09-01",
    time: "a time such as 08:30",
    bool: "true or false",
    int: "a number, 0 or more",
}
