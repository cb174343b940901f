"""NetworkManager itself: what it understands of our keyfiles, and what becomes of a network that does not come up."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from device.domain.network import read_wish
from device.network.keyfile import FILE_NAME, UUID, keyfile
from device.recorder.client import RecorderClient
from tests.domain.test_network import ENTERPRISE, FIXED, PERSONAL, WIRED
from tests.testbed.device.appliance import Appliance, systemctl, until

KEYFILES = Path("/etc/NetworkManager/system-connections")
FILE, BEFORE = KEYFILES / FILE_NAME, KEYFILES / ".leerblik.before"
REQUEST = Path("/run/leerblik/network")
AWKWARD = {"ssid": "a;b\\c=d é ☃ ", "passphrase": " geheim;\\s=#x "}
EXAMPLES: tuple[Mapping[str, Any], ...] = (
    WIRED, FIXED, {**FIXED, "dns": ["192.168.10.2", "fd00::2"]},
    PERSONAL, {**PERSONAL, **AWKWARD}, {**PERSONAL, **AWKWARD, "security": "wpa3"}, {**PERSONAL, "ssid": "49;50;"},
    ENTERPRISE, {**ENTERPRISE, "identity": " a;b\\c@d ", "password": "\\s=;[x]#"}, {**ENTERPRISE, "certificate": ""},
)  # fmt: skip


def nmcli(*words: str) -> str:
    return subprocess.run(["nmcli", *words], check=True, capture_output=True, text=True).stdout


def value(name: str) -> str:
    said = nmcli("--escape", "no", "--show-secrets", "--get-values", name, "connection", "show", UUID)
    return said.removesuffix("\n")


def ip(*words: str) -> str:
    return subprocess.run(["ip", *words], check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def manager() -> Iterator[None]:
    """NetworkManager runs, and there is a cable between two sockets of this machine."""
    ip("link", "add", "cable0", "type", "veth", "peer", "name", "cable1")
    ip("link", "set", "cable1", "up")
    systemctl("start", "NetworkManager.service")
    try:
        nmcli("device", "set", "cable0", "managed", "yes")
        nmcli("device", "set", "cable1", "managed", "no")
        yield
    finally:
        systemctl("stop", "NetworkManager.service")
        ip("link", "delete", "cable0")


@pytest.fixture
def unit(device: Appliance, manager: None) -> Iterator[Appliance]:
    """The recorder and whoever waits for its requests; nothing was set yet."""
    device.start()
    systemctl("start", "leerblik-network.path")
    yield device
    until("nothing is being changed", lambda: not REQUEST.exists())
    systemctl("stop", "leerblik-network.path")
    FILE.unlink(missing_ok=True)
    nmcli("connection", "reload")


@pytest.mark.parametrize("values", EXAMPLES, ids=lambda each: f"{each.get('security', each['kind'])}")
def test_it_understands_every_kind_of_connection_as_it_was_meant(
    values: Mapping[str, Any], manager: None
) -> None:
    FILE.write_text(keyfile(read_wish(values)))
    FILE.chmod(0o600)
    try:
        nmcli("connection", "load", str(FILE))
        assert value("connection.id") == "leerblik"
        if "ssid" in values:
            assert value("802-11-wireless.ssid") == values["ssid"]
        if "passphrase" in values:
            assert value("802-11-wireless-security.psk") == values["passphrase"]
        if "identity" in values:
            for name in ("identity", "password"):
                assert value(f"802-1x.{name}") == values[name]
            assert value("802-1x.domain-suffix-match") == values["domain"]
            assert bool(value("802-1x.ca-cert")) == bool(values["certificate"])
        assert value("ipv4.method") == ("manual" if "address" in values else "auto")
        assert value("ipv4.addresses") == values.get("address", "")
    finally:
        FILE.unlink()
        nmcli("connection", "reload")


def ask(values: Mapping[str, Any]) -> None:
    """Make the recorder's request, as the recorder."""
    fresh = REQUEST.with_name("network.new")
    fresh.write_text(json.dumps(dict(values)))
    fresh.chmod(0o600)
    subprocess.run(["chown", "leerblik-recorder", str(fresh)], check=True)
    fresh.rename(REQUEST)


def outcome() -> Mapping[str, Any]:
    """Wait until it was carried out; return what the recorder tells the page of it."""

    def answer() -> Mapping[str, Any] | None:
        found = RecorderClient(Path("/run/leerblik")).ask("network")
        return None if found["pending"] else found["result"]

    return until("the network was changed", answer)


def test_a_network_that_comes_up_is_kept_for_root_s_eyes_only(unit: Appliance) -> None:
    ask(FIXED)
    result = outcome()
    assert (result["outcome"], result["shown"]["address"]) == ("up", FIXED["address"])
    assert "192.168.10.20/24" in ip("-4", "address", "show", "cable0")
    assert (FILE.stat().st_uid, FILE.stat().st_mode & 0o777) == (0, 0o600)
    assert not BEFORE.exists()
    ask({"forget": True})
    assert outcome()["outcome"] == "removed"
    assert not FILE.exists()


def test_one_that_does_not_come_up_is_not_kept_and_the_one_before_is_up_again(unit: Appliance) -> None:
    ask(FIXED)
    assert outcome()["outcome"] == "up"
    before = FILE.read_bytes()
    # There is no Wi-Fi in here.
    ask({**PERSONAL, **AWKWARD})
    result = outcome()
    assert result["outcome"] == "put_back"
    assert "No suitable device" in result["why"]
    assert FILE.read_bytes() == before
    until("the old address is back", lambda: "192.168.10.20/24" in ip("-4", "address", "show", "cable0"))
    units = [f"--unit={name}" for name in ("leerblik-network", "leerblik-recorder", "NetworkManager")]
    said = subprocess.run(
        ["journalctl", "--quiet", *units], check=True, capture_output=True, text=True
    ).stdout
    assert "put back" in said
    assert "geheim" not in said
    assert "geheim" not in json.dumps(result)


def test_a_power_cut_in_the_middle_of_a_change_puts_back_what_was_there(unit: Appliance) -> None:
    FILE.write_text("half a file")
    BEFORE.write_text(keyfile(read_wish(FIXED)))
    until("the unit has seen it", lambda: not BEFORE.exists())
    until("it is back", lambda: FILE.read_text() == keyfile(read_wish(FIXED)))
    assert outcome()["outcome"] == "put_back"


def test_a_request_that_is_wrong_changes_nothing_and_is_not_asked_again(unit: Appliance) -> None:
    ask({"kind": "wired", "method": "fixed", "address": "x\n[connection]"})
    assert outcome()["outcome"] == "refused"
    assert not FILE.exists()
    assert not REQUEST.exists()


def test_without_networkmanager_the_page_is_told(unit: Appliance) -> None:
    systemctl("stop", "NetworkManager.service")
    try:
        ask(FIXED)
        assert outcome()["outcome"] == "absent"
        assert not FILE.exists()
    finally:
        systemctl("start", "NetworkManager.service")
        nmcli("device", "set", "cable1", "managed", "no")
