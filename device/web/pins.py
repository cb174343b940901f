"""What a teacher's PIN must be like: six digits that nobody guesses who knows her birthday or a keyboard."""

from __future__ import annotations

from device.domain.errors import Refused
from device.web.phrases import N_

DIGITS = 6
_RUNS = ("0123456789012345", "9876543210987654", "147258369", "963852741", "741852963", "369258147")


def check_new_pin(pin: str) -> None:
    """Refuse a PIN that is not one, or one of the first that anybody would try."""
    if len(pin) != DIGITS or not (pin.isascii() and pin.isdigit()):
        raise Refused(N_("A PIN has exactly 6 digits."))
    if len(set(pin)) <= 2 or pin[:3] == pin[3:] or any(pin in run for run in _RUNS):
        raise Refused(N_("This PIN is too easy to guess: choose digits without a pattern."))
    if _is_like_a_date(pin):
        raise Refused(N_("This PIN looks like a date or a year, and those are tried first: choose another."))


def _is_like_a_date(pin: str) -> bool:
    first, middle, last = (int(pin[at : at + 2]) for at in (0, 2, 4))
    if any(1930 <= int(year) <= 2039 for year in (pin[:4], pin[2:])):
        return True
    return _is_day(first, middle) or _is_day(middle, first) or _is_day(last, middle)


def _is_day(day: int, month: int) -> bool:
    return 1 <= day <= 31 and 1 <= month <= 12
