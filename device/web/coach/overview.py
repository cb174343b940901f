"""Where the coach begins: what to do next, what is booked, what waits and what arrived."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from flask import render_template, url_for
from flask_babel import gettext as _

from device.domain.errors import LeerblikError
from device.domain.occurrences import Occurrence, occurrences, only_near
from device.domain.register.state import Register
from device.web.coach.blueprint import coach
from device.web.coach.machine import Row, machine_now, recordings
from device.web.coach.outlook import UNKNOWN, Outlook, outlook
from device.web.coach.places import Place, place_of, waiting
from device.web.coach.tasks import present, tasks
from device.web.deciding import today, zone
from device.web.language import current_language
from device.web.pressing import MOST_MOMENTS, ask_press
from device.web.roles import Role, open_to
from device.web.services import services
from device.web.words import WORDS

_AHEAD = timedelta(days=7)
_MOST_NEXT = 8
_MOST_ARRIVED = 5


@dataclass(frozen=True, slots=True)
class Next:
    """A time that is booked, and what a press then would do."""

    occurrence: Occurrence
    outlook: Outlook


@coach.get("/coach/")
@open_to(Role.COACH, home=True)
def overview() -> str:
    """Show what needs doing, and the rest in short."""
    register, latest = services().book.read(), recordings()
    machine = machine_now(latest)
    return render_template(
        "coach/overview.html",
        tasks=tasks(register, services().accounts.teachers(), machine, today()),
        coming=upcoming(register),
        until=machine.until,
        waiting=waiting(latest.rows),
        arrived=_arrived(latest.rows),
        latest=latest,
        lens=WORDS[current_language()].lens[services().asking.view().lens],
    )


def upcoming(register: Register) -> list[Next]:
    """Return the next times that are booked within a week."""
    now = services().now()
    near = only_near(register, now, now + _AHEAD, zone())
    return outlooks_of(near, occurrences(near, now, now + _AHEAD, zone())[:_MOST_NEXT])


def outlooks_of(register: Register, booked: Sequence[Occurrence]) -> list[Next]:
    """Return what a press in each of these times would do: at its start, or now when it has begun.

    The recorder is asked once for all of them; where it does not answer, nobody knows.
    """
    now, asked = services().now(), booked[:MOST_MOMENTS]
    moments = [max(each.start, min(now, each.end - timedelta(seconds=1))) for each in asked]
    try:
        presses = ask_press(moments).later if moments else ()
    except LeerblikError:
        return [Next(each, UNKNOWN) for each in booked]
    days = [moment.astimezone(zone()).date() for moment in moments]
    known = [
        Next(each, outlook(register, each.booking, press, day))
        for each, press, day in zip(asked, presses, days, strict=True)
    ]
    return [*known, *(Next(each, UNKNOWN) for each in booked[MOST_MOMENTS:])]


def _arrived(rows: Iterable[Row]) -> list[Place]:
    places = [place for row in rows if (place := place_of(row)) is not None]
    return places[:_MOST_ARRIVED]


@coach.get("/coach/setup")
@open_to(Role.COACH)
def setup() -> str:
    """Show everything that is set up once, with how it stands."""
    return render_template("coach/setup.html", parts=_parts(services().book.read()))


@dataclass(frozen=True, slots=True)
class Part:
    """A page of the set-up and how far it is."""

    name: str
    state: str
    link: str


def _parts(register: Register) -> list[Part]:
    school = register.school.name if register.school else _("not set up yet")
    return [
        Part(_("School"), school, url_for("coach.school")),
        Part(_("Holidays"), _count(len(register.holidays)), url_for("coach.holidays")),
        Part(_("Groups"), _count(len(register.groups)), url_for("coach.groups")),
        Part(_("Teachers"), _count(len(present(register))), url_for("coach.teachers")),
        Part(_("Spaces (leerplein)"), _count(len(register.spaces)), url_for("coach.spaces")),
        Part(_("Timetable"), _("lessons to book from"), "/coach/timetable"),
        Part(_("Aim the camera and draw masks"), _("what must stay black in the picture"), "/coach/masks"),
        Part(_("To print"), _("door sign, letter for parents, facts for the privacy officer"), "/prints/"),
        Part(
            _("Tokens for machines"),
            _("for programs that ask this device something"),
            url_for("tokens.overview"),
        ),
        Part(_("Log of decisions"), _count(register.head.number), url_for("coach.log")),
    ]


def _count(number: int) -> str:
    return str(number) if number else _("none yet")
