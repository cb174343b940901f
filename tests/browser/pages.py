"""Every page of every role, taken from the role table: a page that is added is looked at without being listed here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from flask import Flask

from device.web.app import access_table
from device.web.roles import EVERYBODY, Role
from tests.browser.visitor import Visitor
from tests.support.schools import TEACHER, Facts
from tests.web.site import make_site

# Answers without a page: parts of one, files, pictures, and what programs ask.
NO_PAGES = frozenset({
    "static", "public.health", "coach.export_log", "masks.lens", "masks.still", "teacher.film", "it.now", "it.report",
    "wipe.now", "wiped.download",
    "timetables.progress", "coach.certificate",
})  # fmt: skip
_NO_PAGES_OF = ("api.",)
# These are gone as soon as somebody has claimed the device; test_walk.py and the pictures see them before.
FIRST_START = "first_start."
TRAJECTORY = "abc: wachten na een vraag"
UNANSWERED = "team: samen op het plein"


@dataclass(frozen=True, slots=True)
class Sight:
    """A page as somebody sees it. ``name`` says which, for a person."""

    role: Role
    name: str
    path: str


def sights(folder: Path, facts: Facts) -> list[Sight]:
    """Return every page that a school has to show; ``folder`` is an empty one."""
    app = make_site(folder).app
    found: list[Sight] = []
    for endpoint, path in _paths(app):
        if endpoint in NO_PAGES or endpoint.startswith((*_NO_PAGES_OF, FIRST_START)):
            continue
        access = access_table(app)[endpoint]
        roles = (
            [Role.PUBLIC] if access.roles == EVERYBODY else sorted(access.roles, key=lambda role: role.value)
        )
        for name, address in _examples(endpoint, path, facts):
            found += [Sight(role, name, address) for role in roles]
    return sorted(found, key=lambda sight: (list(Role).index(sight.role), sight.name))


def log_in(visitor: Visitor, role: Role, facts: Facts) -> None:
    """Log somebody of this role in."""
    if role is Role.PUBLIC:
        return
    visitor.go(f"/login?lang={visitor.manner.language}")
    visitor.tick("role", role.value)
    if role is Role.TEACHER:
        visitor.fill("code", TEACHER)
    visitor.fill("secret", facts.secrets[role])
    visitor.send("Log in")


def _paths(app: Flask) -> Iterator[tuple[str, str]]:
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or ()):
            yield rule.endpoint, rule.rule


def _examples(endpoint: str, path: str, facts: Facts) -> Iterator[tuple[str, str]]:
    """Return names and addresses of a page: once for each thing in this school that it can be about."""
    name = endpoint.replace(".", "-").replace("_", "-")
    if "<" in path:
        for what, values in _PLACES.get(endpoint, _unknown)(facts):
            address = path
            for argument, value in values.items():
                address = address.replace(f"<{argument}>", value)
            assert "<" not in address, f"{endpoint}: say in tests/browser/pages.py what stands for {address}"
            yield f"{name}{what}", address
        return
    alone, queries = _QUERIES.get(endpoint, (True, ()))
    if alone:
        yield name, path
    if not facts.booking:
        return
    for what, query in queries:
        values = {key: value.replace("BOOKING", facts.booking) for key, value in query.items()}
        yield f"{name}{what}", f"{path}?{urlencode(values)}"


def _unknown(facts: Facts) -> Iterator[tuple[str, Mapping[str, str]]]:
    yield "", {}


def _every_recording(*kinds: str) -> Any:
    def examples(facts: Facts) -> Iterator[tuple[str, Mapping[str, str]]]:
        for kind in kinds:
            if kind in facts.recordings:
                yield f"-{kind}", {"recording": facts.recordings[kind]}

    return examples


def _the_booking(facts: Facts) -> Iterator[tuple[str, Mapping[str, str]]]:
    if facts.booking:
        yield "", {"booking": facts.booking}


_PLACES: Mapping[str, Any] = {
    "teacher.recording_page": _every_recording("held", "sent", "discarded", "destroyed"),
    "teacher.release": _every_recording("held"),
    "teacher.discard": _every_recording("held"),
    "teacher.withdraw": _every_recording("sent"),
    "teacher.claim": _every_recording("unclaimed"),
    "teacher.cancel_booking": _the_booking,
}
# Whether the page is one without a query, and which queries say what it is about.
_QUERIES: Mapping[str, tuple[bool, tuple[tuple[str, Mapping[str, str]], ...]]] = {
    "coach.booking": (False, (("", {"booking": "BOOKING"}),)),
    "coach.cancel_booking": (False, (("", {"booking": "BOOKING"}),)),
    "coach.make_booking": (True, (("-form", {"trajectory": TRAJECTORY}),)),
    "coach.trajectory": (False, (("", {"name": TRAJECTORY}), ("-waiting", {"name": UNANSWERED}))),
    "coach.trajectories": (True, (("-closed", {"closed": ""}),)),
    "coach.close_trajectory": (False, (("", {"name": TRAJECTORY}),)),
    "coach.register_group": (True, (("-again", {"group": "2b"}),)),
    "coach.withdraw_group": (False, (("", {"group": "2b"}),)),
    "coach.space": (True, (("-edit", {"space": "leerplein oost"}),)),
    "coach.edit_space": (True, (("-again", {"space": "leerplein oost"}),)),
    "coach.remove_space": (False, (("", {"space": "leerplein oost"}),)),
    "coach.remove_holiday": (False, (("", {"name": "vakantie"}),)),
    "coach.teacher_left": (False, (("", {"teacher": TEACHER}),)),
    "coach.log": (True, (("-withdrawals", {"withdrawals": ""}),)),
    "masks.remove": (False, ()),
    "teacher.agreement": (False, (("", {"trajectory": UNANSWERED}), ("-given", {"trajectory": TRAJECTORY}))),
    "teacher.take_back": (False, (("", {"trajectory": TRAJECTORY}),)),
    "tokens.ask": (False, (("", {"name": "meetpunt"}),)),
    "timetables.remove": (False, ()),
    "prints.letter": (False, (("", {"group": "2b"}), ("-english", {"group": "2b", "in": "en"}))),
}
