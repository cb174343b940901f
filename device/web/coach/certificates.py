"""Certificates of destruction: what your machine proved to have destroyed, when and why, and each as a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from flask import Response, abort, make_response, render_template, request

from device.domain.destruction import Reason
from device.domain.identifiers import is_ulid
from device.domain.lifecycle import Status
from device.web.coach.blueprint import coach
from device.web.coach.machine import Row, ask
from device.web.coach.machine import recordings as ask_recordings
from device.web.coach.paging import PER_PAGE
from device.web.coach.places import time_of
from device.web.coach.text import translated as _
from device.web.phrases import N_
from device.web.roles import Role, open_to

_WHY: Mapping[str, str] = {
    Reason.TEACHER.value: N_("a teacher took it back"),
    Reason.GROUP.value: N_("a group was withdrawn"),
    Reason.CLOSED.value: N_("its trajectory is over"),
}


@dataclass(frozen=True, slots=True)
class Proof:
    """A destroyed recording; ``destroyed_at`` is None and nothing else known when the device lost its certificate."""

    recording: str
    trajectory: str
    started_at: datetime | None
    why: str
    destroyed_at: datetime | None
    objects: int
    size_bytes: int
    film: bool
    valid: bool


@coach.get("/coach/certificates")
@open_to(Role.COACH)
def certificates() -> str:
    """Show some, newest recordings first; ``before`` in the address asks for older ones."""
    wished = request.args.get("before", "")
    before = wished if is_ulid(wished) else ""
    found = ask_recordings(PER_PAGE, before=before, status=Status.DESTROYED.value)
    return render_template(
        "coach/certificates.html",
        found=found,
        proofs=[_proof(row) for row in found.rows],
        before=before,
        called_back=_called_back(),
    )


@coach.get("/coach/certificates/file")
@open_to(Role.COACH)
def certificate() -> Response:
    """Give one as it was signed, to be kept and checked elsewhere."""
    name = request.args.get("recording", "")
    answer = ask("recording", recording=name) if is_ulid(name) else None
    text = str(((answer or {}).get("recording") or {}).get("certificate_text") or "")
    if not text:
        abort(404)
    response = make_response(text)
    response.headers["Content-Type"] = "application/json"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.certificate.json"'
    return response


def _called_back() -> int:
    """Return of how many recordings the order is on its way, or its answer."""
    counts = (ask("status") or {}).get("counts") or {}
    return int((counts.get("by_status") or {}).get(Status.WITHDRAWN.value, 0))


def _proof(row: Row) -> Proof:
    said = row.get("certificate") or {}
    why = _WHY.get(str(row.get("reason")))
    return Proof(
        recording=str(row.get("id")),
        trajectory=str(row.get("trajectory") or ""),
        started_at=time_of(row.get("started_at")),
        why=_(why) if why else "",
        destroyed_at=time_of(said.get("destroyed_at")),
        objects=int(said.get("objects") or 0),
        size_bytes=int(said.get("size_bytes") or 0),
        film=bool(said.get("film")),
        valid=bool(said.get("valid")),
    )
