"""What a program sees of recordings, the register and the bookings: the coach no content, a teacher hers."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("flask", reason="flask is not installed here")

from device.domain.register.chain import read_lines
from device.domain.register.decisions import Repeat, Unbooked
from device.web.roles import Role
from tests.support.register import BOOKING, NOW, SCHOOL, TRAJECTORY, everything, ulid
from tests.web.api.place import Place, ask, make_place

# The colleague's lesson, which is none of the business of whoever is logged in.
OTHERS: dict[str, dict[str, Any]] = {
    "agreement": {"teacher": "jkl", "trajectory": "traject van een ander"},
    "trajectory": {"teachers": ("jkl",), "trajectory": "traject van een ander"},
    "booking": {"teachers": ("jkl",), "trajectory": "traject van een ander"},
}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return make_place(tmp_path)


def others_place(tmp_path: Path) -> Place:
    return make_place(tmp_path, everything(**OTHERS))


def test_a_teacher_sees_her_recording_and_releases_it(place: Place) -> None:
    recording, teacher = place.record(), place.browser(Role.TEACHER)
    (row,) = ask(teacher, "recordings")["recordings"]
    assert (row["id"], row["status"], row["teachers"]) == (recording, "held", ["abc"])
    assert ask(teacher, "recording", recording=recording)["reflection"] is None
    found = ask(
        teacher, "reflect", {"proud_us": [900_000, 100_000], "improve_us": [500_000]}, recording=recording
    )
    assert found["reflection"] == {"proud_us": [100_000, 900_000], "improve_us": [500_000]}
    ask(teacher, "reflect", {"proud_us": [1, 2, 3], "improve_us": []}, 422, recording=recording)
    assert ask(teacher, "release", recording=recording)["status"] == "released"
    ask(teacher, "release", status=409, recording=recording)
    ask(teacher, "reflect", {"proud_us": [], "improve_us": []}, 409, recording=recording)


def test_a_teacher_discards_her_recording(place: Place) -> None:
    recording, teacher = place.record(), place.browser(Role.TEACHER)
    assert ask(teacher, "discard", recording=recording)["discarded"] is True


def test_the_coach_sees_that_there_is_one_and_nothing_of_what_is_in_it(place: Place) -> None:
    recording, teacher = place.record(), place.browser(Role.TEACHER)
    ask(teacher, "reflect", {"proud_us": [1], "improve_us": []}, recording=recording)
    coach = place.machine(Role.COACH)
    for row in (ask(coach, "recordings")["recordings"][0], ask(coach, "recording", recording=recording)):
        assert row["id"] == recording
        assert not {"reflection", "watchable", "bookmarks_us"} & set(row)
    for deed in ("release", "discard"):
        ask(coach, deed, status=403, recording=recording)
    assert ask(teacher, "recording", recording=recording)["status"] == "held"


def test_a_colleague_s_recording_does_not_exist(tmp_path: Path) -> None:
    place = others_place(tmp_path)
    recording, teacher = place.record(), place.browser(Role.TEACHER)
    assert ask(teacher, "recordings") == {"recordings": [], "next": None}
    there = ask(teacher, "recording", status=404, recording=recording)
    assert there == ask(teacher, "recording", status=404, recording=ulid(9))
    for deed in ("release", "discard"):
        ask(teacher, deed, status=404, recording=recording)
    assert ask(place.machine(Role.COACH), "recording", recording=recording)["status"] == "held"


def test_a_recording_of_nobody_is_seen_by_every_teacher_and_moved_by_none(tmp_path: Path) -> None:
    place = make_place(tmp_path, everything(school={"unbooked": Unbooked.UNCLAIMED})[:-1])
    recording, teacher = place.record(), place.browser(Role.TEACHER)
    assert ask(teacher, "recording", recording=recording)["unclaimed"] is True
    for deed in ("release", "discard"):
        ask(teacher, deed, status=409, recording=recording)


def test_pages_of_recordings_follow_each_other_and_end(place: Place) -> None:
    recordings = [place.record() for _ in range(3)]
    coach = place.machine(Role.COACH)
    seen, before = [], None
    for _ in range(9):
        page = ask(coach, "recordings", limit=2, **({"before": before} if before else {}))
        seen += [row["id"] for row in page["recordings"]]
        before = page["next"]
        if before is None:
            break
    assert seen == recordings[::-1]


def test_the_coach_sees_the_register_and_a_teacher_her_part_of_it(tmp_path: Path) -> None:
    place = others_place(tmp_path)
    everyone = ask(place.machine(Role.COACH), "register")
    assert everyone["number"] == 6
    assert [each["made"]["booking"] for each in everyone["bookings"]] == [BOOKING.booking]
    hers = ask(place.browser(Role.TEACHER), "register")
    assert hers["school"]["name"] == SCHOOL.name
    assert (hers["bookings"], hers["trajectories"], hers["agreements"], hers["teachers"]) == ([], [], [], [])
    assert "jkl" not in json.dumps(hers["bookings"] + hers["trajectories"])


def test_what_is_over_or_cancelled_is_not_in_the_register_any_more(place: Place) -> None:
    coach = place.machine(Role.COACH)
    assert ask(coach, "register")["bookings"]
    ask(coach, "booking_cancelled", {"booking": BOOKING.booking})
    assert ask(coach, "register")["bookings"] == []
    place.unit.clock.pass_s(timedelta(days=365).total_seconds())
    assert ask(coach, "register")["trajectories"]


def test_the_audit_log_comes_whole_or_in_pages(place: Place) -> None:
    coach = place.machine(Role.COACH)
    lines = ask(coach, "audit_lines").encode().splitlines()
    assert [head.number for _, head in read_lines(lines)] == list(range(1, 7))
    first = ask(coach, "audit", limit=4)
    assert (len(first["lines"]), first["next"]) == (4, 4)
    rest = ask(coach, "audit", after=first["next"])
    assert [each["number"] for each in first["lines"] + rest["lines"]] == list(range(1, 7))
    assert rest["next"] is None
    ask(coach, "audit", after=1 << 50)


def test_the_bookings_of_a_week_are_those_of_the_school_s_clock(place: Place) -> None:
    coach = place.machine(Role.COACH)
    found = ask(coach, "bookings")
    assert (found["week"], found["monday"]) == ("2026-W36", "2026-08-31")
    (time,) = found["times"]
    assert (time["from"], time["until"]) == ("2026-09-01T07:30:00Z", "2026-09-01T08:20:00Z")
    # After the change of the clock it is an hour later in UTC.
    (time,) = ask(coach, "bookings", week="2026-W44")["times"]
    assert time["from"] == "2026-10-27T08:30:00Z"
    assert ask(coach, "bookings", week="2999-W01")["times"] == []


def test_the_bookings_of_a_colleague_are_not_a_teacher_s(tmp_path: Path) -> None:
    place = others_place(tmp_path)
    assert len(ask(place.machine(Role.COACH), "bookings")["times"]) == 1
    assert ask(place.browser(Role.TEACHER), "bookings")["times"] == []


def test_what_a_press_would_do_is_what_the_recorder_then_does(place: Place) -> None:
    coach = place.machine(Role.COACH)
    found = ask(coach, "press_now")
    assert (found["does"], found["reasons"]) == ("start", [])
    assert found["lesson"]["trajectory"] == TRAJECTORY.trajectory
    place.unit.loop.request_start()
    assert ask(coach, "press_now")["does"] == "stop"
    place.unit.loop.request_stop()
    ask(coach, "booking_cancelled", {"booking": BOOKING.booking})
    found = ask(coach, "press_now")
    assert (found["does"], [each["reason"] for each in found["reasons"]]) == ("refuse", ["no_booking"])
    assert all(each["sentence"] for each in found["reasons"])


def test_the_next_press_is_used_up_by_the_first(tmp_path: Path) -> None:
    once = everything(booking={"repeat": Repeat.NEXT_PRESS})
    once[-1] = replace(once[-1], at=NOW)
    place = make_place(tmp_path, once)
    coach = place.machine(Role.COACH)
    assert ask(coach, "press_now")["does"] == "start"
    place.record()
    assert ask(coach, "press_now")["does"] == "refuse"


def test_a_colleague_learns_that_a_press_would_start_but_not_whose_lesson(tmp_path: Path) -> None:
    found = ask(others_place(tmp_path).browser(Role.TEACHER), "press_now")
    assert (found["does"], found["lesson"]) == ("start", None)


def test_the_status_is_for_everybody_and_names_nobody(place: Place) -> None:
    everybody = place.site.browser()
    assert ask(everybody, "status") == {"recording": False, "lens": "closed", "missing": []}


def test_the_health_and_the_keys_are_for_it_and_name_nobody(place: Place) -> None:
    place.record()
    it = place.machine(Role.IT)
    health, keys = ask(it, "health"), ask(it, "keys")
    assert health["coach_key"] is True
    assert keys["coach"]["recipient"].startswith("age1")
    assert len(keys["coach"]["fingerprint"]) == 29
    for word in ("abc", TRAJECTORY.trajectory, "2b", BOOKING.booking):
        assert word not in json.dumps(health)
