"""The receipt: the coach's machine signs it, and nothing else makes it count."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from device.domain.errors import LeerblikError, Permanent, Refused
from device.domain.receipt import (
    MAX_RECEIPT_BYTES,
    Receipt,
    public_key_text,
    read_public_key,
    read_receipt,
    sign_receipt,
)

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
PUBLIC = KEY.public_key()
RECEIPT = Receipt(
    recording="01J00000000000000000000001",
    manifest_object="01J00000000000000000000002",
    manifest_sha256="a" * 64,
    accepted=True,
    resend=(),
    problem="",
    objects=3,
    size_bytes=123_456,
    received_at="2026-09-01T12:00:00Z",
)
REFUSING = replace(RECEIPT, accepted=False, resend=("b" * 64,), problem="damaged")


@pytest.mark.parametrize("receipt", [RECEIPT, REFUSING])
def test_what_was_signed_is_read_back(receipt: Receipt) -> None:
    assert read_receipt(sign_receipt(receipt, KEY), PUBLIC) == receipt


@settings(max_examples=500, deadline=None)
@given(st.data())
def test_a_flipped_bit_anywhere_is_refused_or_changes_nothing_that_was_said(data: st.DataObject) -> None:
    text = bytearray(sign_receipt(RECEIPT, KEY))
    text[data.draw(st.integers(0, len(text) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    try:
        found = read_receipt(bytes(text), PUBLIC)
    except (Refused, Permanent):
        return
    # The last letter of base64 carries four bits that mean nothing.
    assert found == RECEIPT


@pytest.mark.parametrize("field", sorted(json.loads(sign_receipt(RECEIPT, KEY))))
def test_changing_leaving_out_or_adding_a_field_breaks_the_signature(field: str) -> None:
    body: dict[str, Any] = json.loads(sign_receipt(RECEIPT, KEY))
    without = {key: value for key, value in body.items() if key != field}
    changed = {**body, field: not body[field] if isinstance(body[field], bool) else "1"}
    for forged in (without, changed, {**body, "extra": 1}):
        with pytest.raises(Refused, match="signature is not from the coach's machine"):
            read_receipt(json.dumps(forged).encode(), PUBLIC)


def test_another_key_is_refused() -> None:
    stranger = Ed25519PrivateKey.generate()
    with pytest.raises(Refused):
        read_receipt(sign_receipt(RECEIPT, stranger), PUBLIC)


def test_a_signature_over_the_same_text_for_another_purpose_is_refused() -> None:
    body = {key: value for key, value in json.loads(sign_receipt(RECEIPT, KEY)).items() if key != "signature"}
    text = json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
    forged = {**body, "signature": base64.b64encode(KEY.sign(text)).decode()}
    with pytest.raises(Refused):
        read_receipt(json.dumps(forged).encode(), PUBLIC)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"recording": "../../etc"}, "must be ULIDs"),
        ({"manifest_object": "x"}, "must be ULIDs"),
        ({"manifest_sha256": "A" * 64}, "SHA-256"),
        ({"accepted": False, "resend": ("..",)}, "SHA-256"),
        ({"accepted": False, "resend": (5,)}, "SHA-256"),
        ({"resend": ("b" * 64,)}, "must be empty when the recording was accepted"),
        ({"objects": -1}, "receipt.objects"),
        ({"size_bytes": 1 << 51}, "receipt.size_bytes"),
        ({"accepted": 1}, "receipt.accepted must be bool"),
        ({"problem": None}, "receipt.problem must be str"),
    ],
)
def test_nonsense_is_refused_even_with_a_right_signature(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Permanent, match=sentence):
        read_receipt(sign_receipt(replace(RECEIPT, **changes), KEY), PUBLIC)


@given(
    st.one_of(st.binary(max_size=200), st.text().map(lambda text: json.dumps({"signature": text}).encode()))
)
def test_whatever_comes_in_place_of_a_receipt_gets_one_of_our_errors(data: bytes) -> None:
    with pytest.raises(LeerblikError):
        read_receipt(data, PUBLIC)


def test_an_endless_receipt_is_not_parsed() -> None:
    with pytest.raises(Permanent, match="larger than"):
        read_receipt(b" " * (MAX_RECEIPT_BYTES + 1), PUBLIC)


def test_the_key_in_a_configuration_is_read_back_and_a_wrong_one_says_what_is_right() -> None:
    assert read_public_key(public_key_text(PUBLIC)) == PUBLIC
    for wrong in ("", "age1qqq", "AAAA", public_key_text(PUBLIC)[:-4], "é" * 44):
        with pytest.raises(Permanent, match="44 characters of base64"):
            read_public_key(wrong)
