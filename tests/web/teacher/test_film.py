"""The film as a player gets it: parts of it, of the right recording, for as long as it may be seen."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import av
import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import create_environ

from device.web.teacher import film as film_module
from tests.support.material import open_descriptors
from tests.web.teacher.school import School, submit


@pytest.fixture
def watched(school: School) -> tuple[School, FlaskClient, str, bytes]:
    """A teacher who has opened her film, the film's address, and all of the film."""
    recording = school.record(3)
    browser = school.log_in()
    address = f"/teacher/recordings/{recording}/film"
    return school, browser, address, browser.get(address).data


def ask(browser: FlaskClient, address: str, wanted: str, **headers: str) -> Any:
    return browser.get(address, headers={"Range": wanted, **headers})


def test_the_whole_film_plays(watched: Any) -> None:
    _school, browser, address, whole = watched
    answer = browser.get(address)
    assert answer.status_code == 200
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.mimetype == "video/mp4"
    with av.open(io.BytesIO(whole), "r") as shown:
        assert len(list(shown.decode(video=0))) > 10


def test_a_range_is_just_that_part(watched: Any) -> None:
    _school, browser, address, whole = watched
    answer = ask(browser, address, "bytes=1000-1999")
    assert answer.status_code == 206
    assert answer.headers["Content-Range"] == f"bytes 1000-1999/{len(whole)}"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.data == whole[1000:2000]


def test_everything_from_here_is_given_in_parts_that_make_the_whole(
    watched: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _school, browser, address, whole = watched
    monkeypatch.setattr(film_module, "PART_BYTES", 30_000)
    got = b""
    while len(got) < len(whole):
        answer = ask(browser, address, f"bytes={len(got)}-")
        assert answer.status_code == 206
        assert 0 < len(answer.data) <= 30_000
        assert (
            answer.headers["Content-Range"]
            == f"bytes {len(got)}-{len(got) + len(answer.data) - 1}/{len(whole)}"
        )
        got += answer.data
    assert got == whole


def test_beyond_the_end_there_is_nothing(watched: Any) -> None:
    _school, browser, address, whole = watched
    answer = ask(browser, address, f"bytes={len(whole)}-")
    assert (answer.status_code, answer.data) == (416, b"")
    assert answer.headers["Content-Range"] == f"bytes */{len(whole)}"


def test_head_tells_the_size_and_sends_nothing(watched: Any) -> None:
    _school, browser, address, whole = watched
    answer = browser.head(address, headers={"Range": "bytes=0-9"})
    assert (answer.status_code, answer.data) == (200, b"")
    assert int(answer.headers["Content-Length"]) == len(whole)


@pytest.mark.parametrize(
    ("if_range", "status"),
    [("same", 206), ('"another"', 200), ("Tue, 01 Sep 2026 08:00:00 GMT", 200), ('W/"weak"', 200), ("", 200)],
)
def test_a_part_of_what_it_was_before_is_given_only_of_the_same_film(
    watched: Any, if_range: str, status: int
) -> None:
    _school, browser, address, _whole = watched
    etag = browser.head(address).headers["ETag"]
    answer = ask(browser, address, "bytes=5-9", **{"If-Range": etag if if_range == "same" else if_range})
    assert answer.status_code == status


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40).map(str.strip),
        st.builds(
            "bytes={}-{}".format, st.integers(0, 10**19), st.one_of(st.just(""), st.integers(0, 10**19))
        ),
        st.builds("bytes=-{}".format, st.integers(0, 10**19)),
        st.builds("bytes={}-{},{}-".format, *[st.integers(0, 999)] * 3),
    )
)
def test_whatever_is_asked_nothing_but_the_film_is_given(watched: Any, wanted: str) -> None:
    _school, browser, address, whole = watched
    answer = ask(browser, address, wanted)
    assert answer.status_code in (200, 206, 416)
    assert answer.data in whole
    if answer.status_code == 206:
        first = int(answer.headers["Content-Range"].removeprefix("bytes ").partition("-")[0])
        assert answer.data == whole[first : first + len(answer.data)]


