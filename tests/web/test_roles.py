"""Who may open what: every page for every role, and nothing that is not in the table."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("flask", reason="flask is not installed here")

from flask import Blueprint
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from device.domain.errors import Permanent
from device.web.app import access_table
from device.web.roles import EVERYBODY, Role, homes_of, open_to
from tests.web.site import Site, csrf_token, make_site, post

# Written down a second time, on purpose: a page that is for everybody by mistake is found here.
FOR_EVERYBODY = {
    "static",
    "public.status_page",
    "public.health",
    "entrance.login",
    "entrance.do_login",
    "entrance.invitation",
    "entrance.do_invitation",
    # Only while nobody has claimed the device; afterwards they are not found.
    *(
        f"first_start.{name}"
        for name in ("begin", "do_begin", "press", "school", "do_school", "keys", "do_keys")
    ),
    *(f"first_start.{name}" for name in ("finish", "do_finish", "done")),
    # The proof of a wipe: only while nobody has claimed the device, afterwards for IT; anybody else finds nothing.
    "wiped.download",
    "api.openapi",
    "api.status",
}
FOR_WHOEVER_IS_LOGGED_IN = {"entrance.logout"}
OF_A_PART = {
    "coach": {Role.COACH},
    "masks": {Role.COACH},
    "timetables": {Role.COACH},
    "teacher": {Role.TEACHER},
    "it": {Role.IT},
    "wipe": {Role.IT},
    "server": {Role.IT},
    "network": {Role.IT},
    "tokens": {Role.COACH, Role.IT},
}
REFUSED = (401, 403)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    rooms = Blueprint("rooms", __name__)
    rooms.get("/rooms/coach", endpoint="a")(open_to(Role.COACH, home=True)(lambda: "for the coach"))
    rooms.get("/rooms/both", endpoint="b")(open_to(Role.COACH, Role.TEACHER)(lambda: "for both"))
    rooms.get("/rooms/all", endpoint="c")(open_to(Role.PUBLIC)(lambda: "for all"))
    rooms.get("/api/v1/room", endpoint="d")(open_to(Role.IT)(lambda: {"room": "for IT"}))
    rooms.post("/rooms/coach", endpoint="e")(open_to(Role.COACH)(lambda: "done"))
    rooms.get("/rooms/forgotten", endpoint="forgotten")(lambda: "nobody said for whom this is")
    return make_site(tmp_path, rooms)


def path_of(site: Site, rule: Rule) -> str:
    """Return an address of a rule; what stands in for its arguments exists nowhere."""
    adapter = site.app.url_map.bind("localhost")
    values = {name: "1" if "int" in repr(rule._converters[name]).lower() else "x" for name in rule.arguments}
    built: str = adapter.build(rule.endpoint, values, method=None)
    return built


@pytest.mark.parametrize("role", Role, ids=lambda role: role.value)
def test_every_page_gives_every_role_what_the_table_says(role: Role, site: Site) -> None:
    table = access_table(site.app)
    for rule in site.app.url_map.iter_rules():
        browser = site.log_in(role)
        token = csrf_token(browser.get("/elsewhere").text)
        for method in sorted((rule.methods or set()) - {"OPTIONS"}):
            answer = browser.open(
                path_of(site, rule),
                method=method,
                headers={"X-CSRF-Token": token, "Origin": "http://localhost"},
            )
            is_refused = answer.status_code in REFUSED or "/login?" in (answer.location or "")
            access = table.get(rule.endpoint)
            is_in_table = access is not None and role in access.roles
            if rule.endpoint == "entrance.do_login":
                continue  # it answers 401 to whoever says nothing
            assert is_refused is not is_in_table, (method, rule.rule, answer.status)


def test_a_page_that_nobody_declared_is_refused_for_everybody(site: Site) -> None:
    assert "rooms.forgotten" not in access_table(site.app)
    for role in Role:
        answer = site.log_in(role).get("/rooms/forgotten")
        assert answer.status_code == 403
        assert "nobody said" not in answer.text


def test_a_page_that_was_added_later_is_refused_for_everybody(site: Site) -> None:
    site.app.add_url_rule("/late", "late", open_to(Role.COACH)(lambda: "late"))
    assert site.log_in(Role.COACH).get("/late").status_code == 403


def test_the_table_is_what_was_meant(tmp_path: Path) -> None:
    table = access_table(make_site(tmp_path).app)
    assert {name for name, access in table.items() if access.roles == EVERYBODY} == FOR_EVERYBODY
    for name, access in table.items():
        if name in FOR_WHOEVER_IS_LOGGED_IN:
            assert access.roles == EVERYBODY - {Role.PUBLIC}
        elif (part := name.partition(".")[0]) in OF_A_PART:
            assert access.roles == OF_A_PART[part], name


def test_every_endpoint_is_in_the_table(tmp_path: Path) -> None:
    app = make_site(tmp_path).app
    assert set(access_table(app)) == set(app.view_functions)


def test_everybody_includes_whoever_is_logged_in(site: Site) -> None:
    for role in Role:
        assert site.log_in(role).get("/rooms/all").text == "for all"


def test_a_person_who_is_not_logged_in_is_sent_to_the_login_page_and_back(site: Site) -> None:
    browser = site.browser()
    answer = browser.get("/rooms/coach?week=3")
    assert (answer.status_code, answer.location) == (303, "/login?next=/rooms/coach?week%3D3")
    form = browser.get(answer.location).text
    assert 'name="next" value="/rooms/coach?week=3"' in form


def test_a_program_gets_json_instead(site: Site) -> None:
    for role, status in ((Role.PUBLIC, 401), (Role.COACH, 403), (Role.IT, 200)):
        answer = site.log_in(role).get("/api/v1/room")
        assert answer.status_code == status
        assert answer.is_json


def test_htmx_is_sent_to_the_login_page_as_a_whole(site: Site) -> None:
    answer = site.browser().get("/rooms/coach", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, "/login")


@pytest.mark.parametrize(
    ("wished", "arrives"),
    [
        ("/rooms/both?x=1", "/rooms/both?x=1"),
        ("", "/rooms/coach"),
        ("//elsewhere.example/", "/rooms/coach"),
        ("/\\elsewhere.example/", "/rooms/coach"),
        ("https://elsewhere.example/", "/rooms/coach"),
        ("/\t/elsewhere.example", "/rooms/coach"),
        ("rooms/both", "/rooms/coach"),
        ("/x\r\nSet-Cookie: a=b", "/rooms/coach"),
    ],
)
def test_after_logging_in_one_arrives_on_this_device_and_nowhere_else(
    wished: str, arrives: str, site: Site
) -> None:
    browser = site.browser()
    answer = post(browser, "/login", role="coach", secret="vier losse woorden samen", next=wished)
    assert (answer.status_code, answer.location) == (303, arrives)


def test_every_role_arrives_on_a_page_of_its_own(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    assert set(homes_of(access_table(site.app))) == {Role.TEACHER, Role.COACH, Role.IT}
    browser: FlaskClient = site.browser()
    assert post(browser, "/login", role="it", secret="vier losse woorden samen").location == "/it/"


def test_a_machine_shows_its_token_instead_of_logging_in(tmp_path: Path) -> None:
    from device.web.roles import Actor

    room = Blueprint("room", __name__)
    room.get("/api/v1/room", endpoint="see")(open_to(Role.IT)(lambda: {"room": "seen"}))
    room.post("/api/v1/room", endpoint="change")(open_to(Role.IT)(lambda: {"room": "changed"}))
    holders = {"good": Actor(Role.IT)}
    site = make_site(tmp_path, room, token_holder=holders.get)
    for token, status in (("good", 200), ("bad", 401), ("", 401)):
        headers = {"Authorization": f"Bearer {token}"}
        assert site.browser().get("/api/v1/room", headers=headers).status_code == status
        assert site.browser().post("/api/v1/room", headers=headers).status_code == status


def test_one_page_is_not_declared_twice() -> None:
    def page() -> str:
        return "one"

    open_to(Role.COACH)(page)
    with pytest.raises(Permanent, match="page"):
        open_to(Role.PUBLIC)(page)
