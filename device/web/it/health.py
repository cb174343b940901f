"""How the device is, part by part, with what to do where it is wrong; out of the recorder's status.

Only what is named here is taken from it: names of recordings, trajectories and people pass nobody by accident.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import format_datetime
from flask_babel import gettext as _

WARM_C, HOT_C = 70.0, 80.0
LOW_MINUTES = 120.0
_QUIET_S = 30.0
_SOME_HOURS, _MANY_HOURS = 24, 72
_ULID = re.compile(r"\b[0-7][0-9A-HJKMNP-TV-Z]{25}\b")
Status = Mapping[str, Any]


class Grade(enum.Enum):
    """How one part is; the page says it in words as well."""

    GOOD = "good"
    ATTENTION = "attention"
    WRONG = "wrong"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Check:
    """One part: ``name`` and ``found`` are translated; ``advice`` is "" where nothing must be done."""

    name: str
    grade: Grade
    found: str
    advice: str = ""


def checks(status: Status | None, *, tls: bool) -> list[Check]:
    """Return all parts, the worst first; None: the recorder does not answer."""
    page = _encryption(tls=tls)
    if status is None:
        return [_no_recorder(), page]
    found = [check for look in _LOOKS for check in look(status)]
    order = (Grade.WRONG, Grade.ATTENTION, Grade.UNKNOWN, Grade.GOOD)
    return sorted([*found, page], key=lambda each: order.index(each.grade))


def without_recordings(sentence: str) -> str:
    """Return a sentence of a process without the names of recordings in it."""
    return _ULID.sub("…", sentence)


def _no_recorder() -> Check:
    return Check(
        _("Recorder"), Grade.WRONG, _("The recorder does not answer."),
        _("Look at the device's power and light. Then: sudo systemctl status leerblik-recorder"),
    )  # fmt: skip


def _recorder(status: Status) -> Iterator[Check]:
    yield Check(
        _("Recorder"),
        Grade.GOOD,
        _("It has been running for %(time)s.", time=duration(status.get("uptime_s"))),
    )


def _problem(status: Status, *parts: str) -> str | None:
    """Return what is wrong with a part, by the first word of its name; None when nothing is."""
    for entry in status.get("missing") or []:
        if str(entry.get("part", "")).partition(" ")[0] in parts:
            return without_recordings(str(entry.get("message", "")))
    return None


def _part(name: Callable[[], str], part: str, fine: Callable[[], str], advice: Callable[[], str]) -> Any:
    def look(status: Status) -> Iterator[Check]:
        problem = _problem(status, part)
        if problem is None:
            yield Check(name(), Grade.GOOD, fine())
        else:
            yield Check(name(), Grade.WRONG, problem, advice())

    return look


def _microphone(status: Status) -> Iterator[Check]:
    problem, levels = _problem(status, "microphone", "sound"), status.get("levels") or []
    if problem is not None:
        advice = _("See whether its plug is in place and where it stands; 'alsamixer' sets its level.")
        yield Check(_("Microphone"), Grade.WRONG, problem, advice)
    elif not levels:
        yield Check(
            _("Microphone"), Grade.GOOD, _("It is in order. Its level shows while a lesson is recorded.")
        )
    for level in levels if problem is None else []:
        yield _level(level)


def _level(level: Mapping[str, Any]) -> Check:
    found = _("Peak %(peak)d dB below the loudest.", peak=round(-float(level.get("peak_dbfs", 0.0))))
    if level.get("clipping"):
        return Check(
            _("Microphone"), Grade.ATTENTION, found, _("It is too loud: lower the level with 'alsamixer'.")
        )
    if float(level.get("silent_s", 0.0)) >= _QUIET_S:
        return Check(
            _("Microphone"), Grade.ATTENTION, _("Nothing is heard."), _("Is it on, and is it the right one?")
        )
    return Check(_("Microphone"), Grade.GOOD, found)


def _card(status: Status) -> Iterator[Check]:
    left = status.get("minutes_left")
    name, advice = (
        _("Memory card"),
        _("See whether recordings reach the coach's machine; they leave when they did."),
    )
    problem = _problem(status, "card")
    if left is None:
        yield Check(name, Grade.UNKNOWN, problem or _("It is not known how much fits."))
        return
    found = _("About %(time)s of recording still fits.", time=duration(float(left) * 60))
    if problem is not None:
        yield Check(name, Grade.WRONG, f"{found} {problem}", advice)
    else:
        low = float(left) < LOW_MINUTES
        yield Check(name, Grade.ATTENTION if low else Grade.GOOD, found, advice if low else "")


def _temperature(status: Status) -> Iterator[Check]:
    degrees, name = status.get("temperature_c"), _("Temperature")
    if degrees is None:
        yield Check(name, Grade.UNKNOWN, _("This machine does not tell."))
        return
    grade = Grade.WRONG if degrees >= HOT_C else Grade.ATTENTION if degrees >= WARM_C else Grade.GOOD
    advice = _("Give it air or a cooler: above 80 °C it becomes slow and drops pictures.")
    yield Check(
        name, grade, _("%(degrees)d °C", degrees=round(degrees)), "" if grade is Grade.GOOD else advice
    )


def _power(status: Status) -> Iterator[Check]:
    volts, name = status.get("undervoltage"), _("Power")
    advice = _(
        "Use the power supply made for this model, and a short cable; most faults of cameras come from this."
    )
    if volts is None:
        yield Check(name, Grade.UNKNOWN, _("This machine does not tell."))
    elif volts.get("now"):
        yield Check(name, Grade.WRONG, _("The voltage is too low now."), advice)
    elif volts.get("past"):
        yield Check(name, Grade.ATTENTION, _("The voltage was too low since it was switched on."), advice)
    else:
        yield Check(name, Grade.GOOD, _("The voltage is right."))


def _clock(status: Status) -> Iterator[Check]:
    problem = _problem(status, "clock")
    if problem is not None:
        yield Check(_("Clock"), Grade.WRONG, problem)
    elif status.get("clock_trusted"):
        yield Check(_("Clock"), Grade.GOOD, _("It is kept in step by a time server."))
    else:
        yield Check(
            _("Clock"), Grade.ATTENTION, _("It has not been set by a time server since it was switched on."),
            _("Let it reach a time server (NTP), or name the school's own in /etc/systemd/timesyncd.conf. "
              "Until then nothing starts by schedule."),
        )  # fmt: skip


def _moment(at: str) -> str:
    """Return a moment on the school's clock; as it came where it is none."""
    try:
        return str(format_datetime(datetime.fromisoformat(at), "short"))
    except ValueError:
        return at


