"""Recordings that nobody booked: only time and length are shown, until a teacher says with her PIN that it is hers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response, make_response, redirect, render_template, request, url_for

from device.domain.booking import claimed_agreement
from device.domain.consent import Reason, Refusal, describe_claim
from device.domain.register.decisions import RecordingClaimed
from device.domain.register.state import Register
from device.domain.texts import reason_sentence
from device.web.current import say
from device.web.deciding import Objected, decide, zone
from device.web.language import current_language
from device.web.roles import Role, open_to
from device.web.services import services
from device.web.teacher import wording
from device.web.teacher.blueprint import teacher
from device.web.teacher.own import (
    me,
    my_last_booking,
    my_open_trajectories,
    unclaimed_recording,
    unclaimed_recordings,
)
from device.web.teacher.pin import confirm_pin
from device.web.teacher.recording import Recording
from device.web.teacher.text import gettext as _

_NO_PERMIT = "0" * 26
_MOST = 30


@teacher.get("/teacher/unclaimed")
@open_to(Role.TEACHER)
def unclaimed() -> str:
    """List what is nobody's yet."""
    return render_template("teacher/unclaimed.html", recordings=unclaimed_recordings(), wording=wording)


@teacher.get("/teacher/unclaimed/<recording>")
@open_to(Role.TEACHER)
def claim(recording: str) -> str:
    """Ask what it belongs to; before that nobody sees a picture of it."""
    found, register = unclaimed_recording(recording), services().book.read()
    last = my_last_booking(register)
    typed = {"trajectory": last.made.trajectory, "groups": last.made.groups} if last else {}
    return _form(found, register, typed)


@teacher.post("/teacher/unclaimed/<recording>")
@open_to(Role.TEACHER)
def do_claim(recording: str) -> Response:
    """Make it hers, if everything about it was agreed."""
    found, register = unclaimed_recording(recording), services().book.read()
    typed: dict[str, Any] = {
        "trajectory": request.form.get("trajectory", ""),
        "groups": request.form.getlist("groups")[:_MOST],
    }
    try:
        made = _claim(found, register, typed)
        confirm_pin(request.form.get("pin", ""))
        decide(made)
    except Objected as objected:
        return make_response(_form(found, register, typed, objected.sentences), 400)
    say(_("The recording is yours: within a minute you can watch it, and your time to think begins."))
    return make_response(redirect(url_for("teacher.overview"), 303))


def _claim(found: Recording, register: Register, typed: dict[str, Any]) -> RecordingClaimed:
    """Return the claim; Objected when the recording could never leave under it: it can be claimed only once."""
    if not typed["trajectory"]:
        raise Objected({"trajectory": _("Choose a trajectory.")})
    if not typed["groups"]:
        raise Objected({"groups": _("Choose the group that was in view.")})
    made = RecordingClaimed(found.id, me(), typed["trajectory"], tuple(typed["groups"]))
    reasons = _reasons(found, register, made)
    if reasons:
        raise Objected({"": " ".join(reason_sentence(each, current_language()) for each in reasons)})
    return made


def _reasons(found: Recording, register: Register, made: RecordingClaimed) -> Sequence[Reason]:
    day = found.started_at.astimezone(zone()).date()
    # Only the recorder knows which masks there were; it judges that itself when it hands the recording over.
    judged = describe_claim(
        claimed_agreement(register, made, day), found.started_at, _NO_PERMIT, masks_drawn=True
    )
    return judged.reasons if isinstance(judged, Refusal) else ()


def _form(found: Recording, register: Register, typed: dict[str, Any], problems: Any = None) -> str:
    agreed = [name for name in my_open_trajectories(register) if (me(), name) in register.agreements]
    return render_template(
        "teacher/claim.html", recording=found, typed=typed, problems=problems or {}, wording=wording,
        trajectories=[register.trajectories[name].opened for name in agreed],
        groups=[name for name, each in sorted(register.groups.items()) if not each.withdrawn],
    )  # fmt: skip
