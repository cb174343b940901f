"""Decisions by a program: the same rules, the same register, the same sentences."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("flask", reason="flask is not installed here")

from device.domain.register.decisions import AgreementGiven, RecordingClaimed, Unbooked
from device.domain.register.text import write_decision
from device.web.roles import Role
from tests.support.register import (
    AGREEMENT,
    BOOKING,
    GROUP,
    ONE_OF_EACH,
    SCHOOL,
    TRAJECTORY,
    everything,
    ulid,
)
from tests.web.api.place import BY_NAME, Place, ask, make_place
from tests.web.site import PIN


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return make_place(tmp_path)


def values_of(decision: Any, **more: Any) -> tuple[str, dict[str, Any]]:
    kind, values = write_decision(decision)
    return kind, {**values, **more}


def test_the_coach_fills_an_empty_register_and_a_teacher_agrees(tmp_path: Path) -> None:
    place = make_place(tmp_path, [])
    coach, teacher = place.machine(Role.COACH), place.browser(Role.TEACHER)
    for said in everything():
        is_hers = isinstance(said.decision, AgreementGiven)
        kind, values = values_of(said.decision, **({"pin": PIN} if is_hers else {}))
        found = ask(teacher if is_hers else coach, kind, values)
    head = place.book.read().head
    assert found == {"number": head.number, "sha256": head.sha256}
    assert ask(coach, "press_now")["does"] == "start"


@pytest.mark.parametrize("decision", ONE_OF_EACH, ids=lambda decision: type(decision).__name__)
def test_every_kind_is_judged_by_the_rules_of_the_register(decision: Any, place: Place) -> None:
    kind, values = values_of(decision)
    operation = BY_NAME[kind]
    if "pin" in (operation.body or {})["properties"]:
        values["pin"] = PIN
    role = operation.roles[0]
    before = place.book.read().head.number
    client = place.browser(role)
    answer = client.post(operation.path, json=values)
    assert answer.status_code in (201, 422), answer.text
    assert place.book.read().head.number == before + (answer.status_code == 201)
    if answer.status_code == 422:
        assert all(json.loads(answer.text)["objections"].values())


def test_objections_stand_by_field_in_the_language_of_whoever_asks(place: Place) -> None:
    kind, values = values_of(replace(GROUP, pupils=0, not_filmed=0))
    client = place.machine(Role.COACH)
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "nl"
    assert "getal" in ask(client, kind, values, 422)["objections"]["pupils"]
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    assert "number" in ask(client, kind, values, 422)["objections"]["pupils"]


def test_a_name_of_a_pupil_is_refused_with_the_reason(place: Place) -> None:
    kind, values = values_of(replace(GROUP, group="Jan Jansen"))
    client = place.machine(Role.COACH)
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    assert "Names of pupils" in ask(client, kind, values, 422)["objections"]["group"]


@pytest.mark.parametrize("pin", ["", "000000", "582048"])
def test_a_yes_needs_the_pin_of_the_teacher_herself(pin: str, place: Place) -> None:
    kind, values = values_of(AGREEMENT, pin=pin)
    before = place.book.read().head
    assert set(ask(place.browser(Role.TEACHER), kind, values, 422)["objections"]) == {"pin"}
    assert place.book.read().head == before


def test_nobody_says_yes_for_a_colleague(place: Place) -> None:
    kind, values = values_of(replace(AGREEMENT, teacher="jkl"), pin=PIN)
    assert set(ask(place.browser(Role.TEACHER), kind, values, 422)["objections"]) == {"teacher"}
    ask(place.machine(Role.COACH), kind, values, 403)


def test_taking_back_needs_no_pin_and_names_her_alone(place: Place) -> None:
    teacher = place.browser(Role.TEACHER)
    ask(teacher, "agreement_withdrawn", {"teacher": "jkl", "trajectory": TRAJECTORY.trajectory}, 422)
    ask(teacher, "agreement_withdrawn", {"teacher": "abc", "trajectory": TRAJECTORY.trajectory})
    assert place.book.read().agreements == {}


def test_a_teacher_books_only_what_she_is_in(place: Place) -> None:
    teacher = place.browser(Role.TEACHER)
    kind, values = values_of(replace(BOOKING, booking=ulid(7)))
    ask(teacher, kind, values)
    kind, values = values_of(replace(BOOKING, booking=ulid(8), teachers=("jkl",)))
    ask(teacher, kind, values, 422)


def test_only_a_recording_that_is_nobody_s_can_be_claimed(tmp_path: Path) -> None:
    history = everything(school={"unbooked": Unbooked.UNCLAIMED})[:-1]
    place = make_place(tmp_path, history)
    teacher, recording = place.browser(Role.TEACHER), place.record()
    claim = RecordingClaimed(recording, "abc", TRAJECTORY.trajectory, ("2b",))
    kind, values = values_of(replace(claim, recording=ulid(9)), pin=PIN)
    assert set(ask(teacher, kind, values, 422)["objections"]) == {"recording"}
    kind, values = values_of(claim, pin=PIN)
    ask(teacher, kind, values)
    assert set(ask(teacher, kind, values, 422)["objections"]) == {"recording"}


def test_only_a_recording_of_her_own_can_be_taken_back(place: Place) -> None:
    recording, teacher = place.record(), place.browser(Role.TEACHER)
    ask(teacher, "recording_withdrawn", {"recording": ulid(9), "teacher": "abc"}, 422)
    ask(teacher, "recording_withdrawn", {"recording": recording, "teacher": "abc"})
    assert place.book.read().withdrawals[-1].decision.recording == recording  # type: ignore[union-attr]


def test_a_decision_that_reads_well_but_no_line_can_hold_is_refused(place: Place) -> None:
    kind, values = values_of(replace(TRAJECTORY, learning_question="a\u2028b"))
    assert set(ask(place.machine(Role.COACH), kind, values, 422)["objections"]) == {""}


def test_the_school_of_another_device_is_not_changed_by_it(place: Place) -> None:
    kind, values = values_of(SCHOOL)
    ask(place.machine(Role.IT), kind, values, 403)
