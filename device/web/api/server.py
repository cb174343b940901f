"""The coach's machine for programs: what is set, where that comes from, and setting what leerblik.toml leaves open."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _

from device.domain.overlay import ALLOWED, Origin
from device.domain.server_fields import faults
from device.web.api.operation import BASE, Answer, Asked, Operation
from device.web.api.schemas import COUNT, FLAG, LINE, Schema, integer, listed, one_of, record
from device.web.deciding import Objected
from device.web.roles import Role
from device.web.services import services

# An RSA key of 8192 bits has 1400 characters.
_KEY: Schema = {"type": "string", "maxLength": 2000}
_KINDS: dict[str, Schema] = {
    "host": LINE, "port": integer(1, 65535), "user": LINE, "host_key": _KEY, "inbox_dir": LINE, "receipts_dir": LINE,
    "receipt_key": LINE, "bandwidth_cap_bytes_per_s": COUNT, "windows": listed(LINE, 20), "pause_while_recording": FLAG,
}  # fmt: skip
_ORIGINS = one_of(*(each.name.lower() for each in Origin))
_SHOWN = record(
    "CoachsMachine",
    **{name: record("", value=kind, origin=_ORIGINS) for name, kind in _KINDS.items()},
)
_RIGHT = Answer(
    'Each setting, and where it comes from: "file" (leerblik.toml, which goes first), "page" or "default".',
    _SHOWN,
)


def _show(asked: Asked) -> dict[str, Any]:
    return _named(services().recorder.ask("settings"))


def _set(asked: Asked) -> dict[str, Any]:
    fields = services().recorder.ask("settings")["fields"]
    values = {name: asked.body[_short(name)] for name in ALLOWED}
    wrong = {_short(name): str(_(sentence)) for name, sentence in faults(values).items()}
    if wrong:
        raise Objected(wrong)
    # What the file has already may be sent along; another value for it the recorder refuses.
    change = {name: value for name, value in values.items() if value != fields[name]["value"]}
    return _named(services().recorder.ask("settings", change=change))


def _named(answer: dict[str, Any]) -> dict[str, Any]:
    return {_short(name): answer["fields"][name] for name in ALLOWED}


def _short(name: str) -> str:
    return name.partition(".")[2]


OPERATIONS = (
    Operation(
        name="coachs_machine",
        method="GET",
        path=f"{BASE}/coachs-machine",
        roles=(Role.IT,),
        summary=("De instellingen voor de computer van de coach.", "The settings of the coach's machine."),
        view=_show,
        right=_RIGHT,
    ),
    Operation(
        name="set_coachs_machine",
        method="POST",
        path=f"{BASE}/coachs-machine",
        roles=(Role.IT,),
        summary=("Stel de computer van de coach in.", "Set the coach's machine."),
        view=_set,
        right=_RIGHT,
        body=record("CoachsMachineSet", **_KINDS),
        wrong={
            403: "Not for whoever asks; or footage would be redirected and nobody pressed at the device within five "
            "minutes; or leerblik.toml has another value.",
        },
    ),
)
