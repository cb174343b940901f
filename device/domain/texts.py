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
    Reason.NO_BOOKING: (
        "Er is nu geen opname gepland: boek deze les op de pagina van dit apparaat, of vraag het de coach.",
        "No recording is booked for now: book this lesson on the page of this device, or ask the coach.",
    ),
    Reason.SEVERAL_BOOKINGS: (
        (
            "Er zijn nu meerdere opnamen geboekt en het apparaat weet niet welke je bedoelt: gebruik je eigen knop of "
            "badge, of vraag de coach om een boeking weg te halen."
        ),
        (
            "Several recordings are booked for now and the device does not know which one you mean: use your own "
            "button or badge, or ask the coach to remove a booking."
        ),
    ),
    Reason.CLOCK_NOT_SET: (
        (
            "Het apparaat weet niet hoe laat het is en kan daarom geen boeking vinden: kies op de pagina "
            "'de eerstvolgende druk', of waarschuw de beheerder."
        ),
        (
            "The device does not know what time it is, so it cannot find a booking: choose 'the next press' on its "
            "page, or tell whoever looks after the device."
        ),
    ),
    Reason.REGISTER_DAMAGED: (
        "De lijst met afspraken is beschadigd of veranderd, en dus wordt er niet opgenomen: waarschuw de beheerder.",
        "The register of agreements is damaged or was changed, so nothing is recorded: tell whoever looks after it.",
    ),
    Reason.PUPIL_FILMING_NOT_AGREED: (
        "Niet iedere docent in beeld vindt het goed dat een leerling filmt: vraag de coach om dat eerst te regelen.",
        "Not every teacher in view has agreed that a pupil films: ask the coach to arrange that first.",
    ),
    Reason.MASK_MISSING: (
        (
            "Voor leerlingen die niet gefilmd mogen worden hoort een deel van het beeld zwart te zijn, en dat is nog "
            "niet getekend: vraag de coach om het masker te tekenen."
        ),
        (
            "Part of the picture must be black for pupils who must not be filmed, and it has not been drawn yet: ask "
            "the coach to draw the mask."
        ),
    ),
    Reason.MASKS_DO_NOT_FIT: (
        (
            "De camera kijkt anders dan toen de maskers werden getekend, of de maskers zijn weg of niet te lezen: "
            "vraag de coach om de camera te richten en de maskers opnieuw te tekenen."
        ),
        (
            "The camera looks differently than when the masks were drawn, or they are gone or unreadable: ask the "
            "coach to aim the camera and draw the masks again."
        ),
    ),
    Reason.OTHERS_IN_VIEW: (
        (
            "In deze ruimte zijn nu meer docenten of groepen in beeld dan waarvoor geboekt is: vraag de coach om een "
            "nieuwe boeking met iedereen die in beeld is."
        ),
        (
            "More teachers or groups are in view in this space now than were booked: ask the coach for a new booking "
            "with everybody who is in view."
        ),
    ),
    Reason.NOT_YET_VALID: (
        "De afspraak is nog niet ingegaan: kijk met de coach naar de begindatum.",
        "The agreement has not begun yet: look at its first day together with the coach.",
    ),
    Reason.EXPIRED: (
        "De afspraak voor opnemen is verlopen: vraag de coach om een nieuwe.",
        "The agreement to record has expired: ask the coach for a new one.",
    ),
    Reason.TEACHER_HAS_NOT_AGREED: (
        "Niet iedere docent in beeld heeft zelf toegestemd: vraag de coach om dat eerst te regelen.",
        "Not every teacher in view has agreed in person: ask the coach to arrange that first.",
    ),
    Reason.GROUP_HAS_NOT_AGREED: (
        "Voor deze groep is nog geen toestemming geregeld: vraag de coach om dat eerst te regelen.",
        "Permission for this group has not been arranged yet: ask the coach to arrange that first.",
    ),
    Reason.OBJECTIONS_NOT_ARRANGED: (
        (
            "Er zijn leerlingen die niet gefilmd mogen worden en daarvoor is nog niets geregeld: vraag de coach om "
            "dat eerst te regelen."
        ),
        (
            "Some pupils must not be filmed and nothing has been arranged for them yet: ask the coach to arrange "
            "that first."
        ),
    ),
    Reason.TRAJECTORY_CLOSED: (
        "Dit traject is afgesloten en er wordt niets meer opgenomen: spreek met de coach een nieuw traject af.",
        "This trajectory is closed and nothing is recorded any more: agree on a new one with the coach.",
    ),
    Reason.NO_COACH_KEY: (
        "De sleutel van de coach ontbreekt, en zonder sleutel kan niets veilig worden bewaard: waarschuw de beheerder.",
        "The coach's key is missing, and without it nothing can be stored safely: tell whoever looks after the device.",
    ),
    Reason.NO_SPACE: (
        "De opslag van het apparaat is vol: wacht tot opnamen zijn verstuurd.",
        "The device's storage is full: wait until recordings have been sent.",
    ),
    Reason.NO_LIGHT: (
        (
            "Er werkt geen lampje dat de klas kan zien, en zonder lampje wordt niet opgenomen: waarschuw de beheerder "
            "(recorder.indicators, of in_view als de klas dit scherm ziet)."
        ),
        (
            "No light works that the class can see, and nothing is recorded without one: tell whoever looks after the "
            "device (recorder.indicators, or in_view when the class sees this screen)."
        ),
    ),
    Reason.NOT_THIS_TEACHER: (
        (
            "Deze knop of badge is van een docent die niet bij deze afspraak hoort: gebruik die van een docent die "
            "erbij hoort, of vraag de coach om de afspraak aan te passen."
        ),
        (
            "This button or badge belongs to a teacher who is not part of this agreement: use that of a teacher who "
            "is, or ask the coach to change the agreement."
        ),
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
    StopReason.SOURCE_ENDED: ("Gestopt: er komt geen beeld meer.", "Stopped: no more picture comes."),
    StopReason.CAMERA_FAILED: (
        "Gestopt: de camera viel uit; waarschuw de beheerder.",
        "Stopped: the camera failed; tell whoever looks after the device.",
    ),
    StopReason.LOW_SPACE: ("Gestopt: de opslag is vol.", "Stopped: the storage is full."),
    StopReason.CARD_FAILED: (
        "Gestopt: de opslag werkt niet; waarschuw de beheerder.",
        "Stopped: the storage does not work; tell whoever looks after the device.",
    ),
    StopReason.PRIVACY_FAILED: (
        "Gestopt: een afgeschermd deel kon niet worden afgeschermd; waarschuw de beheerder.",
        "Stopped: an area that must stay hidden could not be hidden; tell whoever looks after the device.",
    ),
    StopReason.LIGHT_FAILED: (
        "Gestopt: het lampje viel uit, en zonder lampje wordt niet opgenomen; waarschuw de beheerder.",
        "Stopped: the light failed, and nothing is recorded without one; tell whoever looks after the device.",
    ),
    StopReason.END_OF_BOOKING: (
        "Gestopt: de geboekte tijd is om.",
        "Stopped: the booked time is over.",
    ),
    StopReason.SHUTDOWN: ("Gestopt: het apparaat gaat uit.", "Stopped: the device is shutting down."),
}

_NOTHING = (
    "Er is niets opgenomen, ook geen geluid: de camera gaf geen beeld. Waarschuw de beheerder.",
    "Nothing was recorded, not even sound: the camera gave no picture. Tell whoever looks after the device.",
)

_SEVERAL = (
    (
        "Er is in de laatste minuut geen les gestopt, of meer dan één: kies met 'leerblik discard' welke opname weg "
        "moet."
    ),
    (
        "No lesson was stopped within the last minute, or more than one: choose with 'leerblik discard' which "
        "recording must go."
    ),
)


def reason_sentence(reason: Reason, language: str) -> str:
    """Return why a press was refused and what to do about it."""
    return _REASONS[reason][LANGUAGES.index(language)]


def nothing_sentence(language: str) -> str:
    """Return what became of a lesson in which the camera never showed anything."""
    return _NOTHING[LANGUAGES.index(language)]


def several_sentence(language: str) -> str:
    """Return why holding the button discarded nothing."""
    return _SEVERAL[LANGUAGES.index(language)]


def stop_sentence(reason: StopReason, language: str) -> str:
    """Return why a recording ended."""
    return _STOPS[reason][LANGUAGES.index(language)]
