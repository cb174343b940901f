"""Chunks of the seal in step with the boxes of the film."""

from __future__ import annotations

import io

import pyrage
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.footage.boxes import BoxWriter
from device.footage.seal import CHUNK_BYTES, SealedWriter
from tests.support.footage import boxes
from tests.support.material import COACH, recipients, unseal


class Card:
    """A box writer with its seal and what reached the card."""

    def __init__(self) -> None:
        self.out = io.BytesIO()
        self.sealed = SealedWriter(self.out, recipients())
        self.writer = BoxWriter(self.sealed)

    def plain(self) -> bytes:
        return unseal(self.out.getvalue())


def box(body_bytes: int) -> bytes:
    return (8 + body_bytes).to_bytes(4, "big") + b"mdat" + bytes(body_bytes)


sizes = st.lists(
    st.one_of(st.integers(0, 50), st.sampled_from((65_520, 65_527, 65_528, 65_529, 70_000))), max_size=6
)


@settings(max_examples=100, deadline=None)
@given(sizes, st.lists(st.integers(0, 400_000), max_size=10))
def test_wherever_the_stream_is_cut_it_is_known_whether_a_box_is_open(
    body_sizes: list[int], cuts: list[int]
) -> None:
    stream = b"".join(box(size) for size in body_sizes)
    ends = {0}
    for size in body_sizes:
        ends.add(max(ends) + 8 + size)
    card, before = Card(), 0
    for place in [*sorted(min(each, len(stream)) for each in cuts), len(stream)]:
        card.writer.write(stream[before:place])
        before = place
        assert card.writer.between_boxes == (place in ends)


@settings(max_examples=60, deadline=None)
@given(sizes)
def test_filling_lets_everything_leave_memory_and_leaves_a_film_of_whole_boxes(body_sizes: list[int]) -> None:
    card, stream = Card(), b""
    for size in body_sizes:
        stream += box(size)
        card.writer.write(box(size))
        card.writer.fill_chunk()
        assert card.sealed.pending_bytes == 0
        assert b"".join(whole for kind, whole in boxes(card.plain()) if kind != b"free") == stream
    card.writer.close()
    plain = pyrage.decrypt(card.out.getvalue(), [COACH])
    assert sum(len(whole) for _, whole in boxes(plain)) == len(plain)
    assert b"".join(whole for kind, whole in boxes(plain) if kind != b"free") == stream


@pytest.mark.parametrize("missing", range(10))
def test_there_is_always_room_for_the_filling_box(missing: int) -> None:
    card = Card()
    card.writer.write(box(CHUNK_BYTES - 8 - missing))
    card.writer.fill_chunk()
    assert card.sealed.pending_bytes == 0
    assert [kind for kind, _ in boxes(card.plain())] == [b"mdat"] + [b"free"] * (missing > 0)


def test_in_the_middle_of_a_box_nothing_is_filled() -> None:
    card = Card()
    card.writer.write(box(100)[:50])
    written = card.out.getvalue()
    card.writer.fill_chunk()
    assert (card.out.getvalue(), card.sealed.pending_bytes) == (written, 50)


def test_filling_twice_in_a_row_costs_nothing() -> None:
    card = Card()
    card.writer.write(box(10))
    card.writer.fill_chunk()
    size = len(card.out.getvalue())
    card.writer.fill_chunk()
    assert len(card.out.getvalue()) == size


def test_after_the_card_refused_nothing_more_is_stored() -> None:
    card = Card()
    card.writer.write(box(10))
    card.writer.ignore_rest()
    pending = card.sealed.pending_bytes
    assert card.writer.write(box(1000)) == 1008
    assert card.sealed.pending_bytes == pending


@pytest.mark.parametrize("size", [0, 1, 7])
def test_a_box_without_a_length_is_a_mistake_of_the_muxer(size: int) -> None:
    with pytest.raises(ValueError, match="unknown length"):
        Card().writer.write(size.to_bytes(4, "big") + b"mdat")
