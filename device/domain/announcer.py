"""A scheduled start is announced for a minute, and a press in that minute cancels it: a pure state machine.

``step(state, moment, windows, rules)`` is asked every second, ``press(state)`` when somebody presses while
``state.announcing``. It is level-triggered: whatever was slept through, crashed through or jumped over, what
counts is the window that is open now.

=================  ==========================================  =====================================
state              what is seen                                effect
=================  ==========================================  =====================================
waiting            a window begins within the minute, or is    ANNOUNCE (light and tone)
                   open with enough left after a minute
announcing         a press                                     CANCEL: this occurrence never starts
announcing         a minute passed, and the window is open     START
announcing         the window is gone (moved, withdrawn, too   WITHDRAW (light off); announced anew if
                   little left, the clock is not trusted)      it comes back
announcing         somebody films by hand                      WITHDRAW
running            the window's end, the recording still on    STOP
running            the recording is over (press, refused)      nothing: it is not started again
waiting            somebody films by hand in an open window    nothing: this occurrence is taken
=================  ==========================================  =====================================

A minute is a minute of the monotonic clock, so no jump of the wall clock shortens it, and a recorder that was
restarted announces from the beginning. The end, too, comes at the latest after as much monotonic time as was
planned at the start; what is moved or withdrawn while it is being filmed ends at that moment all the same, or by
a press. Nothing is announced or started on a clock that is not trusted.

The state must be stored before the effects are carried out: a crash in between then loses a lesson, instead of
filming one twice. One thing at a time: a window that begins while another lesson is on is announced after it.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from device.domain.errors import Permanent
from device.domain.schedule import Window
from device.domain.strict import Fields

_S = 1_000_000_000
# Occurrences that are remembered as started, cancelled or taken: months of lessons, and a file of a few kB.
REMEMBERED = 256


class Effect(enum.Enum):
    """What the recorder does."""

    ANNOUNCE = "announce"
    WITHDRAW = "withdraw"
    CANCEL = "cancel"
    START = "start"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Action:
    """An effect, and the key of the occurrence that it is about."""

    effect: Effect
    key: str


@dataclass(frozen=True, slots=True)
class Lead:
    """How long an announcement lasts, and the least that must be left of a lesson to begin it at all; seconds."""

    announce_s: int = 60
    least_s: int = 300


@dataclass(frozen=True, slots=True)
class Moment:
    """What is so now. ``now`` is aware, ``mono_ns`` counts from any moment of this run of the recorder.

    ``recording``: something is being recorded, or is just being started or stopped, whoever asked for it.
    """

    now: datetime
    mono_ns: int
    trusted: bool
    recording: bool


@dataclass(frozen=True, slots=True)
class Announcing:
    """An announcement that is going on."""

    key: str
    since_ns: int


@dataclass(frozen=True, slots=True)
class Running:
    """What the schedule started. ``seen``: its recording was seen to be on; ``stopped``: STOP was asked for.

    ``until_ns`` is None after a restart, until the next step counts ``length_s`` anew.
    """

    key: str
    end: datetime
    length_s: int
    until_ns: int | None
    seen: bool = False
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """Where the schedule stands. ``settled`` are the occurrences that must not be announced again, newest last."""

    settled: tuple[str, ...] = ()
    announcing: Announcing | None = None
    running: Running | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return what outlives a restart, for JSON. An announcement does not: it begins anew."""
        running = None
        if self.running is not None:
            running = asdict(self.running) | {"end": self.running.end.astimezone(UTC).isoformat()}
            del running["until_ns"]
        return {"settled": list(self.settled), "running": running}


Step = tuple[State, tuple[Action, ...]]


def from_dict(stored: Mapping[str, Any]) -> State:
    """Return the state that :meth:`State.to_dict` told of; Permanent when it did not."""
    fields = Fields(dict(stored), "the schedule's state")
    settled = fields.take("settled", list)
    running = fields.take_optional("running", dict)
    fields.done()
    if not all(isinstance(key, str) for key in settled):
        raise Permanent("the schedule's state names an occurrence that is no text")
    return State(tuple(settled)[-REMEMBERED:], None, None if running is None else _read_running(running))


def step(state: State, moment: Moment, windows: Iterable[Window], lead: Lead) -> Step:
    """Return the state after this moment, and what must be done.

    ``windows`` are at least those that are open now or open within ``lead.announce_s``; see
    :func:`device.domain.schedule.windows_between`. ``moment.mono_ns`` never goes back, except after a restart.
    """
    if state.running is not None:
        state, actions = _run(state, state.running, moment)
        if state.running is not None:
            return state, actions
    return _wait(state, moment, windows, lead)


