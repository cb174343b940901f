"""The moments that a teacher names before anybody else sees her lesson: two to be proud of, one to improve."""

from __future__ import annotations

from flask import Response, make_response, redirect, request, url_for

from device.domain.errors import Refused
from device.web.current import say
from device.web.roles import Role, open_to
from device.web.services import services
from device.web.teacher.blueprint import teacher
from device.web.teacher.own import my_recording
from device.web.teacher.recording import Recording
from device.web.teacher.recordings import show
from device.web.teacher.text import gettext as _
from device.web.teacher.times import read_clock, write_clock

PROUD, IMPROVE = ("proud_1", "proud_2"), ("improve",)
_US_PER_S = 1_000_000


@teacher.post("/teacher/recordings/<recording>/moments")
@open_to(Role.TEACHER)
def name_moments(recording: str) -> Response:
    """Keep the moments; an empty field is none."""
    found = my_recording(recording)
    typed = {name: request.form.get(name, "").strip()[:12] for name in (*PROUD, *IMPROVE)}
    problems = {name: problem for name, text in typed.items() if (problem := _problem(text, found))}
    if problems:
        return make_response(show(found, typed, problems), 400)
    try:
        services().recorder.ask(
            "reflect", recording=found.id, proud_us=_times(typed, PROUD), improve_us=_times(typed, IMPROVE)
        )
    except Refused:
        say(_("This recording has left already: tell your coach about your moments in the conversation."))
    else:
        say(_("Your moments are kept. Your coach sees them together with the film."))
    return make_response(redirect(url_for("teacher.recording_page", recording=found.id), 303))


def _times(typed: dict[str, str], names: tuple[str, ...]) -> list[int]:
    found = (read_clock(typed[name]) for name in names if typed[name])
    return sorted(at_us for at_us in found if at_us is not None)


def _problem(text: str, found: Recording) -> str:
    """Return what is wrong with a moment; "" when nothing is."""
    if not text:
        return ""
    at_us = read_clock(text)
    if at_us is None:
        return _("Write minutes and seconds, such as 12:05.")
    if found.length_s is not None and at_us > found.length_s * _US_PER_S:
        end = write_clock(int(found.length_s * _US_PER_S))
        return _("The film is shorter than that: it ends at %(end)s.", end=end)
    return ""
