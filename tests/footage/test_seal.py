"""The seal: what we write, pyrage and the ``age`` command read; who is not a recipient reads nothing."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from pathlib import Path

import pyrage
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import example, given, settings
from hypothesis import strategies as st

from device.domain.errors import Permanent
from device.footage.seal import CHUNK_BYTES, TAG_BYTES, SealedWriter, read_recipient
from tests.support.material import COACH, RECOVERY, STRANGER, recipients, unseal

SIZES = (0, 1, 65_535, 65_536, 65_537, 131_072, 131_073, 300_000)


def seal(*pieces: bytes) -> bytes:
    out = io.BytesIO()
    writer = SealedWriter(out, recipients())
    for piece in pieces:
        writer.write(piece)
    writer.close()
    return out.getvalue()


@pytest.mark.parametrize("size", SIZES)
def test_every_recipient_reads_it_and_a_stranger_does_not(size: int) -> None:
    plain = os.urandom(size)
    sealed = seal(plain)
    for identity in (COACH, RECOVERY):
        assert pyrage.decrypt(sealed, [identity]) == plain
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(sealed, [STRANGER])


@pytest.mark.skipif(shutil.which("age") is None, reason="the command age is not installed here")
@pytest.mark.parametrize("size", SIZES)
def test_the_age_command_reads_it(size: int, tmp_path: Path) -> None:
    plain = os.urandom(size)
    key = tmp_path / "key"
    key.write_text(f"{COACH}\n", "ascii")
    run = subprocess.run(
        ["age", "--decrypt", "--identity", key], input=seal(plain), capture_output=True, check=True
    )
    assert run.stdout == plain


@settings(max_examples=40, deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=100), st.integers(0, 140_000).map(bytes)), max_size=6))
@example([b"", bytes(CHUNK_BYTES), b""])
@example([bytes(CHUNK_BYTES - 1), b"x", b"y"])
def test_however_the_bytes_come_they_are_the_same_inside(pieces: list[bytes]) -> None:
    assert pyrage.decrypt(seal(*pieces), [COACH]) == b"".join(pieces)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 5 * (CHUNK_BYTES + TAG_BYTES)))
def test_what_was_cut_off_gives_back_every_whole_chunk(cut: int) -> None:
    plain = b"".join(bytes([n]) * CHUNK_BYTES for n in range(4)) + b"end"
    sealed = seal(plain)
    header_bytes = len(sealed) - len(plain) - 5 * TAG_BYTES
    cut = min(cut, len(sealed))
    whole = max(0, cut - header_bytes) // (CHUNK_BYTES + TAG_BYTES)
    try:
        found = unseal(sealed[:cut])
    except pyrage.DecryptError:
        found = b""
    assert found == (plain if cut == len(sealed) else plain[: whole * CHUNK_BYTES])


def test_a_cut_even_between_two_chunks_is_noticed() -> None:
    sealed = seal(bytes(2 * CHUNK_BYTES))
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(sealed[: -(CHUNK_BYTES + TAG_BYTES)], [COACH])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_changed_bit_anywhere_is_noticed(data: st.DataObject) -> None:
    sealed = bytearray(seal(bytes(70_000)))
    place = data.draw(st.one_of(st.integers(0, 700), st.integers(0, len(sealed) - 1)))
    sealed[place] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(bytes(sealed), [COACH])


def test_a_full_chunk_leaves_memory_when_it_is_asked_to() -> None:
    out = io.BytesIO()
    writer = SealedWriter(out, recipients())
    header_bytes = len(out.getvalue())
    writer.write(bytes(CHUNK_BYTES))
    assert (writer.pending_bytes, len(out.getvalue())) == (CHUNK_BYTES, header_bytes)
    writer.flush_full_chunk()
    assert (writer.pending_bytes, len(out.getvalue())) == (0, header_bytes + CHUNK_BYTES + TAG_BYTES)
    assert unseal(out.getvalue()) == bytes(CHUNK_BYTES)
    writer.write(b"more")
    writer.close()
    assert pyrage.decrypt(out.getvalue(), [COACH]) == bytes(CHUNK_BYTES) + b"more"


def test_a_chunk_that_is_not_full_stays_and_an_empty_end_is_not_written() -> None:
    out = io.BytesIO()
    writer = SealedWriter(out, recipients())
    writer.write(b"some")
    written = out.getvalue()
    writer.flush_full_chunk()
    assert out.getvalue() == written
    writer.write(bytes(CHUNK_BYTES - 4))
    writer.flush_full_chunk()
    with pytest.raises(ValueError, match="no empty final chunk"):
        writer.close()


def test_two_seals_of_the_same_bytes_share_nothing() -> None:
    first, second = seal(bytes(1000)), seal(bytes(1000))
    assert first[-1016:] != second[-1016:]


def test_without_a_recipient_nothing_is_written() -> None:
    out = io.BytesIO()
    with pytest.raises(Permanent, match="at least one recipient"):
        SealedWriter(out, [])
    assert out.getvalue() == b""


def test_memory_is_one_chunk_whatever_the_length() -> None:
    class Counting:
        largest = 0

        def write(self, data: bytes, /) -> int:
            self.largest = max(self.largest, len(data))
            return len(data)

    sink = Counting()
    writer = SealedWriter(sink, recipients())
    for _ in range(200):
        writer.write(bytes(50_000))
        assert writer.pending_bytes <= CHUNK_BYTES
    assert sink.largest == CHUNK_BYTES + TAG_BYTES


# --- the address of a recipient


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_recipient_is_read_exactly_when_pyrage_reads_it(data: st.DataObject) -> None:
    text = str(COACH.to_public())
    for _ in range(data.draw(st.integers(0, 2))):
        place = data.draw(st.integers(0, len(text) - 1))
        letter = data.draw(st.one_of(st.just(""), st.sampled_from("age1qpzry9x8bioAGEQ \n-é")))
        text = text[:place] + letter + text[place + data.draw(st.integers(0, 1)) :]
    try:
        expected = bytes(_raw(text)) if pyrage.x25519.Recipient.from_str(text) else b""
    except pyrage.RecipientError:
        # Blanks around it are a slip of copying that we forgive.
        if text.strip() == text:
            with pytest.raises(Permanent):
                read_recipient(text)
        return
    assert expected


def _raw(text: str) -> bytes:
    return read_recipient(text).public_bytes(Encoding.Raw, PublicFormat.Raw)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "age1",
        "1",
        "age1qqqqqq",
        "not a key",
        pytest.param(str(COACH), id="a secret key"),
        "ssh-ed25519 AAAA",
        "age1" + "q" * 58,
        "\x00",
    ],
)
def test_what_is_no_recipient_is_refused_without_repeating_a_secret(text: str) -> None:
    with pytest.raises(Permanent, match="age recipient") as caught:
        read_recipient(text)
    assert str(COACH) not in str(caught.value)


@given(st.text(max_size=100))
def test_any_text_is_a_recipient_or_a_clear_error(text: str) -> None:
    with pytest.raises(Permanent):
        read_recipient(text)
