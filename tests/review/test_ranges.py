"""What a Range header asks for, and that nothing in it can do harm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.review.ranges import NotSatisfiable, Range, Whole, answer_range

SIZE = 1000


@pytest.mark.parametrize(
    ("header", "from_byte", "to_byte"),
    [
        ("bytes=0-", 0, 1000),
        ("bytes=0-0", 0, 1),
        ("bytes=200-299", 200, 300),
        ("bytes=999-", 999, 1000),
        ("bytes=990-5000", 990, 1000),
        ("bytes=-1", 999, 1000),
        ("bytes=-5000", 0, 1000),
        ("Bytes = 5-6 ", 5, 7),
    ],
)
def test_one_range_is_given(header: str, from_byte: int, to_byte: int) -> None:
    answer = answer_range(header, SIZE)
    assert answer == Range(from_byte, to_byte, SIZE)
    assert answer.status == 206
    assert answer.headers() == {
        "Accept-Ranges": "bytes",
        "Content-Length": str(to_byte - from_byte),
        "Content-Range": f"bytes {from_byte}-{to_byte - 1}/1000",
    }


@pytest.mark.parametrize("header", ["bytes=1000-", "bytes=1000-1001", "bytes=-0", "bytes=999999999999999-"])
def test_what_lies_beyond_the_end_cannot_be_given(header: str) -> None:
    answer = answer_range(header, SIZE)
    assert answer == NotSatisfiable(SIZE)
    assert (answer.status, answer.headers()["Content-Range"]) == (416, "bytes */1000")
    assert (answer.from_byte, answer.to_byte) == (0, 0)


@pytest.mark.parametrize(
    "header",
    [
        *(None, "", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-4", "seconds=0-5", "bytes=0-1,5-6"),
        *("bytes=--5", "bytes=1-2-3", "bytes=+1-2", "bytes=0x1-2", "bytes=1_0-20", "bytes=\u0661-\u0662"),
        *("bytes=0-\n", "bytes=" + "9" * 5000 + "-", "bytes=" + "0-1," * 100_000),
    ],
)
def test_what_is_not_understood_is_ignored(header: str | None) -> None:
    answer = answer_range(header, SIZE)
    assert answer == Whole(SIZE)
    assert (answer.status, answer.from_byte, answer.to_byte) == (200, 0, SIZE)


LIKELY = st.from_regex(r"(bytes|BYTES|x)?[ =]*[0-9]{0,20}[-,]?[0-9]{0,20}[-, ]?[0-9]{0,3}\n?", fullmatch=True)


@given(header=st.one_of(LIKELY, st.text(), st.none()), size_bytes=st.integers(0, 1 << 40))
def test_whatever_is_asked_the_answer_lies_within_the_film(header: str | None, size_bytes: int) -> None:
    answer = answer_range(header, size_bytes)
    assert 0 <= answer.from_byte <= answer.to_byte <= size_bytes
    assert int(answer.headers()["Content-Length"]) == answer.to_byte - answer.from_byte
    assert (answer.status == 206) == isinstance(answer, Range)
    if isinstance(answer, Range):
        assert answer.from_byte < answer.to_byte


@given(size_bytes=st.integers(1, 1 << 40), data=st.data())
def test_every_range_that_a_player_may_ask_for_is_given_as_asked(
    size_bytes: int, data: st.DataObject
) -> None:
    first = data.draw(st.integers(0, size_bytes - 1))
    last = data.draw(st.integers(first, size_bytes * 2))
    assert answer_range(f"bytes={first}-{last}", size_bytes) == Range(
        first, min(size_bytes, last + 1), size_bytes
    )
    assert answer_range(f"bytes={first}-", size_bytes) == Range(first, size_bytes, size_bytes)
    suffix = data.draw(st.integers(1, size_bytes * 2))
    assert answer_range(f"bytes=-{suffix}", size_bytes) == Range(
        max(0, size_bytes - suffix), size_bytes, size_bytes
    )
