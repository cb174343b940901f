"""Names that sort by time, and sentences for every reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.domain.consent import Reason
from device.domain.identifiers import is_ulid, make_ulid
from device.domain.session import StopReason
from device.domain.texts import LANGUAGES, reason_sentence, stop_sentence

times_ms = st.integers(0, (1 << 48) - 1)
randomness = st.binary(min_size=10, max_size=10)


@given(times_ms, randomness, times_ms, randomness)
def test_names_sort_by_time_and_then_by_chance(a_ms: int, a: bytes, b_ms: int, b: bytes) -> None:
    first, second = make_ulid(a_ms, a), make_ulid(b_ms, b)
    assert is_ulid(first)
    assert (first < second) == ((a_ms, a) < (b_ms, b))


def test_the_example_of_the_specification() -> None:
    # https://github.com/ulid/spec: the largest ULID, and a timestamp of zero
    assert make_ulid((1 << 48) - 1, b"\xff" * 10) == "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"
    assert make_ulid(0, bytes(10)) == "0" * 26
    assert make_ulid(1_469_918_176_385, bytes(10))[:10] == "01ARYZ6S41"


@pytest.mark.parametrize(("time_ms", "random"), [(-1, bytes(10)), (1 << 48, bytes(10)), (0, bytes(9))])
def test_what_does_not_fit_is_a_mistake_of_the_caller(time_ms: int, random: bytes) -> None:
    with pytest.raises(ValueError, match=r"ULID|48 bits"):
        make_ulid(time_ms, random)


@pytest.mark.parametrize(
    "text", ["", "..", "01J0000000000000000000000", "8" + "0" * 25, "0" * 25 + "U", "0" * 25 + "\n", "0" * 26 + "\n",
             "0" * 25 + "a", "../" + "0" * 23, "0" * 25 + "\N{ARABIC-INDIC DIGIT ZERO}"]
)  # fmt: skip
def test_anything_else_never_becomes_a_file_name(text: str) -> None:
    assert not is_ulid(text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_has_a_sentence_of_its_own_in_both_languages(language: str) -> None:
    sentences = [reason_sentence(reason, language) for reason in Reason]
    sentences += [stop_sentence(reason, language) for reason in StopReason]
    assert len(set(sentences)) == len(sentences)
    assert all(sentence.endswith(".") for sentence in sentences)
