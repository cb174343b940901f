"""What the web page must be told: where it listens, what it is called, where it keeps its own."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Any

from device.domain.errors import Permanent
from device.domain.settings import Setting, Table

# How the process that read the configuration tells the one that serves.
BIND = "LEERBLIK_WEB_BIND"
RUNTIME_DIR = "LEERBLIK_WEB_RUNTIME_DIR"
LANGUAGE = "LEERBLIK_WEB_LANGUAGE"
DEVICE_NAME = "LEERBLIK_WEB_DEVICE_NAME"
FOLDER = "LEERBLIK_WEB_FOLDER"
REGISTER_DIR = "LEERBLIK_WEB_REGISTER_DIR"
SPOOL_DIR = "LEERBLIK_WEB_SPOOL_DIR"
WIPED_DIR = "LEERBLIK_WEB_WIPED_DIR"
HOSTS = "LEERBLIK_WEB_HOSTS"
TIMETABLE_HOSTS = "LEERBLIK_WEB_TIMETABLE_HOSTS"
TIMETABLE_HTTP = "LEERBLIK_WEB_TIMETABLE_HTTP"
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")


def _verify(values: dict[str, Any]) -> None:
    try:
        if values["address"] != "localhost":
            ip_address(values["address"])
    except ValueError:
        raise Permanent(
            f"web.address is an address such as 0.0.0.0 (every network) or 127.0.0.1, found {values['address']!r}"
        ) from None
    if not values["dir"].startswith("/"):
        raise Permanent(f"web.dir is a full path such as /var/lib/leerblik/web, found {values['dir']!r}")
    for host in (*values["hosts"], *values["timetable_hosts"]):
        if not _HOST.fullmatch(host):
            raise Permanent(
                "web.hosts and web.timetable_hosts have names such as room12.example.org, without https:// and port; "
                f"found {host!r}"
            )


TABLES = (
    Table(
        "web",
        "The web page of the device: whether it records, for everybody in the room.",
        (
            Setting("address", str, "address to listen on (0.0.0.0: every network)", "0.0.0.0", "0.0.0.0"),  # noqa: S104  # a page for the room
            Setting("port", int, "port to listen on", 8080, 8080, low=1024, high=65535),
            Setting(
                "hosts",
                list,
                "names besides its own under which browsers may ask for it",
                [],
                ["leerblik-1.example.org"],
            ),
            Setting(
                "timetable_hosts",
                list,
                "hosts inside the school's network from which the coach may have a timetable fetched, on any port",
                [],
                ["timetable.example.org"],
            ),
            Setting("timetable_http", bool, "whether a timetable may be fetched unencrypted", False, False),
            Setting(
                "dir",
                str,
                "folder of its own, for the accounts; nobody else may read it",
                "/var/lib/leerblik/web",
                "/var/lib/leerblik/web",
            ),
        ),
        _verify,
    ),
)
