"""What the web page must be told: where it listens."""

from __future__ import annotations

from device.domain.settings import Setting, Table

# How the process that read the configuration tells the one that serves.
BIND = "LEERBLIK_WEB_BIND"
RUNTIME_DIR = "LEERBLIK_WEB_RUNTIME_DIR"
LANGUAGE = "LEERBLIK_WEB_LANGUAGE"

TABLES = (
    Table(
        "web",
        "The web page of the device: whether it records, for everybody in the room.",
        (
            Setting("address", str, "address to listen on (0.0.0.0: every network)", "0.0.0.0", "0.0.0.0"),  # noqa: S104  # a page for the room
            Setting("port", int, "port to listen on", 8080, 8080, low=1024, high=65535),
        ),
    ),
)
