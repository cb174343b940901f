"""What everybody in the room can see of the recorder: its lights, and in words what did not happen, and why."""

from __future__ import annotations

from collections.abc import Callable

from device.domain.consent import Reason
from device.domain.texts import reason_sentence
from device.ports import Indicator, Signal
from device.recorder.health import Health
from device.recorder.lesson import Lesson
from device.recorder.tidings import Tidings


class Face:
    """Belongs to the recorder's loop.

    ``refusal`` says in words why the last press did not record, ``problem`` what went wrong last. ``aiming``
    tells whether the lens is open for aiming, ``wiping`` whether the device is about to be wiped, ``announced``
    whether a booked lesson is about to begin, ``warm`` whether the camera stands ready for one.
    """

    def __init__(self, indicator: Indicator, health: Health, tidings: Tidings, language: str) -> None:
        self._indicator = indicator
        self._health = health
        self._tidings = tidings
        self._language = language
        self._at_rest = Signal.READY
        self.aiming: Callable[[], bool] = lambda: False
        self.wiping: Callable[[], bool] = lambda: False
        self.warm: Callable[[], bool] = lambda: False
        self.announced = False
        self.refusal: list[dict[str, str]] = []
        self.refusals = 0
        self.problem = ""

    def show(self, signal: Signal) -> None:
        """Show a signal on every light."""
        self._indicator.show(signal)

    def rest(self, signal: Signal) -> None:
        """Choose what the lights show while nothing is recorded and nothing is wrong."""
        self._at_rest = signal

    def refresh(self, lesson: Lesson | None, *, ends_soon: bool = False) -> None:
        """Show what is the case now; a fault of the device while nothing is recorded."""
        if lesson is None and self.wiping():
            self.show(Signal.WIPING)
        elif lesson is None and self.aiming():
            self.show(Signal.AIMING)
        elif lesson is None and self.announced:
            self.show(Signal.ANNOUNCED)
        elif lesson is None:
            self.show(self._resting())
        elif lesson.blanked:
            self.show(Signal.BLANKED)
        else:
            self.show(self._of(lesson, ends_soon=ends_soon))

    def _resting(self) -> Signal:
        """Return what is shown while nothing is recorded or about to be."""
        if self._health.problems:
            return Signal.FAULT
        return Signal.WARM if self.warm() else self._at_rest

    def _of(self, lesson: Lesson, *, ends_soon: bool) -> Signal:
        """Return what a lesson shows in which nothing is hidden: the worst there is to say."""
        if lesson.picture_is_away and lesson.zero_ns is None:
            return Signal.FAULT  # without one picture there is no film, and nothing is kept
        ails = lesson.picture_is_away or lesson.sound_is_away or lesson.card_stalls
        if ails or "sound" in self._health.problems:
            return Signal.IMPAIRED
        return Signal.ENDING_SOON if ends_soon else Signal.RECORDING

    def refuse(self, reasons: list[tuple[str, str]]) -> None:
        """Show that something did not happen; each reason is a word for programs and a sentence for people."""
        self.refusals += 1
        self.refusal = [{"reason": reason, "message": message} for reason, message in reasons]
        self.show(Signal.REFUSED)
        self._tidings.tell("refused", None, " ".join(message for _, message in reasons))

    def refuse_for(self, *reasons: Reason) -> None:
        """Show that something did not happen, for reasons that everybody knows in words."""
        self.refuse([(reason.value, reason_sentence(reason, self._language)) for reason in reasons])

    def forgive(self) -> None:
        """A lesson has begun: what was refused and what went wrong before it is over."""
        self.refusal, self.problem = [], ""

    @property
    def problems(self) -> list[str]:
        """What is wrong with the device now, in sentences."""
        return list(self._health.problems.values())
