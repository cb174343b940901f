"""A scheduled start is announced for a minute, and a press in that minute cancels it; whatever the clocks do."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.domain.announcer import (
    REMEMBERED,
    Action,
    Effect,
    Lead,
    Moment,
    State,
    ended,
    from_dict,
    press,
    step,
)
from device.domain.errors import Permanent
from device.domain.schedule import Window

S = 1_000_000_000
LEAD = Lead(announce_s=60, least_s=300)
NINE = datetime(2026, 9, 14, 7, 0, tzinfo=UTC)


def window(key: str, begin_min: float, length_min: float) -> Window:
    start = NINE + timedelta(minutes=begin_min)
    return Window(start, start + timedelta(minutes=length_min), key, key)


LESSON = window("lesson", 0, 45)


@dataclass
class Room:
    """A recorder in a room with two clocks, as small as it can be; every START films until something ends it."""

    windows: tuple[Window, ...] = (LESSON,)
    now: datetime = NINE - timedelta(minutes=5)
    mono_ns: int = 0
    trusted: bool = True
    refuses: bool = False
    films: str = ""
    state: State = field(default_factory=State)
    log: list[tuple[Effect, str, int, datetime]] = field(default_factory=list)

    def tick(self, seconds: float = 1) -> None:
        self.now += timedelta(seconds=seconds)
        self.mono_ns += round(seconds * S)
        moment = Moment(self.now, self.mono_ns, self.trusted, bool(self.films))
        near = [each for each in self.windows if each.end > self.now]
        self.state, actions = step(self.state, moment, near, LEAD)
        self.carry_out(actions)

    def wait(self, minutes: float) -> None:
        for _ in range(round(minutes * 60)):
            self.tick()

    def jump(self, minutes: float) -> None:
        """Set the wall clock, and no other."""
        self.now += timedelta(minutes=minutes)

    def press(self) -> None:
        if self.state.announcing:
            self.state, actions = press(self.state)
            self.carry_out(actions)
        else:
            self.films = "" if self.films else "hand"

    def restart(self) -> None:
        """The recorder dies, with what it films, and comes back with another monotonic clock."""
        self.state = from_dict(json.loads(json.dumps(self.state.to_dict())))
        self.mono_ns = 7 * S
        self.films = ""

    def carry_out(self, actions: tuple[Action, ...]) -> None:
        for action in actions:
            self.log.append((action.effect, action.key, self.mono_ns, self.now))
            if action.effect is Effect.START and self.refuses:
                self.state = ended(self.state)
            elif action.effect is Effect.START:
                self.films = action.key
            elif action.effect is Effect.STOP:
                self.films = ""

    def said(self) -> list[str]:
        return [effect.value for effect, *_ in self.log]

    def told(self) -> list[tuple[str, str]]:
        return [(effect.value, at.strftime("%H:%M:%S")) for effect, _, _, at in self.log]


def test_a_lesson_is_announced_a_minute_before_started_at_its_hour_and_stopped_at_its_end() -> None:
    room = Room()
    room.wait(60)
    assert room.told() == [("announce", "06:59:00"), ("start", "07:00:00"), ("stop", "07:45:00")]


def test_a_press_in_the_minute_cancels_this_occurrence_and_only_this_one() -> None:
    room = Room(windows=(LESSON, window("next", 60, 45)))
    room.wait(4.5)
    room.press()
    room.wait(120)
    assert [(effect.value, key) for effect, key, *_ in room.log] == [
        ("announce", "lesson"), ("cancel", "lesson"), ("announce", "next"), ("start", "next"), ("stop", "next"),
    ]  # fmt: skip


def test_what_was_cancelled_stays_so_after_a_restart() -> None:
    room = Room()
    room.wait(4.5)
    room.press()
    room.restart()
    room.wait(60)
    assert room.said() == ["announce", "cancel"]


def test_what_was_started_is_not_started_again_after_a_restart() -> None:
    room = Room()
    room.wait(20)
    room.restart()
    room.wait(60)
    assert room.said() == ["announce", "start"]


def test_a_recording_that_survives_a_restart_is_still_stopped_at_its_end() -> None:
    room = Room()
    room.wait(20)
    room.restart()
    room.films = "lesson"
    room.wait(60)
    assert room.told()[-1] == ("stop", "07:45:00")
    assert room.said().count("stop") == 1


def test_after_a_restart_in_a_lesson_that_nobody_saw_announced_it_is_announced_first() -> None:
    room = Room(now=NINE + timedelta(minutes=20))
    room.wait(30)
    assert room.told() == [("announce", "07:20:01"), ("start", "07:21:01"), ("stop", "07:45:00")]


def test_a_restart_in_the_minute_announces_the_whole_minute_again() -> None:
    room = Room()
    room.wait(4.5)
    room.restart()
    room.wait(3)
    assert room.told() == [("announce", "06:59:00"), ("announce", "06:59:31"), ("start", "07:00:31")]


def test_too_little_of_a_lesson_is_not_worth_an_announcement() -> None:
    room = Room(now=NINE + timedelta(minutes=39, seconds=30))
    room.wait(10)
    assert room.log == []


def test_a_lesson_as_short_as_the_least_is_started_when_steps_come_late() -> None:
    room = Room(windows=(window("short", 0, 5),), now=NINE - timedelta(seconds=60.4))
    for _ in range(40):
        room.tick(1.7)
    assert room.said() == ["announce", "start"]


def test_nothing_is_announced_until_the_clock_is_trusted() -> None:
    room = Room(trusted=False)
    room.wait(10)
    assert room.log == []
    room.trusted = True
    room.wait(2)
    assert room.said() == ["announce", "start"]


def test_an_announcement_is_withdrawn_when_the_clock_loses_trust() -> None:
    room = Room()
    room.wait(4.5)
    room.trusted = False
    room.wait(10)
    assert room.said() == ["announce", "withdraw"]


def test_a_clock_that_jumps_forward_over_the_start_does_not_shorten_the_minute() -> None:
    room = Room()
    room.wait(4.1)
    room.jump(10)
    room.wait(2)
    (_, _, announced_ns, _), (effect, _, started_ns, _) = room.log
    assert effect is Effect.START
    assert started_ns - announced_ns >= 60 * S


def test_a_clock_that_goes_back_a_little_in_the_minute_does_not_start_before_the_hour() -> None:
    room = Room()
    room.wait(4.75)
    room.jump(-0.25)
    room.wait(3)
    assert room.told() == [("announce", "06:59:00"), ("start", "07:00:00")]


def test_a_clock_that_jumps_back_withdraws_and_announces_again_in_its_time() -> None:
    room = Room()
    room.wait(4.5)
    room.jump(-30)
    room.wait(40)
    assert room.said() == ["announce", "withdraw", "announce", "start"]


def test_a_clock_that_jumps_back_while_filming_does_not_film_longer_than_planned() -> None:
    room = Room()
    room.wait(10)
    room.jump(-180)
    room.wait(45)
    assert room.said() == ["announce", "start", "stop"]
    assert room.log[2][2] - room.log[1][2] == 45 * 60 * S


def test_a_clock_that_jumps_back_after_a_lesson_does_not_film_it_twice() -> None:
    room = Room()
    room.wait(60)
    room.jump(-60)
    room.wait(60)
    assert room.said() == ["announce", "start", "stop"]


def test_who_stops_by_a_press_and_films_again_by_hand_is_not_stopped_by_the_schedule() -> None:
    room = Room()
    room.wait(20)
    room.press()
    room.wait(1)
    room.press()
    room.wait(40)
    assert room.said() == ["announce", "start"]
    assert room.films == "hand"


def test_a_refused_start_is_not_asked_again_and_nothing_is_stopped() -> None:
    room = Room(refuses=True)
    room.wait(60)
    assert room.said() == ["announce", "start"]


def test_a_lesson_that_somebody_films_by_hand_is_taken_and_never_started() -> None:
    room = Room()
    room.press()
    room.wait(10)
    room.press()
    room.wait(40)
    assert room.log == []


def test_filming_by_hand_that_ends_before_the_lesson_takes_nothing() -> None:
    room = Room()
    room.press()
    room.wait(4.5)
    room.press()
    room.wait(5)
    assert room.told() == [("announce", "06:59:31"), ("start", "07:00:31")]


def test_an_announcement_is_withdrawn_when_somebody_starts_by_hand_elsewhere() -> None:
    room = Room()
    room.wait(4.5)
    room.films = "hand"
    room.wait(10)
    assert room.said() == ["announce", "withdraw"]


def test_a_lesson_that_is_withdrawn_from_the_schedule_in_its_minute_is_not_started() -> None:
    room = Room()
    room.wait(4.5)
    room.windows = ()
    room.wait(10)
    assert room.said() == ["announce", "withdraw"]


@pytest.mark.parametrize("closing_s", [0, 3])
def test_of_two_lessons_in_a_row_the_second_is_announced_after_the_first_is_over(closing_s: int) -> None:
    room = Room(windows=(LESSON, window("next", 45, 45)))
    while room.said()[-1:] != ["stop"]:
        room.tick()
    room.films = "lesson" if closing_s else ""
    for _ in range(closing_s):
        room.tick()
    room.films = ""
    room.wait(2)
    assert [(effect.value, key) for effect, key, *_ in room.log[3:]] == [
        ("announce", "next"),
        ("start", "next"),
    ]


def test_the_memory_of_occurrences_is_bounded() -> None:
    lessons = tuple(window(f"k{n}", n * 10, 9) for n in range(REMEMBERED + 20))
    state = State()
    for lesson in lessons:
        state, _ = step(state, Moment(lesson.start, 0, trusted=True, recording=False), [lesson], LEAD)
        state, _ = press(state)
    assert state.settled == tuple(lesson.key for lesson in lessons[-REMEMBERED:])


@pytest.mark.parametrize(
    "stored",
    [
        {},
        {"settled": [1], "running": None},
        {"settled": [], "running": {}},
        {"settled": [], "running": None, "more": 1},
        {"settled": [], "running": {"key": "a", "end": "x", "length_s": 1, "seen": True, "stopped": False}},
        {"settled": [], "running": {"key": "a", "end": "2026-09-14T09:00:00", "length_s": 1, "seen": True,
                                    "stopped": False}},
    ],
)  # fmt: skip
def test_a_stored_state_that_is_none_is_refused(stored: dict[str, object]) -> None:
    with pytest.raises(Permanent, match="the schedule's state"):
        from_dict(stored)


EVENTS = st.one_of(
    st.tuples(st.just("tick"), st.floats(0.1, 200)),
    st.tuples(st.just("wait"), st.floats(0.5, 3)),
    st.tuples(st.just("jump"), st.floats(-90, 90)),
    st.tuples(st.sampled_from(["press", "restart", "trust", "hand", "refuse"]), st.just(0.0)),
)
LESSONS = st.lists(
    st.tuples(st.integers(-5, 90), st.integers(3, 50)), min_size=1, max_size=4
).map(lambda found: tuple(window(f"w{n}", *each) for n, each in enumerate(found)))  # fmt: skip


@given(lessons=LESSONS, events=st.lists(EVENTS, max_size=40))
def test_whatever_the_clocks_the_finger_and_the_power_do_the_promises_hold(
    lessons: tuple[Window, ...], events: list[tuple[str, float]]
) -> None:
    room = Room(windows=lessons)
    restarts: list[int] = []
    for what, much in events:
        if what == "restart":
            restarts.append(len(room.log))
        do(room, what, much)
    room.windows = ()  # nothing begins any more, and what was begun comes to its end
    for _ in range(160):
        room.tick(20)
    check(room, lessons, restarts)


def do(room: Room, what: str, much: float) -> None:
    if what in ("tick", "wait", "jump"):
        getattr(room, what)(much)
    elif what == "trust":
        room.trusted = not room.trusted
    elif what == "hand":
        room.films = "" if room.films else "hand"
    elif what == "refuse":
        room.refuses = not room.refuses
    else:
        getattr(room, what)()


def check(room: Room, lessons: tuple[Window, ...], restarts: list[int]) -> None:
    """Never a start without its minute, after a cancel, or twice; a stop only of what was started, and once."""
    since: dict[str, int] = {}
    started: list[str] = []
    stopped: list[str] = []
    cancelled: set[str] = set()
    for number, (effect, key, at_ns, now) in enumerate(room.log):
        if number in restarts:
            since.clear()
        if effect is Effect.ANNOUNCE:
            assert not since, "one announcement at a time"
            since[key] = at_ns
        elif effect in (Effect.WITHDRAW, Effect.CANCEL):
            del since[key]
            cancelled |= {key} if effect is Effect.CANCEL else set()
        elif effect is Effect.START:
            assert at_ns - since.pop(key) >= LEAD.announce_s * S
            assert key not in cancelled
            assert any(each.key == key and each.start <= now < each.end for each in lessons)
            started.append(key)
        else:
            stopped.append(key)
    assert len(set(started)) == len(started)
    assert len(set(stopped)) == len(stopped)
    assert set(stopped) <= set(started)
    assert room.films in ("", "hand"), "what the schedule started is over by now"
