"""Lessons that begin by themselves because they were booked so: announced for a minute, then asked for like a press.

What happens when is decided by ``device.domain.announcer``; whether it may be recorded is decided at its start, as for
every press. Where it stands is kept on the card before anything is done.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from device.domain import announcer
from device.domain.announcer import Action, Lead, Moment, State
from device.domain.errors import LeerblikError
from device.domain.occurrences import near, occurrences_of
from device.domain.register.chain import Head
from device.domain.register.decisions import Repeat, Start
from device.domain.register.state import Booking, Register
from device.domain.schedule import Window
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
    def runs(self) -> bool:
        """Whether the schedule began, or begins now, what is being recorded."""
        return self._state.running is not None

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
    since, until, zone = now - _AHEAD, now + _AHEAD, zone_of(register)
    planned = [each for each in near(register, since, until, zone) if _begins_by_itself(each)]
    found = occurrences_of(register, planned, since, until, zone)
    return tuple(Window(each.start, each.end, each.key, each.booking.made.booking) for each in found)


def _begins_by_itself(booking: Booking) -> bool:
    return booking.made.start is Start.SCHEDULE and booking.made.repeat is not Repeat.NEXT_PRESS


def _read(path: Path) -> State:
    try:
        stored: Mapping[str, object] = parse_object(path.read_bytes(), "the file")
        return announcer.from_dict(stored)
    except FileNotFoundError:
        return State()
    except (OSError, LeerblikError) as error:
        _log.warning("where the schedule stood cannot be read from %s: %s", path, error)
        return State()
