"""The recorder's one loop: button edges, requests and notices in; lens, lights and catalogue out."""

from __future__ import annotations

import contextlib
import logging
import queue
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from device.domain import consent, session
from device.domain.errors import Busy, LeerblikError, Permanent, Refused, Temporary
from device.domain.lifecycle import Status
from device.domain.session import Action, Effect, Event, EventKind, Phase, StopReason
from device.domain.texts import reason_sentence, stop_sentence
from device.domain.trajectory import Agreement
from device.footage.packets import NS_PER_S
from device.ports import Camera, Clock, Edge, Indicator, Microphone, Signal
from device.recorder.aftercare import Aftercare
from device.recorder.control import error_answer
from device.recorder.lesson import Lesson, LessonSettings
from device.recorder.report import describe
from device.storage.catalogue import Catalogue
from device.storage.recovery import finish

_log = logging.getLogger(__name__)
_BUSY_TICK_S = 0.05
_IDLE_TICK_S = 0.5
_CHORES_EVERY_S = 0.5


@dataclass(frozen=True, slots=True)
class Machine:
    """The ports of this device."""

    camera: Camera
    microphone: Microphone
    indicator: Indicator
    clock: Clock


@dataclass(frozen=True, slots=True)
class LoopSettings:
    """What the loop must know; sizes in bytes."""

    spool: Path
    language: str
    reserve_bytes: int
    coach_key_present: bool
    agreement: Agreement | None
    lesson: LessonSettings
    rules: session.Rules


