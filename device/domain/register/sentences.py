"""What is wrong with a decision, as a person reads it, in Dutch and English."""

from __future__ import annotations

from device.domain.register.rules import Objection, Problem

_SENTENCES: dict[Problem, tuple[str, str]] = {
    Problem.NOT_YOURS: (
        "Deze beslissing kan alleen de docent zelf nemen, met de eigen pincode.",
        "Only the teacher can decide this, with the PIN that only the teacher knows.",
    ),
    Problem.COACH_DECIDES: (
        "Dit kan alleen de coach vastleggen; een boeking ook een docent die er zelf in staat.",
        "Only the coach can record this; a booking also a teacher who is in it.",
    ),
    Problem.NO_SCHOOL: (
        "Kies eerst bij de instellingen van de school de grondslag: daarvan hangt af wat voor een groep nodig is.",
        "First choose the legal basis in the school's settings: what a group needs depends on it.",
    ),
    Problem.EMPTY: ("Vul hier iets in.", "Fill this in."),
    Problem.NOT_A_CODE: (
        "De afkorting van de docent: 2 tot 8 kleine letters of cijfers, een letter vooraan, zoals abc. Geen naam.",
        "Use the teacher's abbreviation: 2 to 8 small letters or digits, a letter first, such as abc. Not a name.",
    ),
    Problem.NOT_A_GROUP: (
        (
            "Gebruik de korte naam van de groep, zonder spaties, bijvoorbeeld 2b. Namen van leerlingen horen niet op "
            "dit apparaat: wat hier niet staat, kan ook niet uitlekken."
        ),
        (
            "Use the group's short name, without spaces, such as 2b. Names of pupils do not belong on this device: "
            "what is not here cannot leak."
        ),
    ),
    Problem.NOT_A_NAME: (
        (
            "Begin met een letter of cijfer, en gebruik hooguit 40 letters, cijfers, spaties en deze tekens: "
            ". & + / ' ( ) -. Geen komma's, en geen namen van leerlingen."
        ),
        (
            "Begin with a letter or a digit, and use at most 40 letters, digits, spaces and these signs: "
            ". & + / ' ( ) -. No commas, and no names of pupils."
        ),
    ),
    Problem.NOT_A_TRAJECTORY: (
        (
            "Begin met een letter of cijfer, en gebruik hooguit 40 letters, cijfers, spaties en deze tekens: "
            ". & + / ' ( ) -. Een dubbele punt mag na het eerste woord, zoals abc: wachten. Geen komma's, en geen "
            "namen van leerlingen."
        ),
        (
            "Begin with a letter or a digit, and use at most 40 letters, digits, spaces and these signs: "
            ". & + / ' ( ) -. A colon may stand after the first word, such as abc: waiting. No commas, and no names "
            "of pupils."
        ),
    ),
    Problem.NOT_A_LINE: (
        "Gebruik één regel van hooguit {value} tekens, zonder spaties eromheen. Geen namen van leerlingen.",
        "Use one line of at most {value} characters, without spaces around it. No names of pupils.",
    ),
    Problem.TOO_MANY: ("Kies er hooguit {value}.", "Choose at most {value}."),
    Problem.UNKNOWN: (
        "'{value}' is hier niet bekend: voeg het eerst toe, of kies iets uit de lijst.",
        "'{value}' is not known here: add it first, or choose one from the list.",
    ),
    Problem.EXISTS: (
        "'{value}' bestaat al: kies een andere naam.",
        "'{value}' exists already: choose another name.",
    ),
    Problem.OUT_OF_RANGE: (
        "Dit moet een getal zijn van {value}. Alleen het aantal: namen van leerlingen horen niet op dit apparaat.",
        "This must be a number of {value}. Only how many: names of pupils do not belong on this device.",
    ),
    Problem.NOT_ARRANGED: (
        "Er mogen {value} leerlingen niet gefilmd worden: kies wat er voor hen is geregeld.",
        "{value} pupils must not be filmed: choose what has been arranged for them.",
    ),
    Problem.NOT_ASKED: (
        (
            "Van {value} leerlingen is het antwoord nog niet bekend. Op deze school telt alleen toestemming: wacht op "
            "hun antwoord, of tel hen mee bij wie niet gefilmd mag worden."
        ),
        (
            "The answer of {value} pupils is not known yet. At this school only consent counts: wait for their answer, "
            "or count them among those who must not be filmed."
        ),
    ),
    Problem.ORDER: ("Dit kan niet eerder zijn dan {value}.", "This cannot be before {value}."),
    Problem.TOO_LONG: ("Dit kan hooguit {value} dagen duren.", "This can last at most {value} days."),
    Problem.PAST: ("{value} is al voorbij.", "{value} has passed already."),
    Problem.CLOSED: (
        "Traject '{value}' is afgesloten; open een nieuw traject.",
        "Trajectory '{value}' is closed; open a new one.",
    ),
    Problem.NOT_IN_VIEW: (
        "'{value}' is in deze ruimte altijd in beeld en hoort dus bij deze boeking.",
        "'{value}' is always in view in this space, and so belongs to this booking.",
    ),
    Problem.AFTER_CLOSING: (
        "Het traject eindigt op {value}; boek niet later dan dat.",
        "The trajectory ends on {value}; do not book later than that.",
    ),
    Problem.NOT_AGREED: (
        "Je hebt voor traject '{value}' nog niet zelf toegestemd; doe dat eerst.",
        "You have not agreed to trajectory '{value}' yourself yet; do that first.",
    ),
}


def objection_sentence(objection: Objection, language: str) -> str:
    """Return what is wrong, and what would be right."""
    sentence = _SENTENCES[objection.problem][0 if language == "nl" else 1]
    return sentence.format(value=objection.value)
