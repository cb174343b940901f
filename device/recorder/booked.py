"""Lessons that begin by themselves because they were booked so: announced for a minute, then asked for like a press.

What happens when is decided by ``device.domain.announcer``; whether it may be recorded is decided at its start, as for
every press. Where it stands is kept on the card before anything is done.
"""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from device.domain import announcer
from device.domain.announcer import Action, Lead, Moment, State
from device.domain.errors import LeerblikError
from device.domain.register.chain import Head
from device.domain.register.decisions import BookingMade, Repeat, Start
from device.domain.register.state import Register
from device.domain.schedule import Holiday, Once, Weekly, Window, to_utc, windows_between
from device.domain.strict import parse_object
from device.footage.durable import replace_file
from device.footage.packets import NS_PER_S
from device.ports import Clock
from device.recorder.agreements import Agreements, zone_of

NAME = "schedule.json"
# Windows are looked up so far ahead, and anew when the register or the hour changes.
_AHEAD = timedelta(hours=2)
_RENEW = timedelta(minutes=30)
_EVERY_NS = NS_PER_S
_log = logging.getLogger(__name__)


class Booked:
    """Belongs to the recorder's loop."""

    def __init__(self, agreements: Agreements, own: Path, clock: Clock, lead: Lead) -> None:
        self._agreements = agreements
        self._own = own
        self._clock = clock
        self._lead = lead
        self._state = _read(own / NAME)
        self._windows: tuple[Window, ...] = ()
        self._known = Head()
        self._looked: datetime | None = None
        self._due_ns = 0

    @property
    def announcing(self) -> str:
        """The occurrence that is being announced, "" when none is."""
        return self._state.announcing.key if self._state.announcing else ""

    @property
    def left_s(self) -> float:
        """Seconds until what is announced may begin; 0 when nothing is announced."""
        announcing = self._state.announcing
        if announcing is None:
            return 0.0
        passed_ns = self._clock.monotonic_ns() - announcing.since_ns
        return max(0.0, self._lead.announce_s - passed_ns / NS_PER_S)

    def look(self, *, recording: bool) -> tuple[Action, ...]:
        """Return what must be done now; asked often, it looks once a second."""
        now_ns = self._clock.monotonic_ns()
        if now_ns < self._due_ns:
            return ()
        self._due_ns = now_ns + _EVERY_NS
        now = self._clock.now()
        moment = Moment(now, now_ns, self._clock.trusted(), recording)
        state, actions = announcer.step(self._state, moment, self._near(now), self._lead)
        return actions if self._keep(state) else ()

    def press(self) -> tuple[Action, ...]:
        """Cancel what is announced, because somebody pressed; empty when the press means what it always means."""
        state, actions = announcer.press(self._state)
        self._keep(state)
        return actions

    def refused(self) -> None:
        """What was asked for does not begin."""
        self._keep(announcer.ended(self._state))

    def _near(self, now: datetime) -> tuple[Window, ...]:
        register = self._agreements.register
        fresh = self._looked is not None and abs(now - self._looked) < _RENEW
        if not fresh or register.head != self._known:
            self._windows = windows_of(register, now)
            self._known, self._looked = register.head, now
        return () if self._agreements.problem else self._windows

    def _keep(self, state: State) -> bool:
        """Store the state when it changed; False when the card refuses: then nothing may begin by itself."""
        if state.to_dict() != self._state.to_dict():
            try:
                replace_file(self._own / NAME, json.dumps(state.to_dict()).encode())
            except OSError as error:
                _log.warning("the schedule cannot be stored, so nothing begins by itself: %s", error)
                return False
        self._state = state
        return True


def windows_of(register: Register, now: datetime) -> tuple[Window, ...]:
    """Return the occurrences around now of everything that was booked to begin by itself."""
    zone = zone_of(register)
    rules: dict[str, Weekly | Once] = {}
    for name, booking in register.bookings.items():
        made = booking.made
        if not booking.cancelled and made.start is Start.SCHEDULE and made.repeat is not Repeat.NEXT_PRESS:
            # What the page would never have written counts for nothing.
            with contextlib.suppress(LeerblikError):
                rules[name] = _rule(made, register)
    holidays = [Holiday(each.first, each.last, each.name) for each in register.holidays.values()]
    return windows_between(rules, holidays, now - _AHEAD, now + _AHEAD, zone)


def _rule(made: BookingMade, register: Register) -> Weekly | Once:
    if made.repeat is Repeat.WEEKLY:
        return Weekly(made.first.weekday(), made.from_time, made.to_time, made.first, made.last)
    zone = zone_of(register)
    start, end = (datetime.combine(made.first, at) for at in (made.from_time, made.to_time))
    return Once(to_utc(start, zone), to_utc(end, zone))


def _read(path: Path) -> State:
    try:
        stored: Mapping[str, object] = parse_object(path.read_bytes(), "the file")
        return announcer.from_dict(stored)
    except FileNotFoundError:
        return State()
    except (OSError, LeerblikError) as error:
        _log.warning("where the schedule stood cannot be read from %s: %s", path, error)
        return State()
