"""The press grammar: what edges of a button mean, as a pure function of state, event and time.

``step(state, event, rules)`` returns the next state and the effects the recorder carries out, in order.
Times are nanoseconds of the monotonic clock; they arrive inside the events.

=============  ==========================================  =====================================
state          event                                       effect
=============  ==========================================  =====================================
idle           press (down)                                Start
stopping       anything                                    nothing: the lens is being closed
idle, < 2 s    press (released within 1 s)                 nothing: it was meant for the stop
idle, < 60 s   press (released within 1 s)                 Start
idle, < 60 s   hold 5 s                                    Discard the recording just stopped
idle, < 60 s   hold 1 to 5 s                               nothing: a discard that was let go
recording      press, alone                                Stop
recording      two presses within 0.4 s                    Mark
recording      hold 3 s                                    Blank
blanked        press (down)                                Unblank
recording      maximum length, source ended, low space     Stop (with a warning first, if time allows)
=============  ==========================================  =====================================

Privacy first: whoever presses twice by accident has stopped, not gone on. A second press right after the
first one from idle stops what it began; a second press right after a stop starts nothing. The times of
"< 2 s" and "< 60 s" count from the moment the lens was closed (STOPPED), and what the finger did while it
was being closed means nothing.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace


class StopReason(enum.Enum):
    """Why a recording ended."""

    PRESS = "press"
    MAXIMUM_LENGTH = "maximum_length"
    SOURCE_ENDED = "source_ended"
    CAMERA_FAILED = "camera_failed"
    LOW_SPACE = "low_space"
    CARD_FAILED = "card_failed"
    SHUTDOWN = "shutdown"


@dataclass(frozen=True, slots=True)
class Rules:
    """The times of the grammar in nanoseconds."""

    double_ns: int = 400_000_000
    blank_hold_ns: int = 3_000_000_000
    discard_hold_ns: int = 5_000_000_000
    discard_window_ns: int = 60_000_000_000
    tap_ns: int = 1_000_000_000
    restart_pause_ns: int = 2_000_000_000
    maximum_ns: int = 50 * 60 * 1_000_000_000
    warning_ns: int = 60_000_000_000


class EventKind(enum.Enum):
    """What can happen to a session."""

    DOWN = "down"
    UP = "up"
    TICK = "tick"
    STARTED = "started"
    REFUSED = "refused"
    ENDED = "ended"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened at a time; ``reason`` only with ENDED."""

    kind: EventKind
    at_ns: int
    reason: StopReason | None = None


class Effect(enum.Enum):
    """What the recorder must do now."""

    START = "start"
    STOP = "stop"
    MARK = "mark"
    BLANK = "blank"
    UNBLANK = "unblank"
    DISCARD = "discard"
    WARN = "warn"


@dataclass(frozen=True, slots=True)
class Action:
    """An effect, the time of the press that caused it, and for STOP the reason."""

    effect: Effect
    at_ns: int
    reason: StopReason | None = None


class Phase(enum.Enum):
    """Whether the lens is open; while STARTING and STOPPING it is being opened or closed."""

    IDLE = "idle"
    STARTING = "starting"
    RECORDING = "recording"
    BLANKED = "blanked"
    STOPPING = "stopping"


@dataclass(frozen=True, slots=True)
class Session:
    """The whole state of the grammar.

    ``down_ns``: since when the button is down and its meaning is open. ``single_ns``: when a press
    began that is a stop unless a second one follows; ``single_up_ns``: when it was released.
    ``swallow_up``: the release belongs to a press that already had its effect.
    """

    phase: Phase = Phase.IDLE
    since_ns: int = 0
    stopped_ns: int | None = None
    down_ns: int | None = None
    single_ns: int | None = None
    single_up_ns: int | None = None
    swallow_up: bool = False
    warned: bool = False


Step = tuple[Session, tuple[Action, ...]]


def step(session: Session, event: Event, rules: Rules) -> Step:
    """Return the session after the event, and what must be done because of it."""
    session, due = _time_passes(session, event.at_ns, rules)
    session, caused = _HANDLERS[event.kind](session, event, rules)
    return session, due + caused


def request_start(session: Session, at_ns: int) -> Step:
    """Start because a program asked for it: it is no finger, so it neither bounces nor is impatient."""
    return _start(session, at_ns, swallow_up=False) if session.phase is Phase.IDLE else (session, ())


def _time_passes(session: Session, now_ns: int, rules: Rules) -> Step:
    if session.down_ns is not None:
        held_ns = now_ns - session.down_ns
        if session.phase is Phase.RECORDING and held_ns >= rules.blank_hold_ns:
            return _act(_spent(session, phase=Phase.BLANKED), Effect.BLANK, now_ns)
        if session.phase is Phase.IDLE and held_ns >= rules.discard_hold_ns:
            return _act(_spent(session, stopped_ns=None), Effect.DISCARD, now_ns)
    if session.single_up_ns is not None and now_ns - session.single_up_ns >= rules.double_ns:
        return _stop(session, session.single_ns or now_ns, StopReason.PRESS)
    return _check_length(session, now_ns, rules)


