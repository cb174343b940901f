"""What is done when something befalls a lesson: the picture is brought back, the sound goes on without it.

Only a card that refuses, a mask that cannot be painted, a room without a light, and a film that is over end a
lesson.
"""

from __future__ import annotations

from collections.abc import Callable

from device.domain.errors import Stuck
from device.domain.session import StopReason
from device.recorder.desk import Desk
from device.recorder.face import Face
from device.recorder.health import Health
from device.recorder.lesson import Lesson
from device.recorder.tidings import Tidings
from device.recorder.vigil import Ailment, Vigil

NO_PICTURE = "the camera delivers no pictures any more; it is being restarted, check its cable"
NO_SOUND = "the microphone delivers no sound any more; check its plug"
SILENT = "nothing is heard any more; check that the microphone is switched on and not covered"
CLIPPING = "the sound is too loud and distorted; move the microphone away or turn it down"
CARD_STALLS = (
    "nothing reaches the card at this moment; if this lasts, stop and tell whoever looks after the device"
)
NO_LIGHT = "the light went out, and nothing is recorded without one; check its cable"
CARD_FULL = "the card is nearly full; recordings must be sent before the next lesson"
# The part of the device, the event that is told, and what people read.
_COMPLAINTS = {
    Ailment.SILENT: ("sound", "sound_silent", SILENT),
    Ailment.CLIPPING: ("sound", "sound_clipping", CLIPPING),
    Ailment.CARD_STALLS: ("card", "card_stalls", CARD_STALLS),
}
_RECOVERIES = {
    Ailment.PICTURE_BACK: ("camera", "camera_back"),
    Ailment.SOUND_BACK: ("microphone", "microphone_back"),
    Ailment.SOUND_FINE: ("sound", "sound_fine"),
    Ailment.CARD_GOES_ON: ("card", "card_goes_on"),
}
_ENDS = {
    "camera_ended": StopReason.SOURCE_ENDED,
    "card_failed": StopReason.CARD_FAILED,
    "privacy_failed": StopReason.PRIVACY_FAILED,
}


class Nurse:
    """Belongs to the recorder's loop. Each call returns why the lesson must end, or None: it goes on."""

    def __init__(
        self,
        desk: Desk,
        vigil: Vigil,
        health: Health,
        tidings: Tidings,
        face: Face,
        light_works: Callable[[], bool],
    ) -> None:
        self._desk = desk
        self._light_works = light_works
        self._face = face
        self._vigil = vigil
        self._health = health
        self._tidings = tidings

    def look(self, now_ns: int) -> StopReason | None:
        """Look after the lesson; called often."""
        lesson = self._desk.lesson
        ailment = self._vigil.look(
            lesson, self._desk.free_bytes(), now_ns, light_works=self._light_works()
        )  # fmt: skip
        if ailment is Ailment.NO_SPACE:
            self._health.note("card", CARD_FULL)
            self._face.problem = CARD_FULL
            return StopReason.LOW_SPACE
        if ailment is Ailment.NO_LIGHT:
            self._face.problem = NO_LIGHT
            return StopReason.LIGHT_FAILED
        if lesson is not None and ailment is not None:
            self._treat(ailment, lesson)
        return None

    def hear(self, kind: str, sentence: str) -> StopReason | None:
        """Take what camera, microphone or card said about the lesson that is being recorded."""
        lesson = self._desk.lesson
        if lesson is None:
            return None
        if kind == "camera_hangs":
            # Only the end of this process closes such a camera; the next one goes on with the lesson.
            raise Stuck(f"the camera hangs and cannot be closed: {sentence}")
        if kind == "camera_failed":
            self._lose_camera(lesson, sentence)
        elif kind == "microphone_failed":
            self._lose_microphone(lesson, sentence)
        elif kind == "camera_open":
            lesson.camera_is_open()
        elif kind == "camera_still_away":
            self._health.note("camera", sentence)
        elif kind != "camera_ended":
            self._face.problem = sentence
            self._tidings.tell(kind, self._desk.recording, sentence)
        return _ENDS.get(kind)

    def _treat(self, ailment: Ailment, lesson: Lesson) -> None:
        match ailment:
            case Ailment.NO_PICTURE:
                self._lose_camera(lesson, NO_PICTURE)
            case Ailment.NO_SOUND:
                self._lose_microphone(lesson, NO_SOUND)
            case Ailment.PICTURE_BACK:
                lesson.picture_is_away = False
            case Ailment.SOUND_BACK:
                lesson.sound_is_away = False
            case Ailment.CARD_STALLS | Ailment.CARD_GOES_ON:
                lesson.card_stalls = ailment is Ailment.CARD_STALLS
            case Ailment.SPACE_GETS_SHORT:
                self._desk.warn()
        if ailment in _COMPLAINTS:
            self._complain(*_COMPLAINTS[ailment])
        elif ailment in _RECOVERIES:
            self._recover(*_RECOVERIES[ailment])

    def _lose_camera(self, lesson: Lesson, sentence: str) -> None:
        if lesson.lose_camera():
            self._complain("camera", "camera_failed", sentence)

    def _lose_microphone(self, lesson: Lesson, sentence: str) -> None:
        if lesson.lose_microphone(sentence):
            self._complain("microphone", "microphone_failed", sentence)

    def _complain(self, part: str, event: str, sentence: str) -> None:
        self._face.problem = sentence
        self._tidings.tell(event, self._desk.recording, sentence)
        self._health.note(part, sentence, quietly=True)
        self._desk.refresh_light()

    def _recover(self, part: str, event: str) -> None:
        self._face.problem = ""
        self._tidings.tell(event, self._desk.recording)
        self._health.note(part, "", quietly=True)
        self._desk.refresh_light()
