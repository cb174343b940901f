"""What the coach learns of recordings: nothing of what the teacher holds but the number, and never all at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from device.web.app import access_table
from device.web.roles import Role
from tests.web.coach.desk import ALL_SET, Desk, row

HELD, GONE, SENT = (f"01K3ZZZZZZZZZZZZZZZZZZZZZ{letter}" for letter in "ABC")
PAGES = ("/coach/", "/coach/recordings", "/coach/trajectories/one?name=modelen najaar")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.decided(*ALL_SET)
    return desk


def show(desk: Desk, *rows: dict[str, object], more: bool = False) -> None:
    desk.site.recorder.answers["recordings"] = {"ok": True, "recordings": list(rows), "more": more}


@pytest.mark.parametrize("path", PAGES)
def test_of_a_held_recording_only_number_and_trajectory_are_told(desk: Desk, path: str) -> None:
    show(desk, row(HELD), row(GONE, "recording"))
    page = desk.see(path)
    assert "1 recording" in page
    assert HELD not in page
    assert "2026-09-01T07:30" not in page
    for said in ("12:57", "777", "Recorded"):
        assert said not in page


@pytest.mark.parametrize("path", PAGES)
def test_that_a_teacher_threw_something_away_is_hers_alone(desk: Desk, path: str) -> None:
    show(desk)
    without = desk.see(path)
    show(desk, row(HELD, "discarded", discarded=True), row(GONE, "purged", discarded=True))
    assert desk.see(path) == without


def test_what_left_the_teachers_hands_is_followed_to_its_end(desk: Desk) -> None:
    for status, words in {
        "released": "released, waits to be sent", "uploading": "is being sent (42%)",
        "delivered": "arrived on your machine", "purged": "arrived on your machine, erased here",
        "withdrawn": "taken back: your machine is told to destroy it",
        "destroyed": "taken back and destroyed on your machine, with a certificate",
    }.items():  # fmt: skip
        show(desk, row(SENT, status, sent_bytes=420))
        for path in PAGES:
            assert words in desk.see(path)


def test_what_is_nobodys_yet_is_counted_apart(desk: Desk) -> None:
    show(desk, row(HELD, unclaimed=True, trajectory=""))
    assert "a teacher can claim it" in desk.see("/coach/")


def test_no_page_links_to_footage(desk: Desk) -> None:
    show(desk, row(HELD), row(SENT, "delivered"))
    for path in PAGES:
        page = desk.see(path)
        assert "<video" not in page
        assert f"/{SENT}" not in page


def test_the_recorder_is_never_asked_for_all_and_older_ones_come_page_by_page(desk: Desk) -> None:
    show(desk, row(SENT, "delivered"), more=True)
    assert f"before={SENT}" in desk.see("/coach/recordings")
    desk.see(f"/coach/recordings?before={SENT}")
    desk.see("/coach/recordings?before=../../etc")
    for path in (*PAGES, "/coach/bookings"):
        desk.see(path)
    asked = [values for do, values in desk.site.recorder.asked if do == "recordings"]
    assert all(1 <= each["limit"] <= 100 for each in asked)
    assert [each.get("before") for each in asked[:3]] == [None, SENT, None]


def test_every_page_is_the_coachs_alone(desk: Desk) -> None:
    table = access_table(desk.site.app)
    own = {name: access for name, access in table.items() if name.startswith("coach.")}
    views = [name for name in desk.site.app.view_functions if name.startswith("coach.")]
    assert set(views) == set(own)
    assert all(access.roles == {Role.COACH} for access in own.values())
    teacher = desk.site.log_in(Role.TEACHER)
    assert teacher.get("/coach/").status_code == 403
    assert desk.site.browser().get("/coach/log/export").status_code == 303


def test_asking_for_a_change_changes_nothing(desk: Desk) -> None:
    before = desk.book.lines()
    for rule in desk.site.app.url_map.iter_rules():
        if rule.endpoint.startswith("coach.") and "GET" in (rule.methods or ()):
            for query in (
                "",
                "?name=modelen najaar&group=2b&teacher=abc&space=x&booking=x&trajectory=modelen najaar",
            ):
                assert desk.coach.get(rule.rule + query).status_code in (200, 404)
    assert desk.book.lines() == before


def test_a_form_without_its_token_is_refused(desk: Desk) -> None:
    answer = desk.coach.post("/coach/groups/withdraw", data={"group": "2b"})
    assert answer.status_code == 403
    assert not desk.book.read().groups["2b"].withdrawn
