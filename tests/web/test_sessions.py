"""Sessions end by themselves, are few, and are known by nothing that is stored."""

from __future__ import annotations

import pytest

pytest.importorskip("flask", reason="flask is not installed here")

from device.web.roles import NOBODY, Actor, Role
from device.web.sessions import IDLE_S, LONGEST_S, MOST, MOST_EACH, Sessions

COACH, TEACHER = Actor(Role.COACH), Actor(Role.TEACHER, "abc")


class Clock:
    def __init__(self) -> None:
        self.now_s = 50.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sessions(clock: Clock) -> Sessions:
    return Sessions(clock)


@pytest.mark.parametrize("actor", [COACH, TEACHER, Actor(Role.IT)], ids=lambda actor: actor.role.value)
def test_it_ends_when_nobody_is_there(actor: Actor, sessions: Sessions, clock: Clock) -> None:
    token, _ = sessions.open(actor)
    clock.now_s += IDLE_S[actor.role] - 1
    assert sessions.find(token, awake=False) is not None
    clock.now_s += 1
    assert sessions.find(token, awake=True) is None
    assert sessions.find(token) is None


@pytest.mark.parametrize("actor", [COACH, TEACHER], ids=lambda actor: actor.role.value)
def test_it_ends_however_busy_somebody_is(actor: Actor, sessions: Sessions, clock: Clock) -> None:
    token, _ = sessions.open(actor)
    opened_s = clock.now_s
    while clock.now_s + 300 < opened_s + LONGEST_S[actor.role]:
        clock.now_s += 300
        assert sessions.find(token, awake=True) is not None
    clock.now_s = opened_s + LONGEST_S[actor.role]
    assert sessions.find(token, awake=True) is None


def test_nobody_has_no_session(sessions: Sessions) -> None:
    with pytest.raises(KeyError):
        sessions.open(NOBODY)


def test_every_token_is_another_and_none_is_stored(sessions: Sessions) -> None:
    tokens = {sessions.open(Actor(Role.TEACHER, f"t{number}"))[0] for number in range(50)}
    assert len(tokens) == 50
    assert all(len(token) >= 43 for token in tokens), "256 bits"
    stored = repr(vars(sessions))
    assert not any(token in stored for token in tokens)


def test_one_account_has_a_few_and_the_stalest_goes_first(sessions: Sessions, clock: Clock) -> None:
    tokens = []
    for _ in range(MOST_EACH + 1):
        clock.now_s += 1
        tokens.append(sessions.open(COACH)[0])
    assert [sessions.find(token) is not None for token in tokens] == [False] + [True] * MOST_EACH


def test_all_together_are_bounded(sessions: Sessions) -> None:
    for number in range(MOST + 100):
        sessions.open(Actor(Role.TEACHER, f"t{number}"))
    assert sessions.count() == MOST


def test_what_is_said_is_said_once_and_is_bounded(sessions: Sessions) -> None:
    _, session = sessions.open(COACH)
    for number in range(100):
        session.say(f"sentence {number}")
    assert session.take_messages() == [f"sentence {number}" for number in range(90, 100)]
    assert session.take_messages() == []
