"""The timetable's pages: where lessons come from, what is shown of it, and how they lead to a booking."""

from __future__ import annotations

import ast
import io
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

pytest.importorskip("flask", reason="flask is not installed here")
pytest.importorskip("icalendar", reason="icalendar is not installed here")

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from device.domain.register.decisions import HolidaySet
from device.timetable.address import Policy
from device.web.app import BLUEPRINTS, access_table
from device.web.roles import Role
from device.web.timetables import prepare, timetables
from device.web.timetables.feed import Feed
from device.web.timetables.sentences import _found, sentence_of
from device.web.timetables.week import monday_in, monday_of, name_of
from tests.support.timetable_server import School
from tests.support.waiting import wait_for
from tests.timetable.conftest import school  # noqa: F401  # a fixture
from tests.web.site import Site, csrf_token, make_site

EXPORTS = Path(__file__).resolve().parents[2] / "timetable" / "exports"
SOURCES = Path(__file__).resolve().parents[3] / "device" / "timetable"
ZERMELO = EXPORTS / "zermelo.ics"
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
SECRET = "/ical?token=zeer-geheim"
WEEK = "/coach/timetable?week=2026-W38"
MORE = tuple(each for each in (timetables,) if each not in BLUEPRINTS)


class Desk:
    """A coach at the timetable; this machine's own server counts as one of the internet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.site: Site = make_site(folder, *MORE)
        # Before the lessons of the exports, at school on a Monday morning.
        self.site.moment[0] = datetime(2026, 9, 14, 4, 0, tzinfo=UTC)
        prepare(self.site.app, folder / "web", Policy(http=True, inside=frozenset({"127.0.0.1"})))
        self.coach: FlaskClient = self.site.log_in(Role.COACH)
        self.feed: Feed = self.site.app.extensions["leerblik.timetable"]

    def see(self, path: str = "/coach/timetable", language: str = "en") -> str:
        answer = self.coach.get(path, headers={"Accept-Language": language})
        assert answer.status_code == 200, answer.text
        return answer.text

    def send(self, path: str, **fields: object) -> TestResponse:
        token = csrf_token(self.see("/coach/timetable/source"))
        return self.coach.post(path, data={"csrf_token": token, **fields}, headers={"Accept-Language": "en"})

    def hand_in(self, data: bytes) -> TestResponse:
        return self.send("/coach/timetable/file", file=(io.BytesIO(data), "rooster.ics"))

    def files(self) -> dict[str, bytes]:
        """Return whatever is kept about the timetable."""
        kept = self.folder / "web"
        return {
            str(path.relative_to(kept)): path.read_bytes()
            for path in kept.rglob("*")
            if path.is_file() and "timetable" in str(path.relative_to(kept))
        }


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    wait_for(lambda: not made.feed.is_busy)


def crlf(path: Path) -> bytes:
    return path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def sends(data: bytes, status: int = 200) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)

    return answer


def test_only_the_coach_may_see_or_change_it(desk: Desk) -> None:
    table = access_table(desk.site.app)
    mine = {name: access.roles for name, access in table.items() if name.startswith("timetables.")}
    assert len(mine) == 8
    assert set(mine.values()) == {frozenset({Role.COACH})}


def test_without_a_timetable_the_page_says_what_to_do(desk: Desk) -> None:
    page = desk.see()
    assert "Set up the timetable" in page
    assert desk.files() == {}


# --- from a file


def test_a_file_gives_lessons_that_can_be_booked(desk: Desk) -> None:
    assert desk.hand_in(crlf(ZERMELO)).status_code == 303
    page = desk.see(WEEK)
    assert "It comes from a file" in page
    assert ">08:30</time>" in page
    assert "vb101 ne vb3a abc" in page
    link = re.search(r'href="([^"]*day=2026-09-14[^"]*)"', page)
    assert link is not None
    address = link[1].replace("&amp;", "&")
    assert "from=08:30" in address
    assert "to=09:15" in address
    assert "note=vb101+ne+vb3a+abc" in address.replace("%20", "+")


def test_a_lesson_that_falls_out_cannot_be_booked(desk: Desk) -> None:
    desk.hand_in(crlf(ZERMELO))
    page = desk.see(WEEK)
    line = next(each for each in page.split("<li>") if "vb3b" in each)
    assert "falls out" in line
    assert "Book this lesson" not in line


def test_a_lesson_that_is_over_cannot_be_booked(desk: Desk) -> None:
    desk.hand_in(crlf(ZERMELO))
    assert "Book this lesson" in desk.see(WEEK)
    desk.site.moment[0] += timedelta(days=14)
    assert "vb3a" in desk.see(WEEK)
    assert "Book this lesson" not in desk.see(WEEK)


def test_what_a_feed_tells_of_people_is_kept_nowhere(desk: Desk) -> None:
    desk.hand_in(crlf(ZERMELO))
    assert any(b"vb3a" in each for each in desk.files().values())
    assert not any(b"Docent" in each for each in desk.files().values())


def test_holidays_are_the_schools_own(desk: Desk) -> None:
    desk.hand_in(crlf(ZERMELO))
    assert "· holiday" not in desk.see(WEEK)
    (desk.folder / "register").mkdir()
    holiday = HolidaySet("vrij", date(2026, 9, 14), date(2026, 9, 14))
    desk.site.services.book.decide(desk.site.now(), "coach", holiday, clock_trusted=True)
    assert desk.see(WEEK).count("· holiday") == 1


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "Choose a file first"),
        (b"<html>log in</html>", "This is a web page, no iCalendar file"),
        (b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n", "This iCalendar file ends in the middle"),
        (b"BEGIN:VCALENDAR\r\n" + b"X" * 2_000_000, "larger than 2000 kB"),
    ],
)
def test_a_file_that_is_none_is_explained_and_changes_nothing(desk: Desk, data: bytes, sentence: str) -> None:
    desk.hand_in(crlf(ZERMELO))
    before = desk.files()
    answer = desk.hand_in(data)
    assert answer.status_code == 400
    problem = re.search(r'id="file-problem">(.*?)</p>', answer.text, re.DOTALL)
    assert problem is not None
    assert sentence in problem[1]
    assert desk.files() == before


def test_a_file_far_too_large_is_not_even_read(desk: Desk) -> None:
    assert desk.hand_in(b"X" * 2_200_000).status_code == 413


def test_a_bomb_costs_one_sentence(desk: Desk) -> None:
    bomb = (
        b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:20260914T063000Z\r\nDTEND:20260914T071500Z\r\n"
        b"SUMMARY:tik\r\nRRULE:FREQ=SECONDLY\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    assert desk.hand_in(bomb).status_code == 303
    page = desk.see(WEEK, "nl")
    assert "herhaalt zich binnen een dag (SECONDLY), en dat doet geen les." in page
    assert "Boek deze les" not in page


# --- from an address


def test_an_address_is_fetched_and_never_shown_in_full(desk: Desk, school: School) -> None:  # noqa: F811
    school.answers[SECRET] = sends(crlf(ZERMELO))
    assert desk.send("/coach/timetable/address", url=f" {school.url}{SECRET} ").status_code == 303
    for path in (WEEK, "/coach/timetable", "/coach/timetable/source", "/coach/timetable/remove"):
        assert "geheim" not in desk.see(path)
    page = desk.see(WEEK)
    assert "It comes from 127.0.0.1, last fetched" in page
    assert "vb3a" in page
    (where,) = [name for name, data in desk.files().items() if b"geheim" in data]
    assert (desk.folder / "web" / where).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("", "must begin with https://"),
        ("ftp://rooster.example/x", "must begin with https://"),
        ("https://jkl:wachtwoord@rooster.example/x", "must not hold a user name"),
        ("https://rooster.example:8443/x", "from port 443 only"),
        ("https://rooster.example/ x", "characters that no address has"),
    ],
)
def test_an_address_that_is_none_is_explained_beside_its_field(desk: Desk, url: str, sentence: str) -> None:
    answer = desk.send("/coach/timetable/address", url=url)
    assert answer.status_code == 400
    problem = re.search(r'id="url-problem">(.*?)</p>', answer.text, re.DOTALL)
    assert problem is not None
    assert sentence in problem[1]
    assert desk.files() == {}


def test_an_address_on_the_schools_own_network_is_not_fetched(tmp_path: Path, school: School) -> None:  # noqa: F811
    desk = Desk(tmp_path)
    prepare(desk.site.app, tmp_path / "web", Policy(http=True))
    url = f"https://127.0.0.1/{school.server_port}"
    assert desk.send("/coach/timetable/address", url=url).status_code == 303
    assert "is on the school&#39;s own network or on this device" in desk.see()
    assert school.asked == []


def test_when_the_server_is_away_the_last_good_one_stays(desk: Desk, school: School) -> None:  # noqa: F811
    school.answers[SECRET] = sends(crlf(ZERMELO))
    desk.send("/coach/timetable/address", url=school.url + SECRET)
    school.answers[SECRET] = sends(b"", 503)
    desk.site.pass_s(60)
    desk.send("/coach/timetable/refresh")
    page = desk.see(WEEK)
    assert "could not be refreshed since" in page
    assert "127.0.0.1 answers with an error (503); it is tried again later." in page
    assert "vb3a" in page
    assert "Vernieuwen lukt niet sinds" in desk.see(WEEK, "nl")


def test_what_is_old_is_fetched_when_somebody_looks_and_not_before(
    desk: Desk,
    school: School,  # noqa: F811
) -> None:
    school.answers[SECRET] = sends(crlf(ZERMELO))
    desk.send("/coach/timetable/address", url=school.url + SECRET)
    desk.see()
    assert len(school.asked) == 1
    desk.site.pass_s(7 * 3600)
    desk.coach = desk.site.log_in(Role.COACH)
    desk.see()
    wait_for(lambda: not desk.feed.is_busy)
    assert len(school.asked) == 2


def test_a_server_that_fails_is_not_asked_again_with_every_look(
    desk: Desk,
    school: School,  # noqa: F811
) -> None:
    school.answers[SECRET] = sends(b"", 404)
    desk.send("/coach/timetable/address", url=school.url + SECRET)
    for _look in range(3):
        assert "does not hand out this timetable any more (404)" in desk.see()
        wait_for(lambda: not desk.feed.is_busy)
    assert len(school.asked) == 1
    desk.site.pass_s(601)
    desk.see()
    wait_for(lambda: not desk.feed.is_busy)
    assert len(school.asked) == 2


def test_while_it_is_fetched_the_page_answers_and_shows_itself_anew_afterwards(
    desk: Desk,
    school: School,  # noqa: F811
) -> None:
    def slow(request: BaseHTTPRequestHandler) -> None:
        school.closing.wait(20)
        sends(crlf(ZERMELO))(request)

    school.answers[SECRET] = slow
    desk.feed.take_from(school.url + SECRET)
    assert "is being fetched" in desk.see()
    assert "HX-Refresh" not in desk.coach.get("/coach/timetable/progress").headers
    school.closing.set()
    wait_for(lambda: not desk.feed.is_busy)
    assert desk.coach.get("/coach/timetable/progress").headers["HX-Refresh"] == "true"
    assert "vb3a" in desk.see(WEEK)


def test_what_was_removed_meanwhile_leaves_nothing_behind(desk: Desk, school: School) -> None:  # noqa: F811
    def slow(request: BaseHTTPRequestHandler) -> None:
        school.closing.wait(20)
        sends(crlf(ZERMELO))(request)

    school.answers[SECRET] = slow
    desk.feed.take_from(school.url + SECRET)
    desk.feed.refresh(AMSTERDAM)
    fetching = desk.feed._fetching
    desk.send("/coach/timetable/remove")
    school.closing.set()
    assert fetching is not None
    fetching.join(20)
    assert desk.files() == {}


def test_a_file_instead_of_an_address_takes_the_secret_away(desk: Desk, school: School) -> None:  # noqa: F811
    school.answers[SECRET] = sends(crlf(ZERMELO))
    desk.send("/coach/timetable/address", url=school.url + SECRET)
    desk.hand_in(crlf(EXPORTS / "magister.ics"))
    assert not any(b"geheim" in data or b"voorbeeld-1-20260914@" in data for data in desk.files().values())
    assert desk.send("/coach/timetable/refresh").status_code == 303
    assert len(school.asked) == 1


def test_it_goes_only_after_asking_once_more(desk: Desk) -> None:
    desk.hand_in(crlf(ZERMELO))
    assert "Remove the timetable?" in desk.see("/coach/timetable/remove")
    assert desk.send("/coach/timetable/remove").status_code == 303
    assert "Set up the timetable" in desk.see()
    assert desk.files() == {}


# --- small rules


def test_the_latest_weeks_are_read_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.hand_in(crlf(ZERMELO))
    desk.see(WEEK)

    def never(*_arguments: object) -> None:
        raise AssertionError("it was read again")

    monkeypatch.setattr("device.web.timetables.feed.lessons", never)
    assert "vb3a" in desk.see(WEEK)


@pytest.mark.parametrize("name", ["", "x", "2026-W60", "0001-W01", "9999-W52", "2026-W38-1"])
def test_a_week_that_cannot_be_is_this_one(name: str) -> None:
    today = date(2026, 9, 16)
    assert monday_in(name, today) == date(2026, 9, 14) == monday_of(today)


def test_a_week_is_found_by_its_name() -> None:
    assert monday_in("2026-W53", date(2026, 9, 16)) == date(2026, 12, 28)
    assert name_of(date(2026, 12, 28)) == "2026-W53"


def said_in(source: Path) -> Iterator[str]:
    """Every sentence that a module of the timetable may raise or skip a lesson with, its values made up."""
    for node in ast.walk(ast.parse(source.read_text("utf-8"))):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        if name in ("Permanent", "Refused", "Temporary", "_Unusable", "_skip"):
            before = "'titel' " if name in ("_Unusable", "_skip") else ""
            yield from (before + text for text in texts_of(node.args[-1]))


def texts_of(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.IfExp):
        yield from (*texts_of(node.body), *texts_of(node.orelse))
    elif isinstance(node, ast.Constant):
        yield str(node.value)
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in node.values)


def test_every_sentence_about_a_feed_is_known_in_dutch(desk: Desk) -> None:
    said = [each for path in sorted(SOURCES.glob("*.py")) for each in said_in(path)]
    assert len(said) > 35
    with desk.site.app.test_request_context(headers={"Accept-Language": "nl"}):
        assert [each for each in said if not _found(each)] == []
        same = [each for each in said if _found(each) == [each]]
        assert same == []
    with desk.site.app.test_request_context(headers={"Accept-Language": "en"}):
        assert [each for each in said if _found(each) != [each]] == []
        assert sentence_of("something new (7%)") == "Something new (7%)."
