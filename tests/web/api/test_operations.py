"""The declarations: routes, roles, validation and the OpenAPI document all say the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("flask", reason="flask is not installed here")

from device.domain.register.decisions import KINDS
from device.web.api import blueprint, openapi
from device.web.api.blueprint import OPERATIONS
from device.web.api.operation import BODY_BYTES, Operation
from device.web.app import access_table
from device.web.roles import EVERYBODY, Role
from tests.web.api.place import BY_NAME, Place, ask, judged, make_place

COMMITTED = Path(blueprint.__file__).with_name("openapi.json")
SOME = "01J00000000000000000000000"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return make_place(tmp_path)


def address(operation: Operation) -> str:
    return operation.path.format(recording=SOME)


def test_the_document_that_is_kept_is_the_one_that_the_operations_make() -> None:
    assert COMMITTED.read_text() == openapi.text_of(OPERATIONS), (
        "python -m device.web.api > device/web/api/openapi.json"
    )


def test_the_document_that_is_served_is_the_one_that_is_kept(place: Place) -> None:
    assert ask(place.site.browser(), "openapi") == json.loads(COMMITTED.read_text())


def test_the_document_and_the_routes_are_about_the_same(place: Place) -> None:
    described = {
        (path.replace("{", "<").replace("}", ">"), method.upper())
        for path, methods in json.loads(COMMITTED.read_text())["paths"].items()
        for method in methods
    }
    routes = {
        (rule.rule, method)
        for rule in place.site.app.url_map.iter_rules()
        if rule.rule.startswith("/api/") or rule.endpoint.startswith("api.")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert described == routes


def test_every_kind_of_decision_has_its_operation() -> None:
    assert {f"/api/v1/decisions/{kind}" for kind in KINDS} <= {each.path for each in OPERATIONS}


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for each in value.values():
            yield from references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


def test_every_reference_in_the_document_leads_somewhere_and_nothing_is_left_over() -> None:
    document = json.loads(COMMITTED.read_text())
    named = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(references(document)) == named


def test_every_operation_says_in_both_languages_what_it_does() -> None:
    for each in OPERATIONS:
        dutch, english = each.summary
        assert dutch.endswith(".")
        assert english.endswith(".")
        assert dutch != english
    assert len({each.name for each in OPERATIONS}) == len(OPERATIONS)


@pytest.mark.parametrize("role", Role, ids=lambda role: role.value)
def test_who_may_is_what_the_declaration_says(role: Role, place: Place) -> None:
    table = access_table(place.site.app)
    browser = place.site.log_in(role) if role is Role.PUBLIC else place.browser(role)
    for each in OPERATIONS:
        allowed = EVERYBODY if each.is_public else frozenset(each.roles)
        assert table[f"api.{each.name}"].roles == allowed
        answer = browser.open(address(each), method=each.method, json={})
        assert (answer.status_code in (401, 403)) is (role not in allowed), (each.name, answer.text)
        assert answer.status_code in each.answers(), each.name


def test_whoever_is_nobody_is_told_how_a_machine_comes_in(place: Place) -> None:
    for each in OPERATIONS:
        if not each.is_public:
            answer = place.site.browser().open(address(each), method=each.method, json={})
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
            assert set(judged(each, answer, 401)) == {"error", "message"}


def test_a_person_needs_the_csrf_token_and_a_machine_does_not(place: Place) -> None:
    values = {"teacher": "jkl"}
    browser = place.site.log_in(Role.COACH)
    ask(browser, "teacher_added", values, 403)
    ask(place.machine(Role.COACH), "teacher_added", values)
    # A wrong token beside a cookie does not make a machine of a browser.
    answer = browser.post(
        "/api/v1/decisions/teacher_added", json={"teacher": "mno"}, headers={"Authorization": "Bearer x"}
    )
    assert answer.status_code == 403
    assert set(place.book.read().teachers) == {"abc", "jkl"}


@pytest.mark.parametrize(
    ("body", "media", "status"),
    [
        (b"", "application/json", 400),
        (b"[1]", "application/json", 400),
        (b'{"teacher": ', "application/json", 400),
        (b'{"teacher": "jkl", "teacher": "mno"}', "application/json", 400),
        (b"[" * 5000, "application/json", 400),
        (b"teacher=jkl", "application/x-www-form-urlencoded", 415),
        (b'{"teacher": "jkl"}', "text/plain", 415),
        (b" " * (BODY_BYTES + 1), "application/json", 413),
        (b'{"teacher": 7}', "application/json", 422),
        (b'{"teacher": "jkl", "pupil": "x"}', "application/json", 422),
    ],
)
def test_a_body_that_is_not_right_is_refused_as_json(
    body: bytes, media: str, status: int, place: Place
) -> None:
    answer = place.browser(Role.COACH).post("/api/v1/decisions/teacher_added", data=body, content_type=media)
    found = judged(BY_NAME["teacher_added"], answer, status)
    assert "" not in found.get("objections", {}), "it is said of which field"
    assert "jkl" not in place.book.read().teachers


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("recordings", "limit=0"),
        ("recordings", "limit=101"),
        ("recordings", "limit=ten"),
        ("recordings", "limit=1e1"),
        ("recordings", "limit=" + "9" * 5000),
        ("recordings", "limit=1&limit=2"),
        ("recordings", "before=../.."),
        ("audit", "after=-1"),
        ("audit", "limit=201"),
        ("bookings", "week=2026-W54"),
        ("bookings", "week=2026-W53&week=2026-W52"),
        ("bookings", "week=2027-W53"),
        ("bookings", "week=today"),
    ],
)
def test_what_is_asked_for_in_the_address_is_judged_too(name: str, query: str, place: Place) -> None:
    answer = place.machine(Role.COACH).get(f"{BY_NAME[name].path}?{query}")
    found = judged(BY_NAME[name], answer, 422)
    assert set(found["objections"]) == {query.partition("=")[0]}


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/", "/api/v1/recordings/x"])
def test_what_does_not_exist_is_said_in_json(path: str, place: Place) -> None:
    answer = place.machine(Role.COACH).get(path)
    assert (answer.status_code, answer.mimetype) == (404, "application/json")


def test_a_method_that_an_operation_does_not_have_is_said_in_json(place: Place) -> None:
    answer = place.machine(Role.COACH).delete("/api/v1/register")
    assert (answer.status_code, answer.mimetype) == (405, "application/json")
    assert "GET" in answer.headers["Allow"]


def test_a_damaged_register_is_the_device_s_fault_not_the_asker_s(place: Place) -> None:
    place.unit.root.joinpath("register.jsonl").write_bytes(b"{}\n")
    for name in ("register", "bookings"):
        ask(place.machine(Role.COACH), name, status=503)
    press = ask(place.machine(Role.COACH), "press_now")
    assert [each["reason"] for each in press["reasons"]] == ["register_damaged"]


def test_whoever_asks_in_dutch_is_answered_in_dutch(place: Place) -> None:
    answer = place.machine(Role.COACH).get("/api/v1/bookings?week=x", headers={"Accept-Language": "nl"})
    assert "Geef een week" in json.loads(answer.text)["objections"]["week"]
