"""Any part of a sealed object, proven whole before it is given."""

from __future__ import annotations

import io
from pathlib import Path

import pyrage
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.domain.errors import Permanent, Refused
from device.footage.seal import CHUNK_BYTES, SealedWriter
from device.review.identity import read_identity
from device.review.sealed import SealedFile
from tests.support.material import COACH, RECOVERY, STRANGER, recipients, unseal
from tests.support.reviewing import KEY

SIZES = st.one_of(
    st.integers(0, 3 * CHUNK_BYTES + 5),
    st.builds(
        lambda chunks, more: max(0, chunks * CHUNK_BYTES + more), st.integers(0, 3), st.integers(-2, 2)
    ),
)


def _plain(size_bytes: int) -> bytes:
    return bytes(index * 7 + (index >> 8) & 255 for index in range(size_bytes))


PATTERN = _plain(3 * CHUNK_BYTES + 10)


def _seal(plain: bytes, *, ours: bool) -> bytes:
    if not ours:
        return bytes(pyrage.encrypt(plain, [COACH.to_public(), RECOVERY.to_public()]))
    sink = io.BytesIO()
    writer = SealedWriter(sink, recipients())
    writer.write(plain)
    writer.close()
    return sink.getvalue()


@settings(max_examples=40)
@given(size_bytes=SIZES, cuts=st.tuples(st.integers(0, 1 << 18), st.integers(0, 1 << 18)), ours=st.booleans())
def test_any_part_is_what_was_sealed(
    size_bytes: int, cuts: tuple[int, int], ours: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("part") / "object.age"
    plain = PATTERN[:size_bytes]
    path.write_bytes(_seal(plain, ours=ours))
    sealed = SealedFile(path, KEY)
    assert sealed.size_bytes == size_bytes
    begin, end = min(cuts), max(cuts)
    assert b"".join(sealed.read(begin, end)) == plain[begin:end]


@settings(max_examples=40)
@given(size_bytes=SIZES, cut=st.integers(0, 1 << 18), ours=st.booleans())
def test_of_an_object_that_was_cut_off_everything_counts_that_any_reader_of_age_gives(
    size_bytes: int, cut: int, ours: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("cut") / "object.age"
    data = _seal(PATTERN[:size_bytes], ours=ours)
    data = data[: len(data) - cut % (len(data) - 600)] if len(data) > 600 else data
    path.write_bytes(data)
    sealed = SealedFile(path, KEY)
    sealed.keep_whole()
    assert b"".join(sealed.read(0, 1 << 20)) == unseal(data)


def test_an_end_that_was_cut_off_at_a_chunk_is_noticed(tmp_path: Path) -> None:
    data = _seal(PATTERN[: 2 * CHUNK_BYTES + 100], ours=True)
    path = tmp_path / "object.age"
    path.write_bytes(data[: -100 - 16])
    sealed = SealedFile(path, KEY)
    assert len(sealed.chunk(0)) == CHUNK_BYTES
    with pytest.raises(Permanent, match="damaged"):
        sealed.chunk(1)


def test_more_behind_the_end_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "object.age"
    path.write_bytes(_seal(PATTERN[:CHUNK_BYTES], ours=True) + bytes(50))
    with pytest.raises(Permanent, match="damaged"):
        SealedFile(path, KEY).chunk(1)


def test_chunks_that_changed_places_are_noticed(tmp_path: Path) -> None:
    data = _seal(PATTERN, ours=True)
    step = CHUNK_BYTES + 16
    begin = len(data) - 3 * step - 10 - 16
    path = tmp_path / "object.age"
    path.write_bytes(
        data[:begin]
        + data[begin + step : begin + 2 * step]
        + data[begin : begin + step]
        + data[begin + 2 * step :]
    )
    with pytest.raises(Permanent, match="damaged"):
        SealedFile(path, KEY).chunk(0)


def test_a_header_to_which_somebody_added_a_line_is_noticed(tmp_path: Path) -> None:
    data = _seal(b"text", ours=True)
    path = tmp_path / "object.age"
    path.write_bytes(data.replace(b"\n---", b"\n-> other\nQUFB\n---", 1))
    with pytest.raises(Permanent, match="header"):
        SealedFile(path, KEY)


@pytest.mark.parametrize(
    "data", [b"", b"text", b"age-encryption.org/v1\n", b"age-encryption.org/v1\n-> X25519 a\nb\n--- c\n"]
)
def test_what_is_no_sealed_object_is_called_so(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "object.age"
    path.write_bytes(data)
    with pytest.raises(Permanent, match="no sealed object"):
        SealedFile(path, KEY)


def test_strange_lines_in_a_header_are_nobodys(tmp_path: Path) -> None:
    path = tmp_path / "object.age"
    lines = [
        b"-> X25519",
        b"-> X25519 !!!!",
        b"-> X25519 AAAA",
        b"AAAA",
        b"-> X25519 " + b"A" * 43,
        b"A" * 43,
    ]
    path.write_bytes(b"\n".join([b"age-encryption.org/v1", *lines, b"--- AAAA"]) + b"\n" + bytes(48))
    with pytest.raises(Refused, match="restarted"):
        SealedFile(path, KEY)


def test_a_folder_in_place_of_a_file_is_the_cards_trouble(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="cannot be read from the card") as caught:
        SealedFile(tmp_path, KEY)
    assert type(caught.value).__name__ == "Temporary"


def test_a_strangers_key_opens_nothing(tmp_path: Path) -> None:
    path = tmp_path / "object.age"
    path.write_bytes(_seal(b"text", ours=True))
    with pytest.raises(Refused, match="not sealed to the review key of this boot"):
        SealedFile(path, read_identity(str(STRANGER)))
