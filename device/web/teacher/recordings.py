"""One recording: watching it, and the teacher's decisions about it while it is here and after it has left."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import Response, make_response, redirect, render_template, url_for

from device.domain.errors import Refused
from device.domain.register.decisions import RecordingWithdrawn
from device.web.current import say
from device.web.deciding import Objected, decide
from device.web.roles import Role, open_to
from device.web.services import services
from device.web.teacher import wording
from device.web.teacher.blueprint import teacher
from device.web.teacher.confirm import ask_again
from device.web.teacher.own import me, my_recording
from device.web.teacher.recording import Recording
from device.web.teacher.text import gettext as _
from device.web.teacher.times import write_clock

KEY_NAME = "review.key"


@teacher.get("/teacher/recordings/<recording>")
@open_to(Role.TEACHER)
def recording_page(recording: str) -> str:
    """Show a recording."""
    return show(my_recording(recording))


def show(
    found: Recording, typed: Mapping[str, str] | None = None, problems: Mapping[str, str] | None = None
) -> str:
    """Return the page of a recording; ``typed`` and ``problems`` when moments that were sent make no sense."""
    trajectory = services().book.read().trajectories.get(found.trajectory)
    return render_template(
        "teacher/recording.html", recording=found, wording=wording, opened=trajectory.opened if trajectory else None,
        closed=trajectory is not None and trajectory.closed, others=[each for each in found.teachers if each != me()],
        watchable=is_watchable(found), typed=typed or _moments(found), problems=problems or {},
    )  # fmt: skip


def is_watchable(found: Recording) -> bool:
    """Tell whether its film can be shown here: it is on the device, and so is the key of this boot."""
    return found.watchable and (services().runtime / KEY_NAME).exists()


def may_release(found: Recording) -> bool:
    """Tell whether this teacher may end the time to think; for others in view she may not."""
    return found.is_held and not found.unclaimed and found.teachers == (me(),)


@teacher.get("/teacher/recordings/<recording>/release")
@open_to(Role.TEACHER)
def release(recording: str) -> str | Response:
    """Ask whether it may go now."""
    found = my_recording(recording)
    if not may_release(found):
        return _too_late(found)
    sentences = [
        _("Your coach gets this recording as soon as the network allows, without waiting any longer."),
        _("You can still take it back afterwards."),
    ]
    return _ask(found, _("Release this recording now?"), sentences, _("Release it now"), is_kind=True)


@teacher.post("/teacher/recordings/<recording>/release")
@open_to(Role.TEACHER)
def do_release(recording: str) -> Response:
    """Let it go."""
    found = my_recording(recording)
    if not may_release(found):
        return _too_late(found)
    return _carry_out(
        found,
        lambda: services().recorder.ask("release", recording=found.id),
        _("Released: your coach gets it as soon as the network allows."),
    )


@teacher.get("/teacher/recordings/<recording>/discard")
@open_to(Role.TEACHER)
def discard(recording: str) -> str | Response:
    """Ask whether it should be gone."""
    found = my_recording(recording)
    if not found.is_here or found.discarded:
        return _too_late(found)
    sentences = [
        _("It is erased from this device and never reaches your coach."),
        _("Nobody can bring it back, and nobody is told why: you need no reason."),
    ]
    if len(found.teachers) > 1:
        sentences.append(_("It is gone for everybody in view: %(codes)s.", codes=", ".join(found.teachers)))
    return _ask(found, _("Discard this recording?"), sentences, _("Discard it for good"))


@teacher.post("/teacher/recordings/<recording>/discard")
@open_to(Role.TEACHER)
def do_discard(recording: str) -> Response:
    """Discard it."""
    found = my_recording(recording)
    if not found.is_here or found.discarded:
        return _too_late(found)
    return _carry_out(
        found,
        lambda: services().recorder.ask("discard", recording=found.id),
        _("Discarded. Nobody else has seen it."),
    )


@teacher.get("/teacher/recordings/<recording>/withdraw")
@open_to(Role.TEACHER)
def withdraw(recording: str) -> str | Response:
    """Ask whether it should be taken back from wherever it is."""
    found = my_recording(recording)
    if not found.has_left:
        return _too_late(found)
    sentences = [
        _("Your coach's machine gets the order to destroy it, with the film that it made of it."),
        _("It answers with a signed proof that it is gone. Until then this page says that it is on its way."),
        _("It does not know of copies that your coach made by hand: ask about those."),
        _("You need no reason, and it is written down that you did, not why."),
    ]
    return _ask(found, _("Take this recording back?"), sentences, _("Take it back"))


@teacher.post("/teacher/recordings/<recording>/withdraw")
@open_to(Role.TEACHER)
def do_withdraw(recording: str) -> Response:
    """Take it back: a decision of the register, which the recorder carries out."""
    found = my_recording(recording)
    if not found.has_left:
        return _too_late(found)
    try:
        decide(RecordingWithdrawn(found.id, me()))
    except Objected as objected:
        say(objected.first)
    else:
        say(_("Taken back: the order to destroy it is on its way."))
    return _back_to(found)


def _carry_out(found: Recording, do: Callable[[], object], done: str) -> Response:
    try:
        do()
    except Refused:
        return _too_late(found)
    say(done)
    return _back_to(found)


def _too_late(found: Recording) -> Response:
    """Say where it is by now; what somebody wanted to do there is not possible any more."""
    say(_("That is not possible for this recording now. Below you see where it is and what you can do."))
    return _back_to(found)


def _ask(found: Recording, title: str, sentences: list[str], button: str, *, is_kind: bool = False) -> str:
    back = url_for("teacher.recording_page", recording=found.id)
    return ask_again(title, [wording.title(found), *sentences], button, back, is_kind=is_kind)


def _back_to(found: Recording) -> Response:
    return make_response(redirect(url_for("teacher.recording_page", recording=found.id), 303))


def _moments(found: Recording) -> dict[str, str]:
    """Return the moments that she named, as her form shows them."""
    proud = [write_clock(at_us) for at_us in found.proud_us]
    improve = [write_clock(at_us) for at_us in found.improve_us]
    names = ("proud_1", "proud_2"), ("improve",)
    return dict(zip(names[0], proud, strict=False)) | dict(zip(names[1], improve, strict=False))
