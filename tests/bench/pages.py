"""How long every page takes in a school's 31st week, beside a plain Flask page; and what the recorder's loop pays.

Real processes: the recorder with 10,000 recordings, gunicorn, a connection that is kept, everybody logged in.
"""

from __future__ import annotations

import contextlib
import functools
import http
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlencode

from device.storage.catalogue import FILE_NAME
from device.web.roles import Role
from tests.bench.page_paths import Page, coming_booking, pages_of
from tests.bench.rounds import Column, Result, Sample, measure
from tests.bench.school_house import Browser, SchoolHouse
from tests.bench.school_year import PER_WEEK
from tests.bench.watched_recorder import nearly_all
from tests.web.served import free_port
from tests.web.site import csrf_token

RECORDINGS = 10_000
LIMIT_MS = 100.0
PLAIN = "a plain Flask page without data"
QUERY = "SQL alone: 50 recordings and their history"
_ROOT = Path(__file__).parents[2]
_COLUMNS = (Column("median_ms", "median ms", 1), Column("p95_ms", "p95 ms", 1), Column("kib", "KiB", 1))
_WAIT_S = 20.0
_CARRIED_OUT_S = 3.0
_ROWS = 50


def run(folder: Path, *, quick: bool) -> Result:
    """Measure 5 rounds in which every page is opened 9 times; or 2 of 4 times."""
    times = 4 if quick else 9
    with SchoolHouse(folder / "house", RECORDINGS) as house, _plain_page() as plain:
        browsers = {role: house.browser(role) for role in Role}
        pages, unknown = pages_of(house, folder / "site")
        first_ms = {page: _first(browsers[page.role], page) for page in pages}
        house.busy_ms()
        ways: dict[str, Callable[[], Sample]] = {
            page.name: functools.partial(_open, browsers[page.role], page.path, times) for page in pages
        }
        ways[PLAIN] = functools.partial(_open, plain, "/", times)
        ways[QUERY] = functools.partial(_query, house.folder / "state" / FILE_NAME, times)
        samples = measure(ways, 2 if quick else 5, "pages")
        _decide(browsers[Role.COACH], coming_booking(house))
        busy_ms = house.busy_ms()
        decisions, bookings = house.year.register.head.number, len(house.year.register.bookings)
    result = Result("", _COLUMNS, samples, "median_ms", PLAIN)
    title = (
        f"{len(pages)} pages with {RECORDINGS} recordings, {decisions} decisions, {bookings} bookings"
        f" ({PER_WEEK} a week)"
    )
    notes = (*_verdict(result, pages), *_loop(busy_ms), *_first_time(first_ms), *_left_out(unknown))
    return Result(title, _COLUMNS, samples, "median_ms", PLAIN, notes)


def _open(browser: Browser, path: str, times: int) -> Sample:
    took_ms, size_bytes = [], 0
    for _ in range(times):
        began_s = time.perf_counter()
        status, answer = browser.ask(path)
        took_ms.append((time.perf_counter() - began_s) * 1000)
        size_bytes = len(answer)
        if status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
            raise RuntimeError(f"{path} answers {status}")
    return _sample(took_ms, size_bytes)


def _sample(took_ms: list[float], size_bytes: int) -> Sample:
    ordered = sorted(took_ms)
    return {
        "median_ms": statistics.median(ordered),
        "p95_ms": nearly_all(ordered, 0.95),
        "kib": size_bytes / 1024,
    }


def _first(browser: Browser, page: Page) -> tuple[int, float]:
    """Open a page for the first time; return its status and how long it took."""
    began_s = time.perf_counter()
    status, _answer = browser.ask(page.path)
    return status, (time.perf_counter() - began_s) * 1000


