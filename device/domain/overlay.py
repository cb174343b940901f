"""What IT may set on the page where leerblik.toml leaves it open: which settings, and how they lie in their file.

The file is the recorder's; every process reads it beside leerblik.toml. What leerblik.toml says goes first, so that a
device that Ansible looks after stays as Ansible made it.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any

from device.domain.errors import Permanent
from device.domain.settings import Value
from device.domain.strict import canonical_json, parse_object

FILE_NAME = "settings.json"
# These decide where footage goes and whose word makes it delivered: somebody must stand at the device for them.
REDIRECTING = (
    *("sync.host", "sync.port", "sync.user", "sync.host_key", "sync.inbox_dir", "sync.receipts_dir"),
    "coach.receipt_key",
)
HARMLESS = ("sync.bandwidth_cap_bytes_per_s", "sync.windows", "sync.pause_while_recording")
ALLOWED = (*REDIRECTING, *HARMLESS)
Tables = Mapping[str, Mapping[str, Any]]


class Origin(enum.Enum):
    """Where a value comes from."""

    FILE = "leerblik.toml"
    PAGE = "page"
    DEFAULT = "default"


def read_overlay(data: bytes, where: str) -> dict[str, dict[str, Any]]:
    """Return the tables in an overlay; Permanent that names what is unknown or not for the page to set.

    Only names are looked at here: whoever knows the tables checks the values.
    """
    found: dict[str, dict[str, Any]] = {}
    for table, values in parse_object(data, where).items():
        if not isinstance(values, dict):
            raise Permanent(f"{where}: {table} must be a table of settings")
        for key in values:
            if f"{table}.{key}" not in ALLOWED:
                raise Permanent(
                    f"{where}: {table}.{key} is not a setting of the page; those are {', '.join(ALLOWED)}"
                )
        found[table] = values
    return found


def write_overlay(values: Mapping[str, Value]) -> bytes:
    """Return values by their full names (``sync.host``) as the bytes of an overlay."""
    return canonical_json(tables_of(values))


def tables_of(values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return values by their full names as tables."""
    tables: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        table, _, key = name.partition(".")
        tables.setdefault(table, {})[key] = value
    return tables


def flat(tables: Tables) -> dict[str, Any]:
    """Return the values of an overlay by their full names."""
    return {
        f"{table}.{key}": value
        for table, values in tables.items()
        if isinstance(values, Mapping)
        for key, value in values.items()
    }


def is_settled(document: Mapping[str, Any], name: str) -> bool:
    """Tell whether leerblik.toml says something about a setting; an empty text leaves it open."""
    table, _, key = name.partition(".")
    held = document.get(table)
    return isinstance(held, Mapping) and key in held and held[key] != ""


def laid_over(document: Mapping[str, Any], overlay: Tables) -> dict[str, Any]:
    """Return the document with what it leaves open filled in from an overlay."""
    result = dict(document)
    for name, value in flat(overlay).items():
        table, _, key = name.partition(".")
        if not is_settled(document, name) and isinstance(result.get(table, {}), Mapping):
            result[table] = {**result.get(table, {}), key: value}
    return result


def origin_of(document: Mapping[str, Any], overlay: Tables, name: str) -> Origin:
    """Return where the value of a setting comes from."""
    table, _, key = name.partition(".")
    if is_settled(document, name):
        return Origin.FILE
    return Origin.PAGE if key in overlay.get(table, {}) else Origin.DEFAULT
