"""IT wipes the device: sees what goes, types its name, and then the button at the device must be held.

The proof can be had from the first start on, by everybody until the device is claimed again, and then by IT.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    current_app,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext as _

from device.domain.errors import Busy, LeerblikError, Refused
from device.web.current import current_actor, say
from device.web.it.proofs import Proof, file_of, newest_proof
from device.web.roles import Role, open_to
from device.web.services import services

wipe = Blueprint("wipe", __name__, url_prefix="/it/wipe")
wiped = Blueprint("wiped", __name__, url_prefix="/wiped")
KEY = "leerblik.wiped"
REFRESH_S = 2
_TYPES = {".json": "application/json", ".txt": "text/plain; charset=utf-8"}


def prepare(app: Flask, folder: Path) -> None:
    """Tell these pages where the proof of a wipe lies."""
    app.extensions[KEY] = folder


@wipe.get("")
@open_to(Role.IT)
def show() -> str:
    """Show what would go, or how it goes on."""
    return _page()


@wipe.get("/now")
@open_to(Role.IT, awake=False)
def now() -> str:
    """Show it again without anybody asking: the part that changes, or all of it where there is no script."""
    return _page(part="HX-Request" in request.headers)


@wipe.post("")
@open_to(Role.IT)
def arm() -> Response:
    """Let the button wipe the device, for five minutes."""
    name, unsent = request.form.get("name", "").strip(), "unsent" in request.form
    problems: dict[str, str] = {}
    if name != services().device_name:
        problems["name"] = _("This is not the name of this device.")
    try:
        if not unsent and services().recorder.ask("wipe")["lost"]:
            problems["unsent"] = _("Say that you know what is lost, or wait until it has arrived.")
        if not problems:
            services().recorder.ask("wipe", wipe="arm", name=name, unsent=unsent)
    except Busy:
        sentence = _(
            "Not now: a lesson is being recorded or ended just now, or the button waited for a wipe already. "
            "Try again in a minute."
        )
        return make_response(_page(problem=sentence), 409)
    except Refused:
        # What is here became more since this page was shown.
        problems["unsent"] = _("Look once more at what is here.")
    except LeerblikError:
        return make_response(_page(), 503)
    if problems:
        return make_response(_page(problems=problems, name=name), 400)
    return make_response(redirect(url_for(".show"), 303))


@wipe.post("/cancel")
@open_to(Role.IT)
def cancel() -> Response:
    """Let the button record again."""
    try:
        services().recorder.ask("wipe", wipe="cancel")
        say(_("It was cancelled. Nothing was wiped, and the button records again."))
    except Busy:
        say(_("That is too late: the button was held, and the device is being wiped."))
    return make_response(redirect(url_for(".show"), 303))


@wiped.get("/<name>")
@open_to(Role.PUBLIC)
def download(name: str) -> Response:
    """Hand out a file of the proof: to everybody while nobody has claimed the device, afterwards to IT."""
    folder, last = _folder(), _last()
    path = file_of(folder, name) if folder is not None else None
    is_it = current_actor().role is Role.IT
    may = is_it or (not services().accounts.is_claimed() and last is not None and name in last.files)
    if path is None or not may:
        abort(404)
    answer = make_response(path.read_bytes())
    answer.content_type = _TYPES.get(path.suffix, "application/octet-stream")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@wiped.app_context_processor
def _context() -> dict[str, Any]:
    return {"last_wipe": _last}


def _page(
    problem: str = "", problems: dict[str, str] | None = None, name: str = "", *, part: bool = False
) -> str:
    try:
        here: dict[str, Any] | None = services().recorder.ask("wipe")
    except LeerblikError:
        here = None
    if here is not None and "lost" not in here:
        here = None  # another version of the recorder, from before an update
    on = here is not None and (here["armed"] or here["ordered"])
    # A page that waits goes on waiting while the recorder is away: it may be on its way to be wiped.
    waits = on or (here is None and request.endpoint == "wipe.now")
    template = "it/_wipe_waits.html" if part else "it/wipe_waits.html" if waits else "it/wipe.html"
    left_s = round(here["left_s"]) if here else 0
    return render_template(
        template, here=here, on=on, problem=problem, problems=problems or {}, name=name, refresh_s=REFRESH_S,
        left=f"{left_s // 60}:{left_s % 60:02}",
    )  # fmt: skip


def _folder() -> Path | None:
    folder: Path | None = current_app.extensions.get(KEY)
    return folder


def _last() -> Proof | None:
    folder = _folder()
    return newest_proof(folder) if folder is not None else None
