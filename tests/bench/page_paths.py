"""Every page that can be opened, with an address for each role: out of the table of roles, so that none is missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

from device.domain.lifecycle import Status
from device.domain.register.decisions import Repeat
from device.web.app import access_table
from device.web.roles import EVERYBODY, Role
from tests.bench.school_house import SchoolHouse
from tests.bench.school_year import trajectories_of
from tests.bench.year_catalogue import Row
from tests.web.site import make_site


@dataclass(frozen=True, slots=True)
class Page:
    """A page as one role opens it; ``name`` is the endpoint, with what is special about the address."""

    name: str
    role: Role
    path: str


def pages_of(house: SchoolHouse, folder: Path) -> tuple[list[Page], list[str]]:
    """Return all pages, and the names of those that nobody gave an example of."""
    app = make_site(folder).app
    table, examples = access_table(app), _examples(house)
    pages: list[Page] = []
    unknown: list[str] = []
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        if "GET" not in (rule.methods or ()) or rule.endpoint not in table:
            continue
        addresses = examples.get(rule.endpoint, () if rule.arguments else (rule.rule,))
        if not addresses:
            unknown.append(rule.endpoint)
        for role in _visitors(table[rule.endpoint].roles):
            pages += _of(rule.endpoint, role, addresses)
    return pages, unknown


def _visitors(roles: frozenset[Role]) -> list[Role]:
    return [Role.PUBLIC] if roles == EVERYBODY else [role for role in Role if role in roles]


def _of(endpoint: str, role: Role, addresses: tuple[str, ...]) -> Iterator[Page]:
    for number, address in enumerate(addresses):
        more = f" ({number + 1})" if number else ""
        yield Page(f"{role.value}: {endpoint}{more}", role, address)


def _examples(house: SchoolHouse) -> Mapping[str, tuple[str, ...]]:
    """Return addresses by endpoint: with real names in them, and further down in long lists."""
    year = house.year
    register, hers = year.register, quote(trajectories_of(year.teacher)[0])
    own = [row for row in year.rows if row.teacher == year.teacher and row.booking]
    middle, left = year.rows[len(year.rows) // 2].id, _last(own, Status.PURGED).id
    gone = next(row.id for row in reversed(year.rows) if row.status is Status.DESTROYED)
    nobodys = next(row.id for row in year.rows if row.unclaimed)
    booking, group = coming_booking(house), next(iter(register.groups))
    week = f"{year.now - timedelta(weeks=9):%G-W%V}"
    lesson, film = house.lesson, f"/teacher/recordings/{house.lesson}"
    return {
        "static": ("/static/leerblik.css",),
        "teacher.all_recordings": ("/teacher/recordings", f"/teacher/recordings?before={middle}"),
        "teacher.agreement": (f"/teacher/agreement?trajectory={hers}",),
        "teacher.take_back": (f"/teacher/agreement/withdraw?trajectory={hers}",),
        "teacher.cancel_booking": (f"/teacher/bookings/{booking}/cancel",),
        "teacher.claim": (f"/teacher/unclaimed/{nobodys}",),
        "teacher.recording_page": (film, f"/teacher/recordings/{left}"),
        "teacher.release": (f"{film}/release",),
        "teacher.discard": (f"{film}/discard",),
        "teacher.withdraw": (f"/teacher/recordings/{left}/withdraw",),
        "teacher.film": (f"{film}/film",),
        "coach.bookings": ("/coach/bookings", f"/coach/bookings?week={week}"),
        "coach.booking": (f"/coach/bookings/one?booking={booking}",),
        "coach.cancel_booking": (f"/coach/bookings/cancel?booking={booking}",),
        "coach.make_booking": ("/coach/bookings/make", f"/coach/bookings/make?trajectory={hers}"),
        "coach.recordings": ("/coach/recordings", f"/coach/recordings?before={middle}"),
        "coach.certificates": ("/coach/certificates", f"/coach/certificates?before={middle}"),
        "coach.certificate": (f"/coach/certificates/file?recording={gone}",),
        "coach.register_group": (f"/coach/groups/register?group={group}",),
        "coach.withdraw_group": (f"/coach/groups/withdraw?group={group}",),
        "coach.remove_holiday": ("/coach/holidays/remove?name=vakantie%200",),
        "coach.edit_space": ("/coach/spaces/edit?space=leerplein",),
        "coach.remove_space": ("/coach/spaces/remove?space=leerplein",),
        "coach.teacher_left": (f"/coach/teachers/left?teacher={year.teacher}",),
        "coach.trajectory": (f"/coach/trajectories/one?name={hers}",),
        "coach.close_trajectory": (f"/coach/trajectories/close?name={hers}",),
        "coach.log": ("/coach/log", "/coach/log?page=40", "/coach/log?withdrawals"),
        "api.recordings": ("/api/v1/recordings", f"/api/v1/recordings?limit=100&before={middle}"),
        "api.recording": (f"/api/v1/recordings/{lesson}",),
        "api.audit": ("/api/v1/audit", "/api/v1/audit?after=2000"),
        "api.bookings": ("/api/v1/bookings", f"/api/v1/bookings?week={week}"),
    }


def _last(rows: list[Row], status: Status) -> Row:
    return next(row for row in reversed(rows) if row.status is status)


def coming_booking(house: SchoolHouse) -> str:
    """Return a booking of the teacher that is still to come."""
    year = house.year
    return next(
        name
        for name, each in year.register.bookings.items()
        if year.teacher in each.made.teachers
        and not each.cancelled
        and each.made.repeat is Repeat.ONCE
        and each.made.first > year.now.date() + timedelta(days=1)
    )
