"""What is booked in a week: each booking at each of its times."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from flask_babel import gettext as _

from device.domain.occurrences import occurrences
from device.domain.register.decisions import BookingMade
from device.web.api.operation import BASE, Answer, Asked, Operation
from device.web.api.register import concerns, text
from device.web.api.schemas import DAY, MOMENT, WEEK_PATTERN, Schema, decision_schema, listed, record
from device.web.current import current_actor
from device.web.deciding import Objected, today, values_of, zone
from device.web.roles import Role
from device.web.services import services

MOST_TIMES = 1000
_WEEK: Schema = {"type": "string", "pattern": WEEK_PATTERN}


def _week(asked: Asked) -> dict[str, Any]:
    here, mine = zone(), concerns(current_actor())
    monday = _monday(asked.query.get("week", ""))
    since, until = (datetime.combine(monday + timedelta(days=days), time(), here) for days in (0, 7))
    found = [
        each
        for each in occurrences(services().book.read(), since, until, here)
        if mine(*each.booking.made.teachers)
    ]
    year, week, _weekday = monday.isocalendar()
    return {
        "week": f"{year}-W{week:02}",
        "monday": monday.isoformat(),
        "times": [
            {"from": text(each.start), "until": text(each.end), "booking": values_of(each.booking.made)}
            for each in found[:MOST_TIMES]
        ],
    }


def _monday(week: str) -> date:
    if not week:
        return today() - timedelta(days=today().weekday())
    try:
        return date.fromisocalendar(int(week[:4]), int(week[6:]), 1)
    except ValueError:
        raise Objected({"week": _("This year has no such week.")}) from None


_BOOKED = record("BookedTime", **{"from": MOMENT, "until": MOMENT, "booking": decision_schema(BookingMade)})
OPERATIONS = (
    Operation(
        name="bookings",
        method="GET",
        path=f"{BASE}/bookings",
        roles=(Role.TEACHER, Role.COACH),
        summary=(
            "Wat er in een week geboekt is; voor een docent waar zij in staat.",
            "What is booked in a week; for a teacher where she is in it.",
        ),
        view=_week,
        right=Answer(
            f"Each booking at each of its times, in order, at most {MOST_TIMES}; without `week` this week.",
            record("Week", week=_WEEK, monday=DAY, times=listed(_BOOKED, MOST_TIMES)),
        ),
        query={"week": _WEEK},
    ),
)
