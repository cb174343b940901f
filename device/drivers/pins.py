"""Pins by their names, as gpiozero takes them: whether there is such a pin, and whether two settings name the same.

Nothing here needs a chip, or gpiozero. The places are those of the header of 40 pins that every Pi has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from device.domain.errors import Permanent

_HIGHEST = 27
_NUMBER = re.compile(r"(?:GPIO|BCM)?(0|[1-9][0-9]?)")
_PLACE = re.compile(r"(?:BOARD|J8:)([1-9][0-9]?)")
_AT_PLACE = {
    3: 2, 5: 3, 7: 4, 8: 14, 10: 15, 11: 17, 12: 18, 13: 27, 15: 22, 16: 23, 18: 24, 19: 10, 21: 9, 22: 25,
    23: 11, 24: 8, 26: 7, 27: 0, 28: 1, 29: 5, 31: 6, 32: 12, 33: 13, 35: 19, 36: 16, 37: 26, 38: 20, 40: 21,
}  # fmt: skip


def number(pin: str, where: str) -> int:
    """Return the GPIO number that a name means (GPIO17, BCM17, 17, BOARD11 or J8:11).

    Permanent when there is no such pin; ``where`` is the setting that names it.
    """
    found: int | None = None
    if match := _NUMBER.fullmatch(pin):
        found = int(match[1]) if int(match[1]) <= _HIGHEST else None
    elif match := _PLACE.fullmatch(pin):
        found = _AT_PLACE.get(int(match[1]))
    if found is None:
        raise Permanent(
            f"{where}: there is no pin '{pin}'; take one of GPIO0 to GPIO{_HIGHEST}, such as GPIO17, or its place, "
            "such as BOARD11"
        )
    return found


def verify(uses: Iterable[tuple[str, str]]) -> None:
    """Raise Permanent for a pin that does not exist, or that two settings name; ``uses``: setting and pin."""
    taken: dict[int, str] = {}
    for where, pin in uses:
        gpio = number(pin, where)
        if taken.get(gpio) == where:
            raise Permanent(f"{where} names GPIO{gpio} twice; give each its own")
        if gpio in taken:
            raise Permanent(f"{taken[gpio]} and {where} are both GPIO{gpio}; give each its own")
        taken[gpio] = where
