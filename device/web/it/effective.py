"""The settings that this process was started with, for IT to read: an allow-list, without secrets and without people.

Made by the process that reads the configuration; the one that serves gets it ready-made, as JSON.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

ENVIRONMENT = "LEERBLIK_WEB_SETTINGS"
_TABLES: dict[str, tuple[str, ...]] = {
    "device": (
        *("name", "language", "spool_dir", "state_dir", "recorder_dir", "register_dir", "settings_dir"),
        "runtime_dir",
    ),
    "recorder": (
        *("camera", "microphone", "triggers", "indicators", "segment_s", "audio_bitrate_bps"),
        *("cooling_off_s", "maximum_length_s", "overrun_s", "warm_camera", "reserve_bytes"),
    ),
    "web": ("address", "port", "hosts", "dir"),
    "sync": (
        *("transport", "host", "port", "user", "inbox_dir", "receipts_dir", "local_dir", "verify"),
        *("connect_timeout_s", "operation_timeout_s", "bandwidth_cap_bytes_per_s", "windows"),
        *("pause_while_recording", "poll_interval_s", "retry_first_s", "retry_limit_s"),
    ),
}
_FINGERPRINTS = {"coach": ("receipt_key",), "sync": ("host_key",)}
# Buttons and badges of teachers name teachers; of a trigger only how it is wired is shown.
_WIRING = ("pin", "pull", "pull_up", "active", "hold_s", "bounce_s", "reader", "again_s")
_ALL_OF = ("camera", "microphone", "indicator")
Row = tuple[str, str, str]


class Settings(Protocol):
    """What a configuration can tell; :class:`device.config.Config` is one."""

    source: str

    def has(self, name: str) -> bool:
        """Tell whether the file has this table."""
        ...

    def table(self, name: str) -> Mapping[str, Any]:
        """Return a table with every default filled in."""
        ...

    def driver_options(self, kind: str, name: str) -> Mapping[str, Any]:
        """Return the options of a driver."""
        ...

    def chosen_drivers(self) -> list[tuple[str, str]]:
        """Return kind and name of every driver in use."""
        ...


def effective(settings: Settings) -> str:
    """Return the file they are in, and rows of table, key and value, as JSON for :data:`ENVIRONMENT`."""
    return json.dumps({"source": settings.source, "rows": list(_rows(settings))}, ensure_ascii=False)


def read_effective(text: str) -> tuple[str, list[Row]]:
    """Return what :func:`effective` wrote; an empty text is of a process that was told nothing."""
    if not text:
        return "", []
    held = json.loads(text)
    return str(held["source"]), [(str(a), str(b), str(c)) for a, b, c in held["rows"]]


def as_it_is_now(rows: Iterable[Row], fields: Mapping[str, Mapping[str, Any]]) -> list[Row]:
    """Return rows with what was set on the page since they were made; ``fields`` are the recorder's.

    A setting that is neither in the file nor on the page has a row only if it had one.
    """
    found = {(table, key): value for table, key, value in rows}
    for name, field in fields.items():
        table, _, key = name.partition(".")
        if (table, key) in found or field["origin"] != "default":
            fingered = key in _FINGERPRINTS.get(table, ())
            found[table, key] = _fingerprint(str(field["value"])) if fingered else _text(field["value"])
    return [(table, key, value) for (table, key), value in found.items()]


def _rows(settings: Settings) -> Iterator[Row]:
    for name, keys in _TABLES.items():
        if name == "sync" and not settings.has(name):
            continue
        values = settings.table(name)
        yield from ((name, key, _text(values[key])) for key in keys if key in values)
    for name, keys in _FINGERPRINTS.items():
        if name == "coach" or settings.has(name):
            values = settings.table(name)
            yield from ((name, key, _fingerprint(str(values.get(key, "")))) for key in keys)
    for kind, driver in settings.chosen_drivers():
        for key, value in settings.driver_options(kind, driver).items():
            if kind in _ALL_OF or key in _WIRING:
                yield f"{kind}.{driver}", key, _text(value)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(each) for each in value) or "-"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) or "-"


def _fingerprint(key: str) -> str:
    """Return how a public key is recognised: an SSH key as ssh-keygen -l does, another by its first 96 bits."""
    if not key:
        return "-"
    words = key.split()
    if len(words) > 1:
        try:
            digest = hashlib.sha256(base64.b64decode(words[1], validate=True)).digest()
        except (ValueError, binascii.Error):
            return "?"
        return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")
    text = hashlib.sha256(key.encode()).hexdigest().upper()[:24]
    return " ".join(text[at : at + 4] for at in range(0, 24, 4))
