"""The words of the public page, in Dutch and English: every visitor of the room must understand them."""

from __future__ import annotations

from dataclasses import dataclass

from device.web.view import Lens


@dataclass(frozen=True, slots=True)
class Words:
    """One language. ``lens`` holds a headline and a line below it."""

    title: str
    lens: dict[Lens, tuple[str, str]]
    missing: str
    parts: dict[str, str]
    other_part: str


WORDS = {
    "nl": Words(
        title="Opname",
        lens={
            Lens.OPEN: ("Neemt op", "Er wordt gefilmd, mogelijk met geluid."),
            Lens.SIGHTLESS: ("Geen beeld", "Er komt nu geen beeld binnen; het geluid loopt mogelijk door."),
            Lens.BLANKED: ("Beeld en geluid uit", "De opname loopt door, maar nu zonder beeld en geluid."),
            Lens.AIMING: ("Lens open", "De camera wordt gericht. Er wordt niets opgenomen."),
            Lens.READY: (
                "Staat klaar",
                "Er wordt niet gefilmd. De camera staat klaar voor een geboekte opname.",
            ),
            Lens.CLOSED: ("Neemt niet op", "De camera staat uit."),
            Lens.UNKNOWN: (
                "Onbekend",
                "Het opnameapparaat antwoordt niet. Kijk naar het lampje, en vraag het aan de docent.",
            ),
        },
        missing="Niet in orde",
        parts={
            "camera": "De camera ontbreekt of doet het niet: kijk of de kabel vastzit.",
            "microphone": "De microfoon ontbreekt of doet het niet: kijk of de stekker vastzit.",
            "sound": "Het geluid is niet goed: kijk waar de microfoon staat en of hij aanstaat.",
            "light": "Het lampje doet het niet: waarschuw de beheerder.",
            "button": "De knop doet het niet: waarschuw de beheerder.",
            "card": "De geheugenkaart is bijna vol of doet het niet: waarschuw de beheerder.",
        },
        other_part="Een ander onderdeel doet het niet: waarschuw de beheerder.",
    ),
    "en": Words(
        title="Recording",
        lens={
            Lens.OPEN: ("Recording", "The room is being filmed, perhaps with sound."),
            Lens.SIGHTLESS: ("No picture", "No picture comes in now; the sound may go on."),
            Lens.BLANKED: (
                "Picture and sound off",
                "The recording goes on, but without picture and sound for now.",
            ),
            Lens.AIMING: ("Lens open", "The camera is being pointed. Nothing is recorded."),
            Lens.READY: ("Standing by", "Nobody is filmed. The camera stands ready for a booked recording."),
            Lens.CLOSED: ("Not recording", "The camera is off."),
            Lens.UNKNOWN: (
                "Unknown",
                "The recording device does not answer. Look at its light, and ask the teacher.",
            ),
        },
        missing="Out of order",
        parts={
            "camera": "The camera is missing or does not work: see whether its cable is in place.",
            "microphone": "The microphone is missing or does not work: see whether its plug is in place.",
            "sound": "The sound is not right: see where the microphone stands and whether it is on.",
            "light": "The light does not work: ask whoever looks after the device.",
            "button": "The button does not work: ask whoever looks after the device.",
            "card": "The memory card is nearly full or does not work: ask whoever looks after the device.",
        },
        other_part="Another part does not work: ask whoever looks after the device.",
    ),
}
