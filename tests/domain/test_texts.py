"""Sentences for people at school: each says what is the matter, and most what to do or whom to tell."""

from __future__ import annotations

import pytest

from device.domain.consent import Reason
from device.domain.session import StopReason
from device.domain.texts import LANGUAGES, nothing_sentence, reason_sentence, several_sentence, stop_sentence


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("reason", Reason, ids=lambda each: each.name)
def test_every_refusal_says_what_to_do_next(reason: Reason, language: str) -> None:
    matter, _, step = reason_sentence(reason, language).partition(": ")
    assert matter
    assert step.endswith((".", ")."))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_sends_people_to_letters_that_nobody_at_school_knows(language: str) -> None:
    sentences = [
        *(reason_sentence(reason, language) for reason in Reason),
        *(stop_sentence(reason, language) for reason in StopReason),
        nothing_sentence(language),
        several_sentence(language),
    ]
    assert len(set(sentences)) == len(sentences)
    for sentence in sentences:
        assert " IT " not in sentence


@pytest.mark.parametrize(
    ("language", "whom"), [("nl", "waarschuw de beheerder"), ("en", "whoever looks after")]
)
def test_what_no_teacher_can_put_right_names_who_can(language: str, whom: str) -> None:
    for reason in (Reason.NO_LIGHT, Reason.NO_COACH_KEY):
        assert whom in reason_sentence(reason, language)
    for stop in (StopReason.CARD_FAILED, StopReason.LIGHT_FAILED, StopReason.PRIVACY_FAILED):
        assert whom in stop_sentence(stop, language)
    assert whom in nothing_sentence(language).lower()
