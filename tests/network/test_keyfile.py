"""The keyfile: whatever was typed comes back as the same value, and can begin neither a line nor a group of its own.

It is read back here as GLib does (g_key_file_get_string, and NetworkManager's list of bytes); that the real program
accepts each kind is tested in the test bed.
"""

from __future__ import annotations

import base64
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from device.domain.errors import Permanent
from device.domain.network import Kind, Method, Security, Wish, certificate_bytes, read_wish
from device.network.keyfile import UUID, escape, keyfile
from tests.domain.test_network import ENTERPRISE, EXAMPLES, FIXED, PEM, PERSONAL

_ESCAPES = {"s": " ", "n": "\n", "t": "\t", "r": "\r", "\\": "\\"}
LINES = st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" "), min_size=1, max_size=40)
AWKWARD = "a;b\\c=d \\s [x] #é"


def read_back(text: str) -> dict[str, dict[str, str]]:
    """Read a key file as GLib does: a group is a line in brackets, spaces before a value are lost, \\s is a space."""
    groups: dict[str, dict[str, str]] = {}
    for line in text.split("\n"):
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            assert re.fullmatch(r"\[[a-z0-9-]+\]", line), line
            assert line not in groups
            groups[line] = {}
            continue
        key, _, value = line.partition("=")
        assert re.fullmatch("[a-z0-9-]+", key), line
        last = groups[list(groups)[-1]]
        assert key not in last
        last[key] = re.sub(r"\\(.)", lambda match: _ESCAPES[match[1]], value.strip(" "))
    return groups


def ssid_of(groups: dict[str, dict[str, str]]) -> str:
    return bytes(int(each) for each in groups["[wifi]"]["ssid"].rstrip(";").split(";")).decode()


@given(LINES)
@example(AWKWARD)
@example("  both ends  ")
@example("   ")
@example("[connection]")
@example("\\")
def test_a_text_comes_back_as_it_was(text: str) -> None:
    assert read_back(f"[g]\nk={escape(text)}\n") == {"[g]": {"k": text}}


@given(st.text())
def test_a_text_that_is_no_line_is_refused(text: str) -> None:
    if text.isprintable():
        assert "\n" not in escape(text)
    else:
        with pytest.raises(Permanent, match="one line"):
            escape(text)


@given(st.text(min_size=1, max_size=32), st.text(), st.text(), st.text())
@example(AWKWARD, "x\n[ipv4]\nmethod=disabled", "y", "a.b")
def test_nothing_that_was_typed_is_anything_but_its_own_value(
    ssid: str, identity: str, password: str, domain: str
) -> None:
    try:
        wish = read_wish(
            {
                **ENTERPRISE,
                "ssid": ssid,
                "identity": identity,
                "password": password,
                "domain": domain or "a.nl",
            }
        )
    except Permanent:
        return
    groups = read_back(keyfile(wish))
    assert list(groups) == ["[connection]", "[wifi]", "[wifi-security]", "[802-1x]", "[ipv4]", "[ipv6]"]
    assert ssid_of(groups) == ssid
    assert groups["[802-1x]"]["identity"] == identity
    assert groups["[802-1x]"]["password"] == password


@given(LINES.filter(lambda text: len(text.encode()) <= 32), st.from_regex(r"[ -~]{8,63}", fullmatch=True))
@example(AWKWARD, " geheim;\\= ")
def test_a_network_with_one_password_comes_back_as_it_was(ssid: str, passphrase: str) -> None:
    groups = read_back(keyfile(read_wish({**PERSONAL, "ssid": ssid, "passphrase": passphrase})))
    assert ssid_of(groups) == ssid
    assert groups["[wifi-security]"] == {"key-mgmt": "wpa-psk", "psk": passphrase}


def test_an_account_is_told_to_nobody_but_the_server_of_that_domain_and_certificate() -> None:
    with_own = read_back(keyfile(read_wish(ENTERPRISE)))["[802-1x]"]
    assert with_own["domain-suffix-match"] == "radius.school.example"
    assert with_own["ca-cert"] == f"data:;base64,{base64.b64encode(certificate_bytes(PEM)).decode()}"
    systems = read_back(keyfile(read_wish({**ENTERPRISE, "certificate": ""})))["[802-1x]"]
    assert systems["system-ca-certs"] == "true"
    assert "ca-cert" not in systems


def test_a_fixed_address_has_its_gateway_and_name_servers_of_both_kinds() -> None:
    groups = read_back(keyfile(read_wish({**FIXED, "dns": ["192.168.10.2", "fd00::2"]})))
    assert groups["[ipv4]"] == {
        "method": "manual", "address1": "192.168.10.20/24,192.168.10.1", "dns": "192.168.10.2;",
    }  # fmt: skip
    assert groups["[ipv6]"] == {"method": "auto", "dns": "fd00::2;"}


@pytest.mark.parametrize("values", EXAMPLES)
def test_every_connection_is_the_same_one_and_comes_up_by_itself(values: dict[str, object]) -> None:
    head = read_back(keyfile(read_wish(values)))["[connection]"]
    assert (head["uuid"], head["autoconnect"]) == (UUID, "true")


def test_a_wish_that_was_made_without_the_rules_cannot_write_a_line_either() -> None:
    wish = Wish(Kind.WIRELESS, Method.DHCP, "x", Security.PERSONAL, "geheim\n[ipv4]\nmethod=disabled")
    with pytest.raises(Permanent, match="one line"):
        keyfile(wish)
