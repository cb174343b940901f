"""What every answer carries, whose name it listens to, and how it says that something is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("flask", reason="flask is not installed here")

from flask import Blueprint, abort, request
from flask.testing import FlaskClient

from device.domain.errors import Busy, LeerblikError, Permanent, Refused, Temporary
from device.web.hosts import Hosts, names_of
from device.web.problems import WORDS
from device.web.roles import Role, open_to
from tests.web.site import Site, make_site

STRICT = {
    "default-src 'none'", "img-src 'self' data:", "style-src 'self'", "script-src 'self'", "media-src 'self'",
    "connect-src 'self'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'",
}  # fmt: skip
ERRORS: dict[str, type[LeerblikError]] = {
    "refused": Refused, "busy": Busy, "temporary": Temporary, "permanent": Permanent,
}  # fmt: skip


@pytest.fixture
def site(tmp_path: Path) -> Site:
    room = Blueprint("room", __name__)

    @room.get("/fail/<kind>")
    @room.get("/api/v1/fail/<kind>")
    @open_to(Role.PUBLIC)
    def fail(kind: str) -> str:
        if kind in ERRORS:
            raise ERRORS[kind]("A PIN has exactly 6 digits.")
        if kind == "crash":
            raise ZeroDivisionError("a detail that nobody should read")
        abort(int(kind))

    @room.post("/upload")
    @open_to(Role.COACH, body_bytes=2_000_000)
    def upload() -> str:
        return str(len(request.files["file"].read()))

    made = make_site(tmp_path, room)
    made.app.testing = made.app.config["PROPAGATE_EXCEPTIONS"] = False
    return made


@pytest.fixture
def browser(site: Site) -> FlaskClient:
    return site.browser()


@pytest.mark.parametrize(
    "path",
    ["/", "/login", "/invitation", "/healthz", "/nowhere", "/api/v1/nowhere", "/static/leerblik.css",
     "/static/../app.py", "/fail/crash", "/fail/429", "/fail/busy", "/logout", "/static/none.css"],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "HEAD", "TRACE"])
def test_every_answer_carries_the_headers(path: str, method: str, browser: FlaskClient) -> None:
    answer = browser.open(path, method=method)
    headers = answer.headers
    may_stay = path == "/static/leerblik.css" and method in ("GET", "HEAD")
    assert set(headers["Content-Security-Policy"].split("; ")) == STRICT
    assert headers["Cache-Control"] == ("no-cache" if may_stay else "no-store")
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "Strict-Transport-Security" not in headers
    assert "Access-Control-Allow-Origin" not in headers


def test_under_tls_browsers_learn_to_ask_for_nothing_else(tmp_path: Path) -> None:
    answer = make_site(tmp_path, tls=True).browser().get("/", base_url="https://localhost")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


@pytest.mark.parametrize("status", sorted(WORDS))
def test_every_problem_is_explained_in_both_languages_and_as_json(status: int, browser: FlaskClient) -> None:
    pages = []
    for language in ("nl", "en"):
        answer = browser.get(f"/fail/{status}", headers={"Accept-Language": language})
        assert answer.status_code == status
        assert f'<html lang="{language}">' in answer.text
        pages.append(answer.text.partition("<h1>")[2].partition("</main>")[0])
    assert pages[0] != pages[1]
    headline, sentence = WORDS[status]
    assert headline in pages[1]
    answer = browser.get(f"/api/v1/fail/{status}", headers={"Accept-Language": "en"})
    assert (answer.status_code, answer.json["message"] if answer.json else None) == (status, sentence)


@pytest.mark.parametrize(
    ("kind", "status"), [("refused", 403), ("busy", 503), ("temporary", 503), ("permanent", 400)]
)
def test_an_error_of_ours_says_its_own_sentence_in_the_visitors_language(
    kind: str, status: int, browser: FlaskClient
) -> None:
    answer = browser.get(f"/fail/{kind}")
    assert answer.status_code == status
    assert "Een pincode heeft precies 6 cijfers." in answer.text


def test_a_crash_tells_nothing_of_itself(browser: FlaskClient) -> None:
    for path in ("/fail/crash", "/api/v1/fail/crash"):
        answer = browser.get(path)
        assert answer.status_code == 500
        for inside in ("detail", "ZeroDivision", "Traceback", "device/web"):
            assert inside not in answer.text


def test_what_a_visitor_sends_is_shown_as_text(browser: FlaskClient) -> None:
    evil = '"><script>alert(1)</script>'
    for path in (f"/login?next=/{evil}", f"/{evil}", f"/?lang={evil}", f"/login?x={evil}&lang=en"):
        assert "<script>alert" not in browser.get(path).text


@pytest.mark.parametrize(
    "host",
    ["elsewhere.example", "localhost.elsewhere.example", "192.168.1.9", "evil.local", "[2001:db8::1]", "",
     "127.0.0.1.x", "10.0.0.0", "2130706433", "a b"],
)  # fmt: skip
def test_under_another_name_it_does_not_answer(host: str, browser: FlaskClient) -> None:
    for path in ("/", "/healthz", "/login", "/static/leerblik.css", "/nowhere"):
        answer = browser.get(path, headers={"Host": host})
        assert answer.status_code == 421, path
        assert "Verkeerd adres" in answer.text
        assert "Set-Cookie" not in answer.headers or "leerblik=" not in answer.headers["Set-Cookie"]


@pytest.mark.parametrize(
    ("host", "own", "known"),
    [
        ("leerblik-1", None, True),
        ("LEERBLIK-1.local:8080", None, True),
        ("leerblik-1.", None, True),
        ("leerblik-1.school.example", None, True),
        ("camera.example.org", None, True),
        ("leerblik-2.local", None, False),
        ("localhost:8080", None, True),
        ("127.0.0.1:8080", None, True),
        ("[::1]:8080", None, True),
        ("10.1.2.3:8080", "10.1.2.3", True),
        ("10.1.2.3", "::ffff:10.1.2.3", True),
        ("10.1.2.3", "10.1.2.4", False),
        ("10.1.2.3", None, False),
        ("[fe80::1]", "fe80::1%eth0", True),
        ("[fe80::1", None, False),
    ],
)
def test_it_knows_its_own_names_and_the_address_that_was_connected_to(
    host: str, own: str | None, known: bool
) -> None:
    hosts = Hosts(names_of("leerblik-1.school.example", ["Camera.example.org"]))
    assert hosts.knows(host, own) is known


def test_what_is_too_large_is_refused_before_anything_of_it_is_read(site: Site) -> None:
    class Bottomless:
        """An upload that tells when somebody begins to read it."""

        read_bytes = 0

        def read(self, size: int = -1) -> bytes:
            self.read_bytes += size
            return b"x" * max(size, 1)

        readline = read

    for role in Role:
        for path, length in (("/login", 65_537), ("/upload", 2_000_001), ("/nowhere", 10**9), ("/", 10**9)):
            body = Bottomless()
            answer = site.log_in(role).post(
                path, environ_overrides={"wsgi.input": body, "CONTENT_LENGTH": str(length)}
            )
            assert (answer.status_code, body.read_bytes) == (413, 0), path


def test_a_body_without_a_length_is_refused(browser: FlaskClient) -> None:
    answer = browser.post("/login", headers={"Transfer-Encoding": "chunked"})
    assert answer.status_code == 411


def test_where_a_page_says_so_more_may_be_sent_and_nothing_of_it_lands_on_the_card(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    import io
    import tempfile

    from tests.web.site import csrf_token

    def no_files(*_: object, **__: object) -> None:
        raise AssertionError("a temporary file was made")

    monkeypatch.setattr(tempfile, "TemporaryFile", no_files)
    monkeypatch.setattr(tempfile, "SpooledTemporaryFile", no_files)
    coach = site.log_in(Role.COACH)
    token = csrf_token(coach.get("/nowhere").text)
    answer = coach.post(
        "/upload", data={"csrf_token": token, "file": (io.BytesIO(b"x" * 1_900_000), "timetable.ics")}
    )
    assert answer.text == "1900000"
