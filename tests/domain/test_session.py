"""The press grammar: the table of the module, and what holds after any sequence of events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.domain.session import (
    Action,
    Effect,
    Event,
    EventKind,
    Phase,
    Rules,
    Session,
    StopReason,
    planned_end,
    request_start,
    resume,
    stay_on,
    step,
)

S = 1_000_000_000
MS = 1_000_000
RULES = Rules()
LENS_OPEN = (Phase.RECORDING, Phase.BLANKED)


class Recorder:
    """Answers every START and STOP, as the recorder does, and keeps what was asked of it."""

    def __init__(self, rules: Rules = RULES, *, refuses: bool = False, ends_ns: int | None = None) -> None:
        self.rules = rules
        self.ends_ns = ends_ns
        self.refuses = refuses
        self.closing_ns = 0
        self.session = Session()
        self.actions: list[Action] = []

    def event(self, kind: EventKind, at_ns: int, reason: StopReason | None = None, who: str = "") -> None:
        ends_ns = self.ends_ns if kind is EventKind.STARTED else None
        self.session, actions = step(self.session, Event(kind, at_ns, reason, who, ends_ns), self.rules)
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


def test_the_end_of_what_was_booked_stops_after_a_warning_also_while_blanked() -> None:
    recorder = Recorder(ends_ns=600 * S)
    recorder.press(0)
    recorder.tick(540 * S - 1)
    assert recorder.effects == [Effect.START]
    recorder.tick(540 * S)
    assert recorder.effects == [Effect.START, Effect.WARN]
    recorder.hold(550 * S, 3 * S)
    recorder.tick(600 * S)
    assert recorder.effects == [Effect.START, Effect.WARN, Effect.BLANK, Effect.STOP]
    assert recorder.actions[-1].reason is StopReason.END_OF_BOOKING


@pytest.mark.parametrize("longest_s", [30, 3000])
def test_who_presses_in_the_last_minute_is_warned_at_once(longest_s: int) -> None:
    recorder = Recorder(Rules(maximum_ns=longest_s * S), ends_ns=20 * S)
    recorder.press(0)
    recorder.tick(1 * S)
    recorder.tick(2 * S)
    recorder.tick(20 * S)
    assert recorder.effects == [Effect.START, Effect.WARN, Effect.STOP]


@given(st.integers(0, 100), st.integers(1, 100), st.integers(0, 200))
def test_of_two_ends_the_earlier_one_counts_and_is_the_one_that_is_told(
    booked_s: int, longest_s: int, now_s: int
) -> None:
    recorder = Recorder(Rules(maximum_ns=longest_s * S, warning_ns=0), ends_ns=booked_s * S)
    assert planned_end(recorder.session, recorder.rules) is None
    recorder.press(0)
    reason = StopReason.END_OF_BOOKING if booked_s < longest_s else StopReason.MAXIMUM_LENGTH
    if recorder.session.phase is Phase.RECORDING:
        assert planned_end(recorder.session, recorder.rules) == (min(booked_s, longest_s) * S, reason)
    recorder.tick(now_s * S)
    over = now_s >= min(booked_s, longest_s) or booked_s == 0
    assert (recorder.session.phase is Phase.IDLE) is over
    if over:
        assert recorder.actions[-1].reason is reason


def test_the_next_lesson_does_not_end_with_what_was_booked_for_the_one_before() -> None:
    recorder = Recorder(ends_ns=600 * S)
    recorder.press(0)
    recorder.tick(600 * S)
    recorder.ends_ns = None
    recorder.press(700 * S)
    recorder.tick(1200 * S)
    assert recorder.session.phase is Phase.RECORDING


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


# --- blanking: by holding, with the privacy button, by covering the lens


def blanked(kind: EventKind = EventKind.PRIVACY) -> Recorder:
    recorder = recording()
    recorder.event(kind, 10 * S)
    assert recorder.effects == [Effect.START, Effect.BLANK]
    return recorder


def test_while_blanked_a_press_shows_the_class_again_when_it_is_released_and_not_before() -> None:
    recorder = blanked()
    recorder.event(EventKind.DOWN, 20 * S)
    recorder.tick(23 * S - 1)
    assert recorder.effects[-1] is Effect.BLANK
    recorder.event(EventKind.UP, 23 * S - 1)
    assert recorder.actions[-1] == Action(Effect.UNBLANK, 23 * S - 1)
    recorder.tick(30 * S)
    assert recorder.session.phase is Phase.RECORDING


def test_holding_three_seconds_while_blanked_stops_and_nobody_is_filmed_again() -> None:
    recorder = blanked()
    recorder.event(EventKind.DOWN, 20 * S)
    recorder.tick(23 * S)
    assert recorder.actions[-1] == Action(Effect.STOP, 23 * S, StopReason.PRESS)
    for later_s in (24, 26, 28, 30):
        recorder.tick(later_s * S)
    recorder.event(EventKind.UP, 31 * S)
    assert recorder.effects == [Effect.START, Effect.BLANK, Effect.STOP]  # held on: no discard either


def test_a_hold_while_blanked_that_nobody_ticked_through_stops_when_it_is_released() -> None:
    recorder = blanked()
    recorder.press(20 * S, hold_ns=4 * S)
    assert recorder.effects == [Effect.START, Effect.BLANK, Effect.STOP]


def test_the_hold_that_blanks_does_not_go_on_to_stop() -> None:
    recorder = recording()
    recorder.hold(10 * S, 20 * S)
    assert recorder.effects == [Effect.START, Effect.BLANK]


def test_a_double_press_while_blanked_has_stopped_not_gone_on() -> None:
    recorder = blanked()
    recorder.press(20 * S)
    recorder.press(20 * S + 300 * MS)
    recorder.tick(21 * S)
    assert recorder.effects[2:] == [Effect.UNBLANK, Effect.STOP]


def test_the_privacy_button_blanks_and_shows_again() -> None:
    recorder = blanked()
    recorder.event(EventKind.PRIVACY, 20 * S)
    assert recorder.actions[1:] == [Action(Effect.BLANK, 10 * S), Action(Effect.UNBLANK, 20 * S)]


def test_a_nervous_second_push_on_the_privacy_button_does_not_show_the_class() -> None:
    recorder = blanked()
    recorder.event(EventKind.PRIVACY, 11 * S - 1)
    assert recorder.effects == [Effect.START, Effect.BLANK]


def test_what_holding_blanked_the_privacy_button_shows_again() -> None:
    recorder = recording()
    recorder.hold(10 * S, 4 * S)
    recorder.event(EventKind.PRIVACY, 20 * S)
    assert recorder.effects == [Effect.START, Effect.BLANK, Effect.UNBLANK]


@pytest.mark.parametrize("kind", [EventKind.PRIVACY, EventKind.COVERED, EventKind.UNCOVERED])
def test_while_nothing_is_recorded_privacy_button_and_cover_do_nothing(kind: EventKind) -> None:
    recorder = Recorder()
    recorder.event(kind, 5 * S)
    assert recorder.effects == []


def test_a_covered_lens_is_blank_for_as_long_as_it_is_covered() -> None:
    recorder = blanked(EventKind.COVERED)
    recorder.event(EventKind.UNCOVERED, 20 * S)
    assert recorder.actions[1:] == [Action(Effect.BLANK, 10 * S), Action(Effect.UNBLANK, 20 * S)]


def test_uncovering_the_lens_shows_nothing_that_a_button_had_blanked() -> None:
    recorder = blanked()
    recorder.event(EventKind.COVERED, 20 * S)
    recorder.event(EventKind.UNCOVERED, 30 * S)
    assert recorder.effects == [Effect.START, Effect.BLANK]
    recorder.press(40 * S)
    assert recorder.effects[-1] is Effect.UNBLANK


def test_the_privacy_button_under_the_cover_keeps_the_class_hidden_when_it_is_taken_off() -> None:
    recorder = blanked(EventKind.COVERED)
    recorder.event(EventKind.PRIVACY, 20 * S)
    recorder.event(EventKind.UNCOVERED, 30 * S)
    assert recorder.effects == [Effect.START, Effect.BLANK]
    assert recorder.session.phase is Phase.BLANKED


@pytest.mark.parametrize("before", [EventKind.COVERED, EventKind.PRIVACY])
def test_while_the_lens_is_covered_showing_the_class_is_refused_and_stopping_is_not(
    before: EventKind,
) -> None:
    recorder = blanked(before)
    recorder.event(EventKind.COVERED, 11 * S)
    recorder.press(20 * S)
    assert recorder.actions[-1] == Action(Effect.REFUSE_COVERED, 20 * S + 50 * MS)
    assert recorder.session.phase is Phase.BLANKED
    recorder.hold(30 * S, 3 * S)
    assert recorder.effects[3:] == [Effect.STOP]


def test_the_privacy_button_cannot_show_what_is_covered() -> None:
    recorder = blanked()
    recorder.event(EventKind.COVERED, 20 * S)
    recorder.event(EventKind.PRIVACY, 30 * S)
    assert recorder.effects[2:] == [Effect.REFUSE_COVERED]
    recorder.event(EventKind.UNCOVERED, 40 * S)
    assert recorder.session.phase is Phase.BLANKED


@pytest.mark.parametrize("kind", [EventKind.PRIVACY, EventKind.COVERED])
def test_a_press_that_meant_stop_stops_also_when_the_class_is_hidden_before_its_release(
    kind: EventKind,
) -> None:
    recorder = recording()
    recorder.event(EventKind.DOWN, 10 * S)
    recorder.event(kind, 10 * S + 20 * MS)
    recorder.event(EventKind.UP, 10 * S + 50 * MS)
    recorder.press(10 * S + 200 * MS)  # and whoever presses again has not shown it either
    recorder.tick(12 * S)
    assert recorder.actions[2:] == [Action(Effect.STOP, 10 * S, StopReason.PRESS)]


def test_a_hold_that_meant_blank_outlives_the_cover_that_came_between() -> None:
    recorder = recording()
    recorder.event(EventKind.DOWN, 10 * S)
    recorder.event(EventKind.COVERED, 11 * S)
    recorder.tick(13 * S)
    recorder.event(EventKind.UNCOVERED, 14 * S)
    recorder.event(EventKind.UP, 15 * S)
    recorder.tick(16 * S)
    assert recorder.effects == [Effect.START, Effect.BLANK]
    assert recorder.session.phase is Phase.BLANKED


def test_the_finger_that_blanked_by_holding_does_not_show_the_class_for_another_that_came_down_since() -> (
    None
):
    recorder = recording()
    recorder.event(EventKind.DOWN, 10 * S)
    recorder.tick(13 * S)
    recorder.event(EventKind.DOWN, 14 * S)
    recorder.event(EventKind.UP, 15 * S)
    recorder.event(EventKind.UP, 16 * S)
    assert recorder.effects == [Effect.START, Effect.BLANK]


def test_a_press_that_meant_stop_stops_also_when_another_finger_comes_down_on_the_blank_screen() -> None:
    recorder = recording()
    recorder.event(EventKind.DOWN, 10 * S)
    recorder.event(EventKind.PRIVACY, 10 * S + 20 * MS)
    recorder.event(EventKind.DOWN, 10 * S + 40 * MS)
    recorder.event(EventKind.UP, 10 * S + 60 * MS)
    recorder.event(EventKind.UP, 10 * S + 80 * MS)
    recorder.tick(12 * S)
    assert recorder.effects == [Effect.START, Effect.BLANK, Effect.STOP]


def test_a_press_to_show_the_class_that_the_cover_has_shown_already_does_not_stop() -> None:
    recorder = blanked(EventKind.COVERED)
    recorder.event(EventKind.DOWN, 20 * S)
    recorder.event(EventKind.UNCOVERED, 20 * S + 20 * MS)
    recorder.event(EventKind.UP, 20 * S + 50 * MS)
    recorder.tick(22 * S)
    assert recorder.effects == [Effect.START, Effect.BLANK, Effect.UNBLANK]


@pytest.mark.parametrize("kind", [EventKind.PRIVACY, EventKind.COVERED])
def test_what_was_hidden_while_the_lens_opened_is_blank_from_the_first_picture(kind: EventKind) -> None:
    session, _ = step(Session(), Event(EventKind.DOWN, 0), RULES)
    session, _ = step(session, Event(kind, 1), RULES)
    session, actions = step(session, Event(EventKind.STARTED, 2), RULES)
    assert actions == (Action(Effect.BLANK, 2),)
    assert session.phase is Phase.BLANKED


def test_the_session_tells_that_the_lens_is_covered_also_between_lessons() -> None:
    recorder = blanked(EventKind.COVERED)
    recorder.event(EventKind.ENDED, 20 * S, StopReason.PRESS)
    assert recorder.session.covered
    recorder.event(EventKind.UNCOVERED, 30 * S)
    assert not recorder.session.covered


# --- who pressed


def test_a_start_tells_who_pressed_whether_it_begins_with_the_press_or_with_its_release() -> None:
    recorder = Recorder()
    recorder.event(EventKind.DOWN, 0, who="teacher-1")
    recorder.event(EventKind.UP, 1)
    recorder.event(EventKind.ENDED, 10 * S, StopReason.PRESS)
    recorder.event(EventKind.DOWN, 20 * S, who="teacher-2")
    recorder.event(EventKind.UP, 20 * S + 1)
    starts = [action for action in recorder.actions if action.effect is Effect.START]
    assert [action.who for action in starts] == ["teacher-1", "teacher-2"]
    assert request_start(Session(), 5, "teacher-3")[1] == (Action(Effect.START, 5, who="teacher-3"),)


# --- switching off


def test_the_power_button_finishes_the_lesson_and_then_the_device_goes_off() -> None:
    recorder = recording()
    recorder.event(EventKind.POWER, 10 * S)
    assert recorder.actions[1:] == [
        Action(Effect.STOP, 10 * S, StopReason.SHUTDOWN),
        Action(Effect.POWER_OFF, 10 * S),
    ]


def test_while_nothing_is_recorded_the_device_goes_off_at_once() -> None:
    recorder = Recorder()
    recorder.event(EventKind.POWER, 10 * S)
    assert recorder.actions == [Action(Effect.POWER_OFF, 10 * S)]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (EventKind.STARTED, [Action(Effect.STOP, 1, StopReason.SHUTDOWN), Action(Effect.POWER_OFF, 1)]),
        (EventKind.REFUSED, [Action(Effect.POWER_OFF, 1)]),
    ],
)
def test_a_lens_that_was_opening_is_closed_again_before_the_device_goes_off(
    answer: EventKind, expected: list[Action]
) -> None:
    session, _ = step(Session(), Event(EventKind.DOWN, 0), RULES)
    done: list[Action] = []
    for kind in (EventKind.POWER, answer, EventKind.STOPPED):
        session, actions = step(session, Event(kind, 1), RULES)
        done += actions
    assert done == expected


def test_between_power_button_and_darkness_nothing_starts_and_nothing_is_discarded() -> None:
    recorder = recording()
    recorder.event(EventKind.POWER, 10 * S)
    recorder.press(20 * S)
    recorder.hold(30 * S, 6 * S)
    assert recorder.effects == [Effect.START, Effect.STOP, Effect.POWER_OFF]
    assert request_start(recorder.session, 40 * S) == (recorder.session, ())


def test_a_finger_that_was_down_when_the_device_went_off_starts_nothing_when_it_comes_up() -> None:
    recorder = recording()
    recorder.event(EventKind.ENDED, 10 * S, StopReason.PRESS)
    recorder.event(EventKind.DOWN, 20 * S)
    recorder.event(EventKind.POWER, 20 * S + 20 * MS)
    recorder.event(EventKind.UP, 20 * S + 50 * MS)
    assert recorder.effects == [Effect.START, Effect.STOP, Effect.POWER_OFF]


def test_a_device_that_could_not_be_switched_off_records_again_and_can_be_asked_again() -> None:
    recorder = Recorder()
    recorder.event(EventKind.POWER, 0)
    recorder.event(EventKind.POWER, S)
    recorder.session = stay_on(recorder.session)
    recorder.press(2 * S)
    assert recorder.effects == [Effect.POWER_OFF, Effect.POWER_OFF, Effect.START]


# --- after a crash


@pytest.mark.parametrize("warned", [False, True])
def test_a_lesson_that_goes_on_after_a_crash_keeps_its_length_and_its_warning(warned: bool) -> None:
    recorder = Recorder(Rules(maximum_ns=100 * S, warning_ns=60 * S))
    recorder.session = resume(0, blanked=False, warned=warned)
    assert recorder.session.phase is Phase.RECORDING
    recorder.tick(50 * S)
    recorder.tick(100 * S)
    assert recorder.effects == [Effect.STOP] if warned else [Effect.WARN, Effect.STOP]


def test_what_was_blank_before_a_crash_is_blank_after_it_until_a_press() -> None:
    recorder = Recorder()
    recorder.session = resume(0, blanked=True, warned=False)
    for kind in (EventKind.COVERED, EventKind.UNCOVERED):
        recorder.event(kind, 10 * S)
    assert recorder.session.phase is Phase.BLANKED
    recorder.press(20 * S)
    assert recorder.effects == [Effect.UNBLANK]


def test_a_lens_that_was_covered_during_a_crash_is_blank_as_soon_as_that_is_known() -> None:
    recorder = Recorder()
    recorder.session = resume(0, blanked=False, warned=False)
    recorder.event(EventKind.COVERED, 1)
    assert recorder.effects == [Effect.BLANK]


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
        elif phase is Phase.STOPPING and kind is EventKind.STOPPED:
            phase = Phase.IDLE
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
        Effect.REFUSE_COVERED: {Phase.BLANKED: Phase.BLANKED},
        Effect.POWER_OFF: {Phase.IDLE: Phase.IDLE},
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


class Hidden:
    """What must be hidden, told from the outside: a switch and what was asked for, without any finger."""

    def __init__(self) -> None:
        self.covered = False
        self.by_button = False

    def see(self, phase: Phase, event: Event, actions: Iterable[Action]) -> None:
        if event.kind in (EventKind.COVERED, EventKind.UNCOVERED):
            self.covered = event.kind is EventKind.COVERED
        effects = {action.effect for action in actions}
        by_cover = event.kind is EventKind.COVERED or (Effect.START in effects and self.covered)
        if Effect.BLANK in effects and not by_cover:
            self.by_button = True
        if event.kind is EventKind.PRIVACY and not effects and phase in LENS_OPEN:
            self.by_button = True  # under the cover that had blanked, or again
        if effects & {Effect.UNBLANK, Effect.STOP}:
            self.by_button = False


class LiveRecorder(Recorder):
    """Plays random events; answers START and STOP at once, so that they reach deep into the grammar."""

    def play(
        self, steps: Iterable[tuple[EventKind, int, StopReason | None]]
    ) -> Iterator[tuple[Session, Event, list[Action]]]:
        now_ns = 10 * S
        for kind, passed_ns, reason in steps:
            now_ns += passed_ns
            before, done = self.session, len(self.actions)
            self.event(kind, now_ns, reason)
            yield before, Event(kind, now_ns, reason), self.actions[done:]


deeds = st.lists(
    st.tuples(
        st.sampled_from(
            (
                *(EventKind.DOWN, EventKind.UP, EventKind.TICK) * 2,
                EventKind.PRIVACY,
                EventKind.COVERED,
                EventKind.UNCOVERED,
            )
        ),
        st.sampled_from((0, 50 * MS, 300 * MS, 399 * MS, 400 * MS, 999 * MS, S, 3 * S - 1, 3 * S, 61 * S)),
        st.none(),
    ),
    max_size=40,
)


@settings(max_examples=600, deadline=None)
@given(deeds)
def test_while_the_lens_is_covered_or_a_button_hid_the_class_nothing_shows_it_but_who_may(
    steps: list[tuple[EventKind, int, StopReason | None]],
) -> None:
    recorder, hidden = LiveRecorder(), Hidden()
    for before, event, actions in recorder.play(steps):
        shows = [action for action in actions if action.effect is Effect.UNBLANK]
        by_cover_alone = event.kind is EventKind.UNCOVERED and not hidden.by_button
        assert not shows or by_cover_alone or event.kind in (EventKind.UP, EventKind.PRIVACY)
        hidden.see(recorder.session.phase, event, actions)
        assert not (shows and hidden.covered)
        if recorder.session.phase in LENS_OPEN and (hidden.covered or hidden.by_button):
            assert recorder.session.phase is Phase.BLANKED, (before, event)
        assert recorder.session.covered == hidden.covered


@settings(max_examples=300, deadline=None)
@given(deeds)
def test_only_a_press_that_came_down_on_a_blank_screen_or_the_privacy_button_shows_the_class(
    steps: list[tuple[EventKind, int, StopReason | None]],
) -> None:
    recorder, came_down_blank = LiveRecorder(), False
    for before, event, actions in recorder.play(steps):
        if event.kind is EventKind.DOWN and before.down_ns is None:
            came_down_blank = before.phase is Phase.BLANKED
        if event.kind is EventKind.UP and any(action.effect is Effect.UNBLANK for action in actions):
            assert came_down_blank


@settings(max_examples=300, deadline=None)
@given(deeds, st.integers(0, 40), deeds)
def test_after_the_power_button_the_lens_closes_the_device_goes_off_and_nothing_starts(
    before: list[tuple[EventKind, int, StopReason | None]],
    passed_ms: int,
    after: list[tuple[EventKind, int, StopReason | None]],
) -> None:
    recorder = LiveRecorder()
    for _ in recorder.play(before):
        pass
    done = len(recorder.actions)
    power = (EventKind.POWER, 10_000 * S + passed_ms * MS, None)
    for _ in recorder.play([power, *after]):
        pass
    effects = [action.effect for action in recorder.actions[done:]]
    due = (Effect.BLANK, Effect.DISCARD, Effect.WARN)  # of what was held or recorded until then
    effects = [effect for effect in effects if effect not in due]
    assert effects in ([Effect.POWER_OFF], [Effect.STOP, Effect.POWER_OFF])
    assert recorder.session.phase is Phase.IDLE
