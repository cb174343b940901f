"""When a device may be wiped: for every row of presses, only a hand that holds long enough, in time, after IT."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from device.domain import wiping
from device.domain.wiping import ARMED_NS, HOLD_NS, IDLE, PATIENCE_NS, PAUSE_NS, Outcome, Wipe

S = 1_000_000_000
WAITS = st.sampled_from(
    (0, 1, S, 4 * S, HOLD_NS - 1, HOLD_NS, HOLD_NS + 1, 59 * S, PAUSE_NS, 290 * S, ARMED_NS)
)
EVENTS = st.lists(
    st.tuples(WAITS, st.sampled_from(("arm", "cancel", "down", "software", "up", "tick"))), max_size=25
)


@dataclass
class Row:
    """A row of events, and beside it what was said in plain words: armed until, the finger down since."""

    state: Wipe = IDLE
    now_ns: int = 0
    armed_ns: int | None = None
    down_ns: int | None = None
    outcomes: list[Outcome] = field(default_factory=list)

    def happen(self, wait_ns: int, what: str) -> Outcome | None:
        self.now_ns += wait_ns
        outcome = None
        if what == "arm":
            self.state = wiping.arm(self.state, self.now_ns)
        elif what == "cancel":
            self.state = wiping.cancel(self.state, self.now_ns)
        elif what == "up":
            self.state, outcome = wiping.release(self.state, self.now_ns)
        elif what == "tick":
            self.state, outcome = wiping.tick(self.state, self.now_ns)
        elif self.state.is_on:  # otherwise a press never comes here
            self.state, outcome = wiping.press(self.state, self.now_ns, by_hand=what == "down")
        return outcome


@given(EVENTS)
def test_no_row_of_presses_wipes_but_a_hand_that_held_for_ten_seconds_within_five_minutes(
    events: list[tuple[int, str]],
) -> None:
    row = Row()
    armed_ns = down_ns = None
    for wait_ns, what in events:
        was_ordered, was_off = row.state.is_ordered, not row.state.is_on
        outcome = row.happen(wait_ns, what)
        if outcome is Outcome.ORDER:
            assert not was_ordered
            assert armed_ns is not None, "nobody had armed it"
            assert down_ns is not None, "no hand was on the button"
            assert armed_ns <= down_ns < armed_ns + ARMED_NS
            assert row.now_ns - down_ns >= HOLD_NS
            armed_ns = down_ns = None
        elif what == "arm" and was_off and row.state.is_armed:
            armed_ns, down_ns = row.now_ns, None
        elif what == "cancel" and not was_ordered:
            armed_ns = down_ns = None
        elif what == "down" and row.state.down_ns == row.now_ns:
            down_ns = row.now_ns
        elif what == "up":
            down_ns = None


@given(EVENTS)
def test_what_was_ordered_is_taken_back_by_nothing_but_time(events: list[tuple[int, str]]) -> None:
    row = Row(state=Wipe(ordered_ns=0))
    for wait_ns, what in events:
        outcome = row.happen(wait_ns, what)
        if not row.state.is_ordered:
            assert (outcome, what) == (Outcome.UNHEARD, "tick")
            assert row.now_ns >= PATIENCE_NS
            return


@given(EVENTS, st.sampled_from((0, 1, 200 * S)))
def test_left_alone_it_is_over_after_five_minutes(events: list[tuple[int, str]], more_ns: int) -> None:
    row = Row()
    for wait_ns, what in events:
        row.happen(wait_ns, what)
    if row.state.is_armed and row.state.down_ns is None:
        row.happen(ARMED_NS + more_ns, "tick")
        assert not row.state.is_on


@given(EVENTS)
def test_between_two_armings_without_a_wipe_there_is_a_minute_in_which_the_button_records(
    events: list[tuple[int, str]],
) -> None:
    row = Row()
    over_ns: int | None = None
    armed_ns = 0
    for wait_ns, what in events:
        was_on = row.state.is_on
        row.happen(wait_ns, what)
        if was_on and not row.state.is_on:
            over_ns = row.now_ns
        if row.state.is_on and not was_on:
            armed_ns = row.now_ns
            assert over_ns is None or armed_ns - over_ns >= PAUSE_NS
        if row.state.until_ns is not None:
            assert row.state.until_ns == armed_ns + ARMED_NS, "armed once more, the time does not begin anew"


def test_a_finger_that_came_down_in_the_last_second_is_in_time() -> None:
    row = Row()
    row.happen(0, "arm")
    assert row.happen(ARMED_NS - 1, "down") is None
    assert row.happen(S, "tick") is None
    assert row.happen(HOLD_NS, "tick") is Outcome.ORDER


def test_every_outcome_that_people_see_is_said_in_both_languages() -> None:
    for outcome in (Outcome.SHORT, Outcome.NO_HAND, Outcome.UNDER_WAY, Outcome.UNHEARD):
        dutch, english = (wiping.outcome_sentence(outcome, language) for language in ("nl", "en"))
        assert dutch != english
        assert dutch.endswith(".")
        assert english.endswith(".")
