"""The recorder's one loop: button edges, requests and notices in; the desk carries out what they mean."""

from __future__ import annotations

import contextlib
import queue
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from device import systemd
from device.domain import announcer, session
from device.domain.consent import Reason
from device.domain.errors import LeerblikError, Refused
from device.domain.session import Action, Effect, Event, EventKind, Phase, StopReason
from device.footage.packets import NS_PER_S
from device.ports import Button, Clock, Edge, Signal
from device.recorder.aiming import Aiming
from device.recorder.booked import Booked
from device.recorder.checkup import Checkup
from device.recorder.desk import Desk
from device.recorder.ease import Ease
from device.recorder.face import Face
from device.recorder.going_on import GoingOn
from device.recorder.nurse import Nurse
from device.recorder.warm import Warm
from device.recorder.wiping import Wiping

_EDGES = {
    (Button.RECORD, True): EventKind.DOWN,
    (Button.RECORD, False): EventKind.UP,
    (Button.PRIVACY, True): EventKind.PRIVACY,
    (Button.COVER, True): EventKind.COVERED,
    (Button.COVER, False): EventKind.UNCOVERED,
    (Button.POWER, True): EventKind.POWER,
}
_BUSY_TICK_S = 0.05
_IDLE_TICK_S = 0.5
_CHORES_EVERY_S = 0.5
_PATIENCE_S = 60.0


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

    ``answer`` serves the requests of the control socket, some of them later. systemd's watchdog is fed from here
    and nowhere else.
    """

    def __init__(
        self,
        desk: Desk,
        face: Face,
        clock: Clock,
        rules: session.Rules,
        nurse: Nurse,
        checkup: Checkup,
        aiming: Aiming,
        booked: Booked,
        wiping: Wiping,
        warm: Warm,
        answer: Callable[[dict[str, Any]], dict[str, Any] | Future[dict[str, Any]]],
        power_off: Callable[[], None],
    ) -> None:
        self._desk = desk
        self._face = face
        self._clock = clock
        self._rules = rules
        self._nurse = nurse
        self._checkup = checkup
        self._aiming = aiming
        self._booked = booked
        self._wiping = wiping
        self._warm = warm
        self._answer = answer
        self._power_off = power_off
        self._ease = Ease()
        # A SimpleQueue: signal handlers put into it, and Queue's lock may be held by what they interrupt.
        self._inbox: queue.SimpleQueue[Edge | _Request | _Notice | None] = queue.SimpleQueue()
        self._edges: deque[Edge] = deque()
        self._session = session.Session()
        self._chores_due_ns = 0
        self._since_ns = clock.monotonic_ns()
        # Only a press that led to no lesson: whoever pressed for a lesson meant nothing else.
        self._pressed_ns: int | None = None
        self._said = ""

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
        self._desk.refresh_light()
        systemd.ready()
        while True:
            with contextlib.suppress(queue.Empty):
                item = self._inbox.get(timeout=self._tick_s())
                if item is None:
                    break
                self._handle(item)
            # Always, also when requests come so fast that the inbox is never empty.
            self._tick()
            self._do_chores()
        systemd.stopping()
        self._aiming.close()
        self._warm.close()
        self._step(EventKind.ENDED, StopReason.SHUTDOWN)
        self._face.show(Signal.OFF)

    def _tick(self) -> None:
        """Let time pass, but not beyond an edge that waits.

        A button that came up while the loop was busy was not held any longer than that.
        """
        now_ns = self._clock.monotonic_ns()
        with contextlib.suppress(IndexError):
            now_ns = min(now_ns, self._edges[0].at_ns)
        self._wiping.tick(now_ns)
        self._step(EventKind.TICK, at_ns=now_ns)

    def _tick_s(self) -> float:
        quiet = self._session.phase is Phase.IDLE and self._session.down_ns is None
        return _IDLE_TICK_S if quiet else _BUSY_TICK_S

    def _handle(self, item: Edge | _Request | _Notice) -> None:
        if isinstance(item, Edge):
            self._edges.popleft()
            self._take_edge(item)
        elif isinstance(item, _Request):
            self._reply(item)
        elif item.recording == self._desk.recording:  # else of a lesson that has ended since
            self._end_for(self._nurse.hear(item.kind, item.sentence))

    def _reply(self, request: _Request) -> None:
        answer = self._answer(request.values)
        if isinstance(answer, Future):
            answer.add_done_callback(lambda done: request.answer.put(done.result()))
        else:
            request.answer.put(answer)

    def _take_edge(self, edge: Edge) -> None:
        kind = _EDGES.get((edge.button, edge.down))
        if kind is None:
            return
        idle = self._session.phase is Phase.IDLE
        if edge.button is Button.RECORD and idle and self._is_taken(edge):
            return
        if edge.button is Button.COVER:
            self._desk.judge.lens_covered = edge.down
        self._step(kind, at_ns=edge.at_ns, who=edge.who)
        if idle and self._desk.recording is None and self._is_hand(edge):
            self._pressed_ns = edge.at_ns

    def _is_hand(self, edge: Edge) -> bool:
        """Tell whether somebody pressed the record button since the start; a badge or a cover is no such press."""
        pressed = edge.button is Button.RECORD and edge.down and edge.by_hand and not edge.who
        return pressed and edge.at_ns >= self._since_ns

    def _is_taken(self, edge: Edge) -> bool:
        """Tell whether a press means something else than a lesson: a wipe, no to a booked one, or aiming."""
        if self._wiping.takes(edge):
            return True
        if edge.down and self._booked.announcing:
            for action in self._booked.press():
                self._follow(action)
            return True
        if not self._aiming.takes(edge):
            return False
        self._warm.close()  # the camera is for aiming now
        return True

    def _look_at_bookings(self) -> None:
        busy = self._session.phase is not Phase.IDLE
        for action in self._booked.look(recording=busy):
            self._follow(action)

    def _follow(self, action: announcer.Action) -> None:
        """Carry out what the schedule wants."""
        match action.effect:
            case announcer.Effect.ANNOUNCE:
                self._desk.announce(True)
            case announcer.Effect.WITHDRAW:
                self._desk.announce(False)
            case announcer.Effect.CANCEL:
                self._desk.announce(False)
                self._desk.say("announcement_cancelled")
            case announcer.Effect.START:
                self._desk.announce(False)
                try:
                    self.request_start()
                except LeerblikError:
                    self._booked.refused()  # the room and the page see why
            case announcer.Effect.STOP:
                self._end_for(StopReason.END_OF_BOOKING)

    def _step(
        self,
        kind: EventKind,
        reason: StopReason | None = None,
        at_ns: int | None = None,
        who: str = "",
        ends_ns: int | None = None,
    ) -> None:
        now_ns = self._clock.monotonic_ns() if at_ns is None else at_ns
        event = Event(kind, now_ns, reason, who, ends_ns)
        self._session, actions = session.step(self._session, event, self._rules)
        for action in actions:
            self._carry_out(action)

    def _carry_out(self, action: Action) -> None:
        # A camera may take its time to open or close: that is no reason to kill the recorder.
        slow = action.effect in (Effect.START, Effect.STOP)
        with systemd.patience(_PATIENCE_S) if slow else contextlib.nullcontext():
            self._do(action)

    def _do(self, action: Action) -> None:
        desk = self._desk
        match action.effect:
            case Effect.START:
                self._aiming.close()
                self._checkup.let_go()
                self._warm.make_way()
                begun = not self._wiping.forbids_lesson() and desk.begin(
                    self._tell, action.who, by_schedule=self._booked.runs
                )
                if begun:
                    self._pressed_ns = None
                    self._warm.taken()
                self._step(
                    EventKind.STARTED if begun else EventKind.REFUSED, ends_ns=desk.ends_ns if begun else None
                )
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
            case Effect.REFUSE_COVERED:
                self._face.refuse_for(Reason.LENS_COVERED)
            case Effect.POWER_OFF:
                self._go_off()

    def _go_off(self) -> None:
        try:
            self._power_off()
        except LeerblikError as error:
            self._face.refuse([(error.word, str(error))])
            self._session = session.stay_on(self._session)

    def _tell(self, recording: str, kind: str, sentence: str) -> None:
        """Take a notice from camera, microphone or card, out of their threads."""
        self._inbox.put(_Notice(recording, kind, sentence))

    def _end_for(self, reason: StopReason | None) -> None:
        if reason is not None:
            self._step(EventKind.ENDED, reason)

    # --- what requests may do with lessons; called from the loop itself

    @property
    def phase(self) -> Phase:
        """Whether a lesson is being recorded."""
        return self._session.phase

    @property
    def planned_end(self) -> tuple[float, StopReason] | None:
        """In how many seconds the lesson ends by itself, and why; None while none is being recorded."""
        planned = session.planned_end(self._session, self._rules)
        if planned is None:
            return None
        return max(0, planned[0] - self._clock.monotonic_ns()) / NS_PER_S, planned[1]

    @property
    def pressed_ago_ns(self) -> int | None:
        """How long ago somebody pressed at the device itself; None: not since it started."""
        return None if self._pressed_ns is None else max(0, self._clock.monotonic_ns() - self._pressed_ns)

    @property
    def recording(self) -> str | None:
        """The lesson that is being recorded."""
        return self._desk.recording

    def request_start(self) -> str:
        """Begin a lesson because a program asked; Refused with all reasons when it may or can not."""
        self._session, actions = session.request_start(self._session, self._clock.monotonic_ns())
        for action in actions:
            self._carry_out(action)
        if self._desk.recording is None:
            raise Refused(" ".join(reason["message"] for reason in self._face.refusal))
        return self._desk.recording

    def request_stop(self) -> None:
        """End the lesson because a program asked."""
        self._step(EventKind.ENDED, StopReason.PRESS)

    def request_mark(self) -> None:
        """Mark the moment because a program asked."""
        self._desk.mark(self._clock.monotonic_ns())

    def go_on(self, note: GoingOn) -> None:
        """Go on with the lesson of a recorder that died; before :meth:`run`."""
        with systemd.patience(_PATIENCE_S):
            self._checkup.let_go()
            goes_on = self._desk.go_on(note, self._tell)
        if goes_on:
            self._session = session.resume(
                note.since_ns, blanked=note.blanked, warned=note.warned, ends_ns=note.ends_ns
            )

    # --- what is done now and then

    def _do_chores(self) -> None:
        now_ns = self._clock.monotonic_ns()
        if now_ns < self._chores_due_ns:
            return
        self._chores_due_ns = now_ns + round(_CHORES_EVERY_S * NS_PER_S)
        systemd.alive()
        self._aiming.tick()
        self._desk.do_chores()
        idle = self._session.phase is Phase.IDLE and not self._aiming.is_open
        self._look_at_bookings()
        self._checkup.look(self.edge, idle=idle)
        if self._warm.look(free=idle and not self._wiping.is_on):
            self._desk.refresh_light()
        self._ease.look(now_ns, idle=idle)
        self._end_for(self._nurse.look(now_ns))
        self._desk.remember(self._session.since_ns, warned=self._session.warned)
        self._say()

    def _say(self) -> None:
        """Tell systemd in one line how it is, when that changed."""
        sentence = "; ".join([self._session.phase.value, *self._face.problems])
        if sentence != self._said:
            self._said = sentence
            systemd.status(sentence)
