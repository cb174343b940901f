"""When the recorder gives memory back."""

from __future__ import annotations

from device.recorder.ease import Ease

SECOND_NS = 1_000_000_000


class Quiet:
    """A recorder that looks every half a second, and counts how often memory was given back."""

    def __init__(self) -> None:
        self.times = 0
        self._now_ns = 0
        self._ease = Ease(self._give_back)

    def _give_back(self) -> None:
        self.times += 1

    def passes(self, seconds: int, *, idle: bool) -> int:
        """Let time pass; return how often memory has been given back by then."""
        for _ in range(2 * seconds):
            self._now_ns += SECOND_NS // 2
            self._ease.look(self._now_ns, idle=idle)
        return self.times


def test_memory_is_given_back_once_when_the_recorder_has_come_to_rest() -> None:
    recorder = Quiet()
    assert recorder.passes(10, idle=True) == 0
    assert recorder.passes(3600, idle=True) == 1


def test_memory_is_given_back_again_after_every_lesson_and_never_during_one() -> None:
    recorder = Quiet()
    recorder.passes(60, idle=True)
    assert recorder.passes(3600, idle=False) == 1
    assert recorder.passes(5, idle=True) == 1
    assert recorder.passes(60, idle=True) == 2


def test_two_lessons_with_a_moment_between_them_count_as_one() -> None:
    recorder = Quiet()
    for _ in range(5):
        recorder.passes(600, idle=False)
        recorder.passes(5, idle=True)
    assert recorder.times == 0
