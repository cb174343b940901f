"""The settings in effect, as far as this process was told them; a print says plainly what it was not told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flask import current_app

from device.web.it.pages import KEY, Known, rows_now

_NOTHING = "-"
# In days; of the coach's machine. A device is told it only so that its prints can say it.
MAXIMUM_AGE = ("retention", "maximum_age_days")


@dataclass(frozen=True, slots=True)
class Configuration:
    """Values as texts, by table and key. ``source`` is the configuration's file, "" when nothing was told."""

    source: str
    values: Mapping[tuple[str, str], str]

    def text(self, table: str, key: str) -> str | None:
        """Return a value; None when this process was not told it, "" when it is set to nothing."""
        value = self.values.get((table, key))
        return "" if value == _NOTHING else value

    def number(self, table: str, key: str) -> float | None:
        """Return a number; None when this process was not told it."""
        try:
            return float(self.values[table, key])
        except (KeyError, ValueError):
            return None

    def names(self, table: str, key: str) -> tuple[str, ...] | None:
        """Return a list; None when this process was not told it."""
        text = self.text(table, key)
        return None if text is None else tuple(each.strip() for each in text.split(",") if each.strip())


def configuration_of(source: str, rows: Iterable[tuple[str, str, str]]) -> Configuration:
    """Return settings out of rows of table, key and value."""
    return Configuration(source, {(table, key): value for table, key, value in rows})


def configuration() -> Configuration:
    """Return the settings that this process was started with, and those of the page as they are by now."""
    known: Known = current_app.extensions.get(KEY, Known())
    return configuration_of(known.source, rows_now())
