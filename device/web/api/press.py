"""What a press on the button would do now, as the recorder says it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from device.domain.consent import Reason
from device.domain.texts import reason_sentence
from device.web.api.operation import BASE, Answer, Asked, Operation
from device.web.api.register import concerns
from device.web.api.schemas import FLAG, TEXT, integer, listed, maybe, one_of, record, words_of
from device.web.current import current_actor
from device.web.language import current_language
from device.web.pressing import Lesson, ask_press
from device.web.roles import Role

_LESSON = record(
    "Lesson",
    booking=TEXT,
    trajectory=TEXT,
    teachers=listed(TEXT),
    group=TEXT,
    stage=integer(1, 3),
    sound=FLAG,
    learning_question=TEXT,
)
# "show": what is blanked is shown again; "cancel": the lesson that is announced; "aim": the camera is being pointed.
_DOES = ("start", "refuse", "stop", "show", "cancel", "aim")


def _press_now(asked: Asked) -> dict[str, Any]:
    now = ask_press()
    begins = now.does in ("start", "refuse")
    return {
        "does": now.does,
        "unclaimed": begins and now.press.unclaimed,
        "reasons": [
            {"reason": each.value, "sentence": reason_sentence(each, current_language())}
            for each in (now.press.reasons if begins else ())
        ],
        "lacks": list(now.lacks),
        "lesson": _lesson(now.press.lesson) if begins else None,
    }


def _lesson(lesson: Lesson | None) -> dict[str, Any] | None:
    """Return whose lesson it would be; None when it is nobody's, or none of the business of whoever asks."""
    if lesson is None or not concerns(current_actor())(*lesson.teachers):
        return None
    return asdict(lesson)


OPERATIONS = (
    Operation(
        name="press_now",
        method="GET",
        path=f"{BASE}/press-now",
        roles=(Role.TEACHER, Role.COACH),
        summary=("Wat een druk op de knop nu zou doen.", "What a press on the button would do now."),
        view=_press_now,
        right=Answer(
            "What it would do: start a lesson or be refused, and why; stop one, show again what is blanked, cancel one "
            "that is announced, or point the camera. What it lacks are parts of the device without which nothing is "
            "recorded. A teacher sees the lesson only if it is hers. The recorder judges again at the press itself.",
            record(
                "PressNow",
                does=one_of(*_DOES),
                unclaimed=FLAG,
                reasons=listed(record("ReasonSaid", reason=words_of(Reason), sentence=TEXT)),
                lacks=listed(TEXT),
                lesson=maybe(_LESSON),
            ),
        ),
        awake=False,
    ),
)