@dataclass(frozen=True, slots=True)
class _Request:
    values: dict[str, Any]
    answer: queue.Queue[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Notice:
    kind: str
    sentence: str


class RecorderLoop:
    """Runs in one thread; :meth:`edge`, :meth:`ask` and :meth:`stop` may be called from any."""

    def __init__(
        self,
        machine: Machine,
        settings: LoopSettings,
        catalogue: Catalogue,
        aftercare: Aftercare,
        new_name: Callable[[], str],
        publish: Callable[[dict[str, Any]], None],
        gesture: Callable[[dict[str, Any]], None],
    ) -> None:
        self._machine = machine
        self._settings = settings
        self._catalogue = catalogue
        self._aftercare = aftercare
        self._new_name = new_name
        self._publish = publish
        self._gesture = gesture
        self._inbox: queue.Queue[Edge | _Request | _Notice | None] = queue.Queue()
        self._session = session.Session()
        self._lesson: Lesson | None = None
        self._recording: str | None = None
        self._last: str | None = None
        self._chores_due_ns = 0
        self.refusal: list[dict[str, str]] = []
        self.problem = ""

    def edge(self, edge: Edge) -> None:
        """A button went down or came up."""
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
        self._show(Signal.READY)
        while True:
            with contextlib.suppress(queue.Empty):
                item = self._inbox.get(timeout=self._tick_s())
                if item is None:
                    break
                self._handle(item)
            # Always, also when requests come so fast that the inbox is never empty.
            self._step(EventKind.TICK)
            self._chores()
        self._step(EventKind.ENDED, StopReason.SHUTDOWN)
        self._show(Signal.OFF)

    def _tick_s(self) -> float:
        quiet = self._session.phase is Phase.IDLE and self._session.down_ns is None
        return _IDLE_TICK_S if quiet else _BUSY_TICK_S

    def _handle(self, item: Edge | _Request | _Notice) -> None:
        if isinstance(item, Edge):
            self._step(EventKind.DOWN if item.down else EventKind.UP, at_ns=item.at_ns)
        elif isinstance(item, _Request):
            item.answer.put(self._answer(item.values))
        else:
            self._notice(item)

    # --- the grammar and its effects

    def _step(self, kind: EventKind, reason: StopReason | None = None, at_ns: int | None = None) -> None:
        now_ns = self._machine.clock.monotonic_ns() if at_ns is None else at_ns
        self._session, actions = session.step(
            self._session, Event(kind, now_ns, reason), self._settings.rules
        )
        for action in actions:
            _EFFECTS[action.effect](self, action)

    def _start(self, action: Action) -> None:
        decision = consent.authorise(self._settings.agreement, self._situation(), self._new_name())
        if isinstance(decision, consent.Refusal):
            language = self._settings.language
            self._refuse([{"reason": r.value, "message": reason_sentence(r, language)} for r in decision.reasons])
            return
        try:
            self._begin(decision)
        except LeerblikError as error:
            self.problem = str(error)
            self._abandon()
            self._refuse([{"reason": error.word, "message": str(error)}])
            return
        self._step(EventKind.STARTED)

    def _begin(self, permit: consent.Permit) -> None:
        machine = self._machine
        machine.camera.format()  # says what is wrong before anything is written
        recording = self._new_name()
        folder = self._settings.spool / recording
        self._catalogue.recordings.add(
            recording,
            machine.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
            permit.agreement.trajectory,
            untrusted_clock=permit.untrusted_clock,
        )
        self._recording = recording
        try:
            folder.mkdir(mode=0o750)
        except OSError as error:
            raise Temporary(f"the spool cannot take a recording: {error}") from None
        lesson = Lesson(
            permit, machine.camera, machine.microphone, machine.clock, self._settings.lesson, self._new_name, self._tell
        )
        self._lesson = lesson
        # The light first: there is no recording without one.
        self._show(Signal.RECORDING)
        lesson.start(folder, recording)
        self.refusal, self.problem = [], ""
        self._announce("recording", recording)

    def _stop(self, action: Action) -> None:
        reason = action.reason or StopReason.PRESS
        recording = self._close(reason)
        if recording is not None:
            self._announce("stopped", recording, message=stop_sentence(reason, self._settings.language))

    def _abandon(self) -> None:
        self._close(StopReason.CAMERA_FAILED)

    def _close(self, reason: StopReason) -> str | None:
        lesson, recording = self._lesson, self._recording
        self._lesson = self._recording = None
        if recording is None:
            return None
        if lesson is not None:
            lesson.stop(reason)
        self._finish(recording, reason.value)
        self._last = recording
        self._show(Signal.HELD if reason is not StopReason.CAMERA_FAILED else Signal.FAULT)
        return recording

    def _finish(self, recording: str, note: str) -> None:
        """Make a recording whole and hold it; what a full card prevents is tried again by the chores."""
        clock = self._machine.clock
        try:
            finish(
                self._catalogue, self._settings.spool / recording, self._settings.lesson.recipients,
                boot_id=clock.boot_id(), now_ns=clock.monotonic_ns(), note=note,
            )  # fmt: skip
        except (OSError, Temporary) as error:
            if self.problem != str(error):
                _log.warning("recording %s cannot be finished yet: %s", recording, error)
            self.problem = str(error)

    def _mark(self, action: Action) -> None:
        if self._lesson is not None:
            self._lesson.mark(action.at_ns)
            self._show(Signal.MARKED)
            self._announce("marked", self._recording)

    def _blank(self, action: Action) -> None:
        blanked = action.effect is Effect.BLANK
        if self._lesson is not None:
            self._lesson.blank(blanked, action.at_ns)
            self._show(Signal.BLANKED if blanked else Signal.RECORDING)
            self._announce("blanked" if blanked else "unblanked", self._recording)

    def _discard(self, action: Action) -> None:
        if self._last is None:
            return
        try:
            self._aftercare.discard(self._last)
        except LeerblikError as error:
            self._refuse([{"reason": error.word, "message": str(error)}])
            return
        self._show(Signal.DISCARDED)
        self._announce("discarded", self._last)
        self._last = None

    def _warn(self, action: Action) -> None:
        self._show(Signal.ENDING_SOON)
        self._announce("ending_soon", self._recording)

    def _refuse(self, reasons: list[dict[str, str]]) -> None:
        self.refusal = reasons
        self._show(Signal.REFUSED)
        for reason in reasons:
            _log.warning("refused: %s", reason["message"])
        self._announce("refused", None, message=" ".join(reason["message"] for reason in reasons))
        self._step(EventKind.REFUSED)

    # --- notices from camera, microphone and card

    def _tell(self, kind: str, sentence: str) -> None:
        self._inbox.put(_Notice(kind, sentence))

    def _notice(self, notice: _Notice) -> None:
        if notice.kind != "camera_ended":
            self.problem = notice.sentence
            _log.warning("%s: %s", notice.kind, notice.sentence)
        if notice.kind == "microphone_failed" and self._lesson is not None:
            self._lesson.microphone_failed(notice.sentence)
        ends = {
            "camera_ended": StopReason.SOURCE_ENDED,
            "camera_failed": StopReason.CAMERA_FAILED,
            "card_failed": StopReason.LOW_SPACE,
        }
        if notice.kind in ends:
            self._step(EventKind.ENDED, ends[notice.kind])

    # --- requests over the control socket

    def _answer(self, values: dict[str, Any]) -> dict[str, Any]:
        try:
            return {"ok": True, **self._carry_out(values)}
        except LeerblikError as error:
            return error_answer(error)

    def _carry_out(self, values: dict[str, Any]) -> dict[str, Any]:
        do = values.get("do")
        if do == "status":
            return self._report()
        if do == "press":
            self._gesture(values)
            return {}
        if do in ("start", "stop", "mark"):
            return self._direct(do)
        if do == "discard":
            self._aftercare.discard(str(values.get("recording")))
            return {}
        raise Permanent(f"unknown request '{do}'; known are press, start, stop, mark, discard, status, events")

    def _direct(self, do: str) -> dict[str, Any]:
        now_ns = self._machine.clock.monotonic_ns()
        if do == "start":
            if self._session.phase is not Phase.IDLE:
                raise Busy("a lesson is being recorded already")
            self._step(EventKind.DOWN, at_ns=now_ns)
            self._step(EventKind.UP, at_ns=now_ns)
            if self._recording is None:
                raise Refused(" ".join(reason["message"] for reason in self.refusal))
        elif self._session.phase not in (Phase.RECORDING, Phase.BLANKED):
            raise Refused("nothing is being recorded")
        elif do == "stop":
            self._step(EventKind.ENDED, StopReason.PRESS)
        else:
            self._mark(Action(Effect.MARK, now_ns))
        return {"recording": self._recording or self._last}

    def _report(self) -> dict[str, Any]:
        return describe(
            phase=self._session.phase,
            recording=self._recording,
            lesson=self._lesson,
            refusal=self.refusal,
            problem=self.problem,
            free_bytes=self._free_bytes(),
            catalogue=self._catalogue,
            aftercare=self._aftercare,
        )

    # --- chores

    def _chores(self) -> None:
        now_ns = self._machine.clock.monotonic_ns()
        if now_ns < self._chores_due_ns:
            return
        self._chores_due_ns = now_ns + round(_CHORES_EVERY_S * NS_PER_S)
        if self._lesson is not None and self._free_bytes() < self._settings.reserve_bytes:
            self.problem = "the card is nearly full"
            self._step(EventKind.ENDED, StopReason.LOW_SPACE)
        for unfinished in self._catalogue.recordings.with_status(Status.RECORDING):
            if unfinished.id != self._recording:
                self._finish(unfinished.id, "finished late")
        try:
            for recording, status in self._aftercare.run():
                self._announce(status.value, recording)
                if status is Status.PURGED and self._lesson is None:
                    self._show(Signal.READY)
        except LeerblikError as error:
            _log.warning("%s", error)

    def _situation(self) -> consent.Situation:
        clock = self._machine.clock
        return consent.Situation(
            now=clock.now(),
            clock_trusted=clock.trusted(),
            coach_key_present=self._settings.coach_key_present,
            free_bytes=self._free_bytes(),
            needed_bytes=self._settings.reserve_bytes,
        )

    def _free_bytes(self) -> int:
        return shutil.disk_usage(self._settings.spool).free

    def _show(self, signal: Signal) -> None:
        self._machine.indicator.show(signal)

    def _announce(self, event: str, recording: str | None, **values: str) -> None:
        self._publish({"event": event, "recording": recording, **values})


_EFFECTS: dict[Effect, Callable[[RecorderLoop, Action], None]] = {
    Effect.START: RecorderLoop._start,  # noqa: SLF001  # the table is part of the class, written below it
    Effect.STOP: RecorderLoop._stop,  # noqa: SLF001
    Effect.MARK: RecorderLoop._mark,  # noqa: SLF001
    Effect.BLANK: RecorderLoop._blank,  # noqa: SLF001
    Effect.UNBLANK: RecorderLoop._blank,  # noqa: SLF001
    Effect.DISCARD: RecorderLoop._discard,  # noqa: SLF001
    Effect.WARN: RecorderLoop._warn,  # noqa: SLF001
}
