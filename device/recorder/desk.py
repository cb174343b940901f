"""What the recorder does when the grammar says so: begin, end, mark, blank, discard; one lesson at a time."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from device.domain import consent
from device.domain.errors import LeerblikError, Refused, Temporary
from device.domain.lifecycle import Status
from device.domain.session import StopReason
from device.domain.texts import reason_sentence, several_sentence, stop_sentence
from device.domain.trajectory import Agreement
from device.footage.durable import sync_folder
from device.ports import Camera, Clock, Indicator, Microphone, Signal
from device.recorder.aftercare import Aftercare
from device.recorder.lesson import Lesson, LessonSettings
from device.storage.catalogue import Catalogue
from device.storage.recovery import finish

_log = logging.getLogger(__name__)
Publish = Callable[[dict[str, object]], None]
Tell = Callable[[str, str, str], None]
_FAULTS = (StopReason.CAMERA_FAILED, StopReason.CARD_FAILED)
_RETRY_NS = 10_000_000_000


@dataclass(frozen=True, slots=True)
class Machine:
    """The ports of this device."""

    camera: Camera
    microphone: Microphone
    indicator: Indicator
    clock: Clock


@dataclass(frozen=True, slots=True)
class DeskSettings:
    """What is the same for every lesson; sizes in bytes."""

    spool: Path
    language: str
    reserve_bytes: int
    discard_window_ns: int
    coach_key_present: bool
    agreement: Agreement | None
    lesson: LessonSettings


class Desk:
    """Belongs to the recorder's loop; not safe for use from two threads.

    ``refusal`` says in words why the last press did not record, ``problem`` what went wrong last.
    """

    def __init__(
        self,
        machine: Machine,
        settings: DeskSettings,
        catalogue: Catalogue,
        aftercare: Aftercare,
        new_name: Callable[[], str],
        publish: Publish,
    ) -> None:
        self._machine = machine
        self._settings = settings
        self._catalogue = catalogue
        self._aftercare = aftercare
        self._new_name = new_name
        self._publish = publish
        self.lesson: Lesson | None = None
        self.recording: str | None = None
        self._stopped_ns: dict[str, int] = {}
        self._retry_due_ns = 0
        self._unsaid = "idle"  # a recorder that was killed may have left "recording" behind
        self.refusal: list[dict[str, str]] = []
        self.refusals = 0
        self.problem = ""

    def begin(self, tell: Tell) -> bool:
        """Authorise and open the lens; False when it was refused, for a reason that is kept and shown."""
        decision = consent.authorise(self._settings.agreement, self._situation(), self._new_name())
        if isinstance(decision, consent.Refusal):
            language = self._settings.language
            self.refuse([(r.value, reason_sentence(r, language)) for r in decision.reasons])
            return False
        try:
            self._open(decision, tell)
        except LeerblikError as error:
            self.problem = str(error)
            self._close(StopReason.CAMERA_FAILED)
            self.refuse([(error.word, str(error))])
            return False
        self.refusal, self.problem = [], ""
        self._say("recording")
        self._announce("recording", self.recording)
        return True

    def end(self, reason: StopReason) -> None:
        """Close the lens and hold what was recorded."""
        recording = self.recording
        lens_open_s = self._close(reason)
        if recording is not None:
            sentence = stop_sentence(reason, self._settings.language)
            self._announce("stopped", recording, message=sentence, lens_open_s=lens_open_s)

    def mark(self, at_ns: int) -> None:
        """Mark the moment."""
        if self.lesson is not None:
            self.lesson.mark(at_ns)
            self.show(Signal.MARKED)
            self._announce("marked", self.recording)

    def blank(self, blanked: bool, at_ns: int) -> None:
        """Black out picture and sound, or end that."""
        if self.lesson is not None:
            self.lesson.blank(blanked, at_ns)
            self.show(Signal.BLANKED if blanked else Signal.RECORDING)
            self._announce("blanked" if blanked else "unblanked", self.recording)

    def discard_last(self, began_ns: int) -> None:
        """The teacher says no to what was just recorded.

        ``began_ns`` is when the finger came down: until then the window is open. Refused when several
        lessons ended within it: a hand on a button cannot say which one.
        """
        after_ns = began_ns - self._settings.discard_window_ns
        fresh = [
            recording
            for recording, at_ns in self._stopped_ns.items()
            if at_ns > after_ns and self._aftercare.can_discard(recording)
        ]
        try:
            if len(fresh) != 1:
                raise Refused(several_sentence(self._settings.language))
            self._aftercare.discard(fresh[0])
        except LeerblikError as error:
            self.refuse([(error.word, str(error))])
            return
        self._stopped_ns.clear()
        self.show(Signal.DISCARDED)
        self._announce("discarded", fresh[0])

    def go_on_without_sound(self, sentence: str) -> None:
        """The microphone is gone; the picture goes on."""
        if self.lesson is not None:
            self.lesson.microphone_failed(sentence)
            self._announce("microphone_failed", self.recording, message=sentence)

    def warn(self) -> None:
        """Say that the recording ends soon."""
        self.show(Signal.ENDING_SOON)
        self._announce("ending_soon", self.recording)

    def refuse(self, reasons: list[tuple[str, str]]) -> None:
        """Show that something did not happen, and why."""
        self.refusals += 1
        self.refusal = [{"reason": reason, "message": message} for reason, message in reasons]
        self.show(Signal.REFUSED)
        for _, message in reasons:
            _log.warning("refused: %s", message)
        self._announce("refused", None, message=" ".join(message for _, message in reasons))

    def show(self, signal: Signal) -> None:
        """Show a signal on every light."""
        self._machine.indicator.show(signal)

    def do_chores(self) -> None:
        """Finish what could not be finished, release and purge what is due."""
        if self._unsaid:
            self._say(self._unsaid)
        self._finish_late()
        try:
            for recording, status in self._aftercare.run():
                self._announce(status.value, recording)
                if status is Status.PURGED and self.lesson is None:
                    self.show(Signal.READY)
        except LeerblikError as error:
            _log.warning("%s", error)

    def _finish_late(self) -> None:
        now_ns = self._machine.clock.monotonic_ns()
        if now_ns < self._retry_due_ns:
            return
        self._retry_due_ns = now_ns + _RETRY_NS
        for unfinished in self._catalogue.recordings.with_status(Status.RECORDING):
            if unfinished.id != self.recording:
                self._finish(unfinished.id, "finished late")

    def free_bytes(self) -> int:
        """Return the space that is left on the card."""
        return shutil.disk_usage(self._settings.spool).free

    def _open(self, permit: consent.Permit, tell: Tell) -> None:
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
        self.recording = recording
        # The light first: there is no recording without one.
        self.show(Signal.RECORDING)
        self.lesson = Lesson(
            permit,
            machine.camera,
            machine.microphone,
            machine.clock,
            self._settings.lesson,
            self._new_name,
            lambda kind, sentence: tell(recording, kind, sentence),
        )
        try:
            folder.mkdir(mode=0o750)
            sync_folder(self._settings.spool)
            self.lesson.start(folder, recording)
        except OSError as error:
            raise Temporary(f"the card cannot take a recording: {error}") from None

    def _close(self, reason: StopReason) -> float:
        """Close the lens; returns how long it was open, in seconds by the clock."""
        lesson, recording = self.lesson, self.recording
        self.lesson = self.recording = None
        if recording is None:
            return 0.0
        try:
            if lesson is not None:
                lesson.stop(reason)
        finally:
            # Also when the camera does not close: then this process ends, and its footage is held by then.
            self._finish(recording, reason.value)
            if lesson is not None and lesson.lens_open_s > 0:
                self._stopped_ns[recording] = self._machine.clock.monotonic_ns()
            self._say("idle")
            self.show(Signal.FAULT if reason in _FAULTS else Signal.HELD)
        return lesson.lens_open_s if lesson is not None else 0.0

    def _finish(self, recording: str, note: str) -> None:
        """Make a recording whole and hold it; what a full card prevents is tried again by the chores."""
        clock = self._machine.clock
        try:
            finish(
                self._catalogue, self._settings.spool / recording, self._settings.lesson.recipients,
                boot_id=clock.boot_id(), now_ns=clock.monotonic_ns(), note=note,
            )  # fmt: skip
        except (OSError, LeerblikError) as error:
            if self.problem != str(error):
                _log.warning("recording %s cannot be finished yet: %s", recording, error)
            self.problem = str(error)

    def _situation(self) -> consent.Situation:
        clock = self._machine.clock
        return consent.Situation(
            now=clock.now(),
            clock_trusted=clock.trusted(),
            coach_key_present=self._settings.coach_key_present,
            free_bytes=self.free_bytes(),
            needed_bytes=self._settings.reserve_bytes,
        )

    def _say(self, state: str) -> None:
        """Tell the other processes whether a lesson is being recorded; not worth losing one for."""
        self._unsaid = state
        try:
            self._catalogue.processes.write("recorder", state, "")
        except Temporary as error:
            _log.warning("%s", error)
        else:
            self._unsaid = ""

    def _announce(self, event: str, recording: str | None, **values: object) -> None:
        self._publish({"event": event, "recording": recording, **values})
