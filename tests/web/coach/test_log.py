"""The log of decisions: every kind in words, page by page, as a file, and whether the chain is whole."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from device.domain.register.decisions import BookingCancelled, TeacherAdded
from device.domain.register.state import Register
from device.storage.register import FILE_NAME
from device.web.coach.wording import decision_words, who_words
from tests.support.register import ONE_OF_EACH, any_decision, anybody
from tests.web.coach.desk import ALL_SET, BOOKING, Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    return Desk(tmp_path_factory.mktemp("words")).site.app


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("decision", ONE_OF_EACH, ids=lambda each: type(each).__name__)
def test_every_kind_of_decision_is_a_sentence_with_its_names(
    app: Flask, decision: object, language: str
) -> None:
    with app.test_request_context(f"/?lang={language}"):
        words = decision_words(decision, Register())  # type: ignore[arg-type]
    assert words.endswith(".")
    for field in fields(decision):  # type: ignore[arg-type]
        value = getattr(decision, field.name)
        if isinstance(value, str) and field.name != "booking":
            assert value in words, field.name


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(any_decision, anybody, st.sampled_from(["nl", "en"]))
def test_nothing_that_can_be_decided_lacks_words(
    app: Flask, decision: object, by: str, language: str
) -> None:
    with app.test_request_context(f"/?lang={language}"):
        assert decision_words(decision, Register())  # type: ignore[arg-type]
        assert by.removeprefix("teacher:") in who_words(by) or by in ("coach", "device")


def test_the_newest_stands_first_and_fifty_on_a_page(desk: Desk) -> None:
    desk.decided(*(TeacherAdded(f"t{number}") for number in range(1, 121)))
    first, last = desk.see("/coach/log"), desk.see("/coach/log?page=3")
    assert first.index("Teacher t120 added") < first.index("Teacher t71 added")
    assert first.count("<li value=") == 50
    assert "Teacher t70 added" not in first
    assert last.count("<li value=") == 20
    assert "Page 3 of 3" in last
    for page in ("0", "-1", "99", "x", "9" * 40, "٣"):
        assert "<li value=" in desk.see(f"/coach/log?page={page}")


def test_withdrawals_can_be_seen_alone(desk: Desk) -> None:
    desk.decided(*ALL_SET)
    assert "Nothing was taken back." in desk.see("/coach/log?withdrawals=1")
    desk.saved("/coach/groups/withdraw", {"group": "2b"}, on="/coach/groups/withdraw?group=2b")
    page = desk.see("/coach/log?withdrawals=1")
    assert page.count("<li value=") == 1
    assert "Group 2b withdrawn" in page


def test_the_download_is_the_file_as_it_is(desk: Desk) -> None:
    desk.decided(*ALL_SET)
    answer = desk.coach.get("/coach/log/export")
    assert answer.data == (desk.folder / FILE_NAME).read_bytes()
    assert answer.headers["Content-Type"] == "application/jsonl"
    assert "attachment" in answer.headers["Content-Disposition"]


def test_the_check_reads_the_file_anew_and_sees_what_was_changed_behind_our_back(desk: Desk) -> None:
    head = desk.decided(*ALL_SET).head
    page = desk.see("/coach/log/check")
    assert f"The chain is whole: {len(ALL_SET)} decisions." in page
    assert head.sha256 in page
    path = desk.folder / FILE_NAME
    path.write_bytes(path.read_bytes().replace(b'"pupils":24', b'"pupils":25'))
    assert "The chain is broken" in desk.see("/coach/log/check")


def test_what_a_person_typed_is_never_markup(desk: Desk) -> None:
    desk.decided(*ALL_SET[:3])
    form = {
        "trajectory": "x", "teachers": ["abc"], "coach": "<b>c</b>", "learning_question": "<script>alert(1)</script>",
        "stages": ["1"], "closes_on": "2026-12-18",
    }  # fmt: skip
    desk.saved("/coach/trajectories/open", form)
    for path in ("/coach/log", "/coach/trajectories", "/coach/trajectories/one?name=x"):
        assert "&lt;script&gt;" in desk.see(path)
        assert "<script>alert" not in desk.see(path)


def test_a_cancelled_booking_is_named_by_its_trajectory_and_time(desk: Desk) -> None:
    desk.decided(*ALL_SET, BookingCancelled(BOOKING))
    page = desk.see("/coach/log")
    assert re.search(
        "Booking for trajectory “modelen najaar” cancelled: Tue [^:]*, 09:30-10:30; teachers abc", page
    )
    assert BOOKING not in page
