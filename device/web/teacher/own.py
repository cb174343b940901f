"""What is a teacher's own: the only way from these pages to a recording. Everybody else's does not exist here."""

from __future__ import annotations

from datetime import datetime

from flask import abort

from device.domain.errors import LeerblikError, Permanent
from device.domain.identifiers import is_ulid
from device.domain.lifecycle import Status
from device.domain.register.state import Booking, Register, Trajectory
from device.web.current import current_actor
from device.web.services import services
from device.web.teacher.recording import Recording, read_recording

_PAGE = 100
_LATEST = 30
_MOST_PAGES = 5


def me() -> str:
    """Return the code of the teacher who is logged in."""
    return current_actor().code


def my_recording(name: str) -> Recording:
    """Return a recording in which this teacher is in view; anything else answers 404, existing or not."""
    found = _recording(name)
    if found is None or me() not in found.teachers:
        abort(404)
    return found


def unclaimed_recording(name: str) -> Recording:
    """Return a recording that is nobody's yet; anything else answers 404."""
    found = _recording(name)
    if found is None or not is_nobodys(found, services().book.read()):
        abort(404)
    return found


def my_recordings(before: str = "", limit: int = 20) -> tuple[list[Recording], str]:
    """Return this teacher's recordings, newest first, and where an older page begins ("": there is none).

    Those that she claimed a moment ago are among them. Raises what the recorder answers with.
    """
    register, found = services().book.read(), list[Recording]()
    before = before if is_ulid(before) else ""
    for _page in range(_MOST_PAGES):
        answer = services().recorder.ask("recordings", teacher=me(), before=before, limit=limit)
        rows = [read_recording(row) for row in answer["recordings"]]
        found += [each for each in rows if _is_mine(each, register)]
        before = answer.get("next", "") if answer["more"] else ""
        if not before or len(found) >= limit:
            break
    return found, before


def latest_recordings() -> tuple[list[Recording], list[Recording]]:
    """Return this teacher's latest recordings and those that are nobody's yet, with one question to the recorder."""
    register = services().book.read()
    rows = services().recorder.ask("recordings", teacher=me(), limit=_LATEST)["recordings"]
    found = [read_recording(row) for row in rows]
    return (
        [each for each in found if _is_mine(each, register)],
        [each for each in found if is_nobodys(each, register)],
    )


def unclaimed_recordings() -> list[Recording]:
    """Return what is held on the device and nobody's yet, newest first."""
    register, found, before = services().book.read(), list[Recording](), ""
    for _page in range(_MOST_PAGES):
        answer = services().recorder.ask("recordings", nobodys=True, before=before, limit=_PAGE)
        rows = [read_recording(row) for row in answer["recordings"]]
        found += [each for each in rows if is_nobodys(each, register)]
        before = answer.get("next", "") if answer["more"] else ""
        if not before:
            break
    return found


def is_nobodys(recording: Recording, register: Register) -> bool:
    """Tell whether a teacher may still claim it."""
    return recording.unclaimed and recording.status is Status.HELD and recording.id not in register.claims


def my_trajectories(register: Register) -> dict[str, Trajectory]:
    """Return the trajectories that this teacher is in: as one of its teachers, or because she will be in view."""
    code, booked = me(), {each.made.trajectory for each in my_bookings(register)}
    return {
        name: each
        for name, each in sorted(register.trajectories.items())
        if code in each.opened.teachers or name in booked or (code, name) in register.agreements
    }


def my_open_trajectories(register: Register) -> dict[str, Trajectory]:
    """Return those of them that go on."""
    return {name: each for name, each in my_trajectories(register).items() if not each.closed}


def my_bookings(register: Register) -> list[Booking]:
    """Return the bookings with this teacher in view that were not cancelled."""
    code = me()
    return [each for each in register.bookings.values() if code in each.made.teachers and not each.cancelled]


def my_last_booking(register: Register) -> Booking | None:
    """Return what this teacher booked last, cancelled or not; else the last that she is in."""
    code = me()
    mine = [each for each in register.bookings.values() if code in each.made.teachers]
    own = [each for each in mine if each.by == f"teacher:{code}"]
    return max(own or mine, key=_made_at, default=None)


def _made_at(booking: Booking) -> datetime:
    return booking.at


def _is_mine(recording: Recording, register: Register) -> bool:
    claim = register.claims.get(recording.id)
    if recording.unclaimed:
        return claim is not None and claim.teacher == me()
    return me() in recording.teachers


def _recording(name: str) -> Recording | None:
    """Return any recording; None when there is no such one. Asks for nothing that is no name of one."""
    if not is_ulid(name):
        return None
    try:
        return read_recording(services().recorder.ask("recording", recording=name)["recording"])
    except Permanent:
        return None


def status_or_none() -> dict[str, object] | None:
    """Return how the recorder is; None when it does not answer."""
    try:
        return dict(services().recorder.ask("status"))
    except LeerblikError:
        return None