def _decide(browser: Browser, booking: str) -> None:
    """Cancel a booking, and give the recorder the time to carry out what follows from the register."""
    token = csrf_token(browser.ask(f"/coach/bookings/cancel?booking={booking}")[1].decode())
    fields = urlencode({"booking": booking, "csrf_token": token})
    status, _page = browser.ask("/coach/bookings/cancel", fields)
    if status != http.HTTPStatus.SEE_OTHER:
        raise RuntimeError(f"the booking was not cancelled: {status}")
    time.sleep(_CARRIED_OUT_S)


def _query(path: Path, times: int) -> Sample:
    """Ask the catalogue what the shortest program could: two queries for a page of 50."""
    took_ms, size_bytes = [], 0
    with contextlib.closing(sqlite3.connect(path)) as connection:
        for _ in range(times):
            began_s = time.perf_counter()
            rows = connection.execute(
                "SELECT * FROM recordings ORDER BY id DESC LIMIT ?", (_ROWS,)
            ).fetchall()
            marks = ", ".join("?" * len(rows))
            steps = connection.execute(
                f"SELECT * FROM history WHERE recording IN ({marks})",  # noqa: S608  # only marks
                [row[0] for row in rows],
            ).fetchall()
            took_ms.append((time.perf_counter() - began_s) * 1000)
            size_bytes = len(str(rows)) + len(str(steps))
    return _sample(took_ms, size_bytes)


@contextlib.contextmanager
def _plain_page() -> Iterator[Browser]:
    port = free_port()
    words = [
        "-m",
        "gunicorn",
        "-k",
        "gthread",
        "--threads",
        "8",
        "--log-level",
        "warning",
        "-b",
        f"127.0.0.1:{port}",
    ]
    process = subprocess.Popen(
        [sys.executable, *words, "tests.bench.plain_page:application()"], cwd=_ROOT, process_group=0
    )
    try:
        browser, deadline_s = Browser(port), time.monotonic() + _WAIT_S
        while True:
            try:
                browser.ask("/")
                break
            except OSError:
                if time.monotonic() > deadline_s:
                    raise
                time.sleep(0.05)
        yield browser
    finally:
        process.terminate()
        process.wait()


def _verdict(result: Result, pages: list[Page]) -> Iterator[str]:
    medians = {page.name: result.median(page.name, "median_ms") or 0.0 for page in pages}
    slow = {name: found for name, found in medians.items() if found >= LIMIT_MS}
    slowest = max(medians, key=lambda name: medians[name])
    word = "kept" if not slow else "NOT kept"
    yield f"Every page in less than {LIMIT_MS:.0f} ms (median): {word}."
    yield f"The slowest: {slowest}, {medians[slowest]:.0f} ms."
    yield from (f"Slower: {name}, {found:.0f} ms." for name, found in slow.items())


def _loop(busy_ms: Mapping[str, tuple[float, float]]) -> Iterator[str]:
    slowest = sorted(busy_ms.items(), key=lambda each: -each[1][0])
    word = "kept" if slowest[0][1][0] < LIMIT_MS else "NOT kept"
    told = ", ".join(f"{name} {usual:.0f} ({longest:.0f})" for name, (usual, longest) in slowest[:5])
    yield f"A press waits for one thing of the recorder's loop, 99 of 100 times less than {LIMIT_MS:.0f} ms: {word}."
    yield f"By what it does, in ms, in brackets the longest once: {told}."


def _first_time(first_ms: Mapping[Page, tuple[int, float]]) -> Iterator[str]:
    slowest = max(first_ms, key=lambda page: first_ms[page][1])
    yield f"The first time after a start, the slowest is {slowest.name}, {first_ms[slowest][1]:.0f} ms."
    others = [
        f"{page.name} {status}" for page, (status, _took) in first_ms.items() if status != http.HTTPStatus.OK
    ]
    if others:
        yield f"Not with 200 but with another status answer: {', '.join(others)}."


def _left_out(unknown: list[str]) -> Iterator[str]:
    if unknown:
        yield f"Not measured, for want of an example of their address: {', '.join(unknown)}."
