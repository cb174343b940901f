"""Two moments to be proud of and one to improve, typed or taken from the film."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.web.teacher.times import read_clock, write_clock
from tests.web.teacher.school import School, submit


def send(school: School, recording: str, **fields: str) -> str:
    browser = school.log_in()
    on = f"/teacher/recordings/{recording}"
    answer = submit(browser, f"{on}/moments", on=on, **fields)
    return answer.text if answer.status_code == 400 else browser.get(on).text


def test_moments_are_kept_and_shown_again(school: School) -> None:
    recording = school.record(3)
    page = send(school, recording, proud_1="0:02", proud_2="", improve="0:01")
    assert school.row(recording)["reflection"] == {"proud_us": [2_000_000], "improve_us": [1_000_000]}
    assert 'value="0:02"' in page
    assert 'value="0:01"' in page


def test_empty_fields_take_a_moment_back(school: School) -> None:
    recording = school.record(3)
    send(school, recording, proud_1="0:02", proud_2="0:01", improve="")
    send(school, recording, proud_1="", proud_2="", improve="")
    assert school.row(recording)["reflection"] == {"proud_us": [], "improve_us": []}


@pytest.mark.parametrize("typed", ["twee", "2", "1:75", "-1:00", "1:2:3:4", "12:", "99:99", "0x1:00"])
def test_what_is_no_time_stands_there_with_what_is_wrong(school: School, typed: str) -> None:
    recording = school.record(3)
    page = send(school, recording, proud_1="0:01", improve=typed)
    assert 'id="improve-problem"' in page
    assert 'aria-invalid="true"' in page
    assert f'value="{typed}"' in page
    assert 'value="0:01"' in page
    assert school.row(recording)["reflection"] is None


def test_a_moment_after_the_end_is_refused(school: School) -> None:
    page = send(school, school.record(3), proud_1="50:00")
    assert "The film is shorter than that" in page


def test_what_has_left_takes_no_more_moments(school: School) -> None:
    recording = school.record(3)
    school.ask("release", recording=recording)
    assert "has left already" in send(school, recording, proud_1="0:01")


@given(st.integers(0, 24 * 3600))
def test_every_time_is_read_as_it_is_written(seconds: int) -> None:
    text = write_clock(seconds * 1_000_000)
    assert read_clock(text) == (seconds * 1_000_000 if seconds < 60_000 else None)


@given(st.text(max_size=12))
def test_no_text_makes_a_time_that_is_none(text: str) -> None:
    at_us = read_clock(text)
    assert at_us is None or at_us >= 0


@pytest.mark.parametrize("text", ["1:75", "1:60", "1:99:00", "2", ":30", "1:2:3:4", "", "12:05a"])
def test_what_no_clock_shows_is_no_time(text: str) -> None:
    assert read_clock(text) is None
