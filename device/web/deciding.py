"""Decisions of people: from a form or a program into the register, or every objection to them, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flask import g

from device.domain.register.decisions import Decision
from device.domain.register.rules import Objection, Problem, objections
from device.domain.register.sentences import objection_sentence
from device.domain.register.state import Register
from device.domain.register.text import write_decision
from device.web.current import current_actor
from device.web.language import current_language
from device.web.roles import Actor, Role
from device.web.services import services

_ZONE = "school_zone"
# What is wrong with a field by itself, whatever stands in the others.
_BY_ITSELF = frozenset(
    {
        Problem.EMPTY, Problem.NOT_A_CODE, Problem.NOT_A_GROUP, Problem.NOT_A_NAME,
        Problem.NOT_A_TRAJECTORY, Problem.NOT_A_LINE, Problem.TOO_MANY, Problem.UNKNOWN, Problem.EXISTS, Problem.CLOSED,
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Objected(Exception):  # it is an answer, not an accident
    """Why a decision cannot be made: sentences by field, in the visitor's language; "" is the whole of it."""

    sentences: Mapping[str, str]

    @property
    def first(self) -> str:
        """The first of them."""
        return next(iter(self.sentences.values()))


def decide(decision: Decision) -> Register:
    """Write a decision of whoever is logged in, and return the register after it.

    Raises :class:`Objected` with everything that is wrong with it; Temporary when the card refuses.
    """
    book, now = services().book, services().now()
    found = objections(book.read(), decider(current_actor()), decision, today())
    if found:
        raise objected(found)
    # It may be this that was decided.
    g.pop(_ZONE, None)
    return book.decide(now, decider(current_actor()), decision, clock_trusted=services().clock_trusted())


def foreseen(decision: Decision) -> Mapping[str, str]:
    """Return what the rules say of single fields of a decision in which other fields are only stood in for."""
    found = objections(services().book.read(), decider(current_actor()), decision, today())
    return objected(tuple(each for each in found if each.problem in _BY_ITSELF)).sentences


def objected(found: tuple[Objection, ...]) -> Objected:
    """Return objections as an answer, the first of each field."""
    sentences: dict[str, str] = {}
    for each in found:
        sentences.setdefault(each.field, objection_sentence(each, current_language()))
    return Objected(sentences)


def decider(actor: Actor) -> str:
    """Return how whoever is logged in is called in the register."""
    return f"teacher:{actor.code}" if actor.role is Role.TEACHER else actor.role.value


def zone() -> ZoneInfo:
    """Return the school's time zone; looked up once for a request: a long page asks for it a thousand times."""
    if _ZONE not in g:
        setattr(g, _ZONE, _zone())
    found: ZoneInfo = getattr(g, _ZONE)
    return found


def _zone() -> ZoneInfo:
    school = services().book.read().school
    try:
        return ZoneInfo(school.zone if school else services().timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("Europe/Amsterdam")


def today() -> date:
    """Return the day at school."""
    return services().now().astimezone(zone()).date()


def values_of(decision: Decision) -> dict[str, Any]:
    """Return a decision as plain values, to fill a form with."""
    return write_decision(decision)[1]