def test_a_discarded_recording_is_shown_no_more_though_it_was_open(watched: Any) -> None:
    school, browser, address, whole = watched
    name = address.split("/")[3]
    begun = iter(browser.get(address, buffered=False).response)
    assert next(begun)
    school.ask("discard", recording=name)
    school.chores()
    assert browser.get(address).status_code == 409
    assert b"".join(_until_it_breaks(begun)) != whole


def _until_it_breaks(pieces: Iterator[bytes]) -> Iterator[bytes]:
    try:
        yield from pieces
    except Exception:  # noqa: BLE001  # however it ends: the rest does not come
        return


def test_without_the_key_of_this_boot_the_page_says_why(watched: Any) -> None:
    school, browser, address, _whole = watched
    (school.unit.root / "review.key").unlink()
    assert browser.get(address).status_code == 409
    page = browser.get(address.removesuffix("/film")).text
    assert "<video" not in page
    assert "forgot the key" in page


def test_after_a_restart_of_the_device_the_page_says_why(watched: Any) -> None:
    school, browser, address, _whole = watched
    school.unit.clock.boot = "boot-2"
    assert browser.get(address).status_code == 409
    assert "forgot the key" in browser.get(address.removesuffix("/film")).text


def test_nothing_is_readable_for_whoever_logged_out(watched: Any) -> None:
    _school, browser, address, _whole = watched
    submit(browser, "/logout", on="/teacher/")
    assert browser.get(address).status_code == 303
    assert ask(browser, address, "bytes=0-").status_code == 303


def test_a_closed_browser_ends_the_reading_and_gives_its_place_back(
    watched: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _school, browser, address, _whole = watched
    monkeypatch.setattr(film_module, "_WAIT_S", 0.0)
    before = open_descriptors()
    for _each in range(3 * film_module.MOST_READERS):
        answer = browser.get(address, buffered=False)
        assert answer.status_code == 200
        next(iter(answer.response))
        answer.close()
    assert open_descriptors() <= before


def test_who_leaves_before_the_first_byte_gives_the_place_back(
    watched: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    school, browser, address, _whole = watched
    monkeypatch.setattr(film_module, "_WAIT_S", 0.0)
    cookie = browser.get_cookie("leerblik")
    assert cookie is not None
    said: list[str] = []

    def start(status: str, *_more: object) -> Any:
        said.append(status)

    for _each in range(film_module.MOST_READERS + 1):
        environ = create_environ(address)
        environ["HTTP_COOKIE"] = f"leerblik={cookie.value}"
        answer: Any = school.site.app(environ, start)
        answer.close()
    assert set(said) == {"200 OK"}


def test_many_readers_at_once_do_not_take_every_thread(watched: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _school, browser, address, _whole = watched
    monkeypatch.setattr(film_module, "_WAIT_S", 0.0)
    reading = [browser.get(address, buffered=False) for _ in range(film_module.MOST_READERS)]
    refused = browser.get(address)
    assert refused.status_code == 503
    assert int(refused.headers["Retry-After"]) > 0
    for each in reading:
        each.close()
    assert browser.get(address).status_code == 200


def test_the_segments_are_opened_once_for_many_parts(watched: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    school, browser, address, _whole = watched
    opened: list[Any] = []

    def counted(*values: Any) -> Any:
        opened.append(values)
        return real(*values)

    import device.review.film as review

    real = review.open_film
    monkeypatch.setattr(review, "open_film", counted)
    for _each in range(5):
        assert ask(browser, address, "bytes=0-99").status_code == 206
    assert opened == []  # the fixture opened it
    school.unit.clock.pass_s(3 * 60)
    assert ask(browser, address, "bytes=0-99").status_code == 206
    assert len(opened) == 1


def test_a_film_is_never_written(watched: Any) -> None:
    school, browser, address, whole = watched
    browser.get(address)
    for path in school.folder.rglob("*"):
        if path.is_file():
            assert whole[-4096:] not in path.read_bytes(), path
