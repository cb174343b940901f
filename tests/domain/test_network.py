"""What IT may ask for: every fault at once, no secret in any sentence, and nothing kept that is not needed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Interface
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from device.domain import network
from device.domain.errors import Permanent
from device.domain.network import SENTENCES, Faulty, Wish, certificate_bytes, read_wish, write_wish


def made_certificate() -> str:
    """Return the PEM text of a certificate of nobody's."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, begin, begin + timedelta(days=1))
    return builder.sign(key, SHA256()).public_bytes(Encoding.PEM).decode()


PEM = made_certificate()
WIRED: dict[str, Any] = {"kind": "wired", "method": "dhcp"}
PERSONAL = {
    "kind": "wireless",
    "method": "dhcp",
    "ssid": "leerplein",
    "security": "personal",
    "passphrase": "geheim-88",
}
ENTERPRISE = {
    "kind": "wireless", "method": "dhcp", "ssid": "school", "security": "enterprise",
    "identity": "device@school.example", "password": "geheim", "domain": "radius.school.example", "certificate": PEM,
}  # fmt: skip
FIXED = {
    "kind": "wired",
    "method": "fixed",
    "address": "192.168.10.20/24",
    "gateway": "192.168.10.1",
    "dns": ["192.168.10.2"],
}
EXAMPLES = (
    WIRED,
    PERSONAL,
    {**PERSONAL, "security": "wpa3"},
    ENTERPRISE,
    {**ENTERPRISE, "certificate": ""},
    FIXED,
)


def faults_of(values: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(Faulty) as caught:
        read_wish(values)
    return caught.value.sentences


@pytest.mark.parametrize(
    "values", EXAMPLES, ids=lambda each: f"{each['kind']} {each.get('security')} {each['method']}"
)
def test_what_is_right_is_read_and_can_be_written_and_read_again(values: dict[str, Any]) -> None:
    wish = read_wish(values)
    assert read_wish(write_wish(wish)) == wish


@pytest.mark.parametrize(
    ("base", "name", "wrong"),
    [
        (WIRED, "kind", ["", None, "carrier pigeon", 5]),
        (WIRED, "method", ["", "bootp"]),
        (PERSONAL, "ssid", ["", "x" * 33, "é" * 17, "a\nb", "a\x00b", "\ud800", 5, "tab\there"]),
        (PERSONAL, "security", ["", "wep", "open"]),
        (PERSONAL, "passphrase", ["", "short77", "x" * 64, "geheim-é8", "geheim\n88", "x" * 65, None]),
        (ENTERPRISE, "identity", ["", "a\nb", "x" * 256, 5]),
        (ENTERPRISE, "password", ["", "a\nb\npsk=x", "a\x1bb"]),
        (ENTERPRISE, "domain", ["", "school", "a b.nl", "-a.nl", "a.nl\n", "a.nl;b.nl"]),
        (ENTERPRISE, "certificate",
         ["x", PEM[:-40], PEM + PEM, PEM.replace("CERTIFICATE", "PRIVATE KEY"), "x" * 30000]),
        (FIXED, "address", ["", "192.168.10.20", "192.168.10.20/255.255.255.0", "192.168.10.0/24", "192.168.10.255/24",
                            "0.0.0.0/24", "127.0.0.1/8", "224.0.0.1/24", "10.0.0.1/0", "10.0.0.1/33",
                            "fd00::1/64", "10.0.0.1/24\n"]),
        (FIXED, "gateway", ["192.168.11.1", "192.168.10.20", "192.168.10.0", "x", "fd00::1", 5]),
        (FIXED, "dns", ["192.168.10.2", ["x"], ["1.1.1.1"] * 4, ["::"], ["fe80::1%eth0"], ["224.0.0.1"], [5]]),
    ],
)  # fmt: skip
def test_each_field_says_what_would_be_right(base: dict[str, Any], name: str, wrong: list[Any]) -> None:
    for value in wrong:
        found = faults_of({**base, name: value})
        assert set(found) == {name}, value
        assert found[name] in SENTENCES


def test_all_faults_are_told_at_once() -> None:
    values = {
        "kind": "wireless",
        "method": "fixed",
        "security": "enterprise",
        "certificate": "x",
        "gateway": "y",
        "dns": 5,
    }
    assert set(faults_of(values)) == {
        *("ssid", "identity", "password", "domain", "certificate", "address", "gateway", "dns")
    }


@given(st.dictionaries(st.sampled_from([*PERSONAL, *ENTERPRISE, *FIXED]), st.text() | st.lists(st.text())))
def test_whatever_was_typed_becomes_a_wish_or_sentences_that_do_not_repeat_it(values: dict[str, Any]) -> None:
    said: dict[str, str] = {}
    try:
        read_wish({**PERSONAL, **values})
    except Faulty as faulty:
        said = faulty.sentences
    assert set(said.values()) <= set(SENTENCES)


def test_what_is_not_needed_is_not_kept() -> None:
    assert read_wish({**ENTERPRISE, **WIRED, "passphrase": "geheim-88"}) == read_wish(WIRED)
    assert read_wish({**ENTERPRISE, **PERSONAL}) == read_wish(PERSONAL)
    assert read_wish({**FIXED, "method": "dhcp"}) == read_wish(WIRED)


def test_an_unknown_setting_is_refused_by_name() -> None:
    with pytest.raises(Permanent, match="interface"):
        read_wish({**WIRED, "interface": "eth0"})


@pytest.mark.parametrize("values", EXAMPLES)
def test_no_secret_is_shown_again(values: dict[str, Any]) -> None:
    wish: Wish = read_wish(values)
    for secret in ("geheim", "device@", "BEGIN"):
        assert secret not in str(wish.shown())
        assert secret not in repr(wish)


@given(st.integers(0, 2**32 - 1), st.integers(1, 32))
def test_an_address_that_is_taken_is_one_that_a_device_can_have(number: int, prefix: int) -> None:
    own = IPv4Interface((number, prefix))
    try:
        read_wish({**FIXED, "address": str(own), "gateway": ""})
    except Faulty:
        return
    assert not own.ip.is_multicast
    assert prefix >= 31 or own.ip not in (own.network.network_address, own.network.broadcast_address)


def test_a_certificate_becomes_its_bytes() -> None:
    assert x509.load_der_x509_certificate(certificate_bytes(PEM))
    with pytest.raises(Permanent):
        certificate_bytes("x")


def test_every_sentence_is_one_that_the_page_can_say() -> None:
    assert len(set(SENTENCES)) == len(SENTENCES)
    assert network.CERTIFICATE in SENTENCES
