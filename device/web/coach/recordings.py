"""Recordings that left their teacher's hands: where each is, page by page; of the others only how many."""

from __future__ import annotations

from flask import render_template, request

from device.domain.identifiers import is_ulid
from device.web.coach.blueprint import coach
from device.web.coach.machine import recordings as ask_recordings
from device.web.coach.paging import PER_PAGE
from device.web.coach.places import place_of, waiting
from device.web.roles import Role, open_to


@coach.get("/coach/recordings")
@open_to(Role.COACH)
def recordings() -> str:
    """Show some, newest first; ``before`` in the address asks for older ones."""
    wished = request.args.get("before", "")
    before = wished if is_ulid(wished) else ""
    found = ask_recordings(PER_PAGE, before=before)
    return render_template(
        "coach/recordings.html",
        found=found,
        places=[place for row in found.rows if (place := place_of(row)) is not None],
        waiting=waiting(found.rows),
        before=before,
    )
