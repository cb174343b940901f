"""IT's page for the coach's machine: where footage goes, how that machine is known, and when it may be sent.

The page changes nothing by itself: the recorder judges, and wants a press at the device for whatever redirects footage.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _

from device.domain import server_fields
from device.domain.errors import LeerblikError, Permanent
from device.domain.host_key import host_key_fingerprint, read_host_key
from device.domain.overlay import ALLOWED, REDIRECTING
from device.web.coach.filled import Filled, filled_with
from device.web.current import say
from device.web.first_start.keys import find_receipt_key, fingerprint
from device.web.it.answers import press_left_s, refusal, status_now
from device.web.it.health import coachs_machine
from device.web.phrases import N_
from device.web.roles import Role, open_to
from device.web.services import services

server = Blueprint("server", __name__, url_prefix="/it/server")
_BYTES_PER_KB = 1000
# The sentences of device/domain/server_fields.py, so that they are translated; a test holds the two together.
SENTENCES = (
    N_("This is the name or the address of the coach's machine, such as coach.school.example or 10.1.2.3."),
    N_("The port is a number from 1 to 65535; SSH usually has 22."),
    N_("This is an account such as leerblik-room12: letters, digits, dots and dashes."),
    N_("Paste a line of ssh-keyscan or known_hosts of the coach's machine; it has ssh-ed25519 AAAA… in it."),
    N_("This is a folder such as inbox, or drop/inbox: letters, digits, dots, dashes, slashes, no '..'."),
    N_("Uploads and receipts lie in two different folders."),
    N_("A receipt key has 44 characters and ends with =; 'leerblik inbox keys' prints it."),
    N_("This is a whole number of at least 0 (0: all of the line)."),
    N_("Write times of day as 16:00-07:00, one on each line; 00:00-24:00 is all day."),
    N_("This is yes or no."),
)
Fields = Mapping[str, Mapping[str, Any]]


@server.get("")
@open_to(Role.IT)
def show() -> Response:
    """Show what is set, where that comes from, and whether it works."""
    try:
        answer = services().recorder.ask("settings")
    except LeerblikError:
        return make_response(_page(None, Filled()))
    return make_response(_page(answer, _filled(answer["fields"])))


@server.post("")
@open_to(Role.IT)
def do_save() -> Response:
    """Have the recorder take what was filled in; what redirects footage is compared first."""
    there = services().recorder.ask("settings")
    fields: Fields = there["fields"]
    values = _values(fields)
    problems = {_short(name): str(_(each)) for name, each in server_fields.faults(values).items()}
    if problems:
        return make_response(_page(there, Filled(request.form, problems)), 400)
    moved = [name for name in REDIRECTING if name in values and _differs(values[name], fields[name])]
    if moved and "compared" not in request.form:
        return make_response(_page(there, Filled(request.form), to_compare=_to_compare(values, moved)))
    try:
        services().recorder.ask("settings", change=values)
    except LeerblikError as error:
        status = 400 if isinstance(error, Permanent) else 409
        page = _page(there, Filled(request.form, {"": refusal(error)}), to_compare=_to_compare(values, moved))
        return make_response(page, status)
    say(_("It is saved. The device tries the coach's machine now: look below in a moment."))
    return make_response(redirect(url_for("server.show"), 303))


@server.post("/try")
@open_to(Role.IT)
def do_try() -> Response:
    """Have the sync try the coach's machine once more."""
    services().recorder.ask("settings", again=True)
    say(_("The device tries the coach's machine now: look below in a moment."))
    return make_response(redirect(url_for("server.show"), 303))


def _page(
    answer: Mapping[str, Any] | None, filled: Filled, *, to_compare: Mapping[str, str] | None = None
) -> str:
    status = status_now()
    fields: Fields = answer["fields"] if answer else {}
    return render_template(
        "it/server.html", fields={_short(name): each for name, each in fields.items()}, filled=filled,
        problem=answer["problem"] if answer else "", to_compare=to_compare or {}, is_there=answer is not None,
        prints=_prints(fields), contact=next(coachs_machine(status), None) if status else None,
        pressed=press_left_s(status) > 0, cap_kb=_cap_kb(fields),
    )  # fmt: skip


def _short(name: str) -> str:
    return name.partition(".")[2]


def _values(fields: Fields) -> dict[str, Any]:
    """Return what the form says about each setting that leerblik.toml leaves open; "" leaves it open, too."""
    return {name: _value(name) for name in ALLOWED if fields[name]["origin"] != "file"}


def _value(name: str) -> Any:
    text = request.form.get(_short(name), "").strip()
    match name:
        case "sync.port":
            return _number(text)
        case "sync.bandwidth_cap_bytes_per_s":
            number = _number(text)
            return number * _BYTES_PER_KB if isinstance(number, int) else number
        case "sync.windows":
            # Empty is the usual: always.
            return text.replace(",", "\n").split() or ""
        case "sync.pause_while_recording":
            return True if text else ""
        case "sync.host_key" | "coach.receipt_key":
            return _pasted(name, text)
    return text


def _number(text: str) -> int | str:
    """Return a number; a text that is none as it is, for the rules to refuse."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else text


def _pasted(name: str, text: str) -> str:
    """Return the key alone where there is one, so that the same key is seen to be the same."""
    if name == "coach.receipt_key":
        # Also the whole line of 'leerblik inbox keys': receipt_key = "...".
        return find_receipt_key(text) or text
    try:
        return read_host_key(text) if text else ""
    except Permanent:
        return text


def _differs(value: Any, field: Mapping[str, Any]) -> bool:
    return bool(value != field["value"]) if value != "" else field["origin"] == "page"


def _to_compare(values: Mapping[str, Any], moved: list[str]) -> dict[str, str]:
    """Return what somebody should compare with the coach's machine before footage goes there: by field."""
    return {_short(name): _print_of(name, values[name]) or str(values[name]) for name in moved}


def _prints(fields: Fields) -> dict[str, str]:
    return {_short(name): _print_of(name, each["value"]) for name, each in fields.items() if each["value"]}


def _print_of(name: str, value: Any) -> str:
    if not value:
        return ""
    if name == "coach.receipt_key":
        return fingerprint(str(value))
    try:
        return host_key_fingerprint(str(value)) if name == "sync.host_key" else ""
    except Permanent:
        return "?"


def _cap_kb(fields: Fields) -> int:
    held = fields.get("sync.bandwidth_cap_bytes_per_s", {}).get("value") or 0
    return -(-int(held) // _BYTES_PER_KB)


def _filled(fields: Fields) -> Filled:
    shown = {_short(name): each["value"] for name, each in fields.items()}
    shown["windows"] = "\n".join(shown["windows"] or [])
    shown["bandwidth_cap_bytes_per_s"] = _cap_kb(fields)
    return filled_with(**shown)
