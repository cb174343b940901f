"""What a press would do, as the recorder says it: no page reckons that out by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from device.domain.consent import Reason
from device.domain.errors import Temporary
from device.domain.session import StopReason
from device.web.services import services

# More the recorder does not answer at once, see device.recorder.outlook.
MOST_MOMENTS = 200
_KNOWN = {each.value: each for each in Reason}
_NO_ANSWER = "the recorder did not say what a press would do"


@dataclass(frozen=True, slots=True)
class Lesson:
    """Whose lesson it would be."""

    booking: str
    trajectory: str
    teachers: tuple[str, ...]
    group: str
    stage: int
    sound: bool
    learning_question: str


@dataclass(frozen=True, slots=True)
class Press:
    """A press at some time: every reason against it, and whose lesson it would be (None: nobody's, or no lesson).

    ``unclaimed``: it would be recorded as nobody's.
    """

    reasons: tuple[Reason, ...]
    unclaimed: bool
    lesson: Lesson | None


@dataclass(frozen=True, slots=True)
class PressNow:
    """A press now. ``does`` is start, refuse, stop, show, cancel or aim; see ``device.recorder.outlook``.

    ``lacks``: parts of the device without which it records nothing. ``next_presses``: the bookings for "the next
    press" that count now. ``later`` are the presses at the times that were asked for.
    """

    does: str
    press: Press
    lacks: tuple[str, ...]
    next_presses: frozenset[str]
    later: tuple[Press, ...]


def ask_press(moments: Sequence[datetime] = ()) -> PressNow:
    """Ask the recorder what a press would do now, and at these aware times.

    Raises the LeerblikError that it answered with; Temporary when it does not answer, or not that.
    """
    answer = services().recorder.ask("outlook", at=[each.isoformat() for each in moments])
    try:
        later = tuple(_press(each) for each in answer["then"])
        found = PressNow(
            str(answer["does"]), _press(answer), tuple(answer["lacks"]), frozenset(answer["next_presses"]), later
        )  # fmt: skip
    except (KeyError, TypeError):
        raise Temporary(_NO_ANSWER) from None
    if len(later) != len(moments):
        raise Temporary(_NO_ANSWER)
    return found


def records_until(status: Mapping[str, Any]) -> tuple[datetime, bool] | None:
    """Return until when it records if nobody stops it, and whether that was booked; None: it does not record."""
    match status.get("ends"):
        case {"in_s": int() | float() as in_s, "reason": str(reason)}:
            return services().now() + timedelta(seconds=in_s), reason == StopReason.END_OF_BOOKING.value
    return None


def _press(values: Mapping[str, Any]) -> Press:
    reasons = tuple(_KNOWN[each] for each in values["reasons"] if each in _KNOWN)
    lesson = values["lesson"]
    return Press(reasons, bool(values["unclaimed"]), None if lesson is None else _lesson(lesson))


def _lesson(values: Mapping[str, Any]) -> Lesson:
    return Lesson(
        str(values["booking"]), str(values["trajectory"]), tuple(values["teachers"]), str(values["group"]),
        int(values["stage"]), bool(values["sound"]), str(values["learning_question"]),
    )  # fmt: skip
