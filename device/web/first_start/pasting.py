"""The keys of the first start out of its form: what was pasted in one field may hold those of another as well."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from flask_babel import gettext as _

from device.domain.errors import Refused
from device.web.first_start.keys import Keys, find_receipt_key, read_key, read_receipt_key


@dataclass(frozen=True, slots=True)
class Pasted:
    """What was found; ``problems`` are sentences by field, and then it is for showing again only."""

    keys: Keys
    problems: Mapping[str, str] = field(default_factory=dict)


def keys_from(form: Mapping[str, str], there: Keys) -> Pasted:
    """Read what the device does not have yet; ``there`` is what it has, with empty texts for the rest.

    What comes back where something is wrong is public in any case: it may have been a secret key that was pasted.
    """
    problems: dict[str, str] = {}
    given = {name: form.get(name, "") for name in ("coach", "recovery", "receipt")}
    found = {"coach": there.coach, "recovery": there.recovery, "receipt": there.receipt}
    if not there.coach:
        found["coach"] = _read(read_key, given, "coach", problems)
        found["recovery"] = _read(read_key, given, "recovery", problems)
        _judge(found, problems)
    if not there.receipt:
        found["receipt"] = _read(read_receipt_key, given, "receipt", problems)
        beside = "" if "coach" in problems else _read(find_receipt_key, given, "coach", problems)
        if beside and found["receipt"] and beside != found["receipt"]:
            problems["receipt"] = _(
                "This is another receipt key than the one that was pasted with the coach's key."
            )
        found["receipt"] = found["receipt"] or beside
    return Pasted(Keys(**found), problems)


def _judge(found: Mapping[str, str], problems: dict[str, str]) -> None:
    if problems:
        return
    if not found["coach"]:
        problems["coach"] = _("Without the coach's key nobody could watch what is recorded: paste it here.")
    elif found["coach"] == found["recovery"]:
        problems["recovery"] = _(
            "This is the coach's key once more; the recovery key is another one, or leave it empty."
        )


def _read(read: Callable[[str], str], given: Mapping[str, str], name: str, problems: dict[str, str]) -> str:
    try:
        return read(given[name])
    except Refused as refused:
        problems[name] = str(refused)
        return ""
