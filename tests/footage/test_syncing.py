"""How often what was filmed is put on the card."""

from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st

from device.footage.syncing import INTERVAL_S, Syncing, pause_after_s

SECONDS = st.floats(0, 30, allow_nan=False)


@given(SECONDS, SECONDS)
def test_a_slow_card_makes_the_round_no_longer_but_by_its_own_time(took_s: float, interval_s: float) -> None:
    round_s = took_s + pause_after_s(took_s, interval_s)
    assert round_s >= interval_s - 1e-9
    assert round_s <= max(interval_s, took_s) + 0.06


@given(SECONDS)
def test_the_writer_gets_a_turn_however_slow_the_card_is(took_s: float) -> None:
    assert pause_after_s(took_s, INTERVAL_S) > 0


def test_it_is_synced_again_and_again_until_a_card_refuses() -> None:
    refused, synced = threading.Event(), threading.Semaphore(0)

    class Card:
        left = 3

        def sync(self) -> None:
            synced.release()
            self.left -= 1
            if not self.left:
                raise OSError(5, "Input/output error")

    syncing = Syncing(lambda _: refused.set(), interval_s=0.01)
    syncing.start()
    syncing.watch(Card())
    assert refused.wait(10)
    syncing.stop()
    assert [synced.acquire(blocking=False) for _ in range(4)] == [True, True, True, False]
