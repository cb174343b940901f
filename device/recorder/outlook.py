"""What a press would do, now or at a later time, as one JSON object: the pages show it and reckon nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from device.domain.errors import Permanent
from device.domain.session import Phase
from device.domain.trajectory import Agreement
from device.recorder.agreements import Agreements
from device.recorder.aiming import Aiming
from device.recorder.booked import Booked
from device.recorder.health import Health
from device.recorder.judging import Judge, Outlook

MOST_MOMENTS = 200
# Without these a press records nothing, whatever was agreed.
_NEEDED = ("camera", "card")


class Forecast:
    """Belongs to the recorder's loop."""

    def __init__(
        self, judge: Judge, agreements: Agreements, booked: Booked, aiming: Aiming, health: Health
    ) -> None:
        self._judge = judge
        self._agreements = agreements
        self._booked = booked
        self._aiming = aiming
        self._health = health

    def describe(self, values: Mapping[str, Any], phase: Phase) -> dict[str, Any]:
        """Answer a request; with ``at``, a list of aware ISO times, also what a press would do at each of them.

        ``does`` is start, refuse, stop, show (what is blanked is shown again), cancel (an announced lesson) or aim.
        """
        moments = _moments(values.get("at", []))
        now = self._judge.outlook()
        lacks = [part for part in _NEEDED if part in self._health.problems]
        refuses = "refuse" if now.reasons or lacks else "start"
        return {
            "does": self._meaning(phase) or refuses,
            **_said(now),
            "lacks": lacks,
            "next_presses": [each.made.booking for each in self._agreements.next_presses()],
            "then": [_said(each) for each in self._judge.outlooks(moments)],
        }

    def _meaning(self, phase: Phase) -> str:
        """Return what a press does instead of beginning a lesson; "" when it would begin one."""
        meanings: tuple[tuple[str, Callable[[], bool]], ...] = (
            ("show", lambda: phase is Phase.BLANKED),
            ("stop", lambda: phase is not Phase.IDLE),
            ("cancel", lambda: bool(self._booked.announcing)),
            ("aim", lambda: self._aiming.is_open or self._aiming.left_s > 0),
        )
        return next((word for word, holds in meanings if holds()), "")


def _said(outlook: Outlook) -> dict[str, Any]:
    found = outlook.agreement
    return {
        "reasons": [each.value for each in outlook.reasons],
        "unclaimed": found is not None and found.unclaimed,
        "lesson": None if found is None or found.unclaimed else _lesson(found),
    }


def _lesson(found: Agreement) -> dict[str, Any]:
    return {
        "booking": found.booking,
        "trajectory": found.trajectory,
        "teachers": list(found.teachers),
        "group": found.group,
        "stage": int(found.stage),
        "sound": found.sound,
        "learning_question": found.learning_question,
    }


def _moments(values: object) -> list[datetime]:
    """Return the times of a request; Permanent when they are none."""
    if not isinstance(values, list) or len(values) > MOST_MOMENTS:
        raise Permanent(f"'at' is a list of at most {MOST_MOMENTS} times such as 2026-09-01T08:00:00+00:00")
    return [_moment(each) for each in values]


def _moment(value: object) -> datetime:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise Permanent(f"'{value}' is no time such as 2026-09-01T08:00:00+00:00") from None
    if moment.tzinfo is None:
        raise Permanent(f"'{value}' has no time zone")
    return moment
