"""The pages of IT: health, settings, a report to download, and a restart."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Flask, Response, current_app, make_response, render_template, request
from flask_babel import gettext as _

from device.domain.errors import Busy, LeerblikError
from device.web.first_start.keys import Keys, fingerprint
from device.web.first_start.plan import present_keys
from device.web.it.diary import Diary
from device.web.it.effective import Row, as_it_is_now, read_effective
from device.web.it.health import Check, Grade, checks
from device.web.it.report import grade_word, versions, write_report
from device.web.roles import Role, open_to
from device.web.services import services

it = Blueprint("it", __name__, url_prefix="/it")
KEY = "leerblik.it"
REFRESH_S = 15


@dataclass(frozen=True, slots=True)
class Known:
    """What these pages were told when the process began; ``source`` is the configuration's file."""

    source: str = ""
    rows: tuple[Row, ...] = ()
    diary: Diary | None = None


def prepare(app: Flask, settings: str, diary: Diary | None) -> None:
    """Tell these pages the settings (as :func:`device.web.it.effective.effective` wrote them) and what happens."""
    source, rows = read_effective(settings)
    app.extensions[KEY] = Known(source, tuple(rows), diary)


@it.get("/")
@open_to(Role.IT, home=True)
def health() -> str:
    """Show how the device is."""
    return _health("it/health.html")


@it.get("/now")
@open_to(Role.IT, awake=False)
def now() -> str:
    """Show it again without anybody asking: the part that changes, or all of it where there is no script."""
    return _health("it/_health.html" if "HX-Request" in request.headers else "it/health.html")


@it.get("/settings")
@open_to(Role.IT)
def settings() -> str:
    """Show the settings in effect, and where each is changed."""
    tables: dict[str, list[Row]] = {}
    for row in rows_now():
        tables.setdefault(row[0], []).append(row)
    return render_template(
        "it/settings.html", tables=tables, source=_known().source, keys=_keys(), fingerprint=fingerprint,
        from_page={name for name, each in _fields().items() if each["origin"] == "page"},
    )  # fmt: skip


@it.get("/log")
@open_to(Role.IT)
def log() -> str:
    """Show what happened to the device's parts, and offer the report."""
    diary = _known().diary
    lines = tuple(reversed(diary.lines())) if diary is not None else ()
    return render_template("it/log.html", diary=diary, lines=lines)


@it.get("/report.txt")
@open_to(Role.IT)
def report() -> Response:
    """Hand out the report."""
    status, here, known = _status(), services(), _known()
    text = write_report(
        here.device_name, here.now(), checks(status, tls=here.tls), rows_now(), _version(status), known.diary
    )
    answer = make_response(text)
    answer.content_type = "text/plain; charset=utf-8"
    name = re.sub(r"[^A-Za-z0-9-]+", "-", here.device_name).strip("-") or "device"
    answer.headers["Content-Disposition"] = (
        f'attachment; filename="leerblik-{name}-{here.now():%Y%m%d-%H%M}.txt"'
    )
    return answer


@it.get("/restart")
@open_to(Role.IT)
def restart() -> str:
    """Ask once more."""
    return render_template("it/restart.html", problem="")


@it.post("/restart")
@open_to(Role.IT)
def do_restart() -> Response:
    """Let the services restart; the answer comes at once, for soon nobody answers."""
    try:
        services().recorder.ask("restart")
    except Busy:
        problem = _("A lesson is being recorded: restart when it has ended.")
        return make_response(render_template("it/restart.html", problem=problem), 409)
    except LeerblikError:
        problem = _("The recorder cannot pass it on. On the device: sudo systemctl restart leerblik.target")
        return make_response(render_template("it/restart.html", problem=problem), 503)
    return make_response(render_template("it/restarting.html"), 202)


def rows_now() -> list[Row]:
    """Return the settings as this process was told them, and those of the page as they are by now."""
    return as_it_is_now(_known().rows, _fields())


def _fields() -> Mapping[str, Mapping[str, Any]]:
    try:
        fields: Mapping[str, Mapping[str, Any]] = services().recorder.ask("settings").get("fields", {})
    except LeerblikError:
        return {}
    return fields


def _health(template: str) -> str:
    status = _status()
    found = checks(status, tls=services().tls)
    return render_template(
        template, checks=found, wrong=_count(found, Grade.WRONG), attention=_count(found, Grade.ATTENTION),
        word=grade_word, versions=versions(_version(status)), at=services().now(), refresh_s=REFRESH_S,
    )  # fmt: skip


def _count(found: list[Check], grade: Grade) -> int:
    return sum(check.grade is grade for check in found)


def _status() -> dict[str, Any] | None:
    try:
        return services().recorder.ask("status")
    except LeerblikError:
        return None


def _keys() -> Keys | None:
    """Return the public keys in effect: they may stand in no settings, but come from the first start."""
    try:
        return present_keys(services().recorder)
    except LeerblikError:
        return None


def _version(status: dict[str, Any] | None) -> str:
    return str((status or {}).get("version") or "")


def _known() -> Known:
    known: Known = current_app.extensions.get(KEY, Known())
    return known
