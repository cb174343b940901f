"""The press grammar: what edges of buttons and switches mean, as a pure function of state, event and time.

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
recording      privacy button                              Blank
recording      the lens is covered                         Blank
blanked        press (released within 3 s)                 Unblank; covered: Refuse_covered
blanked        hold 3 s                                    Stop, without having been filmed again
blanked        privacy button                              Unblank; covered: see below
blanked        the lens is uncovered                       Unblank, if nothing but the cover blanked it
starting       privacy button, or the lens is covered      Blank as soon as the lens is open
recording      maximum length, source ended, low space     Stop (with a warning first, if time allows)
recording      the booked time is over                     Stop (with a warning first)
recording      power button, or the battery runs down      Stop, then Power_off
idle           the same                                    Power_off; nothing starts any more
=============  ==========================================  =====================================

Privacy first: whoever presses twice by accident has stopped, not gone on. A second press right after the
first one from idle stops what it began; a second press right after a stop starts nothing; a second push on
the privacy button within 1 s does not show the class again. The times of "< 2 s" and "< 60 s" count from
the moment the lens was closed (STOPPED), and what the finger did while it was being closed means nothing.

Button and cover blank independently, and the class is shown when neither does: while the lens is covered
nothing unblanks, and a blanking by button outlives the cover. The privacy button under a cover that alone
blanks adds its own blanking. What a press means is settled when the finger comes down: one that came down
while recording stops, also if the lens is covered before it is released.
Whether a covered lens may start at all is decided where every other permission is: ``Session.covered``.
"""

from __future__ import annotations

from dataclasses import replace

from device.domain.session_state import (
    Action,
    Effect,
    Event,
    EventKind,
    Phase,
    Rules,
    Session,
    StopReason,
)

__all__ = [
    "Action", "Effect", "Event", "EventKind", "Phase", "Rules", "Session", "Step", "StopReason",
    "planned_end", "request_start", "resume", "stay_on", "step",
]  # fmt: skip


Step = tuple[Session, tuple[Action, ...]]


def step(session: Session, event: Event, rules: Rules) -> Step:
    """Return the session after the event, and what must be done because of it."""
    session, due = _time_passes(session, event.at_ns, rules)
    session, caused = _HANDLERS[event.kind](session, event, rules)
    return session, due + caused


def request_start(session: Session, at_ns: int, who: str = "") -> Step:
    """Start because a program asked for it: it is no finger, so it neither bounces nor is impatient."""
    if session.phase is not Phase.IDLE or session.powering_off:
        return session, ()
    return _start(session, at_ns, who, swallow_up=False)


def resume(since_ns: int, *, blanked: bool, warned: bool, ends_ns: int | None = None) -> Session:
    """Return the state of a lesson that goes on after the recorder crashed; ``since_ns`` is when it began.

    What was blanked stays so until somebody says otherwise, also if only the cover had blanked it. It ends when
    it would have ended without the crash.
    """
    phase, hidden_ns = (Phase.BLANKED, since_ns) if blanked else (Phase.RECORDING, None)
    return Session(phase=phase, since_ns=since_ns, hidden_ns=hidden_ns, warned=warned, ends_ns=ends_ns)


def planned_end(session: Session, rules: Rules) -> tuple[int, StopReason] | None:
    """Return when a lesson that nobody stops ends by itself, and why; None while none is being recorded."""
    if session.phase not in (Phase.RECORDING, Phase.BLANKED):
        return None
    longest = (session.since_ns + rules.maximum_ns, StopReason.MAXIMUM_LENGTH)
    if session.ends_ns is None or session.ends_ns >= longest[0]:
        return longest
    return session.ends_ns, StopReason.END_OF_BOOKING


def stay_on(session: Session) -> Session:
    """Return the state of a device that could not be switched off: it may record again."""
    return replace(session, powering_off=False)


def _time_passes(session: Session, now_ns: int, rules: Rules) -> Step:
    if session.down_ns is not None:
        held = _held(session, now_ns - session.down_ns, now_ns, rules)
        if held is not None:
            return held
    if session.single_up_ns is not None and now_ns - session.single_up_ns >= rules.double_ns:
        return _stop(session, session.single_ns or now_ns, StopReason.PRESS)
    return _check_length(session, now_ns, rules)


def _held(session: Session, held_ns: int, now_ns: int, rules: Rules) -> Step | None:
    """Return what holding the button this long does; None when nothing (yet)."""
    if session.phase is Phase.IDLE:
        if held_ns < rules.discard_hold_ns:
            return None
        return _act(_spent(session, stopped_ns=None), Effect.DISCARD, now_ns)
    if session.down_on_blank:
        return _stop(session, now_ns, StopReason.PRESS) if held_ns >= rules.stop_hold_ns else None
    return _hide(_spent(session), now_ns) if held_ns >= rules.blank_hold_ns else None


