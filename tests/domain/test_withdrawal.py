"""An order counts as it was written, and a certificate as the coach's machine signed it; nothing else does."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from device.domain.destruction import Reason
from device.domain.errors import LeerblikError, Permanent, Refused
from device.domain.identifiers import make_ulid
from device.domain.receipt import Receipt, read_receipt, sign_receipt
from device.domain.withdrawal import (
    MAX_CERTIFICATE_BYTES,
    MAX_ORDER_BYTES,
    NOT_KNOWN,
    Certificate,
    Order,
    read_certificate,
    read_order,
    sign_certificate,
    write_order,
)

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
PUBLIC = KEY.public_key()
CERTIFICATE = Certificate(
    recording="01J00000000000000000000001",
    order_object="01J00000000000000000000002",
    order_sha256="a" * 64,
    manifest_sha256="b" * 64,
    reason=Reason.TEACHER,
    objects=4,
    size_bytes=123_456,
    film=True,
    destroyed_at="2026-09-01T12:00:00Z",
)
ORDER = Order("01J00000000000000000000001", "b" * 64, Reason.CLOSED, "2026-09-01T12:00:00Z")

ulids = st.builds(make_ulid, st.integers(0, (1 << 48) - 1), st.binary(min_size=10, max_size=10))
hashes = st.binary(min_size=32, max_size=32).map(bytes.hex)
moments = st.datetimes().map(lambda moment: f"{moment.year:04}{moment:-%m-%dT%H:%M:%SZ}")
orders = st.builds(Order, ulids, hashes, st.sampled_from(Reason), moments)
certificates = st.builds(
    Certificate, ulids, ulids, hashes, hashes, st.sampled_from(Reason), st.integers(0, 1 << 20),
    st.integers(0, 1 << 50), st.booleans(), moments,
)  # fmt: skip


@given(orders)
def test_an_order_is_read_as_it_was_written(order: Order) -> None:
    assert len(write_order(order)) < MAX_ORDER_BYTES
    assert read_order(write_order(order)) == order


@given(certificates)
def test_a_certificate_is_read_as_it_was_signed(certificate: Certificate) -> None:
    assert read_certificate(sign_certificate(certificate, KEY), PUBLIC) == certificate


def test_a_certificate_says_itself_what_the_machine_cannot_know() -> None:
    said = json.loads(sign_certificate(CERTIFICATE, KEY))
    assert said["not_known"] == NOT_KNOWN
    assert "copies that a person made by hand" in said["not_known"].lower()


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_flipped_bit_anywhere_is_refused_or_changes_nothing_that_was_said(data: st.DataObject) -> None:
    text = bytearray(sign_certificate(CERTIFICATE, KEY))
    text[data.draw(st.integers(0, len(text) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    try:
        found = read_certificate(bytes(text), PUBLIC)
    except (Refused, Permanent):
        return
    assert found == CERTIFICATE  # the last letter of base64 carries bits that mean nothing


@pytest.mark.parametrize("field", sorted(json.loads(sign_certificate(CERTIFICATE, KEY))))
def test_changing_leaving_out_or_adding_a_field_breaks_the_signature(field: str) -> None:
    body: dict[str, Any] = json.loads(sign_certificate(CERTIFICATE, KEY))
    without = {key: value for key, value in body.items() if key != field}
    changed = {**body, field: not body[field] if isinstance(body[field], bool) else "1"}
    for forged in (without, changed, {**body, "extra": 1}):
        with pytest.raises(Refused, match="certificate's signature is not from the coach's machine"):
            read_certificate(json.dumps(forged).encode(), PUBLIC)


def test_another_key_is_refused() -> None:
    with pytest.raises(Refused):
        read_certificate(sign_certificate(CERTIFICATE, Ed25519PrivateKey.generate()), PUBLIC)


def test_a_receipt_is_no_certificate_and_a_certificate_no_receipt() -> None:
    receipt = Receipt(
        CERTIFICATE.recording, CERTIFICATE.order_object, "a" * 64, accepted=True, resend=(), problem="",
        objects=1, size_bytes=1, received_at=CERTIFICATE.destroyed_at,
    )  # fmt: skip
    with pytest.raises(Refused):
        read_certificate(sign_receipt(receipt, KEY), PUBLIC)
    with pytest.raises(Refused):
        read_receipt(sign_certificate(CERTIFICATE, KEY), PUBLIC)
    # Not even when somebody had the receipts' prefix signed over the words of a certificate.
    body = {key: v for key, v in json.loads(sign_certificate(CERTIFICATE, KEY)).items() if key != "signature"}
    text = json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
    stolen = KEY.sign(b"leerblik-receipt-v1\0" + text)
    with pytest.raises(Refused):
        read_certificate(
            json.dumps({**body, "signature": base64.b64encode(stolen).decode()}).encode(), PUBLIC
        )


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"recording": "../../etc"}, "certificate.recording must be a ULID"),
        ({"order_object": "x"}, "certificate.order_object must be a ULID"),
        ({"order_sha256": "A" * 64}, "certificate.order_sha256 must be a SHA-256"),
        ({"manifest_sha256": ""}, "certificate.manifest_sha256 must be a SHA-256"),
        ({"objects": -1}, "certificate.objects"),
        ({"size_bytes": 1 << 51}, "certificate.size_bytes"),
        ({"film": 1}, "certificate.film must be bool"),
        ({"destroyed_at": "gisteren"}, "certificate.destroyed_at must be a time in UTC"),
    ],
)
def test_nonsense_is_refused_even_with_a_right_signature(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Permanent, match=sentence):
        read_certificate(sign_certificate(replace(CERTIFICATE, **changes), KEY), PUBLIC)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"recording": "../x"}, "order.recording must be a ULID"),
        ({"manifest_sha256": "b" * 63}, "order.manifest_sha256 must be a SHA-256"),
        ({"reason": "because"}, "order.reason must be one of"),
        ({"asked_at": ""}, "order.asked_at must be a time"),
        ({"version": 2}, "order.version"),
        ({"more": 1}, "unknown key 'more'"),
    ],
)
def test_an_order_that_makes_no_sense_says_why(changes: dict[str, Any], sentence: str) -> None:
    said = json.loads(write_order(ORDER)) | changes
    with pytest.raises(Permanent, match=sentence):
        read_order(json.dumps(said).encode())


@given(
    st.one_of(st.binary(max_size=200), st.text().map(lambda text: json.dumps({"signature": text}).encode()))
)
def test_whatever_comes_instead_gets_one_of_our_errors(data: bytes) -> None:
    for read in (read_order, lambda data: read_certificate(data, PUBLIC)):
        with pytest.raises(LeerblikError):
            read(data)


def test_what_is_endless_is_not_parsed() -> None:
    with pytest.raises(Permanent, match="larger than"):
        read_certificate(b" " * (MAX_CERTIFICATE_BYTES + 1), PUBLIC)
    with pytest.raises(Permanent, match="larger than"):
        read_order(b" " * (MAX_ORDER_BYTES + 1))
