"""From the fields of a form to a decision: every field by the type that the decision declares."""

from __future__ import annotations

import enum
import typing
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, TypeVar, cast

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from device.domain.errors import Permanent
from device.domain.register.text import fields_of, read_value
from device.web.deciding import Objected, foreseen, today

_Made = TypeVar("_Made")
_YES = ("yes", "true", "on", "1")


def decision_from(made: type[_Made], form: MultiDict[str, str], **fixed: Any) -> _Made:
    """Return the decision that a form tells of; ``fixed`` are values that no form may choose.

    A box that is not ticked is no; texts lose the spaces around them. Raises :class:`Objected` with a sentence
    for each field that cannot be read, and for each other field that the register's rules refuse by itself.
    """
    values: dict[str, Any] = dict(fixed)
    problems: dict[str, str] = {}
    for name, hint in fields_of(cast("Any", made)).items():
        if name not in fixed:
            try:
                values[name] = _value(form, name, hint)
            except (Permanent, ValueError):
                problems[name] = _problem(hint)
    if problems:
        stand_ins = _stand_ins(made, problems)
        raise Objected(_in_order(made, problems, foreseen(cast("Any", made(**values, **stand_ins)))))
    return made(**values)


def _stand_ins(made: Any, names: Iterable[str]) -> dict[str, Any]:
    """Return a value for each field that cannot be read, so that the rules can look at the other fields."""
    return {name: _stand_in(fields_of(made)[name]) for name in names}


def _stand_in(hint: Any) -> Any:
    if hint is date:
        return today()
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return next(iter(hint))
    return () if typing.get_origin(hint) is tuple else hint()


def _in_order(made: Any, *found: Mapping[str, str]) -> dict[str, str]:
    """Return the sentences in the order of the fields; the first of each field counts."""
    return {name: each[name] for name in fields_of(made) for each in reversed(found) if name in each}


def _value(form: MultiDict[str, str], name: str, hint: Any) -> Any:
    if hint is bool:
        return form.get(name, "").lower() in _YES
    if typing.get_origin(hint) is tuple:
        (kind, _more) = typing.get_args(hint)
        return tuple(_one(text, kind, name) for text in _listed(form, name))
    return _one(form.get(name, "").strip(), hint, name)


def _listed(form: MultiDict[str, str], name: str) -> Iterator[str]:
    """Yield what was ticked, each once; a text field may hold several words with commas between them."""
    words = [word.strip() for text in form.getlist(name) for word in text.split(",")]
    # Stages may come twice: three recordings of one stage.
    yield from (word for word in words if word)


def _one(text: str, kind: Any, name: str) -> Any:
    is_number = kind is int or (isinstance(kind, type) and issubclass(kind, enum.IntEnum))
    return read_value(int(text) if is_number else text, kind, name)


def _problem(hint: Any) -> str:
    sentences: Mapping[Any, str] = {
        int: _("This must be a number. Only how many: names of pupils do not belong on this device."),
        "date": _("Choose a day."),
        "time": _("Choose a time, such as 08:30."),
    }
    kind: Any = next(iter(typing.get_args(hint)), hint)
    known = kind if kind in sentences else getattr(kind, "__name__", "")
    if known in sentences:
        return sentences[known]
    chosen = isinstance(kind, type) and issubclass(kind, enum.Enum)
    return str(_("Choose one of these.") if chosen else _("Shorten the text to one line."))