def _check_length(session: Session, now_ns: int, rules: Rules) -> Step:
    planned = planned_end(session, rules)
    if planned is None:
        return session, ()
    end_ns, reason = planned
    if now_ns >= end_ns:
        return _stop(session, now_ns, reason)
    # A maximum that is shorter than the warning was chosen by somebody who knows; a late press was not.
    warns = reason is StopReason.END_OF_BOOKING or rules.maximum_ns > rules.warning_ns
    if warns and not session.warned and now_ns >= end_ns - rules.warning_ns:
        return _act(replace(session, warned=True), Effect.WARN, now_ns)
    return session, ()


def _down(session: Session, event: Event, rules: Rules) -> Step:
    at_ns = event.at_ns
    if session.phase is Phase.STOPPING:
        return replace(session, swallow_up=True), ()
    if session.phase is Phase.IDLE:
        return _down_when_idle(session, event, rules)
    if session.phase is Phase.STARTING:
        return replace(session, single_ns=at_ns, single_up_ns=None, down_ns=None, swallow_up=True), ()
    if session.single_up_ns is not None:
        return _second_down(session, at_ns)
    if at_ns - session.since_ns < rules.double_ns:
        return _stop(replace(session, swallow_up=True), at_ns, StopReason.PRESS)
    if session.phase is Phase.RECORDING:
        return replace(session, down_ns=at_ns, down_on_blank=False, single_ns=at_ns, swallow_up=False), ()
    if session.down_ns is not None:
        return session, ()  # what the first finger meant counts
    # swallow_up stays as it is: the release of a finger that blanked by holding must not show the class.
    return replace(session, down_ns=at_ns, down_on_blank=True), ()


def _down_when_idle(session: Session, event: Event, rules: Rules) -> Step:
    at_ns = event.at_ns
    if session.powering_off:
        return replace(session, swallow_up=True), ()
    if session.stopped_ns is None or at_ns - session.stopped_ns >= rules.discard_window_ns:
        return _start(session, at_ns, event.who, swallow_up=True)
    if at_ns < session.stopped_ns:
        return replace(session, swallow_up=True), ()
    return replace(session, down_ns=at_ns, down_who=event.who, swallow_up=False), ()


def _second_down(session: Session, at_ns: int) -> Step:
    """Mark; but what was blanked after the first press stops with it: nobody meant to go on."""
    if session.phase is Phase.RECORDING:
        return _act(_spent(session), Effect.MARK, at_ns)
    return replace(session, swallow_up=True), ()


def _up(session: Session, event: Event, rules: Rules) -> Step:
    if session.swallow_up or session.down_ns is None:
        return replace(session, swallow_up=False, down_ns=None), ()
    if session.phase is Phase.IDLE:
        too_soon = session.down_ns - (session.stopped_ns or 0) < rules.restart_pause_ns
        if too_soon or event.at_ns - session.down_ns >= rules.tap_ns:
            return replace(session, down_ns=None), ()
        return _start(session, event.at_ns, session.down_who, swallow_up=False)
    if session.down_on_blank:
        return _show(replace(session, down_ns=None, down_on_blank=False), event.at_ns)
    return replace(session, down_ns=None, single_up_ns=event.at_ns), ()


def _privacy(session: Session, event: Event, rules: Rules) -> Step:
    if session.phase in (Phase.IDLE, Phase.STOPPING):
        return session, ()
    if session.hidden_ns is None:
        return _hide(session, event.at_ns)
    again = event.at_ns - session.hidden_ns < rules.tap_ns
    return (session, ()) if again or session.phase is Phase.STARTING else _show(session, event.at_ns)


def _covered(session: Session, event: Event, rules: Rules) -> Step:
    session = replace(session, covered=True)
    if session.phase is not Phase.RECORDING:
        return session, ()
    return _act(replace(session, phase=Phase.BLANKED), Effect.BLANK, event.at_ns)


def _uncovered(session: Session, event: Event, rules: Rules) -> Step:
    session = replace(session, covered=False)
    if session.phase is not Phase.BLANKED or session.hidden_ns is not None:
        return session, ()
    return _act(replace(session, phase=Phase.RECORDING), Effect.UNBLANK, event.at_ns)


