"""Which sound card is meant: found by its name, which stays the same whatever is plugged in first.

Read from sysfs, which a sandbox that hides /proc leaves in place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from device.domain.errors import Permanent, Temporary

SOUND = Path("/sys/class/sound")

_CHOICE = re.compile(r"(?P<card>[A-Za-z0-9_-]{1,15})(,(?P<device>\d{1,2}))?(,(?P<part>\d{1,3}))?")
_CAPTURE_DEVICE = re.compile(r"pcmC(?P<card>\d+)D(?P<device>\d+)c")


def check_choice(choice: str) -> None:
    """Raise Permanent unless this can be a card (see :func:`alsa_name`)."""
    if choice and ":" not in choice and not _CHOICE.fullmatch(choice):
        raise Permanent(
            f"'{choice}' is no sound card; give its name as /proc/asound/cards shows it in brackets, for example "
            "Device, with the device and its part where needed, for example Loopback,1,0"
        )


def alsa_name(choice: str) -> str:
    """Return ALSA's name for a card; Temporary when it is not plugged in.

    ``choice`` is the card's name, or name and device, or name, device and part; empty for the first card that
    can record; with a colon it is ALSA's own name for a source already (``dsnoop:CARD=Device``).
    """
    if ":" in choice:
        return choice
    check_choice(choice)
    found = _CHOICE.fullmatch(choice)
    card, device, part = found.group("card", "device", "part") if found else (None, None, None)
    for name, number in _capture_devices():
        if card in (None, name) and device in (None, number):
            return f"plughw:CARD={name},DEV={number}" + (f",SUBDEV={part}" if part else "")
    raise Temporary(_say_absence(choice))


def absence(choice: str) -> str:
    """Return that this card is not plugged in, as a sentence, or ""."""
    try:
        alsa_name(choice)
    except Temporary as error:
        return str(error)
    return ""


def _say_absence(choice: str) -> str:
    known = ", ".join(sorted({name for name, _ in _capture_devices()}))
    there = f"those that can record are {known}" if known else "there is none that can record"
    if choice:
        return f"the microphone {choice} is not plugged in ({there})"
    return "no microphone is plugged in"


def _capture_devices() -> Iterator[tuple[str, str]]:
    """Yield (card's name, number of the device) in the order in which the kernel found them."""
    places = []
    # A folder that cannot be listed (no sound at all in this kernel) holds no cards.
    for path in SOUND.glob("pcmC*D*c"):
        match = _CAPTURE_DEVICE.fullmatch(path.name)
        if match:
            places.append((int(match["card"]), int(match["device"])))
    for card, device in sorted(places):
        try:
            name = (SOUND / f"card{card}" / "id").read_text(encoding="ascii", errors="replace").strip()
        except OSError:
            continue  # pulled out while we looked
        yield name, str(device)
