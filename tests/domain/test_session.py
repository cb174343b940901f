"""The press grammar: the table of the module, and what holds after any sequence of events."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.domain.session import Action, Effect, Event, EventKind, Phase, Rules, Session, StopReason, step

S = 1_000_000_000
MS = 1_000_000
RULES = Rules()
LENS_OPEN = (Phase.RECORDING, Phase.BLANKED)


class Recorder:
    """Answers every START and STOP, as the recorder does, and keeps what was asked of it."""

    def __init__(self, rules: Rules = RULES, *, refuses: bool = False) -> None:
        self.rules = rules
        self.refuses = refuses
        self.closing_ns = 0
        self.session = Session()
        self.actions: list[Action] = []

    def event(self, kind: EventKind, at_ns: int, reason: StopReason | None = None) -> None:
        self.session, actions = step(self.session, Event(kind, at_ns, reason), self.rules)
        for action in actions:
            self.actions.append(action)
            if action.effect is Effect.START:
                self.event(EventKind.REFUSED if self.refuses else EventKind.STARTED, at_ns)
            if action.effect is Effect.STOP:
                self.event(EventKind.STOPPED, at_ns + self.closing_ns)

    def press(self, at_ns: int, hold_ns: int = 50 * MS) -> None:
        self.event(EventKind.DOWN, at_ns)
        self.event(EventKind.UP, at_ns + hold_ns)

    def tick(self, at_ns: int) -> None:
        self.event(EventKind.TICK, at_ns)

    def hold(self, at_ns: int, hold_ns: int) -> None:
        self.event(EventKind.DOWN, at_ns)
        for passed_ns in range(0, hold_ns, 50 * MS):
            self.tick(at_ns + passed_ns)
        self.event(EventKind.UP, at_ns + hold_ns)

    @property
    def effects(self) -> list[Effect]:
        return [action.effect for action in self.actions]


def recording(**changes: int) -> Recorder:
    recorder = Recorder(Rules(**changes))
    recorder.press(0)
    assert recorder.effects == [Effect.START]
    return recorder


def test_one_press_starts_as_soon_as_the_button_goes_down() -> None:
    recorder = Recorder()
    recorder.event(EventKind.DOWN, 5 * S)
    assert recorder.actions == [Action(Effect.START, 5 * S)]


def test_one_press_stops_and_the_lesson_ends_where_the_finger_came_down() -> None:
    recorder = recording()
    recorder.press(10 * S)
    assert recorder.effects == [Effect.START]  # it may still become a double press
    recorder.tick(10 * S + 450 * MS)
    assert recorder.actions[-1] == Action(Effect.STOP, 10 * S, StopReason.PRESS)


def test_two_quick_presses_mark_the_moment_and_the_lesson_goes_on() -> None:
    recorder = recording()
    recorder.press(10 * S)
    recorder.press(10 * S + 300 * MS)
    recorder.tick(20 * S)
    assert recorder.effects == [Effect.START, Effect.MARK]
    assert recorder.session.phase is Phase.RECORDING


@pytest.mark.parametrize("later_ns", [500 * MS, 800 * MS, 1500 * MS, 2300 * MS])
def test_a_slow_double_press_has_stopped_and_starts_nothing(later_ns: int) -> None:
    recorder = recording()
    recorder.press(10 * S)
    recorder.tick(10 * S + 450 * MS)
    recorder.press(10 * S + later_ns)
    recorder.tick(20 * S)
    assert recorder.effects == [Effect.START, Effect.STOP]


def test_a_new_lesson_can_begin_two_seconds_after_the_last_one() -> None:
    recorder = recording()
    recorder.press(10 * S)
    recorder.tick(10 * S + 450 * MS)
    recorder.press(13 * S)
    assert recorder.effects == [Effect.START, Effect.STOP, Effect.START]


def test_what_an_impatient_finger_did_while_the_lens_was_closing_means_nothing() -> None:
    recorder = recording()
    recorder.closing_ns = 10 * S
    recorder.event(EventKind.ENDED, 10 * S, StopReason.PRESS)
    recorder.press(11 * S)
    recorder.event(EventKind.DOWN, 12 * S)
    recorder.tick(20 * S)
    recorder.event(EventKind.UP, 20 * S)
    recorder.tick(30 * S)
    assert recorder.effects == [Effect.START, Effect.STOP]


def test_holding_three_seconds_blanks_while_the_button_is_still_down_and_the_next_press_ends_it() -> None:
    recorder = recording()
    recorder.event(EventKind.DOWN, 10 * S)
    recorder.tick(13 * S - 1)
    assert recorder.effects == [Effect.START]
    recorder.tick(13 * S)
    assert recorder.actions[-1] == Action(Effect.BLANK, 13 * S)
    recorder.event(EventKind.UP, 14 * S)
    recorder.press(60 * S)
    recorder.tick(62 * S)
    assert recorder.effects == [Effect.START, Effect.BLANK, Effect.UNBLANK]
    assert recorder.session.phase is Phase.RECORDING


def test_a_hold_that_nobody_ticked_through_blanks_when_it_is_released() -> None:
    recorder = recording()
    recorder.press(10 * S, hold_ns=4 * S)
    assert recorder.effects == [Effect.START, Effect.BLANK]


def test_the_press_that_started_the_lesson_never_blanks_it() -> None:
    recorder = Recorder()
    recorder.hold(0, 10 * S)
    recorder.tick(12 * S)
    assert recorder.effects == [Effect.START]


@pytest.mark.parametrize(
    ("begins_s", "held_s", "last"),
    [
        (0, 5, Effect.DISCARD),
        (30, 5, Effect.DISCARD),
        (59, 5, Effect.DISCARD),
        (30, 4, Effect.STOP),
        (61, 5, Effect.START),
    ],
)
def test_holding_five_seconds_within_a_minute_discards_and_nothing_else_does(
    begins_s: int, held_s: int, last: Effect
) -> None:
    recorder = recording()
    recorder.event(EventKind.ENDED, 100 * S, StopReason.SOURCE_ENDED)
    recorder.hold((100 + begins_s) * S, held_s * S)
    assert recorder.effects[-1] is last
    assert len(recorder.effects) == (2 if last is Effect.STOP else 3)


def test_only_the_lesson_just_stopped_can_be_discarded_and_only_once() -> None:
    recorder = recording()
    recorder.event(EventKind.ENDED, 10 * S, StopReason.SOURCE_ENDED)
    recorder.hold(11 * S, 6 * S)
    recorder.hold(20 * S, 6 * S)
    assert recorder.effects == [Effect.START, Effect.STOP, Effect.DISCARD, Effect.START]


def test_pressing_twice_by_accident_has_stopped_not_gone_on() -> None:
    recorder = Recorder()
    recorder.press(0)
    recorder.press(200 * MS)
    recorder.tick(5 * S)
    assert recorder.effects == [Effect.START, Effect.STOP]


def test_an_impatient_second_press_stops_a_lesson_whose_camera_was_still_opening() -> None:
    session, actions = step(Session(), Event(EventKind.DOWN, 0), RULES)
    for kind, at_ns in (
        (EventKind.UP, 1),
        (EventKind.DOWN, 2),
        (EventKind.UP, 3),
        (EventKind.STARTED, 2 * S),
    ):
        session, actions = step(session, Event(kind, at_ns), RULES)
    assert actions == (Action(Effect.STOP, 2 * S, StopReason.PRESS),)
    assert session.phase is Phase.STOPPING


def test_a_refused_press_leaves_the_button_as_it_was() -> None:
    recorder = Recorder(refuses=True)
    recorder.press(0)
    recorder.press(S)
    assert recorder.effects == [Effect.START, Effect.START]
    assert recorder.session.phase is Phase.IDLE


def test_the_longest_length_stops_after_a_warning_also_while_blanked() -> None:
    recorder = recording(maximum_ns=100 * S, warning_ns=60 * S)
    recorder.hold(10 * S, 4 * S)
    for at_s in range(15, 110):
        recorder.tick(at_s * S)
    assert recorder.actions[2:] == [
        Action(Effect.WARN, 40 * S),
        Action(Effect.STOP, 100 * S, StopReason.MAXIMUM_LENGTH),
    ]


def test_a_maximum_shorter_than_the_warning_stops_without_one() -> None:
    recorder = recording(maximum_ns=10 * S)
    recorder.tick(9 * S)
    recorder.tick(10 * S)
    assert recorder.effects == [Effect.START, Effect.STOP]


@pytest.mark.parametrize("reason", StopReason)
def test_whatever_ends_a_lesson_is_given_as_the_reason(reason: StopReason) -> None:
    recorder = recording()
    recorder.event(EventKind.ENDED, 7 * S, reason)
    assert recorder.actions[-1] == Action(Effect.STOP, 7 * S, reason)


def test_a_button_that_was_down_when_the_lesson_ended_starts_nothing_when_it_comes_up() -> None:
    recorder = recording()
    recorder.event(EventKind.DOWN, 10 * S)
    recorder.event(EventKind.ENDED, 10 * S + 1, StopReason.SOURCE_ENDED)
    recorder.event(EventKind.UP, 11 * S)
    assert recorder.effects == [Effect.START, Effect.STOP]


# --- after any sequence of events, at any times

events = st.lists(
    st.tuples(
        st.sampled_from(EventKind),
        st.one_of(
            st.integers(-50 * MS, 500 * MS),
            st.sampled_from((0, 399 * MS, 400 * MS, 3 * S, 5 * S, 59 * S, 60 * S, 3000 * S)),
        ),
        st.sampled_from((None, *StopReason)),
    ),
    max_size=60,
)


def _replay(
    steps: Iterable[tuple[EventKind, int, StopReason | None]],
) -> Iterable[tuple[Session, Event, Session, Action]]:
    session, now_ns = Session(), 10 * S
    for kind, passed_ns, reason in steps:
        now_ns += passed_ns
        before, event = session, Event(kind, now_ns, reason)
        session, actions = step(session, event, RULES)
        for action in actions:
            yield before, event, session, action


@settings(max_examples=400, deadline=None)
@given(events)
def test_the_lens_is_opened_by_an_answered_start_only_and_closed_before_the_next(
    steps: list[tuple[EventKind, int, StopReason | None]],
) -> None:
    phase = Phase.IDLE
    session, now_ns = Session(), 10 * S
    for kind, passed_ns, reason in steps:
        now_ns += passed_ns
        session, actions = step(session, Event(kind, now_ns, reason), RULES)
        if phase is Phase.STARTING and kind in (EventKind.STARTED, EventKind.REFUSED):
            phase = Phase.RECORDING if kind is EventKind.STARTED else Phase.IDLE
        for action in actions:
            phase = _after(phase, action)
        if phase is Phase.STOPPING and kind is EventKind.STOPPED:
            phase = Phase.IDLE
        assert session.phase is phase


def _after(phase: Phase, action: Action) -> Phase:
    """Return the phase of the lens after an action; an action that has no place here fails."""
    allowed: dict[Effect, dict[Phase, Phase]] = {
        Effect.START: {Phase.IDLE: Phase.STARTING},
        Effect.STOP: dict.fromkeys(LENS_OPEN, Phase.STOPPING),
        Effect.MARK: {Phase.RECORDING: Phase.RECORDING},
        Effect.BLANK: {Phase.RECORDING: Phase.BLANKED},
        Effect.UNBLANK: {Phase.BLANKED: Phase.RECORDING},
        Effect.DISCARD: {Phase.IDLE: Phase.IDLE},
        Effect.WARN: {each: each for each in LENS_OPEN},
    }
    assert phase in allowed[action.effect], f"{action} while {phase}"
    return allowed[action.effect][phase]


@settings(max_examples=200, deadline=None)
@given(events)
def test_only_a_finger_starts_and_a_stop_always_says_why(
    steps: list[tuple[EventKind, int, StopReason | None]],
) -> None:
    for _, event, _, action in _replay(steps):
        if action.effect is Effect.START:
            assert event.kind in (EventKind.DOWN, EventKind.UP)
        assert (action.reason is not None) == (action.effect is Effect.STOP)


@settings(max_examples=200, deadline=None)
@given(events)
def test_however_the_button_is_used_the_longest_length_ends_the_lesson(
    steps: list[tuple[EventKind, int, StopReason | None]],
) -> None:
    session, now_ns = Session(), 10 * S
    for kind, passed_ns, reason in steps:
        now_ns += passed_ns
        session, _ = step(session, Event(kind, now_ns, reason), RULES)
    if session.phase in LENS_OPEN:
        # Two ticks: a press that is due at the same moment has its effect first.
        for _ in range(2):
            since_ns = session.since_ns
            session, _ = step(session, Event(EventKind.TICK, since_ns + RULES.maximum_ns), RULES)
            if session.phase not in LENS_OPEN:
                break
        assert session.phase is Phase.STOPPING
