"""The settings of the coach's machine, one by one: what is possible, and how a server is known again."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.domain import server_fields
from device.domain.errors import Permanent
from device.domain.host_key import host_key_fingerprint, read_host_key
from device.domain.overlay import ALLOWED
from device.domain.server_fields import SENTENCES, faults
from server_sync.push.transport.ssh_connection import HostKey
from server_sync.push.transport.window import parse_window


def key_of(kind: str, fill: int = 7) -> str:
    blob = len(kind).to_bytes(4, "big") + kind.encode() + bytes([0, 0, 0, 32]) + bytes([fill]) * 32
    return f"{kind} {base64.b64encode(blob).decode()}"


ED25519, RSA = key_of("ssh-ed25519"), key_of("ssh-rsa")


@pytest.mark.parametrize(
    "pasted",
    [
        ED25519,
        f"{ED25519} root@coach",
        f"coach.school.example {ED25519}",
        f"[coach.school.example]:2222,10.0.0.1 {ED25519}",
        f"|1|c2FsdA==|aGFzaA== {ED25519}",
        f"# coach:22 SSH-2.0-OpenSSH_10.0\ncoach {RSA}\n# coach:22 SSH-2.0\ncoach {ED25519}\n",
        f"\r\n  {ED25519}\r\n{ED25519}",
    ],
)
def test_the_best_key_is_found_in_whatever_line_was_pasted(pasted: str) -> None:
    assert read_host_key(pasted) == ED25519
    assert host_key_fingerprint(pasted) == HostKey.parse(ED25519).fingerprint()


@pytest.mark.parametrize(
    ("pasted", "words"),
    [
        ("", "ssh-keyscan"),
        ("ssh-ed25519", "ssh-keyscan"),
        ("ssh-ed25519 AAAA", "ssh-keyscan"),
        (f"@revoked coach {ED25519}", "ssh-keyscan"),
        (f"# {ED25519}", "ssh-keyscan"),
        (ED25519.replace("ssh-ed25519 ", "ssh-rsa "), "ssh-keyscan"),
        (f"a {ED25519}\nb {key_of('ssh-ed25519', 8)}", "several servers"),
    ],
)
def test_what_holds_no_key_or_keys_of_two_servers_is_refused(pasted: str, words: str) -> None:
    with pytest.raises(Permanent, match=words):
        read_host_key(pasted)


@given(st.text())
def test_any_text_is_a_key_that_the_sync_takes_or_is_refused(pasted: str) -> None:
    try:
        found = read_host_key(pasted)
    except Permanent:
        return
    HostKey.parse(found)


RIGHT: dict[str, list[Any]] = {
    "sync.host": ["coach.school.example", "coach", "10.1.2.3", "fd00::1", "a-b.c", ""],
    "sync.port": [1, 22, 65535, ""],
    "sync.user": ["leerblik-room12", "a", "x@school.example", ""],
    "sync.host_key": [ED25519, f"coach {RSA}", ""],
    "sync.inbox_dir": ["inbox", "/drop/in", "a/b.c/", ""],
    "sync.receipts_dir": ["receipts", ""],
    "sync.bandwidth_cap_bytes_per_s": [0, 1000, ""],
    "sync.windows": [[], ["16:00-07:00", "00:00-24:00"], ""],
    "sync.pause_while_recording": [True, False, ""],
    "coach.receipt_key": [base64.b64encode(bytes(32)).decode(), ""],
}
WRONG: dict[str, list[Any]] = {
    "sync.host": [
        "a b",
        "-a",
        "a..b",
        "10.1.2",
        "1.2.3.4.5",
        "coach:22",
        "ssh://coach",
        "x" * 254,
        "a\n",
        5,
        "é",
    ],
    "sync.port": [0, 65536, "22", 22.0, True, None],
    "sync.user": ["a b", "-x", "x" * 65, "a;b", "a\n"],
    "sync.host_key": ["ssh-ed25519 AAAA", "x", 5],
    "sync.inbox_dir": ["../x", "a b", "a//b", "/", "a\n", 5],
    "sync.receipts_dir": ["..", "inbox\x00"],
    "sync.bandwidth_cap_bytes_per_s": [-1, "all", 1.5, True],
    "sync.windows": ["16:00-07:00", ["25:00-07:00"], ["16:00"], ["07:00-07:00"], ["16:00-07:00"] * 21, [5]],
    "sync.pause_while_recording": ["yes", 1, None],
    "coach.receipt_key": ["x", base64.b64encode(bytes(31)).decode(), 5],
}


@pytest.mark.parametrize("name", ALLOWED)
def test_each_setting_takes_what_is_right_and_says_what_is_right_of_what_is_wrong(name: str) -> None:
    for value in RIGHT[name]:
        assert faults({name: value}) == {}, value
    for value in WRONG[name]:
        assert faults({name: value})[name] in SENTENCES, value


def test_all_faults_are_told_at_once() -> None:
    assert set(faults({name: values[0] for name, values in WRONG.items()})) == set(ALLOWED)


def test_uploads_and_receipts_in_one_folder_are_refused() -> None:
    both = {"sync.inbox_dir": "drop", "sync.receipts_dir": "drop"}
    assert faults(both) == {"sync.receipts_dir": server_fields.SAME_FOLDER}


@given(st.from_regex(r"[0-2][0-9]:[0-6][0-9]-[0-2][0-9]:[0-6][0-9]", fullmatch=True))
def test_a_time_window_is_right_here_exactly_when_the_sync_takes_it(window: str) -> None:
    try:
        parse_window(window)
    except Permanent:
        assert faults({"sync.windows": [window]})
    else:
        assert not faults({"sync.windows": [window]})
