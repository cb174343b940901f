"""Which trajectories are over, by the coach's own closing or by date; a date is believed the second time only.

What ends is destroyed everywhere and for good, and one wrong answer of a time server would end everything. So what is
past its last day is noted on the card, and over when it is still past it on a later day, at least twenty hours further:
by this boot's steady clock, or by the wall clock after another start. A device whose clock is right in between forgets
what it noted. A date that lies far behind the register's last line is not believed at all.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from device.domain.errors import Permanent
from device.domain.register.closing import over
from device.domain.register.state import Register
from device.domain.strict import Fields, parse_object
from device.footage.durable import replace_file
from device.footage.packets import NS_PER_S
from device.ports import Clock
from device.recorder.agreements import zone_of

NAME = "over-seen.json"
_APART = timedelta(hours=20)
_FAR = timedelta(days=400)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Seen:
    """When a trajectory was seen past its last day first: wall time (ISO 8601), boot, and that boot's time."""

    at: str
    boot_id: str
    ns: int


class LastDays:
    """Belongs to the recorder's loop. ``tell`` hears what is the matter with the date, "" when it is well."""

    def __init__(self, own: Path, clock: Clock, tell: Callable[[str], None]) -> None:
        self._path = own / NAME
        self._clock = clock
        self._tell = tell
        self._seen = _read(self._path)

    def ended(self, register: Register) -> list[str]:
        """Return the trajectories that are over, in the order they were opened."""
        closed = over(register, None)
        now = self._clock.now().astimezone(zone_of(register))
        if not self._clock.trusted() or self._is_far(register, now):
            return closed
        past = [name for name in over(register, now.date()) if name not in closed]
        self._note(past, now)
        by_date = {name for name in past if self._is_sure(self._seen.get(name), now)}
        return [name for name in register.trajectories if name in by_date or name in closed]

    def _is_far(self, register: Register, now: datetime) -> bool:
        last = register.decided_at
        far = last is not None and now - last > _FAR
        self._tell(
            f"the clock says {now.date()}, {_FAR.days} days or more after the last decision in the register: nothing "
            "is destroyed by date; check the time server, or let the coach record a decision"
            if far
            else ""
        )
        return far

    def _note(self, past: list[str], now: datetime) -> None:
        fresh = Seen(now.isoformat(), self._clock.boot_id(), self._clock.monotonic_ns())
        known = {name: self._seen.get(name, fresh) for name in past}
        # What was noted on a day that has not come yet was noted by a wrong clock.
        seen = {
            name: fresh if datetime.fromisoformat(each.at) > now else each for name, each in known.items()
        }
        if seen == self._seen:
            return
        try:
            replace_file(self._path, json.dumps({name: asdict(each) for name, each in seen.items()}).encode())
        except OSError as error:
            _log.warning("which trajectories are past their last day could not be stored: %s", error)
        self._seen = seen

    def _is_sure(self, first: Seen | None, now: datetime) -> bool:
        if first is None:
            return False
        at = datetime.fromisoformat(first.at)
        apart = now - at
        if first.boot_id == self._clock.boot_id():
            apart = timedelta(seconds=(self._clock.monotonic_ns() - first.ns) / NS_PER_S)
        return apart >= _APART and _day(at, now) < now.date()


def _day(at: datetime, now: datetime) -> date:
    return at.astimezone(now.tzinfo).date()


def _read(path: Path) -> dict[str, Seen]:
    """Return what was noted; a file that is damaged counts for nothing: everything is then seen first again."""
    try:
        values = parse_object(path.read_bytes(), "the file")
        return {name: _seen(Fields(each, name)) for name, each in values.items()}
    except FileNotFoundError:
        return {}
    except (OSError, Permanent, ValueError) as error:
        _log.warning("%s cannot be read: %s", path, error)
        return {}


def _seen(fields: Fields) -> Seen:
    found = Seen(fields.take("at", str), fields.take("boot_id", str), fields.take("ns", int))
    fields.done()
    if datetime.fromisoformat(found.at).tzinfo is None:
        raise Permanent("a time without its zone")
    return found
