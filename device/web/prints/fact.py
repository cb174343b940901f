"""One fact for the privacy officer: what it is, what holds now, and where that comes from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo

from babel.dates import format_datetime
from flask_babel import get_locale

from device.web.prints.text import gettext as _


@dataclass(frozen=True, slots=True)
class Fact:
    """All three are translated texts. ``known`` is False for what could not be determined; then ``value`` is why."""

    name: str
    value: str
    source: str
    known: bool = True


@dataclass(frozen=True, slots=True)
class Section:
    """Facts that belong together."""

    title: str
    facts: tuple[Fact, ...]


def unknown(name: str, why: str, source: str) -> Fact:
    """Return a fact that could not be determined."""
    return Fact(name, why, source, known=False)


def told(name: str, value: str | None, source: str) -> Fact:
    """Return a setting, or that this process was not told it (``value`` is None)."""
    if value is None:
        return unknown(name, _("This page was not told this setting."), source)
    return Fact(name, value or _("nothing set"), source)


def setting(table: str, key: str) -> str:
    """Return where a setting stands."""
    return _("setting %(key)s", key=f"[{table}] {key}")


def register_source() -> str:
    """Return the source of what people decided."""
    return _("register")


def recorder_source() -> str:
    """Return the source of what the recorder said."""
    return _("asked of the recorder")


def program_source(what: str) -> str:
    """Return the source of what the program is made to do; ``what``: the part of it, by file name."""
    return _("program: %(part)s", part=what)


def units_source() -> str:
    """Return the source of what the services may do."""
    return _("as shipped: %(part)s", part="deploy/systemd")


def often(count: int, last: datetime | None, zone: tzinfo | None) -> str:
    """Return how often something happened, and when it did last, on the clock of ``zone``."""
    if last is None:
        return str(count)
    return _("%(count)d; the last on %(day)s", count=count, day=moment(last, zone))


def moment(at: datetime, zone: tzinfo | None) -> str:
    """Return a moment in full."""
    return format_datetime(at.astimezone(zone), "d MMMM y HH:mm", locale=get_locale())
