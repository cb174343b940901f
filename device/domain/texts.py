"""Sentences that a person at school reads, in Dutch and English; identifiers stay English everywhere."""

from __future__ import annotations

from device.domain.consent import Reason
from device.domain.session import StopReason

LANGUAGES = ("nl", "en")

_REASONS: dict[Reason, tuple[str, str]] = {
    Reason.NO_AGREEMENT: (
        "Er is nog niets afgesproken: vraag de coach om de afspraak voor deze les in te voeren.",
        "Nothing has been agreed yet: ask the coach to enter the agreement for this lesson.",
    ),
    Reason.NOT_YET_VALID: (
        "De afspraak voor opnemen gaat nog niet in.",
        "The agreement to record has not begun yet.",
    ),
    Reason.EXPIRED: (
        "De afspraak voor opnemen is verlopen: vraag de coach om een nieuwe.",
        "The agreement to record has expired: ask the coach for a new one.",
    ),
    Reason.TEACHER_HAS_NOT_AGREED: (
        "Niet iedere docent in beeld heeft zelf toegestemd.",
        "Not every teacher in view has agreed in person.",
    ),
    Reason.GROUP_HAS_NOT_AGREED: (
        "Voor deze groep is nog geen toestemming geregeld.",
        "Permission for this group has not been arranged yet.",
    ),
    Reason.OBJECTIONS_NOT_ARRANGED: (
        "Er zijn leerlingen die niet gefilmd mogen worden en daarvoor is nog niets geregeld.",
        "Some pupils must not be filmed and nothing has been arranged for them yet.",
    ),
    Reason.TRAJECTORY_CLOSED: (
        "Dit traject is afgesloten: er wordt niets meer opgenomen.",
        "This trajectory is closed: nothing is recorded any more.",
    ),
    Reason.NO_COACH_KEY: (
        "De sleutel van de coach ontbreekt: zonder sleutel kan niets veilig worden bewaard.",
        "The coach's key is missing: without it nothing can be stored safely.",
    ),
    Reason.NO_SPACE: (
        "De opslag van het apparaat is vol: wacht tot opnamen zijn verstuurd.",
        "The device's storage is full: wait until recordings have been sent.",
    ),
    Reason.NO_LIGHT: (
        "De lamp werkt niet, en zonder lamp wordt niet opgenomen: laat IT kijken.",
        "The light does not work, and nothing is recorded without one: let IT have a look.",
    ),
    Reason.LENS_COVERED: (
        "Het klepje zit voor de lens: schuif het open en druk opnieuw.",
        "The cover is in front of the lens: slide it open and press again.",
    ),
}

_STOPS: dict[StopReason, tuple[str, str]] = {
    StopReason.PRESS: ("Gestopt met de knop.", "Stopped with the button."),
    StopReason.MAXIMUM_LENGTH: (
        "Gestopt: de langste duur is bereikt.",
        "Stopped: the maximum length was reached.",
    ),
    StopReason.SOURCE_ENDED: ("Gestopt: het beeld is afgelopen.", "Stopped: the source has ended."),
    StopReason.CAMERA_FAILED: ("Gestopt: de camera viel uit.", "Stopped: the camera failed."),
    StopReason.LOW_SPACE: ("Gestopt: de opslag is vol.", "Stopped: the storage is full."),
    StopReason.CARD_FAILED: (
        "Gestopt: de opslag werkt niet; laat IT kijken.",
        "Stopped: the storage does not work; let IT have a look.",
    ),
    StopReason.PRIVACY_FAILED: (
        "Gestopt: een afgeschermd deel kon niet worden afgeschermd; laat IT kijken.",
        "Stopped: an area that must stay hidden could not be hidden; let IT have a look.",
    ),
    StopReason.SHUTDOWN: ("Gestopt: het apparaat gaat uit.", "Stopped: the device is shutting down."),
}

_SEVERAL = (
    "Er is niet precies één les net gestopt: kies met 'leerblik discard' welke les weg moet.",
    "Not exactly one lesson was just stopped: choose with 'leerblik discard' which one must go.",
)


def reason_sentence(reason: Reason, language: str) -> str:
    """Return why a press was refused and what to do about it."""
    return _REASONS[reason][LANGUAGES.index(language)]


def several_sentence(language: str) -> str:
    """Return why holding the button discarded nothing."""
    return _SEVERAL[LANGUAGES.index(language)]


def stop_sentence(reason: StopReason, language: str) -> str:
    """Return why a recording ended."""
    return _STOPS[reason][LANGUAGES.index(language)]