def _check_length(session: Session, now_ns: int, rules: Rules) -> Step:
    if session.phase not in (Phase.RECORDING, Phase.BLANKED):
        return session, ()
    length_ns = now_ns - session.since_ns
    if length_ns >= rules.maximum_ns:
        return _stop(session, now_ns, StopReason.MAXIMUM_LENGTH)
    if not session.warned and length_ns >= rules.maximum_ns - rules.warning_ns > 0:
        return _act(replace(session, warned=True), Effect.WARN, now_ns)
    return session, ()


def _down(session: Session, event: Event, rules: Rules) -> Step:
    at_ns = event.at_ns
    if session.phase is Phase.STOPPING:
        return replace(session, swallow_up=True), ()
    if session.phase is Phase.IDLE:
        return _down_when_idle(session, at_ns, rules)
    if session.phase is Phase.STARTING:
        return replace(session, single_ns=at_ns, single_up_ns=None, down_ns=None, swallow_up=True), ()
    if session.phase is Phase.BLANKED:
        return _act(_spent(session, phase=Phase.RECORDING), Effect.UNBLANK, at_ns)
    if session.single_up_ns is not None:
        return _act(_spent(session), Effect.MARK, at_ns)
    if at_ns - session.since_ns < rules.double_ns:
        return _stop(replace(session, swallow_up=True), at_ns, StopReason.PRESS)
    return replace(session, down_ns=at_ns, single_ns=at_ns, swallow_up=False), ()


def _down_when_idle(session: Session, at_ns: int, rules: Rules) -> Step:
    if session.stopped_ns is None or at_ns - session.stopped_ns >= rules.discard_window_ns:
        return _start(session, at_ns, swallow_up=True)
    if at_ns < session.stopped_ns:
        return replace(session, swallow_up=True), ()
    return replace(session, down_ns=at_ns, swallow_up=False), ()


def _up(session: Session, event: Event, rules: Rules) -> Step:
    if session.swallow_up or session.down_ns is None:
        return replace(session, swallow_up=False, down_ns=None), ()
    if session.phase is Phase.IDLE:
        too_soon = session.down_ns - (session.stopped_ns or 0) < rules.restart_pause_ns
        if too_soon or event.at_ns - session.down_ns >= rules.tap_ns:
            return replace(session, down_ns=None), ()
        return _start(session, event.at_ns, swallow_up=False)
    return replace(session, down_ns=None, single_up_ns=event.at_ns), ()


def _started(session: Session, event: Event, rules: Rules) -> Step:
    if session.phase is not Phase.STARTING:
        return session, ()
    impatient = session.single_ns is not None
    session = replace(session, phase=Phase.RECORDING, since_ns=event.at_ns, stopped_ns=None, warned=False)
    return _stop(session, event.at_ns, StopReason.PRESS) if impatient else (session, ())


def _refused(session: Session, event: Event, rules: Rules) -> Step:
    if session.phase is not Phase.STARTING:
        return session, ()
    return replace(session, phase=Phase.IDLE, single_ns=None, single_up_ns=None), ()


def _ended(session: Session, event: Event, rules: Rules) -> Step:
    if session.phase not in (Phase.RECORDING, Phase.BLANKED):
        return session, ()
    return _stop(session, event.at_ns, event.reason or StopReason.SOURCE_ENDED)


def _stopped(session: Session, event: Event, rules: Rules) -> Step:
    if session.phase is not Phase.STOPPING:
        return session, ()
    return replace(session, phase=Phase.IDLE, stopped_ns=event.at_ns), ()


def _tick(session: Session, event: Event, rules: Rules) -> Step:
    return session, ()


def _start(session: Session, at_ns: int, *, swallow_up: bool) -> Step:
    # A start that is refused changes nothing: what was stopped before can still be discarded.
    stopped_ns = session.stopped_ns
    fresh = Session(phase=Phase.STARTING, since_ns=at_ns, stopped_ns=stopped_ns, swallow_up=swallow_up)
    return _act(fresh, Effect.START, at_ns)


def _stop(session: Session, at_ns: int, reason: StopReason) -> Step:
    still_down = session.swallow_up or session.down_ns is not None
    stopping = Session(phase=Phase.STOPPING, swallow_up=still_down)
    return stopping, (Action(Effect.STOP, at_ns, reason),)


def _spent(session: Session, **changes: object) -> Session:
    """The press that is going on has had its effect: its release means nothing any more."""
    cleared = replace(session, down_ns=None, single_ns=None, single_up_ns=None, swallow_up=True)
    return replace(cleared, **changes)  # type: ignore[arg-type]  # names are checked by replace itself


def _act(session: Session, effect: Effect, at_ns: int) -> Step:
    return session, (Action(effect, at_ns),)


_HANDLERS = {
    EventKind.DOWN: _down,
    EventKind.UP: _up,
    EventKind.TICK: _tick,
    EventKind.STARTED: _started,
    EventKind.REFUSED: _refused,
    EventKind.ENDED: _ended,
    EventKind.STOPPED: _stopped,
}
