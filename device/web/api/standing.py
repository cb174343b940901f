"""How the device is: for anybody whether it records, for the coach and IT how its parts are."""

from __future__ import annotations

from typing import Any

from device.web.api.operation import BASE, Answer, Asked, Operation
from device.web.api.schemas import COUNT, FLAG, NUMBER, TEXT, listed, maybe, one_of, record
from device.web.roles import Role
from device.web.services import services
from device.web.view import Lens, view_of

_LENS = one_of(*(each.value for each in Lens))
_RECORDS = {
    Lens.OPEN: True,
    Lens.SIGHTLESS: True,
    Lens.BLANKED: True,
    Lens.AIMING: False,
    Lens.READY: False,
    Lens.CLOSED: False,
    Lens.UNKNOWN: None,
}
_STATUS = record("Status", recording=maybe(FLAG), lens=_LENS, missing=listed(TEXT))
_HEALTH = record(
    "Health",
    device=TEXT,
    version=TEXT,
    uptime_s=NUMBER,
    lens=_LENS,
    missing=listed(record("MissingPart", part=TEXT, message=TEXT)),
    free_bytes=COUNT,
    minutes_left=NUMBER,
    temperature_c=maybe(NUMBER),
    undervoltage=maybe(record("Undervoltage", now=maybe(FLAG), past=maybe(FLAG))),
    clock_trusted=FLAG,
    coach_key=FLAG,
    register=record("RegisterHealth", number=COUNT, problem=TEXT),
    processes=listed(record("ProcessHealth", process=TEXT, state=TEXT, message=TEXT, at=TEXT)),
)
_SAME = ("device", "version", "uptime_s", "free_bytes", "minutes_left", "temperature_c", "clock_trusted")


def _status(asked: Asked) -> dict[str, Any]:
    view = services().asking.view()
    return {"recording": _RECORDS[view.lens], "lens": view.lens.value, "missing": list(view.missing)}


def _health(asked: Asked) -> dict[str, Any]:
    status = services().recorder.ask("status")
    volts, register = status["undervoltage"], status["register"]
    return {
        **{name: status[name] for name in _SAME},
        "lens": view_of(status).lens.value,
        "missing": [{"part": each["part"], "message": each["message"]} for each in status["missing"]],
        "undervoltage": volts and {"now": volts["now"], "past": volts["past"]},
        "coach_key": status["coach_key"],
        "register": {"number": register["number"], "problem": register["problem"]},
        "processes": [
            {name: each[name] for name in ("process", "state", "message", "at")}
            for each in status["processes"]
        ],
    }


OPERATIONS = (
    Operation(
        name="status",
        method="GET",
        path=f"{BASE}/status",
        roles=(Role.PUBLIC,),
        summary=("Of dit apparaat opneemt.", "Whether this device records."),
        view=_status,
        right=Answer("What anybody in the room may know; `recording` is null when it is unknown.", _STATUS),
    ),
    Operation(
        name="health",
        method="GET",
        path=f"{BASE}/health",
        roles=(Role.COACH, Role.IT),
        summary=("Hoe het met het apparaat gaat.", "How the device is."),
        view=_health,
        right=Answer("Its parts, without a lesson, a name or a group.", _HEALTH),
        awake=False,
    ),
)