def coachs_machine(status: Status) -> Iterator[Check]:
    """Say whether the coach's machine is reached, and since when it is so."""
    sync = next((each for each in status.get("processes") or [] if each.get("process") == "sync"), None)
    name = _("Coach's machine")
    if sync is None:
        advice = _("Fill in the page of the coach's machine. Else: sudo systemctl status leerblik-sync")
        yield Check(name, Grade.ATTENTION, _("Nothing has been sent yet."), advice)
        return
    state, message = str(sync.get("state")), without_recordings(str(sync.get("message", "")))
    message += "" if message.endswith((".", "!", "?")) else "."
    since = _("Since %(at)s.", at=_moment(str(sync.get("at", ""))))
    if state in ("ok", "sending"):
        answered = _("It answered when it was last tried.") if "answered" in message else ""
        sent = _("Everything was sent.")
        found = f"{sent} {answered}".strip() if state == "ok" else _("It is sending.")
        yield Check(name, Grade.GOOD, f"{found} {since}")
    elif state in ("waiting", "stopped"):
        advice = _("Is the coach's machine on, and is its page here filled in? Recordings wait until then.")
        yield Check(name, Grade.ATTENTION, f"{message} {since}", advice)
    else:
        yield Check(name, Grade.WRONG, f"{message} {since}", _("On the device: sudo leerblik doctor"))


def _key(status: Status) -> Iterator[Check]:
    if status.get("coach_key") is False:
        advice = _("Set coach.recipient in /etc/leerblik/leerblik.toml, as printed by 'leerblik inbox keys'.")
        yield Check(_("Coach's key"), Grade.WRONG, _("It is missing: nothing can be recorded."), advice)
    else:
        yield Check(_("Coach's key"), Grade.GOOD, _("It is there."))


def _register(status: Status) -> Iterator[Check]:
    register = status.get("register") or {}
    if register.get("problem"):
        advice = _("Change nothing on the card; tell the coach, and put the register back from a backup.")
        yield Check(
            _("Register"), Grade.WRONG, _("It was damaged: nothing is recorded until it is whole."), advice
        )
    else:
        yield Check(_("Register"), Grade.GOOD, _("It is whole."))


def _encryption(*, tls: bool) -> Check:
    if tls:
        return Check(_("This page"), Grade.GOOD, _("It is encrypted (https)."))
    return Check(
        _("This page"), Grade.ATTENTION, _("It is not encrypted: the network can read along."),
        _("Put cert.pem and key.pem into /etc/leerblik/tls. Then: sudo systemctl restart leerblik-web"),
    )  # fmt: skip


def duration(seconds: object) -> str:
    """Return a length of time in words, as exact as a person needs it."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds < 0:
        return str(_("an unknown time"))
    minutes = int(seconds // 60)
    hours = minutes // 60
    if hours >= _MANY_HOURS:
        return str(_("about %(days)d days", days=round(hours / 24)))
    if hours >= _SOME_HOURS:
        return str(_("about %(hours)d hours", hours=hours))
    if hours:
        return str(_("%(hours)d h %(minutes)d min", hours=hours, minutes=minutes % 60))
    return str(_("%(minutes)d min", minutes=minutes))


_LOOKS: tuple[Callable[[Status], Iterator[Check]], ...] = (
    _recorder,
    _part(
        lambda: _("Camera"), "camera", lambda: _("It is there."),
        lambda: _("Switch the device off, and see whether the camera's cable is in place at both ends."),
    ),
    _microphone,
    _part(
        lambda: _("Light"), "light", lambda: _("It is there."),
        lambda: _("Check its wires and recorder.indicators. Without a light nothing is recorded."),
    ),
    _part(
        lambda: _("Button"), "button", lambda: _("It is there."),
        lambda: _("Check its wires and recorder.triggers."),
    ),
    _card, _temperature, _power, _clock, coachs_machine, _key, _register,
)  # fmt: skip
