"""What the public page makes of the recorder's status: never "closed" unless the recorder says so."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.domain.session import Phase
from device.domain.texts import LANGUAGES
from device.web.view import Lens, View, view_of
from device.web.words import WORDS


@pytest.mark.parametrize("phase", Phase, ids=lambda each: each.name)
def test_every_phase_of_a_recorder_is_known(phase: Phase) -> None:
    assert view_of({"state": phase.value}).lens is not Lens.UNKNOWN


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "state": st.one_of(st.text(), st.sampled_from([each.value for each in Phase]), st.none()),
            "aim": st.one_of(st.none(), st.text(), st.fixed_dictionaries({"open": st.booleans()})),
            "missing": st.one_of(
                st.none(),
                st.text(),
                st.lists(st.dictionaries(st.just("part"), st.text())),
                st.lists(st.text()),
            ),
        },
    )
)
def test_the_lens_counts_as_closed_only_when_the_recorder_says_that_it_is_idle(
    status: dict[str, Any],
) -> None:
    aim = status.get("aim")
    closed = status.get("state") == "idle" and not (isinstance(aim, dict) and aim["open"])
    assert (view_of(status).lens is Lens.CLOSED) == closed


def test_while_it_opens_and_closes_the_lens_counts_as_open() -> None:
    assert view_of({"state": "starting"}).lens is Lens.OPEN
    assert view_of({"state": "stopping"}).lens is Lens.OPEN


def test_a_lesson_whose_picture_stays_away_is_not_shown_as_a_picture() -> None:
    assert view_of({"state": "recording", "picture_is_away": True}).lens is Lens.SIGHTLESS
    assert view_of({"state": "recording", "picture_is_away": False}).lens is Lens.OPEN
    assert view_of({"state": "blanked", "picture_is_away": True}).lens is Lens.BLANKED
    assert view_of({"state": "idle", "picture_is_away": True}).lens is Lens.CLOSED
    assert "geen beeld" in WORDS["nl"].lens[Lens.SIGHTLESS][1]


def test_a_camera_that_stands_ready_is_shown_unless_it_records_or_is_pointed() -> None:
    ready = {"state": "idle", "warm": True, "aim": {"open": False, "left_s": 0.0}}
    assert view_of(ready) == View(Lens.READY)
    assert view_of({**ready, "aim": {"open": True, "left_s": 3.0}}) == View(Lens.AIMING)
    assert view_of({**ready, "state": "recording"}) == View(Lens.OPEN)
    assert view_of({**ready, "warm": "yes"}) == View(Lens.CLOSED)


def test_a_lens_that_is_open_for_aiming_is_shown() -> None:
    assert view_of({"state": "idle", "aim": {"open": True, "left_s": 3.0}}) == View(Lens.AIMING)


def test_missing_parts_are_shown_by_what_they_are_and_not_by_what_is_said_of_them() -> None:
    missing = [
        {"part": "camera", "message": "teacher-1 unplugged it"},
        {"part": "button 2", "message": "line 17 is taken"},
        {"part": "button", "message": "gone"},
    ]
    assert view_of({"state": "idle", "missing": missing}).missing == ("button", "camera")


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_are_words_for_everything_in_every_language(language: str) -> None:
    words = WORDS[language]
    assert set(words.lens) == set(Lens)
    assert set(words.parts) == set(WORDS["nl"].parts)
    headlines = [headline for headline, _ in words.lens.values()]
    assert len(set(headlines)) == len(headlines)


@pytest.mark.parametrize(
    ("language", "whom"), [("nl", "beheerder"), ("en", "whoever looks after the device")]
)
def test_what_nobody_in_the_room_can_put_right_names_who_can(language: str, whom: str) -> None:
    words = WORDS[language]
    for sentence in (words.parts["light"], words.parts["button"], words.parts["card"], words.other_part):
        assert whom in sentence
