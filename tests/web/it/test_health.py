"""What IT reads of the recorder's status: every fault with what to do about it, and nothing of anybody."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask_babel import Babel
from hypothesis import given
from hypothesis import strategies as st

from device.web.it.health import Grade, checks

FINE: dict[str, Any] = {
    "state": "idle", "missing": [], "levels": [], "clock_trusted": True, "coach_key": True, "version": "1.0",
    "register": {"number": 3, "sha256": "0" * 64, "problem": ""}, "temperature_c": 48.2, "uptime_s": 4000.0,
    "undervoltage": {"now": False, "past": False}, "minutes_left": 900.0,
    "processes": [{"process": "sync", "state": "ok", "message": "nothing to send", "at": "2026-09-01T08:00:00Z"}],
}  # fmt: skip
ULID = "01J6PZ8Q4T0000000000000000"


@pytest.fixture(autouse=True)
def _language() -> Iterator[None]:
    app = Flask(__name__)
    Babel(app)
    with app.test_request_context():
        yield


def test_a_device_in_order_asks_for_nothing() -> None:
    found = checks(FINE, tls=True)
    assert {each.grade for each in found} == {Grade.GOOD}
    assert not any(each.advice for each in found)


def said(state: str) -> dict[str, Any]:
    return {"process": "sync", "state": state, "message": "x", "at": ""}


def level(**changes: Any) -> dict[str, Any]:
    usual = {"name": "usb", "peak_dbfs": -12.0, "rms_dbfs": -30.0, "clipping": False, "silent_s": 0.0}
    return {**usual, **changes}


@pytest.mark.parametrize(
    ("change", "name", "grade"),
    [
        ({"missing": [{"part": "camera", "message": "no camera"}]}, "Camera", Grade.WRONG),
        ({"missing": [{"part": "light gpio_led", "message": "no pin"}]}, "Light", Grade.WRONG),
        ({"missing": [{"part": "button gpio_button", "message": "no pin"}]}, "Button", Grade.WRONG),
        ({"missing": [{"part": "microphone", "message": "no card"}]}, "Microphone", Grade.WRONG),
        ({"missing": [{"part": "sound", "message": "silence"}]}, "Microphone", Grade.WRONG),
        ({"levels": [level(clipping=True)]}, "Microphone", Grade.ATTENTION),
        ({"levels": [level(silent_s=31.0)]}, "Microphone", Grade.ATTENTION),
        ({"levels": [level()]}, "Microphone", Grade.GOOD),
        ({"missing": [{"part": "card", "message": "full"}]}, "Memory card", Grade.WRONG),
        ({"minutes_left": 100.0}, "Memory card", Grade.ATTENTION),
        ({"minutes_left": None}, "Memory card", Grade.UNKNOWN),
        ({"temperature_c": 72.0}, "Temperature", Grade.ATTENTION),
        ({"temperature_c": 81.0}, "Temperature", Grade.WRONG),
        ({"temperature_c": None}, "Temperature", Grade.UNKNOWN),
        ({"undervoltage": {"now": True, "past": True}}, "Power", Grade.WRONG),
        ({"undervoltage": {"now": False, "past": True}}, "Power", Grade.ATTENTION),
        ({"undervoltage": None}, "Power", Grade.UNKNOWN),
        ({"clock_trusted": False}, "Clock", Grade.ATTENTION),
        ({"processes": []}, "Coach's machine", Grade.ATTENTION),
        ({"processes": [said("refused")]}, "Coach's machine", Grade.WRONG),
        ({"processes": [said("waiting")]}, "Coach's machine", Grade.ATTENTION),
        ({"coach_key": False}, "Coach's key", Grade.WRONG),
        ({"register": {"problem": "line 4 of the register ..."}}, "Register", Grade.WRONG),
    ],
)  # fmt: skip
def test_each_fault_is_graded_and_says_what_to_do(change: dict[str, Any], name: str, grade: Grade) -> None:
    found = checks({**FINE, **change}, tls=True)
    (check,) = (each for each in found if each.name == name)
    assert check.grade is grade
    assert bool(check.advice) == (grade in (Grade.WRONG, Grade.ATTENTION))
    if grade is not Grade.GOOD:
        assert found[0] == check, "the worst comes first"


def test_a_recorder_that_does_not_answer_is_the_first_thing_to_look_at() -> None:
    assert [each.grade for each in checks(None, tls=False)] == [Grade.WRONG, Grade.ATTENTION]


def test_the_register_s_own_words_are_not_repeated() -> None:
    found = checks({**FINE, "register": {"problem": "line 4: teacher jkl"}}, tls=True)
    assert "jkl" not in str(found)


def test_no_name_of_a_recording_passes_in_what_a_process_says() -> None:
    sync = {"process": "sync", "state": "problem", "message": f"recording {ULID} is broken", "at": ""}
    found = checks({**FINE, "processes": [sync]}, tls=True)
    assert ULID not in str(found)
    assert "is broken" in str(found)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda each: st.lists(each, max_size=3),
    max_leaves=5,
)


@given(st.sets(st.sampled_from(sorted(FINE))))
def test_a_recorder_of_another_version_that_tells_less_is_shown_all_the_same(left_out: set[str]) -> None:
    status = {name: value for name, value in FINE.items() if name not in left_out}
    app = Flask(__name__)
    Babel(app)
    with app.test_request_context():
        assert checks(status, tls=True)
