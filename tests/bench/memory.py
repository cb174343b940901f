"""What the page weighs: importing it beside importing what it is made of, at rest, and after a busy day."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

from device.web.roles import Role
from tests.bench.child import memory_mb, run_child
from tests.bench.page_paths import pages_of
from tests.bench.pages import RECORDINGS
from tests.bench.rounds import Column, Result, Sample, measure
from tests.bench.school_house import SchoolHouse

IMPORT_LIMIT_MB, REST_LIMIT_MB = 60.0, 70.0
FLASK = "flask and flask_babel, as anybody's page"
OURS = "device.web.wsgi: every page"
_IMPORTS = {
    "Python alone": "sys",
    FLASK: "flask_babel",
    OURS: "device.web.wsgi",
    "gunicorn alone": "gunicorn.app.wsgiapp",
}
_REST, _USED = "served, at rest after a start", "served, after every page was opened"
_COLUMNS = (
    Column("rss_mb", "RSS MB", 1),
    Column("pss_mb", "PSS MB", 1),
    Column("modules", "modules", 0),
)


def run(folder: Path, *, quick: bool) -> Result:
    """Import 5 times, or twice; then serve a school's 31st week once."""
    ways: dict[str, Callable[[], Sample]] = {
        name: functools.partial(run_child, "memory_child", module) for name, module in _IMPORTS.items()
    }
    samples = measure(ways, 2 if quick else 5, "memory")
    rest, used = _served(folder)
    rounds = len(samples[OURS])
    samples |= {_REST: [rest] * rounds, _USED: [used] * rounds}
    result = Result("The memory of the page", _COLUMNS, samples, "rss_mb", FLASK)
    imported, held = (result.median(way, "rss_mb") or 0.0 for way in (OURS, _REST))
    notes = (
        f"Importing the page costs less than {IMPORT_LIMIT_MB:.0f} MB: {_kept(imported < IMPORT_LIMIT_MB)}.",
        f"Both its processes at rest hold less than {REST_LIMIT_MB:.0f} MB: {_kept(held < REST_LIMIT_MB)}.",
        "'Served' is gunicorn's first process and the one that answers, together; what the pages needed is given",
        "back some minutes later.",
    )
    return Result(result.title, _COLUMNS, samples, "rss_mb", FLASK, notes)


def _kept(kept: bool) -> str:
    return "kept" if kept else "NOT kept"


def _served(folder: Path) -> tuple[Sample, Sample]:
    with SchoolHouse(folder / "house", RECORDINGS) as house:
        rest = _held(house)
        pages, _unknown = pages_of(house, folder / "site")
        browsers = {role: house.browser(role) for role in Role}
        for page in pages:
            browsers[page.role].ask(page.path)
        return rest, _held(house)


def _held(house: SchoolHouse) -> Sample:
    held = [memory_mb(pid) for pid in house.pids("web")]
    return {"rss_mb": sum(rss for rss, _ in held), "pss_mb": sum(pss for _, pss in held)}
