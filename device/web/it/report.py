"""The file that IT can send on when something is wrong: health, versions, settings and faults; nobody is in it."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from flask_babel import gettext as _

from device import __version__
from device.web.it.diary import Diary
from device.web.it.effective import Row
from device.web.it.health import Check, Grade


def grade_word(grade: Grade) -> str:
    """Return how a part is, in a word."""
    words: dict[Grade, str] = {
        Grade.GOOD: _("in order"),
        Grade.ATTENTION: _("attention"),
        Grade.WRONG: _("wrong"),
        Grade.UNKNOWN: _("unknown"),
    }
    return words[grade]


def versions(recorder: str) -> list[tuple[str, str]]:
    """Return what runs here; ``recorder`` is the version that the recorder told, "" when it did not answer."""
    found = [
        ("Leerblik", __version__), ("Python", platform.python_version()),
        ("Linux", f"{platform.release()} {platform.machine()}"),
    ]  # fmt: skip
    # Another one than ours: only one of the two was restarted after an update.
    return [*found[:1], *([(_("Recorder"), recorder)] if recorder else []), *found[1:]]


def write_report(
    device: str,
    now: datetime,
    found: Sequence[Check],
    rows: Sequence[Row],
    recorder: str,
    diary: Diary | None,
) -> str:
    """Return the report as text; every line is meant to be read by a person."""
    return "\n".join(_lines(device, now, found, rows, recorder, diary)) + "\n"


def _lines(
    device: str,
    now: datetime,
    found: Sequence[Check],
    rows: Sequence[Row],
    recorder: str,
    diary: Diary | None,
) -> Iterator[str]:
    yield f"Leerblik, {device}, {_time(now)}"
    yield _("Without footage, lessons, teachers and groups.")
    yield from ("", "# " + _("Health"))
    for check in found:
        yield f"{check.name}: {grade_word(check.grade)}. {check.found}"
        if check.advice:
            yield f"  -> {check.advice}"
    yield from ("", "# " + _("Versions"))
    yield from (f"{name}: {version}" for name, version in versions(recorder))
    yield from ("", "# " + _("Settings"))
    yield from (f"{table}.{key} = {value}" for table, key, value in rows)
    yield from ("", "# " + _("What happened to its parts"))
    if diary is not None:
        yield " ".join((_time(diary.begun_at), _("the page was started; earlier is only in the journal")))
        yield from (f"{_time(line.at)} {line.event} {line.sentence}".rstrip() for line in diary.lines())


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
