"""What a value of the register is called on a page."""

from __future__ import annotations

import enum
from collections.abc import Mapping

from device.domain.register.decisions import Arrangement, Repeat, Start, Unbooked
from device.domain.trajectory import LegalBasis, Operator, Stage
from device.web.coach.text import translated as _
from device.web.phrases import N_

_LABELS: Mapping[enum.Enum, str] = {
    LegalBasis.LEGITIMATE_INTEREST: N_("A: legitimate interest, with an objection list"),
    LegalBasis.CONSENT: N_("B: consent for this purpose"),
    Unbooked.REFUSE: N_("Refuse: nothing is recorded"),
    Unbooked.UNCLAIMED: N_("Record as unclaimed, until a teacher claims it"),
    Arrangement.NONE: N_("Nothing needed: everybody may be filmed"),
    Arrangement.OUT_OF_VIEW: N_("They sit out of view of the camera"),
    Arrangement.MASK: N_("Their place is black in the picture (mask)"),
    Arrangement.NOT_THAT_HOUR: N_("They are elsewhere in that hour"),
    Repeat.ONCE: N_("Once"),
    Repeat.WEEKLY: N_("Every week"),
    Repeat.NEXT_PRESS: N_("The next press, within an hour from now"),
    Start.PRESS: N_("With a press on the button"),
    Start.SCHEDULE: N_("By itself: light and tone announce it 60 seconds before, a press cancels it"),
    Operator.TEACHER: N_("The camera stands still, or a teacher holds it"),
    Operator.PUPIL: N_("A pupil films"),
    Stage.COACH_LEADS: N_("Stage 1: coach leads"),
    Stage.TEACHER_LEADS: N_("Stage 2: teacher leads"),
    Stage.TEACHER_PREPARES: N_("Stage 3: teacher prepares"),
}


def label(value: enum.Enum) -> str:
    """Return what a value is called, in the visitor's language."""
    return _(_LABELS[value])
