"""Bookings: a week of them, and one with what a press then would do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from flask import Response, abort, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _

from device.domain.booking import is_holiday
from device.domain.occurrences import next_of, occurrences, only_near
from device.domain.register.decisions import BookingCancelled, Repeat, Start
from device.domain.register.state import Booking, Register
from device.domain.schedule import to_utc
from device.domain.trajectory import Operator
from device.web.coach.blueprint import coach
from device.web.coach.filled import Question, ask_once_more
from device.web.coach.machine import machine_now, recordings
from device.web.coach.outlook import Outlook, why_no_sound
from device.web.coach.overview import Next, outlooks_of
from device.web.coach.times import full_day_words
from device.web.coach.wording import booking_words
from device.web.current import say
from device.web.deciding import Objected, decide, today, zone
from device.web.roles import Role, open_to
from device.web.services import services

_WEEK = timedelta(days=7)
_FAR = timedelta(days=1500)


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a week: its name, whether it is in a holiday, and what is booked."""

    day: date
    words: str
    holiday: bool
    booked: Sequence[Next]


@coach.get("/coach/bookings")
@open_to(Role.COACH)
def bookings() -> str:
    """Show a week, this one unless the address says another."""
    monday = _monday(request.args.get("week", ""))
    return render_template(
        "coach/bookings.html",
        days=_days(services().book.read(), monday),
        week=_week(monday),
        before=_week(monday - _WEEK),
        after=_week(monday + _WEEK),
        is_now=monday == _monday(""),
        monday=monday,
    )


@coach.get("/coach/bookings/one")
@open_to(Role.COACH)
def booking() -> str:
    """Show one, and at once whether a press then would record."""
    register, found = _found(request.args.get("booking", ""))
    now, machine = services().now(), machine_now(recordings())
    occurrence = next_of(register, found, now, zone())
    outlook, silence = Outlook(records=False), list[str]()
    if occurrence is not None:
        near = only_near(register, occurrence.start, occurrence.end, zone())
        (outlook,) = (each.outlook for each in outlooks_of(near, [occurrence]))
        silence = why_no_sound(register, found, occurrence.start.astimezone(zone()).date())
    return render_template(
        "coach/booking.html",
        booking=found,
        when=booking_words(found.made),
        occurrence=occurrence,
        used=found.made.repeat is Repeat.NEXT_PRESS and found.made.booking in machine.used,
        outlook=outlook,
        instead=register.bookings.get(outlook.instead),
        silence=silence,
        Start=Start,
        Operator=Operator,
    )


@coach.get("/coach/bookings/cancel")
@open_to(Role.COACH)
def cancel_booking() -> str:
    """Ask once more."""
    return ask_once_more(_question(request.args.get("booking", "")))


@coach.post("/coach/bookings/cancel")
@open_to(Role.COACH)
def do_cancel_booking() -> Response:
    """Cancel it."""
    name = request.form.get("booking", "")
    try:
        decide(BookingCancelled(name))
    except Objected as objected:
        return make_response(ask_once_more(_question(name), objected.first), 400)
    say(_("The booking is cancelled."))
    return make_response(redirect(url_for("coach.bookings"), 303))


def _found(name: str) -> tuple[Register, Booking]:
    register = services().book.read()
    found = register.bookings.get(name)
    return (register, found) if found is not None else abort(404)


def _days(register: Register, monday: date) -> list[Day]:
    begins = to_utc(datetime.combine(monday, time.min), zone())
    ends = to_utc(datetime.combine(monday + _WEEK, time.min), zone())
    near = only_near(register, begins, ends, zone())
    booked: dict[date, list[Next]] = {}
    for each in outlooks_of(near, occurrences(near, begins, ends, zone())):
        day = each.occurrence.start.astimezone(zone()).date()
        booked.setdefault(day, []).append(each)
    days = [monday + timedelta(days=ahead) for ahead in range(7)]
    # Weekends only when something is booked.
    shown = [day for day in days if day.weekday() < 5 or day in booked]
    return [Day(day, full_day_words(day), is_holiday(register, day), booked.get(day, ())) for day in shown]


def _monday(week: str) -> date:
    """Return the first day of the week that the address names; of this week when it names none nearby."""
    this = today() - timedelta(days=today().weekday())
    try:
        wished = datetime.strptime(f"{week}-1", "%G-W%V-%u").date()  # noqa: DTZ007  # a day has no zone
    except ValueError:
        return this
    return wished if abs(wished - this) < _FAR else this


def _week(monday: date) -> str:
    """Return the name of a week in an address."""
    year, week, _day = monday.isocalendar()
    return f"{year:04}-W{week:02}"


def _question(name: str) -> Question:
    _register, found = _found(name)
    weekly = found.made.repeat is Repeat.WEEKLY
    every = _("It is for every week: all lessons that are still to come lose their booking.")
    return Question(
        title=_("Cancel this booking?"),
        lines=(
            _("Trajectory “%(name)s”: %(when)s.", name=found.made.trajectory, when=booking_words(found.made)),
            *([every] if weekly else []),
            _("What was recorded under it stays as it is."),
        ),
        button=_("Cancel the booking"),
        back=url_for("coach.booking", booking=name),
        fields={"booking": name},
    )
