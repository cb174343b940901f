"""The recorder's one loop: button edges, requests and notices in; the desk carries out what they mean."""

from __future__ import annotations

import contextlib
import logging
import queue
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from device.domain import session
from device.domain.errors import Busy, LeerblikError, Permanent, Refused
from device.domain.session import Action, Effect, Event, EventKind, Phase, StopReason
from device.footage.packets import NS_PER_S
from device.ports import Clock, Edge, Signal
from device.recorder.control import error_answer
from device.recorder.desk import Desk
from device.recorder.vigil import Ailment, Vigil

_log = logging.getLogger(__name__)
_BUSY_TICK_S = 0.05
_IDLE_TICK_S = 0.5
_CHORES_EVERY_S = 0.5
_ENDS = {
    "camera_ended": StopReason.SOURCE_ENDED,
    "camera_failed": StopReason.CAMERA_FAILED,
    "card_failed": StopReason.CARD_FAILED,
}
_AILMENTS = {
    Ailment.NO_PICTURE: ("camera_failed", "the camera delivers no pictures any more; check its cable"),
    Ailment.NO_SOUND: ("microphone_failed", "the microphone delivers no sound any more; check its plug"),
}


@dataclass(frozen=True, slots=True)
class _Request:
    values: dict[str, Any]
    answer: queue.Queue[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Notice:
    recording: str
    kind: str
    sentence: str


class RecorderLoop:
    """Runs in one thread; :meth:`edge`, :meth:`ask` and :meth:`stop` may be called from any.

    ``gesture`` presses the software button, ``report`` describes the device; both serve requests.
    """

    def __init__(
        self,
        desk: Desk,
        clock: Clock,
        rules: session.Rules,
        vigil: Vigil,
        gesture: Callable[[dict[str, Any]], None],
        report: Callable[[Phase, Desk], dict[str, Any]],
        discard: Callable[[str], None],
    ) -> None:
        self._desk = desk
        self._clock = clock
        self._rules = rules
        self._vigil = vigil
        self._gesture = gesture
        self._report = report
        self._discard = discard
        # A SimpleQueue: signal handlers put into it, and Queue's lock may be held by what they interrupt.
        self._inbox: queue.SimpleQueue[Edge | _Request | _Notice | None] = queue.SimpleQueue()
        self._edges: deque[Edge] = deque()
        self._session = session.Session()
        self._chores_due_ns = 0

    def edge(self, edge: Edge) -> None:
        """A button went down or came up."""
        self._edges.append(edge)
        self._inbox.put(edge)

    def ask(self, values: dict[str, Any]) -> queue.Queue[dict[str, Any]]:
        """Hand in a request; its answer comes through the queue that is returned."""
        request = _Request(values, queue.Queue(1))
        self._inbox.put(request)
        return request.answer

    def stop(self) -> None:
        """End the loop; a lesson that is being recorded is finished first."""
        self._inbox.put(None)

    def run(self) -> None:
        """Work until :meth:`stop`."""
        self._desk.show(Signal.READY)
        while True:
            with contextlib.suppress(queue.Empty):
                item = self._inbox.get(timeout=self._tick_s())
                if item is None:
                    break
                self._handle(item)
            # Always, also when requests come so fast that the inbox is never empty.
            self._tick()
            self._do_chores()
        self._step(EventKind.ENDED, StopReason.SHUTDOWN)
        self._desk.show(Signal.OFF)

    def _tick(self) -> None:
        """Let time pass, but not beyond an edge that waits.

        A button that came up while the loop was busy was not held any longer than that.
        """
        now_ns = self._clock.monotonic_ns()
        with contextlib.suppress(IndexError):
            now_ns = min(now_ns, self._edges[0].at_ns)
        self._step(EventKind.TICK, at_ns=now_ns)

    def _tick_s(self) -> float:
        quiet = self._session.phase is Phase.IDLE and self._session.down_ns is None
        return _IDLE_TICK_S if quiet else _BUSY_TICK_S

    def _handle(self, item: Edge | _Request | _Notice) -> None:
        if isinstance(item, Edge):
            self._edges.popleft()
            self._step(EventKind.DOWN if item.down else EventKind.UP, at_ns=item.at_ns)
        elif isinstance(item, _Request):
            item.answer.put(self._answer(item.values))
        else:
            self._notice(item)

    def _step(self, kind: EventKind, reason: StopReason | None = None, at_ns: int | None = None) -> None:
        now_ns = self._clock.monotonic_ns() if at_ns is None else at_ns
        self._session, actions = session.step(self._session, Event(kind, now_ns, reason), self._rules)
        for action in actions:
            self._carry_out(action)

    def _carry_out(self, action: Action) -> None:
        desk = self._desk
        match action.effect:
            case Effect.START:
                self._step(EventKind.STARTED if desk.begin(self._tell) else EventKind.REFUSED)
            case Effect.STOP:
                desk.end(action.reason or StopReason.PRESS)
                self._step(EventKind.STOPPED)
            case Effect.MARK:
                desk.mark(action.at_ns)
            case Effect.BLANK | Effect.UNBLANK:
                desk.blank(action.effect is Effect.BLANK, action.at_ns)
            case Effect.DISCARD:
                desk.discard_last(action.at_ns - self._rules.discard_hold_ns)
            case Effect.WARN:
                desk.warn()

    # --- notices from camera, microphone and card, out of their threads

    def _tell(self, recording: str, kind: str, sentence: str) -> None:
        self._inbox.put(_Notice(recording, kind, sentence))

    def _notice(self, notice: _Notice) -> None:
        if notice.recording != self._desk.recording:
            return  # of a lesson that has ended since
        if notice.kind != "camera_ended":
            self._desk.problem = notice.sentence
            _log.warning("%s: %s", notice.kind, notice.sentence)
        if notice.kind == "microphone_failed":
            self._desk.go_on_without_sound(notice.sentence)
        if notice.kind in _ENDS:
            self._step(EventKind.ENDED, _ENDS[notice.kind])

    # --- requests over the control socket

    def _answer(self, values: dict[str, Any]) -> dict[str, Any]:
        try:
            return {"ok": True, **self._serve(values)}
        except LeerblikError as error:
            return error_answer(error)

    def _serve(self, values: dict[str, Any]) -> dict[str, Any]:
        match values.get("do"):
            case "status":
                return self._report(self._session.phase, self._desk)
            case "press":
                self._gesture(values)
            case "discard":
                self._discard(str(values.get("recording")))
            case "start":
                return self._start()
            case "stop" | "mark" as do:
                return self._stop_or_mark(do)
            case other:
                raise Permanent(
                    f"unknown request '{other}'; known are press, start, stop, mark, discard, status, events"
                )
        return {}

    def _start(self) -> dict[str, Any]:
        if self._session.phase is not Phase.IDLE:
            raise Busy("a lesson is being recorded already")
        self._session, actions = session.request_start(self._session, self._clock.monotonic_ns())
        for action in actions:
            self._carry_out(action)
        if self._desk.recording is None:
            raise Refused(" ".join(reason["message"] for reason in self._desk.refusal))
        return {"recording": self._desk.recording}

    def _stop_or_mark(self, do: str) -> dict[str, Any]:
        recording = self._desk.recording
        if recording is None:
            raise Refused("nothing is being recorded")
        if do == "stop":
            self._step(EventKind.ENDED, StopReason.PRESS)
        else:
            self._desk.mark(self._clock.monotonic_ns())
        return {"recording": recording}

    def _do_chores(self) -> None:
        now_ns = self._clock.monotonic_ns()
        if now_ns < self._chores_due_ns:
            return
        self._chores_due_ns = now_ns + round(_CHORES_EVERY_S * NS_PER_S)
        self._desk.do_chores()
        self._watch_over_lesson(now_ns)

    def _watch_over_lesson(self, now_ns: int) -> None:
        """End a lesson that cannot go on, and go on without a microphone that fell silent."""
        ailment = self._vigil.look(self._desk.lesson, self._desk.free_bytes(), now_ns)
        if ailment is None or self._desk.recording is None:
            return
        if ailment is Ailment.SPACE_GETS_SHORT:
            self._desk.warn()
        elif ailment is Ailment.NO_SPACE:
            self._desk.problem = "the card is nearly full"
            self._step(EventKind.ENDED, StopReason.LOW_SPACE)
        else:
            kind, sentence = _AILMENTS[ailment]
            self._notice(_Notice(self._desk.recording, kind, sentence))
