"""Numbers for the school's monitoring: how the device is, and nothing of a person, a group or a lesson."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Response

from device.domain.errors import LeerblikError
from device.domain.lifecycle import Status
from device.web.api.openmetrics import CONTENT_TYPE, MEDIA, Family, Sample, gauge, render
from device.web.api.operation import Answer, Asked, Operation
from device.web.roles import Role
from device.web.services import services
from device.web.view import Lens, view_of

PATH = "/metrics"
_PARTS = ("camera", "microphone", "sound", "light", "button", "card")
_OTHER = "other"
_STARTED_S = time.monotonic()
_RECORDS = (Lens.OPEN, Lens.SIGHTLESS, Lens.BLANKED)


def _metrics(asked: Asked) -> Response:
    return Response(render(_families()), content_type=CONTENT_TYPE)


def _families() -> Iterator[Family]:
    try:
        status = services().recorder.ask("status")
    except LeerblikError:
        status = None
    yield gauge("leerblik_recorder_up", "Whether the recorder answers.", status is not None)
    if status is not None:
        yield from _of_recorder(status)
        yield from _of_surroundings(status)
    yield from _of_register()
    yield from _of_web()


def _of_recorder(status: Mapping[str, Any]) -> Iterator[Family]:
    view = view_of(status)
    parts = {part if part in _PARTS else _OTHER for part in view.missing}
    yield Family("leerblik_build", "info", "What runs here.", (Sample(1, {"version": status["version"]}),))
    yield gauge(
        "leerblik_recorder_uptime_seconds", "Since the recorder started.", status["uptime_s"], "seconds"
    )
    yield gauge("leerblik_recording", "Whether it records now.", view.lens in _RECORDS)
    yield gauge("leerblik_lesson_seconds", "Recorded of the lesson so far.", status["recorded_s"], "seconds")
    yield Family(
        "leerblik_part_missing",
        "gauge",
        "Whether a part is missing or ails.",
        tuple(Sample(part in parts, {"part": part}) for part in (*_PARTS, _OTHER)),
    )
    yield from _of_recordings(status.get("counts"))


def _of_recordings(counts: Mapping[str, Any] | None) -> Iterator[Family]:
    """Yield how many there are, as far as the recorder counts them."""
    if counts is None:
        return
    by_status = counts["by_status"]
    yield Family(
        "leerblik_recordings",
        "gauge",
        "Recordings by where they are on their way.",
        tuple(Sample(by_status.get(each.value, 0), {"status": each.value}) for each in Status),
    )
    yield Family(
        "leerblik_recorded_seconds",
        "counter",
        "The length of everything that was ever recorded here.",
        (Sample(counts["recorded_s"]),),
        "seconds",
    )


def _of_surroundings(status: Mapping[str, Any]) -> Iterator[Family]:
    left_s = status["minutes_left"] * 60
    yield gauge("leerblik_free_bytes", "Free on the card.", status["free_bytes"], "bytes")
    yield gauge("leerblik_recording_time_left_seconds", "Recording that still fits.", left_s, "seconds")
    yield gauge("leerblik_clock_trusted", "Whether it knows what time it is.", status["clock_trusted"])
    yield gauge("leerblik_temperature_celsius", "Of the board.", status["temperature_c"], "celsius")
    volts = status["undervoltage"] or {}
    samples = tuple(Sample(bool(volts[when]), {"when": when}) for when in ("now", "past") if when in volts)
    yield Family("leerblik_undervoltage", "gauge", "Whether the power was too weak.", samples)
    yield gauge(
        "leerblik_sync_contact_age_seconds", "Since the sync last wrote how it is.", _age_s(status), "seconds"
    )


def _age_s(status: Mapping[str, Any]) -> float | None:
    at = next((each["at"] for each in status["processes"] if each["process"] == "sync"), None)
    if at is None:
        return None
    # A clock that was set meanwhile must not make it negative.
    return max(0.0, (services().now() - datetime.fromisoformat(at)).total_seconds())


def _of_register() -> Iterator[Family]:
    try:
        number: int | None = services().book.read().head.number
    except LeerblikError:
        number = None
    yield gauge(
        "leerblik_register_readable", "Whether the register can be read and trusted.", number is not None
    )
    if number is not None:
        yield Family(
            "leerblik_register_decisions", "counter", "Decisions in the register.", (Sample(number),)
        )


def _of_web() -> Iterator[Family]:
    yield gauge(
        "leerblik_web_memory_bytes", "Resident, of the process that serves.", _resident_bytes(), "bytes"
    )
    yield gauge(
        "leerblik_web_uptime_seconds", "Since the page started.", time.monotonic() - _STARTED_S, "seconds"
    )


def _resident_bytes() -> int:
    pages = Path("/proc/self/statm").read_text("ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


OPERATIONS = (
    Operation(
        name="metrics",
        method="GET",
        path=PATH,
        roles=(Role.IT,),
        summary=("Cijfers voor de monitoring, zonder personen.", "Numbers for monitoring, without persons."),
        view=_metrics,
        right=Answer("OpenMetrics 1.0 text.", None, MEDIA),
        awake=False,
    ),
)
