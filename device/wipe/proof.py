"""The proof of a wipe: facts for a program (JSON, signed), and the same in words for people, Dutch and English."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from device.wipe.signing import NAMESPACE

FORMAT, VERSION = "leerblik-wiped", 1
_S_PER_HOUR = 3600
# What a wipe leaves alone; IT decides about these.
STAYS = (
    ("the configuration in /etc/leerblik/leerblik.toml", "de configuratie in /etc/leerblik/leerblik.toml"),
    (
        "the page's certificate and its key in /etc/leerblik/tls",
        "het certificaat van de pagina en de sleutel ervan in /etc/leerblik/tls",
    ),
    (
        "the system itself: its journal, its own networks, accounts and host keys",
        "het systeem zelf: het logboek, de eigen netwerken, accounts en hostsleutels",
    ),
    (
        "what had left before: the coach's copies, and exports that somebody made",
        "wat al weg was: wat de coach heeft, en exports die iemand heeft gemaakt",
    ),
)
_FLASH = (
    (
        "Small files with keys were overwritten before they were removed. A memory card writes elsewhere than where it "
        "was told, so an old copy may be in a block that nobody can ask for; the footage is sealed and the only key "
        "here was in memory, so such a block shows nothing. Whoever needs more destroys the card."
    ),
    (
        "Kleine bestanden met sleutels zijn overschreven en daarna verwijderd. Een geheugenkaart schrijft ergens "
        "anders dan gevraagd, dus er kan een oude kopie zijn in een blok waar niemand bij kan; de opnamen zijn "
        "verzegeld en de enige sleutel hier stond in het geheugen, dus zo'n blok laat niets zien. Wie meer "
        "wil vernietigt de kaart."
    ),
)


def write_json(facts: Mapping[str, Any]) -> bytes:
    """Return the facts as they are signed: one text, to the last byte."""
    return (json.dumps(facts, indent=1, sort_keys=True) + "\n").encode()


def write_text(facts: Mapping[str, Any], name: str) -> bytes:
    """Return the proof in words, first Dutch, then English; ``name`` is that of the signed file."""
    lines = [*_words(facts, name, 1), "", "-" * 72, "", *_words(facts, name, 0)]
    return ("\n".join(lines) + "\n").encode("utf-8", "backslashreplace")


def _words(facts: Mapping[str, Any], name: str, dutch: int) -> list[str]:
    """Return the proof in English (0) or Dutch (1)."""

    def say(english: str, nederlands: str) -> str:
        return nederlands if dutch else english

    asked, register = facts["asked"], facts["register"]
    headline = (
        say("This device was wiped completely.", "Dit apparaat is helemaal gewist.")
        if facts["complete"]
        else say("NOT COMPLETE: something is left.", "NIET COMPLEET: er staat nog iets.")
    )
    trusted = (
        say("clock synchronised", "klok gelijkgezet"),
        say("clock NOT reliable", "klok NIET betrouwbaar"),
    )
    how = {
        "button": say("the button on the device was held", "de knop op het apparaat is vastgehouden"),
        "terminal": say("by hand on the device's terminal", "met de hand in de terminal van het apparaat"),
    }.get(asked["confirmed"], say("unknown", "onbekend"))
    lines = [
        f"Leerblik, {facts['device']}",
        headline,
        "",
        (
            f"{say('From', 'Van')} {facts['begun_at']} {say('to', 'tot')} {facts['ended_at']} "
            f"({trusted[0 if facts['clock_trusted'] else 1]})"
        ),
        say(
            f"Asked by IT at {asked['at']}, confirmed: {how}",
            f"Gevraagd door de beheerder om {asked['at']}, bevestigd: {how}",
        ),
        f"Leerblik {facts['software']}",
        "",
        say("Removed", "Verwijderd") + ":",
        *(_place(place, dutch) for place in facts["places"]),
        "",
        say(
            f"Recordings: {len(facts['recordings'])}, {facts['recorded_s'] / _S_PER_HOUR:.1f} hours. "
            f"Not yet with the coach, so lost: {facts['not_with_the_coach']}. "
            f"Withdrawals that the coach's machine has not heard of: {facts['withdrawals_unheard']}.",
            f"Opnamen: {len(facts['recordings'])}, {facts['recorded_s'] / _S_PER_HOUR:.1f} uur. "
            f"Nog niet bij de coach en dus verloren: {facts['not_with_the_coach']}. "
            f"Intrekkingen waar de computer van de coach niet van weet: {facts['withdrawals_unheard']}.",
        ),
        *(_recording(each) for each in facts["recordings"]),
        say(
            f"Register: {register['lines']} lines, the last one is {register['sha256']}",
            f"Register: {register['lines']} regels, de laatste is {register['sha256']}",
        ),
        "",
        say("A second look at every folder found:", "Een tweede blik in elke map vond:"),
        *(f"  {each['path']}: {each['reason']}" for each in facts["left"]),
        *([] if facts["left"] else [say("  nothing", "  niets")]),
        "",
        *(f"fstrim {folder}: {result}" for folder, result in sorted(facts["trim"].items())),
        _FLASH[dutch],
        "",
        say("This stays:", "Dit blijft staan:"),
        *(f"  {each[dutch]}" for each in STAYS),
        "",
        *_signed(facts, name, dutch),
    ]
    return [*lines]


def _place(place: Mapping[str, Any], dutch: int) -> str:
    files, megabytes = place["files_removed"], place["bytes_removed"] / 1e6
    words = f"{files} bestanden" if dutch else f"{files} files"
    return f"  {place['name']} ({place['folder']}): {words}, {megabytes:.1f} MB"


def _recording(each: Mapping[str, Any]) -> str:
    return f"  {each['recording']} {each['status']} {each['manifest_sha256'] or '-'}"


def _signed(facts: Mapping[str, Any], name: str, dutch: int) -> Sequence[str]:
    key = facts["signed_with"]
    if not key:
        return [f"{'Niet ondertekend' if dutch else 'Not signed'}: {facts['unsigned_because']}"]
    said = (
        "Ondertekend met de SSH-sleutel van dit apparaat, die de computer van de coach kent. Daarna is die sleutel "
        "vernietigd. Zo controleer je het:"
        if dutch
        else "Signed with this device's SSH key, which the coach's machine knows. After that the key was destroyed. "
        "This is how to check it:"
    )
    return [
        said,
        f"  echo 'device {key}' > allowed",
        f"  ssh-keygen -Y verify -f allowed -I device -n {NAMESPACE} -s {name}.sig < {name}",
        "  (De sleutel hierboven moet die zijn die de computer van de coach kent.)"
        if dutch
        else "  (The key above must be the one that the coach's machine knows.)",
    ]
