"""The teacher's first page: what a press would do now, what needs her, what comes, and her last recordings."""

from __future__ import annotations

from dataclasses import dataclass

from flask import render_template, request, url_for

from device.domain.errors import LeerblikError
from device.domain.register.state import Register
from device.web.deciding import zone
from device.web.pressing import PressNow, ask_press
from device.web.roles import Role, open_to
from device.web.services import services
from device.web.teacher import wording
from device.web.teacher.blueprint import teacher
from device.web.teacher.own import (
    latest_recordings,
    me,
    my_bookings,
    my_open_trajectories,
    my_recordings,
    status_or_none,
)
from device.web.teacher.press import Outlook, open_next_presses, outlook
from device.web.teacher.recording import Recording
from device.web.teacher.text import gettext as _
from device.web.teacher.text import ngettext
from device.web.teacher.times import left, when
from device.web.teacher.upcoming import Coming, coming

_LAST = 5
_NEXT = 4
_PAGE = 20


@dataclass(frozen=True, slots=True)
class Need:
    """Something that only she can do: why, and where."""

    sentence: str
    address: str
    action: str


@teacher.get("/teacher/")
@open_to(Role.TEACHER, home=True)
def overview() -> str:
    """Show where she stands."""
    register, status = services().book.read(), status_or_none()
    answers = status is not None
    try:
        recordings, nobodys = latest_recordings() if answers else ([], [])
        press = ask_press() if answers else None
        seen, next_ones = outlook(register, status, press), _coming(register, press)
    except LeerblikError:
        # It answered a moment ago and does not now: the page says so instead of not being there.
        recordings, nobodys, answers = [], [], False
        seen, next_ones = outlook(register, None, None), _coming(register, None)
    return render_template(
        "teacher/home.html", outlook=seen, needs=_needs(register, recordings, nobodys),
        coming=next_ones[:_NEXT], now=services().now(), next_step=_next_step(register),
        may_book=_may_book(register, seen), recordings=recordings[:_LAST], more=len(recordings) > _LAST,
        answers=answers, wording=wording, when=when,
    )  # fmt: skip


@teacher.get("/teacher/recordings")
@open_to(Role.TEACHER)
def all_recordings() -> str:
    """Show all of her recordings, a page at a time."""
    recordings, older = my_recordings(request.args.get("before", ""), _PAGE)
    return render_template(
        "teacher/recordings.html", recordings=recordings, older=older, wording=wording,
        is_first="before" not in request.args,
    )  # fmt: skip


def _coming(register: Register, press: PressNow | None) -> list[Coming]:
    mine = my_bookings(register)
    waiting = open_next_presses(register, press) if press else []
    return coming(register, mine, waiting, services().now(), zone())


def _may_book(register: Register, seen: Outlook) -> bool:
    agreed = any((me(), name) in register.agreements for name in my_open_trajectories(register))
    return agreed and not seen.mine


def _next_step(register: Register) -> str:
    """Return what she can do when nothing is booked."""
    mine = my_open_trajectories(register)
    if not mine:
        return _(
            "You are in no trajectory yet. Ask your coach to open one with you: then lessons can be booked."
        )
    if not any((me(), name) in register.agreements for name in mine):
        return _("First give your answer for your trajectory, above: then lessons can be booked.")
    return _("Your coach books lessons ahead; the next press you can book here yourself.")


def _needs(register: Register, recordings: list[Recording], nobodys: list[Recording]) -> list[Need]:
    unanswered = [
        Need(
            _("Trajectory “%(name)s” waits for your yes or no.", name=name),
            url_for("teacher.agreement", trajectory=name),
            _("Read and answer"),
        )
        for name in my_open_trajectories(register)
        if (me(), name) not in register.agreements
    ]
    held = [_held(each) for each in recordings if wording.asks_something(each)]
    return [*unanswered, *held, *_nobodys(nobodys)]


def _held(recording: Recording) -> Need:
    return Need(
        _(
            "The recording of %(title)s goes to your coach in %(left)s.",
            title=wording.title(recording),
            left=left(recording.left_s or 0),
        ),
        url_for("teacher.recording_page", recording=recording.id),
        _("Watch and decide"),
    )


def _nobodys(nobodys: list[Recording]) -> list[Need]:
    if not nobodys:
        return []
    sentence = ngettext(
        "One recording was made outside every booking. Is it yours?",
        "%(num)d recordings were made outside every booking. Is one of them yours?",
        len(nobodys),
    )
    return [Need(sentence, url_for("teacher.unclaimed"), _("Have a look"))]
