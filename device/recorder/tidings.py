"""What happened, told once for everybody: an event for whoever follows the socket, an entry for the journal."""

from __future__ import annotations

import logging
from collections.abc import Callable

from device.systemd import Happening, happened

_log = logging.getLogger(__name__)
Publish = Callable[[dict[str, object]], None]

_HAPPENINGS = {
    "recording": (Happening.RECORDING_STARTED, logging.INFO, "a lesson is being recorded"),
    "resumed": (Happening.RECORDING_RESUMED, logging.WARNING, "the lesson goes on after a restart"),
    "stopped": (Happening.RECORDING_STOPPED, logging.INFO, "the lesson was stopped"),
    "refused": (Happening.REFUSED, logging.WARNING, "refused"),
    "marked": (Happening.MARKED, logging.INFO, "the moment was marked"),
    "blanked": (Happening.BLANKED, logging.INFO, "picture and sound are blanked"),
    "unblanked": (Happening.UNBLANKED, logging.INFO, "picture and sound are there again"),
    "discarded": (Happening.DISCARDED, logging.INFO, "the teacher discarded the lesson"),
    "claimed": (Happening.CLAIMED, logging.INFO, "a teacher claimed the lesson"),
    "withdrawn": (Happening.WITHDRAWN, logging.INFO, "the lesson was taken back"),
    "announced": (Happening.ANNOUNCED, logging.INFO, "a booked lesson begins in a minute"),
    "announcement_cancelled": (
        Happening.ANNOUNCEMENT_CANCELLED,
        logging.INFO,
        "somebody pressed: the booked lesson is not recorded",
    ),
    "held": (Happening.HELD, logging.INFO, "the lesson is held for the cooling-off"),
    "released": (Happening.RELEASED, logging.INFO, "the lesson may leave"),
    "purged": (Happening.PURGED, logging.INFO, "the lesson is gone from here"),
    "camera_failed": (Happening.CAMERA_LOST, logging.ERROR, "the camera delivers no pictures"),
    "camera_back": (Happening.CAMERA_BACK, logging.INFO, "the camera delivers pictures again"),
    "microphone_failed": (Happening.MICROPHONE_LOST, logging.ERROR, "the microphone delivers no sound"),
    "microphone_back": (Happening.MICROPHONE_BACK, logging.INFO, "the microphone delivers sound again"),
    "sound_silent": (Happening.SOUND_SILENT, logging.WARNING, "nothing is heard"),
    "sound_clipping": (Happening.SOUND_CLIPPING, logging.WARNING, "the sound is distorted"),
    "sound_fine": (Happening.SOUND_FINE, logging.INFO, "the sound is fine again"),
    "ending_soon": (Happening.ENDING_SOON, logging.WARNING, "the recording ends soon"),
    "card_stalls": (Happening.CARD_STALLS, logging.ERROR, "nothing reaches the card"),
    "card_goes_on": (Happening.CARD_GOES_ON, logging.INFO, "the card stores again"),
    "card_failed": (Happening.CARD_FAILED, logging.ERROR, "the card failed"),
    "dropping": (Happening.PICTURES_DROPPED, logging.WARNING, "pictures are being dropped"),
    "privacy_failed": (Happening.PRIVACY_FAILED, logging.ERROR, "a mask could not be painted"),
    "aim_opened": (Happening.AIM_OPENED, logging.INFO, "the lens is open for aiming; nothing is recorded"),
    "aim_closed": (Happening.AIM_CLOSED, logging.INFO, "the lens is closed after aiming"),
    "warm_opened": (Happening.WARM_OPENED, logging.INFO, "the camera stands ready for a booked lesson"),
    "warm_closed": (Happening.WARM_CLOSED, logging.INFO, "the camera stands ready no longer"),
    "clock_trusted": (Happening.CLOCK_TRUSTED, logging.INFO, "the clock is synchronised"),
    "clock_corrected": (Happening.CLOCK_CORRECTED, logging.INFO, "the time of the lesson was corrected"),
    "wipe_armed": (
        Happening.WIPE_ARMED,
        logging.WARNING,
        "IT wants to wipe this device: the button waits for it",
    ),
    "wipe_cancelled": (Happening.WIPE_CANCELLED, logging.INFO, "the device is not wiped"),
    "wipe_ordered": (
        Happening.WIPE_ORDERED,
        logging.WARNING,
        "the button was held: the device is being wiped",
    ),
    "power_off": (Happening.POWER_OFF, logging.INFO, "the device goes off"),
}
# By the first word of a part's name, see device.recorder.health.
_MISSING = {
    "camera": Happening.CAMERA_MISSING,
    "microphone": Happening.MICROPHONE_MISSING,
    "button": Happening.TRIGGER_MISSING,
    "light": Happening.INDICATOR_MISSING,
    "card": Happening.CARD_NEARLY_FULL,
}


class Tidings:
    """``publish`` hands an event to whoever follows the control socket."""

    def __init__(self, publish: Publish) -> None:
        self._publish = publish

    def tell(self, event: str, recording: str | None = None, message: str = "", **values: object) -> None:
        """Tell of an event by its name in the socket's language; ``message`` is the sentence people read."""
        happening, level, sentence = _HAPPENINGS[event]
        fields = {"recording": recording} if recording else {}
        happened(_log, happening, message or sentence, level=level, event=event, **fields)
        said = {"message": message} if message else {}
        self._publish({"event": event, "recording": recording, **said, **values})

    def part(self, part: str, sentence: str) -> None:
        """Tell that a part of the device is missing or ails (a sentence), or is well again ("")."""
        if sentence:
            happening = _MISSING.get(part.split(maxsplit=1)[0], Happening.CRASHED)
            happened(_log, happening, sentence, level=logging.WARNING, part=part)
        else:
            happened(_log, Happening.PART_BACK, f"{part}: there again", part=part)
        self._publish({"event": "part", "recording": None, "part": part, "message": sentence})
