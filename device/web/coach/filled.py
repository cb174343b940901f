"""A form as it was filled in, with the sentence that belongs beside each field; and asking once more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import render_template
from werkzeug.datastructures import MultiDict

from device.domain.register.decisions import Decision
from device.web.deciding import values_of

_YES = "yes"


@dataclass(frozen=True, slots=True)
class Filled:
    """What stands in the fields of a form. ``problems`` are sentences by field; "" is the whole of it."""

    values: MultiDict[str, str] = field(default_factory=MultiDict)
    problems: Mapping[str, str] = field(default_factory=dict)

    def value(self, name: str) -> str:
        """Return what stands in a field."""
        return self.values.get(name, "")

    def chosen(self, name: str) -> list[str]:
        """Return everything that was chosen under one name."""
        return self.values.getlist(name)

    def problem(self, name: str) -> str:
        """Return what is wrong with a field; empty when nothing is."""
        return self.problems.get(name, "")


def filled_with(**values: Any) -> Filled:
    """Return a form that begins with these values: texts, numbers, yes or no, and lists of them."""
    plain: list[tuple[str, str]] = []
    for name, value in values.items():
        several = value if isinstance(value, (list, tuple)) else [value]
        plain += [(name, _text(each)) for each in several if each is not False]
    return Filled(MultiDict(plain))


def filled_from(decision: Decision, **instead: Any) -> Filled:
    """Return a form that begins as a decision was made before."""
    return filled_with(**(values_of(decision) | instead))


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked once more before it is done: ``lines`` say what will happen, ``fields`` what it is about."""

    title: str
    lines: tuple[str, ...]
    button: str
    back: str
    fields: Mapping[str, str]


def ask_once_more(question: Question, problem: str = "") -> str:
    """Return the page that asks it; its button sends the fields to the address of this page."""
    return render_template("coach/confirm.html", question=question, problem=problem)


def _text(value: Any) -> str:
    return _YES if value is True else str(value)
