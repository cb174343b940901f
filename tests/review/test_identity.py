"""The review key is read as age writes it, and no message ever repeats it."""

from __future__ import annotations

from pathlib import Path

import pyrage
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from device.domain.errors import Permanent, Refused
from device.footage.seal import read_recipient
from device.review.identity import read_identity, read_review_key


def _raw(key: X25519PublicKey) -> bytes:
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def test_the_key_is_the_one_whose_public_half_footage_is_sealed_to(tmp_path: Path) -> None:
    for number in range(20):
        identity = pyrage.x25519.Identity.generate()
        path = tmp_path / str(number)
        path.write_text(f"{identity}\n")
        assert _raw(read_review_key(path).public_key()) == _raw(read_recipient(str(identity.to_public())))


@given(at=st.integers(0, 73), letter=st.sampled_from("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L1BIO-"))
def test_a_key_with_a_wrong_letter_is_no_key_and_is_not_repeated(at: int, letter: str) -> None:
    text = str(pyrage.x25519.Identity.generate())
    if text[at] == letter:
        return
    with pytest.raises(Permanent) as caught:
        read_identity(text[:at] + letter + text[at + 1 :])
    assert text[20:40] not in str(caught.value)


@given(text=st.text(max_size=90))
def test_any_other_text_is_no_key(text: str) -> None:
    with pytest.raises(Permanent, match="not an"):
        read_identity(text)


def test_without_a_key_nothing_can_be_watched_here(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no review key"):
        read_review_key(tmp_path / "review.key")
    (tmp_path / "review.key").write_bytes(b"\xff\xfe")
    with pytest.raises(Permanent, match="cannot be read"):
        read_review_key(tmp_path / "review.key")
