"""What the web page must be told: where it listens."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from device.domain.errors import Permanent
from device.domain.settings import Setting, Table

# How the process that read the configuration tells the one that serves.
BIND = "LEERBLIK_WEB_BIND"
RUNTIME_DIR = "LEERBLIK_WEB_RUNTIME_DIR"
LANGUAGE = "LEERBLIK_WEB_LANGUAGE"


def _verify(values: dict[str, Any]) -> None:
    try:
        if values["address"] != "localhost":
            ip_address(values["address"])
    except ValueError:
        raise Permanent(
            f"web.address is an address such as 0.0.0.0 (every network) or 127.0.0.1, found {values['address']!r}"
        ) from None


TABLES = (
    Table(
        "web",
        "The web page of the device: whether it records, for everybody in the room.",
        (
            Setting("address", str, "address to listen on (0.0.0.0: every network)", "0.0.0.0", "0.0.0.0"),  # noqa: S104  # a page for the room
            Setting("port", int, "port to listen on", 8080, 8080, low=1024, high=65535),
        ),
        _verify,
    ),
)
