"""What a press on the button would do now, as far as the page can know: the recorder judges for itself."""

from __future__ import annotations

from typing import Any

from device.domain.booking import find_agreement
from device.domain.consent import Reason, Refusal
from device.domain.register.decisions import Repeat
from device.domain.register.state import Register
from device.domain.texts import reason_sentence
from device.domain.trajectory import Agreement
from device.web.api.operation import BASE, Answer, Asked, Operation
from device.web.api.register import concerns
from device.web.api.schemas import FLAG, TEXT, integer, listed, maybe, one_of, record, words_of
from device.web.current import current_actor
from device.web.deciding import zone
from device.web.language import current_language
from device.web.roles import Role
from device.web.services import services
from device.web.teacher.press import open_next_presses, reasons_against

_LESSON = record(
    "Lesson",
    booking=TEXT,
    trajectory=TEXT,
    teachers=listed(TEXT),
    group=TEXT,
    stage=integer(1, 3),
    sound=FLAG,
)
_DOES = ("start", "stop", "refuse")


def _press_now(asked: Asked) -> dict[str, Any]:
    status, register = services().recorder.ask("status"), services().book.read()
    if status["state"] != "idle":
        return {"does": "stop", "unclaimed": False, "reasons": [], "lesson": None}
    found = _asked_of(register, status)
    reasons = (*_reasons(found), *_machine(status))
    return {
        "does": "refuse" if reasons else "start",
        "unclaimed": isinstance(found, Agreement) and found.unclaimed,
        "reasons": [
            {"reason": each.value, "sentence": reason_sentence(each, current_language())} for each in reasons
        ],
        "lesson": _lesson(found),
    }


def _asked_of(register: Register, status: dict[str, Any]) -> Agreement | Refusal:
    if status["register"]["problem"]:
        return Refusal((Reason.REGISTER_DAMAGED,))
    once = {name for name, each in register.bookings.items() if each.made.repeat is Repeat.NEXT_PRESS}
    used = once - {each.made.booking for each in open_next_presses(register)}
    return find_agreement(
        register, services().now(), zone(), clock_trusted=bool(status["clock_trusted"]), used=used
    )


def _reasons(found: Agreement | Refusal) -> tuple[Reason, ...]:
    """Return why the agreement is not enough, by the same rules as the recorder's; no permit is made here."""
    if isinstance(found, Refusal):
        return found.reasons
    return reasons_against(found, masks_drawn=found.mask_needed and _masks_drawn())


def _masks_drawn() -> bool:
    masks = services().recorder.ask("masks")
    return bool(masks["polygons"]) and bool(masks["fits"])


def _machine(status: dict[str, Any]) -> tuple[Reason, ...]:
    missing = [each["part"] for each in status["missing"]]
    checks = (
        (Reason.NO_COACH_KEY, not status["coach_key"]),
        (Reason.NO_SPACE, status["minutes_left"] <= 0),
        # One light of several that fails has its own name.
        (Reason.NO_LIGHT, "light" in missing),
    )
    return tuple(reason for reason, holds in checks if holds)


def _lesson(found: Agreement | Refusal) -> dict[str, Any] | None:
    """Return whose lesson it would be; None when it is nobody's, or none of the business of whoever asks."""
    if isinstance(found, Refusal) or found.unclaimed or not concerns(current_actor())(*found.teachers):
        return None
    return {
        "booking": found.booking, "trajectory": found.trajectory, "teachers": list(found.teachers),
        "group": found.group, "stage": int(found.stage), "sound": found.sound,
    }  # fmt: skip


OPERATIONS = (
    Operation(
        name="press_now",
        method="GET",
        path=f"{BASE}/press-now",
        roles=(Role.TEACHER, Role.COACH),
        summary=("Wat een druk op de knop nu zou doen.", "What a press on the button would do now."),
        view=_press_now,
        right=Answer(
            "Whether it would start, stop or be refused, and why. A teacher sees the lesson only if it is hers. The "
            "recorder judges again at the press itself.",
            record(
                "PressNow",
                does=one_of(*_DOES),
                unclaimed=FLAG,
                reasons=listed(record("ReasonSaid", reason=words_of(Reason), sentence=TEXT)),
                lesson=maybe(_LESSON),
            ),
        ),
        awake=False,
    ),
)