def press(state: State) -> Step:
    """Cancel the occurrence that is being announced, and no other; nothing when none is."""
    if state.announcing is None:
        return state, ()
    key = state.announcing.key
    return _settle(state, key), (Action(Effect.CANCEL, key),)


def ended(state: State) -> State:
    """Return the state after what the schedule started was refused, or is over and the lens closed."""
    return replace(state, running=None)


def _run(state: State, running: Running, moment: Moment) -> Step:
    if (running.seen or running.stopped) and not moment.recording:
        return ended(state), ()
    until_ns = running.until_ns
    if until_ns is None:
        until_ns = moment.mono_ns + running.length_s * _S
    running = replace(running, until_ns=until_ns, seen=running.seen or moment.recording)
    over = moment.mono_ns >= until_ns or (moment.trusted and moment.now >= running.end)
    if not over or running.stopped:
        return replace(state, running=running), ()
    if not moment.recording:
        return ended(state), ()
    # It stays until the lens is closed: else the last second of this lesson would pass for the next one's.
    return replace(state, running=replace(running, stopped=True)), (Action(Effect.STOP, running.key),)


def _wait(state: State, moment: Moment, windows: Iterable[Window], lead: Lead) -> Step:
    due = {window.key: window for window in sorted(windows) if _is_due(window, state, moment, lead)}
    if moment.recording:
        taken = [key for key, window in due.items() if moment.now >= window.start]
        state, actions = _withdraw(state)
        for key in taken:
            state = _settle(state, key)
        return state, actions
    announcing = state.announcing
    if announcing is not None and announcing.key in due:
        return _announced(state, announcing, due[announcing.key], moment, lead)
    state, withdrawn = _withdraw(state)
    for key, window in due.items():
        # What would have too little left after a whole announcement is not announced either.
        late = moment.now > window.start
        begin = moment.now + timedelta(seconds=lead.announce_s) if late else window.start
        if window.end - begin >= timedelta(seconds=lead.least_s):
            state = replace(state, announcing=Announcing(key, moment.mono_ns))
            return state, (*withdrawn, Action(Effect.ANNOUNCE, key))
    return state, withdrawn


def _is_due(window: Window, state: State, moment: Moment, lead: Lead) -> bool:
    early = moment.now >= window.start - timedelta(seconds=lead.announce_s)
    # Half of the least, so that what was announced is not given up for the second that a step came late.
    left = moment.now <= window.end - timedelta(seconds=lead.least_s / 2)
    return moment.trusted and early and left and window.key not in state.settled


def _announced(state: State, announcing: Announcing, window: Window, moment: Moment, lead: Lead) -> Step:
    """Start what was announced for long enough, once its window is open."""
    if moment.mono_ns - announcing.since_ns < lead.announce_s * _S or moment.now < window.start:
        return state, ()
    length_s = -((moment.now - window.end) // timedelta(seconds=1))
    running = Running(window.key, window.end, length_s, moment.mono_ns + length_s * _S)
    return replace(_settle(state, window.key), running=running), (Action(Effect.START, window.key),)


def _withdraw(state: State) -> Step:
    if state.announcing is None:
        return state, ()
    return replace(state, announcing=None), (Action(Effect.WITHDRAW, state.announcing.key),)


def _settle(state: State, key: str) -> State:
    """Remember that this occurrence is done with."""
    settled = (*(each for each in state.settled if each != key), key)
    return replace(state, settled=settled[-REMEMBERED:], announcing=None)


def _read_running(stored: dict[str, Any]) -> Running:
    fields = Fields(stored, "the schedule's state.running")
    key, end = fields.take("key", str), fields.take("end", str)
    length_s = fields.integer("length_s", 0, 7 * 24 * 3600)
    seen, stopped = fields.take("seen", bool), fields.take("stopped", bool)
    fields.done()
    try:
        moment = datetime.fromisoformat(end)
    except ValueError:
        raise Permanent(f"the schedule's state has an end that is no time: '{end}'") from None
    if moment.tzinfo is None:
        raise Permanent(f"the schedule's state has an end without a time zone: '{end}'")
    return Running(key, moment.astimezone(UTC), length_s, None, seen, stopped)
