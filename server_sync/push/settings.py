"""What the sync must be told: which server, how to know it, and when to use the line."""

from __future__ import annotations

import re
from typing import Any

from device.domain.errors import Permanent
from device.domain.settings import Setting, Table
from server_sync.push.transport.window import parse_window


def _verify(values: dict[str, Any]) -> None:
    for window in values["windows"]:
        try:
            parse_window(window)
        except Permanent as error:
            raise Permanent(f"sync.windows: {error}") from None
    if values["host_key"] and not _HOST_KEY.fullmatch(values["host_key"].strip()):
        raise Permanent(
            "sync.host_key is a public key such as 'ssh-ed25519 AAAA...', as in /etc/ssh/ssh_host_ed25519_key.pub"
        )


_HOST_KEY = re.compile(r"[a-z0-9@.-]+ [A-Za-z0-9+/]{40,}={0,2}( .*)?")
TRANSPORTS = ("sftp", "local")

TABLES = (
    Table(
        "sync",
        "The sync: pushes released recordings to the coach's machine.",
        (
            Setting(
                "transport",
                str,
                "sftp, or local for a folder on this machine",
                "sftp",
                "sftp",
                choices=TRANSPORTS,
            ),
            Setting("host", str, "name or address of the coach's machine", "", "coach.school.example"),
            Setting("port", int, "port of its SSH server", 22, 22, low=1, high=65535),
            Setting("user", str, "account of the drop box", "leerblik", "leerblik"),
            Setting(
                "host_key",
                str,
                "the server's host key, as in /etc/ssh/ssh_host_ed25519_key.pub",
                "",
                "ssh-ed25519 AAAA...",
            ),
            Setting(
                "key_file",
                str,
                "this device's private SSH key, made by 'leerblik keys device'",
                "/etc/leerblik/ssh_key",
                "/etc/leerblik/ssh_key",
            ),
            Setting("inbox_dir", str, "folder for uploads, as the account sees it", "inbox", "inbox"),
            Setting(
                "receipts_dir", str, "folder for receipts, as the account sees it", "receipts", "receipts"
            ),
            Setting("local_dir", str, "folder of the drop box when transport is local", "", "/mnt/dropbox"),
            Setting(
                "connect_timeout_s",
                float,
                "longest wait for a connection in seconds",
                15.0,
                15.0,
                low=0.1,
                high=600,
            ),
            Setting(
                "operation_timeout_s",
                float,
                "longest wait without any progress in seconds",
                30.0,
                30.0,
                low=0.1,
                high=3600,
            ),
            Setting(
                "bandwidth_cap_bytes_per_s",
                int,
                "most of the line that may be used in bytes per second (0: all)",
                0,
                1_000_000,
                low=0,
            ),
            Setting("windows", list, "times of day when it may send (empty: always)", [], ["16:00-07:00"]),
            Setting("pause_while_recording", bool, "send nothing while a lesson is recorded", False, True),
            Setting(
                "poll_interval_s",
                float,
                "how often to look for work and receipts in seconds",
                5.0,
                5.0,
                low=0.1,
                high=3600,
            ),
            Setting(
                "retry_first_s",
                float,
                "longest first wait after trouble in seconds; doubles each time",
                2.0,
                2.0,
                low=0.1,
                high=3600,
            ),
            Setting(
                "retry_limit_s",
                float,
                "longest wait between two attempts in seconds",
                300.0,
                300.0,
                low=0.1,
                high=86400,
            ),
        ),
        _verify,
    ),
)
