"""Before this device is wiped: IT arms it on the page, and somebody holds the button at the device itself.

The recorder wipes nothing: it may not touch what belongs to others. It leaves an order in memory, which a path unit
of systemd waits for; ``device.wipe`` carries it out. Armed is only in memory: a restart of the recorder ends it.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from device.domain import wiping
from device.domain.errors import Busy, Permanent, Refused, Temporary
from device.domain.lifecycle import Status
from device.domain.wiping import ASKED_NAME, HERE, IDLE, UNHEARD, UNSENT, Outcome
from device.footage.durable import replace_file
from device.ports import Button, Clock, Edge
from device.recorder.face import Face
from device.recorder.tidings import Tidings
from device.storage.catalogue import Catalogue

_S_PER_HOUR = 3600
_log = logging.getLogger(__name__)


class Wiping:
    """Belongs to the recorder's loop. ``idle`` tells whether no lesson is being recorded."""

    def __init__(
        self,
        device: str,
        runtime: Path,
        catalogue: Catalogue,
        clock: Clock,
        face: Face,
        tidings: Tidings,
        language: str,
        *,
        idle: Callable[[], bool],
        make_way: Callable[[], None],
    ) -> None:
        """``make_way`` ends whatever else the next press would mean."""
        self._device = device
        self._asked = runtime / ASKED_NAME
        self._catalogue = catalogue
        self._clock = clock
        self._face = face
        self._tidings = tidings
        self._language = language
        self._idle = idle
        self._make_way = make_way
        self._state = IDLE
        self._lesson_ns: int | None = None  # when one was being recorded last
        self._withdraw()  # nobody carried out what an earlier recorder ordered

    @property
    def is_on(self) -> bool:
        """Whether a press means this and nothing else, and no lesson may begin."""
        return self._state.is_on

    def forbids_lesson(self) -> bool:
        """Tell whether no lesson may begin because of this; then the room sees it, too."""
        if self.is_on:
            self._face.refuse([("wiping", wiping.no_lesson_sentence(self._language))])
        return self.is_on

    # --- what is asked over the control socket

    def answer(self, values: dict[str, Any]) -> dict[str, Any]:
        """Tell what is here and would be lost; with ``wipe`` "arm" or "cancel", do that first.

        To arm it takes the device's name, and ``unsent`` when something is here that the coach does not have.
        """
        wish = values.get("wipe", "look")
        if wish == "arm":
            self._arm(values)
        elif wish == "cancel":
            self._cancel()
        elif wish != "look":
            raise Permanent("wipe is look, arm or cancel")
        return {**self._what_is_here(), **self._standing()}

    def _arm(self, values: dict[str, Any]) -> None:
        if values.get("name") != self._device:
            raise Refused("this is not the name of this device")
        if not self._idle():
            raise Busy("a lesson is being recorded; wipe when it has ended")
        now_ns = self._clock.monotonic_ns()
        if self._lesson_ns is not None and now_ns - self._lesson_ns < wiping.PAUSE_NS:
            raise Busy("a lesson has just ended and can be discarded by the same button; wait a minute")
        if self._state.rests(now_ns):
            raise Busy("the button waited for a wipe until just now, and records first; wait a minute")
        if self._state.is_ordered:
            raise Busy("this device is being wiped already")
        if self._what_is_here()["lost"] and values.get("unsent") is not True:
            raise Refused("there are recordings or withdrawals here that the coach does not have")
        self._make_way()
        self._state = wiping.arm(self._state, now_ns)
        self._face.refresh(None)
        self._tidings.tell("wipe_armed")

    def _cancel(self) -> None:
        if self._state.is_ordered:
            raise Busy("this device is being wiped already")
        if self.is_on:
            self._state = wiping.cancel(self._state, self._clock.monotonic_ns())
            self._end()

    def _standing(self) -> dict[str, Any]:
        left_s = self._state.left_s(self._clock.monotonic_ns())
        return {"armed": self._state.is_armed, "ordered": self._state.is_ordered, "left_s": left_s}

    def _what_is_here(self) -> dict[str, Any]:
        """Return counts only: IT learns nothing of a lesson, not even when it was."""
        found = self._catalogue.recordings.with_status(*HERE)
        counts = Counter(each.status for each in found)
        unheard = len(self._catalogue.recordings.with_status(*UNHEARD))
        return {
            "held": counts[Status.HELD] + counts[Status.RECORDING],
            "on_the_way": counts[Status.RELEASED] + counts[Status.UPLOADING],
            "delivered": counts[Status.DELIVERED],
            "discarded": counts[Status.DISCARDED],
            "withdrawals": unheard,
            "hours": sum(each.duration_us or 0 for each in found) / 1e6 / _S_PER_HOUR,
            "lost": sum(counts[status] for status in UNSENT) + unheard,
        }

    # --- what happens at the device

    def takes(self, edge: Edge) -> bool:
        """Take a press that is meant for this; False: it means what it always means."""
        if edge.button is not Button.RECORD or not self._state.is_on:
            return False
        if edge.down:
            state, outcome = wiping.press(self._state, edge.at_ns, by_hand=edge.by_hand)
            self._follow(state, outcome)
            return outcome is not Outcome.EXPIRED
        was_ours = self._state.down_ns is not None
        self._follow(*wiping.release(self._state, edge.at_ns))
        return was_ours

    def tick(self, now_ns: int) -> None:
        """Let time pass, but not beyond a press that waits."""
        if not self._idle():
            self._lesson_ns = now_ns
        if self._state.is_on:
            self._follow(*wiping.tick(self._state, now_ns))

    def _follow(self, state: wiping.Wipe, outcome: Outcome | None) -> None:
        self._state = state
        if outcome is Outcome.ORDER:
            self._order()
        elif outcome is Outcome.EXPIRED:
            self._end()
        elif outcome is Outcome.UNHEARD:
            self._give_up()
        elif outcome is not None:
            self._face.refuse([("wiping", wiping.outcome_sentence(outcome, self._language))])

    def _order(self) -> None:
        """Have it done: systemd ends this process and the others first."""
        order = {
            "device": self._device, "by": "it", "confirmed": "button",
            "at": self._clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"), "clock_trusted": self._clock.trusted(),
        }  # fmt: skip
        try:
            replace_file(self._asked, json.dumps(order).encode())
        except OSError as error:
            self._state = IDLE
            sentence = f"the device cannot be wiped: {error.strerror or error}"
            self._face.refresh(None)
            self._face.refuse([(Temporary.word, sentence)])
            return
        self._tidings.tell("wipe_ordered")

    def _give_up(self) -> None:
        self._withdraw()
        sentence = wiping.outcome_sentence(Outcome.UNHEARD, self._language)
        self._face.problem = sentence
        self._end(sentence)

    def _end(self, sentence: str = "") -> None:
        self._face.refresh(None)
        self._tidings.tell("wipe_cancelled", None, sentence)

    def _withdraw(self) -> None:
        try:
            self._asked.unlink(missing_ok=True)
        except OSError as error:
            _log.warning("%s cannot be removed: %s", self._asked, error)
