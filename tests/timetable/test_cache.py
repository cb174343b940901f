"""The last good timetable outlives a restart, a bad feed and an absent server, and says since when it is old."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from device.domain.errors import LeerblikError, Permanent, Temporary
from device.timetable.address import Policy
from device.timetable.cache import Cache
from device.timetable.fetch import Known
from device.timetable.refresh import lessons, refresh, upload
from tests.support.timetable_server import Answer, School

ZONE = ZoneInfo("Europe/Amsterdam")
INSIDE = Policy(http=True, inside=frozenset({"127.0.0.1"}))
NOW = datetime(2026, 9, 14, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)
# What gets through the sieve and cannot be read all the same.
UNREADABLE = (
    b"BEGIN:VCALENDAR\r\nBEGIN:VTIMEZONE\r\nTZID:Eigen\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n"
    b"TZOFFSETFROM:+0100\r\nTZOFFSETTO:+5744\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\nEND:VCALENDAR\r\n"
)


def feed(title: str = "les") -> bytes:
    event = f"UID:1\r\nDTSTART:20260914T063000Z\r\nDURATION:PT45M\r\nSUMMARY:{title}\r\nDESCRIPTION:Een naam"
    return f"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n{event}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n".encode()


def serves(body: bytes, etag: str = "") -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        same = etag and request.headers["If-None-Match"] == etag
        request.send_response(304 if same else 200)
        if etag:
            request.send_header("ETag", etag)
        request.send_header("Content-Length", "0" if same else str(len(body)))
        request.end_headers()
        request.wfile.write(b"" if same else body)

    return answer


def update(cache: Cache, school: School, now: datetime) -> str:
    """Refresh, and tell the title of the one lesson."""
    stored = refresh(cache, f"{school.url}/feed", now, ZONE, policy=INSIDE)
    return stored.data.decode().partition("SUMMARY:")[2].split()[0]


def test_a_feed_that_changes_is_taken_over_and_one_that_does_not_is_confirmed(
    school: School, tmp_path: Path
) -> None:
    cache = Cache(tmp_path / "new", "x")
    school.answers["/feed"] = serves(feed("een"), '"1"')
    assert update(cache, school, NOW) == "een"
    assert update(cache, school, NOW + HOUR) == "een"
    stored = cache.load()
    assert stored is not None
    assert (stored.good_at, stored.known, stored.stale_since) == (NOW + HOUR, Known('"1"'), None)
    school.answers["/feed"] = serves(feed("twee"), '"2"')
    assert update(cache, school, NOW + 2 * HOUR) == "twee"


@pytest.mark.slow
@pytest.mark.parametrize("bad", [
    serves(b"<html>Inloggen</html>"), serves(b"BEGIN:VCALENDAR\r\n"), serves(b"\x00" * 1000), serves(UNREADABLE),
    lambda request: request.send_error(500), lambda request: request.send_error(404),
    lambda request: request.connection.close(),
])  # fmt: skip
def test_a_feed_that_fails_keeps_the_last_good_one_and_says_since_when(
    school: School, tmp_path: Path, bad: Answer
) -> None:
    school.answers["/feed"] = serves(feed("een"))
    update(Cache(tmp_path, "x"), school, NOW)
    school.answers["/feed"] = bad
    for hours in (1, 2):
        assert update(Cache(tmp_path, "x"), school, NOW + hours * HOUR) == "een"
    stored = Cache(tmp_path, "x").load()
    assert stored is not None
    assert (stored.good_at, stored.stale_since) == (NOW, NOW + HOUR)
    assert stored.problem
    school.answers["/feed"] = serves(feed("twee"))
    assert update(Cache(tmp_path, "x"), school, NOW + 3 * HOUR) == "twee"
    stored = Cache(tmp_path, "x").load()
    assert stored is not None
    assert (stored.stale_since, stored.problem) == (None, "")


def test_a_feed_is_old_since_its_first_failure_whatever_fails_later(tmp_path: Path) -> None:
    cache = Cache(tmp_path, "x")
    cache.keep(feed(), Known(), NOW)
    cache.fail("een", NOW + HOUR)
    stored = cache.fail("twee", NOW + 2 * HOUR)
    assert stored is not None
    assert (stored.stale_since, stored.problem) == (NOW + HOUR, "twee")
    assert cache.load() == stored


def test_a_first_feed_that_fails_raises_what_went_wrong_and_keeps_nothing(
    school: School, tmp_path: Path
) -> None:
    school.answers["/feed"] = serves(b"<html>Inloggen</html>")
    with pytest.raises(Permanent, match="web page"):
        refresh(Cache(tmp_path, "x"), f"{school.url}/feed", NOW, ZONE, policy=INSIDE)
    assert Cache(tmp_path, "x").load() is None


def test_a_file_that_is_handed_in_is_kept_and_a_bad_one_changes_nothing(tmp_path: Path) -> None:
    cache = Cache(tmp_path, "rooster.ics")
    upload(cache, feed("een"), NOW, ZONE)
    with pytest.raises(Permanent, match="no iCalendar file"):
        upload(cache, b"geen rooster", NOW + HOUR, ZONE)
    stored = cache.load()
    assert stored is not None
    assert (stored.good_at, stored.stale_since) == (NOW, None)
    assert lessons(stored, NOW, NOW + HOUR, ZONE).lessons[0].label == "een"


def test_neither_the_address_nor_anybody_in_the_feed_is_on_the_card(school: School, tmp_path: Path) -> None:
    school.answers["/feed"] = serves(feed())
    refresh(Cache(tmp_path, f"{school.url}/feed"), f"{school.url}/feed", NOW, ZONE, policy=INSIDE)
    (file,) = tmp_path.iterdir()
    assert b"Een naam" not in file.read_bytes()
    assert b"/feed" not in file.read_bytes()


def test_the_feed_of_another_address_is_as_good_as_none(tmp_path: Path) -> None:
    Cache(tmp_path, "abc").keep(feed(), Known(), NOW)
    assert Cache(tmp_path, "def").load() is None
    assert Cache(tmp_path, "abc").load() is not None


def test_a_forgotten_feed_is_gone_also_when_there_was_none(tmp_path: Path) -> None:
    cache = Cache(tmp_path, "x")
    cache.keep(feed(), Known(), NOW)
    cache.forget()
    cache.forget()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damage", [
    lambda whole: whole[:-1], lambda whole: whole[:20], lambda _: b"", lambda whole: whole.replace(b"les", b"LES"),
    lambda whole: whole.replace(b'"good_at":"2026', b'"good_at":"26'), lambda whole: whole.replace(b"format", b"form"),
    lambda whole: whole.replace(b'"problem"', b'"more":1,"problem"'),
])  # fmt: skip
def test_a_damaged_cache_is_as_good_as_none(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    cache = Cache(tmp_path, "x")
    cache.keep(feed(), Known("e", "m"), NOW)
    (file,) = tmp_path.iterdir()
    file.write_bytes(damage(file.read_bytes()))
    assert cache.load() is None


def test_what_a_power_cut_left_of_a_writing_is_no_obstacle(tmp_path: Path) -> None:
    cache = Cache(tmp_path, "x")
    cache.keep(feed("een"), Known(), NOW)
    (tmp_path / ".timetable.cache.new").write_bytes(b"half")
    assert cache.load() is not None
    cache.keep(feed("twee"), Known(), NOW)
    assert [each.name for each in tmp_path.iterdir()] == ["timetable.cache"]


def test_a_card_that_cannot_be_written_is_told_of_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(Temporary, match="cannot be kept"):
        Cache(tmp_path / "file", "x").keep(feed(), Known(), NOW)


def test_nothing_was_kept_but_the_server_says_that_nothing_changed(school: School, tmp_path: Path) -> None:
    school.answers["/feed"] = lambda request: request.wfile.write(b"HTTP/1.1 304 Not Modified\r\n\r\n")
    with pytest.raises(LeerblikError, match="nothing was kept"):
        refresh(Cache(tmp_path, "x"), f"{school.url}/feed", NOW, ZONE, policy=INSIDE)
