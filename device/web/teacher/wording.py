"""What is the case with a recording, in the words of somebody who explains it to a colleague."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from babel.dates import format_date
from flask_babel import get_locale

from device.domain.destruction import Reason
from device.domain.lifecycle import Status
from device.web.deciding import zone
from device.web.phrases import N_
from device.web.teacher.recording import Recording
from device.web.teacher.text import gettext as _
from device.web.teacher.times import left, length, when

_STEPS: Mapping[Status, str] = {
    Status.RECORDING: N_("The recording began."),
    Status.HELD: N_("It waits here for you."),
    Status.RELEASED: N_("It may go to your coach."),
    Status.UPLOADING: N_("It is being sent to your coach."),
    Status.DELIVERED: N_("It has arrived at your coach; the machine there confirmed it."),
    Status.DISCARDED: N_("It was discarded."),
    Status.PURGED: N_("It was erased from this device."),
    Status.WITHDRAWN: N_("Your coach's machine was told to destroy it."),
    Status.DESTROYED: N_("It was destroyed at your coach; the machine there confirmed it."),
}


def title(recording: Recording) -> str:
    """Return how a recording is called: when it was made, and of whom."""
    groups = ", ".join(recording.groups)
    moment = when(recording.started_at)
    return f"{moment} · {groups}" if groups else moment


def state(recording: Recording) -> str:
    """Return where a recording is and what happens next."""
    return _state_of(recording)(recording)


def asks_something(recording: Recording) -> bool:
    """Tell whether the teacher can still decide about it before anybody sees it."""
    return recording.is_held and not recording.unclaimed


def notes(recording: Recording) -> list[str]:
    """Return what is unusual about it."""
    found = []
    if recording.interrupted:
        found.append(
            _("This recording was interrupted (the power, most likely): what was made until then is here.")
        )
    if recording.untrusted_clock:
        found.append(_("The device did not know what time it was: the time of this recording may be wrong."))
    return found


def facts(recording: Recording) -> str:
    """Return length and trajectory on one line."""
    return " · ".join(each for each in (length(recording.length_s), recording.trajectory) if each)


def steps(recording: Recording) -> list[tuple[str, str]]:
    """Return when it was where: the time and a sentence, oldest first."""
    return [(when(step.at), _(_STEPS[step.status])) for step in recording.history]


def day(moment: date) -> str:
    """Return a day with its month written out."""
    return format_date(moment, "d MMMM y", locale=get_locale())


def _state_of(recording: Recording) -> Callable[[Recording], str]:
    if recording.discarded:
        return _discarded
    return _STATES[recording.status]


def _discarded(recording: Recording) -> str:
    if recording.status is Status.PURGED:
        return _("Discarded: it was erased, and nobody else has seen it.")
    return _("Discarded: it is being erased, and nobody else has seen it.")


def _held(recording: Recording) -> str:
    if recording.unclaimed:
        return _(
            "You claimed it: within a minute it is yours, and your time to think begins. If it stays like this, "
            "ask your coach what was not arranged for that lesson."
        )
    if recording.left_s is None or recording.left_s <= 0:
        return _("Your time to think has passed: it goes to your coach now.")
    return _("Another %(left)s to think: then it goes to your coach.", left=left(recording.left_s))


def _uploading(recording: Recording) -> str:
    return _("On its way to your coach: %(percent)d%% has been sent.", percent=recording.sent_percent)


def _delivered(recording: Recording) -> str:
    arrived_at = recording.arrived_at
    if arrived_at is None:
        return _("With your coach.")
    return _("With your coach since %(when)s.", when=when(arrived_at))


def _called_back(recording: Recording) -> str:
    if recording.reason == Reason.CLOSED.value:
        return _("The trajectory is over: your coach's machine is being told to destroy it.")
    return _("Taken back: your coach's machine is being told to destroy it.")


def _destroyed(recording: Recording) -> str:
    if recording.destroyed_at is None:
        return _("Destroyed here and at your coach: the machine there confirmed it.")
    on = day(recording.destroyed_at.astimezone(zone()).date())
    return _("Destroyed on %(day)s, on your coach's machine too: it signed a proof of that.", day=on)


_STATES: Mapping[Status, Callable[[Recording], str]] = {
    Status.RECORDING: lambda _each: _("Being recorded now."),
    Status.HELD: _held,
    Status.RELEASED: lambda _each: _("Released: it is sent to your coach as soon as the network allows."),
    Status.UPLOADING: _uploading,
    Status.DELIVERED: _delivered,
    Status.PURGED: _delivered,
    Status.DISCARDED: _discarded,
    Status.WITHDRAWN: _called_back,
    Status.DESTROYED: _destroyed,
}