def _hide(session: Session, at_ns: int) -> Step:
    """Blank by button; what is blanked already, or not open yet, only remembers it."""
    session = replace(session, hidden_ns=at_ns)
    if session.phase is not Phase.RECORDING:
        return session, ()
    return _act(replace(session, phase=Phase.BLANKED), Effect.BLANK, at_ns)


def _show(session: Session, at_ns: int) -> Step:
    """Show the class again, unless the lens is covered; nothing when it is shown already."""
    if session.covered:
        return _act(session, Effect.REFUSE_COVERED, at_ns)
    if session.phase is not Phase.BLANKED:
        return session, ()
    return _act(replace(session, phase=Phase.RECORDING, hidden_ns=None), Effect.UNBLANK, at_ns)


def _power(session: Session, event: Event, rules: Rules) -> Step:
    session = replace(session, powering_off=True)
    if session.phase in (Phase.RECORDING, Phase.BLANKED):
        return _stop(session, event.at_ns, StopReason.SHUTDOWN)
    return _idle(session, event.at_ns) if session.phase is Phase.IDLE else (session, ())


def _started(session: Session, event: Event, rules: Rules) -> Step:
    if session.phase is not Phase.STARTING:
        return session, ()
    impatient = session.single_ns is not None
    session = replace(session, phase=Phase.RECORDING, since_ns=event.at_ns, stopped_ns=None, warned=False)
    session = replace(session, ends_ns=event.ends_ns)
    if impatient or session.powering_off:
        reason = StopReason.SHUTDOWN if session.powering_off else StopReason.PRESS
        return _stop(session, event.at_ns, reason)
    if session.covered or session.hidden_ns is not None:
        return _act(replace(session, phase=Phase.BLANKED), Effect.BLANK, event.at_ns)
    return session, ()


def _refused(session: Session, event: Event, rules: Rules) -> Step:
    if session.phase is not Phase.STARTING:
        return session, ()
    return _idle(replace(session, single_ns=None, single_up_ns=None), event.at_ns)


def _ended(session: Session, event: Event, rules: Rules) -> Step:
    if session.phase not in (Phase.RECORDING, Phase.BLANKED):
        return session, ()
    return _stop(session, event.at_ns, event.reason or StopReason.SOURCE_ENDED)


def _stopped(session: Session, event: Event, rules: Rules) -> Step:
    if session.phase is not Phase.STOPPING:
        return session, ()
    return _idle(replace(session, stopped_ns=event.at_ns), event.at_ns)


def _tick(session: Session, event: Event, rules: Rules) -> Step:
    return session, ()


def _idle(session: Session, at_ns: int) -> Step:
    """The lens is closed; a device that was asked to goes off now, and lets go of every finger."""
    session = replace(session, phase=Phase.IDLE)
    return _act(_spent(session), Effect.POWER_OFF, at_ns) if session.powering_off else (session, ())


def _start(session: Session, at_ns: int, who: str, *, swallow_up: bool) -> Step:
    # A start that is refused changes nothing: what was stopped before can still be discarded.
    fresh = Session(
        phase=Phase.STARTING, since_ns=at_ns, stopped_ns=session.stopped_ns, swallow_up=swallow_up,
        covered=session.covered,
    )  # fmt: skip
    return fresh, (Action(Effect.START, at_ns, who=who),)


def _stop(session: Session, at_ns: int, reason: StopReason) -> Step:
    still_down = session.swallow_up or session.down_ns is not None
    stopping = Session(
        phase=Phase.STOPPING, swallow_up=still_down, covered=session.covered,
        powering_off=session.powering_off,
    )  # fmt: skip
    return stopping, (Action(Effect.STOP, at_ns, reason),)


def _spent(session: Session, **changes: object) -> Session:
    """The press that is going on has had its effect: its release means nothing any more."""
    cleared = replace(
        session, down_ns=None, down_on_blank=False, single_ns=None, single_up_ns=None, swallow_up=True
    )
    return replace(cleared, **changes)  # type: ignore[arg-type]  # names are checked by replace itself


def _act(session: Session, effect: Effect, at_ns: int) -> Step:
    return session, (Action(effect, at_ns),)


_HANDLERS = {
    EventKind.DOWN: _down,
    EventKind.UP: _up,
    EventKind.PRIVACY: _privacy,
    EventKind.COVERED: _covered,
    EventKind.UNCOVERED: _uncovered,
    EventKind.POWER: _power,
    EventKind.TICK: _tick,
    EventKind.STARTED: _started,
    EventKind.REFUSED: _refused,
    EventKind.ENDED: _ended,
    EventKind.STOPPED: _stopped,
}
