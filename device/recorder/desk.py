"""What the recorder does when the grammar says so: begin, end, mark, blank, discard; one lesson at a time."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from device.domain import consent
from device.domain.errors import LeerblikError, Refused, Temporary
from device.domain.lifecycle import Status
from device.domain.session import StopReason
from device.domain.texts import nothing_sentence, several_sentence, stop_sentence
from device.domain.trajectory import Agreement
from device.footage.durable import sync_folder
from device.footage.packets import NS_PER_S
from device.ports import Camera, Clock, Indicator, Microphone, Signal
from device.recorder.aftercare import Aftercare
from device.recorder.consequences import Consequences
from device.recorder.face import Face
from device.recorder.going_on import GoingOn, Memo
from device.recorder.health import Health
from device.recorder.holding import Holding
from device.recorder.judging import Judge
from device.recorder.keys import Keys
from device.recorder.lesson import Lesson, LessonSettings
from device.recorder.masks import Masks
from device.recorder.tidings import Tidings
from device.storage import ballast
from device.storage.catalogue import Catalogue

_log = logging.getLogger(__name__)
Tell = Callable[[str, str, str], None]
_SAY_AGAIN_NS = 5 * NS_PER_S
_FAULTS = (StopReason.CAMERA_FAILED, StopReason.CARD_FAILED)


@dataclass(frozen=True, slots=True)
class Machine:
    """The ports of this device."""

    camera: Camera
    microphone: Microphone
    indicator: Indicator
    clock: Clock


@dataclass(frozen=True, slots=True)
class DeskSettings:
    """What is the same for every lesson; sizes in bytes. ``runtime`` is in memory, the others on the card.

    ``agreement`` is that of the settings; it counts while the register is empty. ``overrun_s``: for how long a
    lesson may run over its booking.
    """

    spool: Path
    state: Path
    runtime: Path
    language: str
    reserve_bytes: int
    discard_window_ns: int
    keys: Keys
    agreement: Agreement | None
    register: Path
    own: Path
    lesson: LessonSettings
    masks: Masks
    overrun_s: int = 300


class Desk:
    """Belongs to the recorder's loop; not safe for use from two threads."""

    def __init__(
        self,
        machine: Machine,
        settings: DeskSettings,
        catalogue: Catalogue,
        aftercare: Aftercare,
        holding: Holding,
        new_name: Callable[[], str],
        health: Health,
        tidings: Tidings,
        face: Face,
        judge: Judge,
        consequences: Consequences,
    ) -> None:
        self._machine = machine
        self._settings = settings
        self._catalogue = catalogue
        self._aftercare = aftercare
        self._holding = holding
        self._new_name = new_name
        self._health = health
        self._tidings = tidings
        self._face = face
        self.lesson: Lesson | None = None
        self.recording: str | None = None
        self.pressed_by = ""
        self.ends_ns: int | None = None
        self.judge = judge
        self._consequences = consequences
        self._stopped_ns: dict[str, int] = {}
        self._memo = Memo(settings.runtime)
        self._times = 0
        self._ends_soon = False
        self._say_again_ns = 0
        self._unsaid = "idle"  # a recorder that was killed may have left "recording" behind

    def begin(self, tell: Tell, who: str = "", *, by_schedule: bool = False) -> bool:
        """Authorise and open the lens; False when it was refused, for a reason that is kept and shown.

        ``ends_ns`` is then when its booked time is over, by the monotonic clock (None: nothing says so).
        """
        return self._begin(self._new_name(), tell, who, None, by_schedule=by_schedule)

    def go_on(self, note: GoingOn, tell: Tell) -> bool:
        """Go on with a lesson that a recorder before this one began; False when it may or can not."""
        begun = self._is_open(note.recording) and self._begin(note.recording, tell, note.pressed_by, note)
        if not begun:
            # Nobody may open the lens for it again, whenever that would be.
            self._memo.forget()
        if not begun and self._is_open(note.recording):
            self._holding.hold(note.recording, "could not be gone on with")
        return begun

    def _is_open(self, recording: str) -> bool:
        """Tell whether the catalogue knows of no end of this lesson; it may not have heard of it at all."""
        known = self._catalogue.recordings.find(recording)
        return known is None or known.status is Status.RECORDING

    def _begin(
        self, recording: str, tell: Tell, who: str, note: GoingOn | None, *, by_schedule: bool = False
    ) -> bool:
        name = self._new_name()
        decision = self.judge.decide_again(name, note) if note else self.judge.decide(name, who)
        if isinstance(decision, consent.Refusal):
            self._face.refuse_for(*decision.reasons)
            return False
        # Decided at the press, and for good: a lesson that goes on ends when it would have ended.
        ends_ns = note.ends_ns if note else self.judge.end_ns(decision, by_schedule=by_schedule)
        try:
            self._open(decision, recording, tell, note)
        except LeerblikError as error:
            self._face.problem = str(error)
            self._close(StopReason.CAMERA_FAILED)
            self.refresh_light()  # it showed a recording while the camera was asked
            self._face.refuse([(error.word, str(error))])
            return False
        self.pressed_by = who
        self.ends_ns = ends_ns
        self._face.forgive()
        self._health.note("camera", "")
        self._say("recording")
        self._tidings.tell("resumed" if note else "recording", self.recording)
        self.refresh_light()
        return True

    def end(self, reason: StopReason) -> None:
        """Close the lens and hold what was recorded."""
        recording = self.recording
        lens_open_s = self._close(reason)
        if recording is not None:
            sentence = stop_sentence(reason, self._settings.language)
            self._tidings.tell("stopped", recording, sentence, lens_open_s=lens_open_s)

    def mark(self, at_ns: int) -> None:
        """Mark the moment."""
        if self.lesson is not None:
            self.lesson.mark(at_ns)
            self._face.show(Signal.MARKED)
            self._tidings.tell("marked", self.recording)

    def blank(self, blanked: bool, at_ns: int) -> None:
        """Black out picture and sound, or end that."""
        if self.lesson is not None:
            now_ns = self._machine.clock.monotonic_ns()
            # Hidden first in the note, shown last: whoever goes on with this lesson must not show what is hidden.
            if blanked:
                self._memo.hide(True, now_ns)
            self.lesson.blank(blanked, at_ns)
            if not blanked:
                self._memo.hide(False, now_ns)
            self.refresh_light()
            self._tidings.tell("blanked" if blanked else "unblanked", self.recording)

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
            self._face.refuse([(error.word, str(error))])
            return
        self._stopped_ns.clear()
        self._face.show(Signal.DISCARDED)
        self._tidings.tell("discarded", fresh[0])

    def announce(self, announced: bool) -> None:
        """Show the room that a booked lesson begins in a minute, or that it does not after all."""
        self._face.announced = announced
        self.refresh_light()
        if announced:
            self.say("announced")

    def say(self, what: str) -> None:
        """Tell whoever follows of something that is about no recording."""
        self._tidings.tell(what)

    def warn(self) -> None:
        """Say that the recording ends soon."""
        self._ends_soon = True
        self.refresh_light()
        self._tidings.tell("ending_soon", self.recording)

    def refresh_light(self) -> None:
        """Show what is the case now."""
        self._face.refresh(self.lesson, ends_soon=self._ends_soon)

    def remember(self, since_ns: int, *, warned: bool) -> None:
        """Note in memory what is going on, so that a recorder after this one can go on with it."""
        lesson, clock = self.lesson, self._machine.clock
        if lesson is None or lesson.zero_ns is None or self.recording is None:
            return
        note = GoingOn(
            self.recording, clock.boot_id(), since_ns, lesson.zero_ns, lesson.filmed_ns,
            clock.monotonic_ns(), lesson.blanked, warned, self.pressed_by, self._times,
            lesson.permit.agreement.booking, lesson.permit.sound, self.ends_ns,
        )  # fmt: skip
        self._memo.keep(note)

    def do_chores(self) -> None:
        """Finish what could not be finished, release and purge what is due; while a lesson runs, all that waits."""
        if self._unsaid and self._machine.clock.monotonic_ns() >= self._say_again_ns:
            self._say(self._unsaid)
        if self.lesson is not None:
            return
        for recording in self._holding.catch_up(self.recording):
            self._tidings.tell("clock_corrected", recording)
        try:
            for recording, what in self._consequences.run():
                self._tidings.tell(what, recording)
            for recording, status in self._aftercare.run():
                self._tidings.tell(status.value, recording)
                if status is Status.PURGED:
                    self._face.rest(Signal.READY)
                    self.refresh_light()
        except LeerblikError as error:
            _log.warning("%s", error)

        ballast.take_when_roomy(self._settings.state, self.free_bytes(), self._settings.reserve_bytes)

    def free_bytes(self) -> int:
        """Return the space that is left on the card."""
        return shutil.disk_usage(self._settings.spool).free

    def _open(self, permit: consent.Permit, recording: str, tell: Tell, note: GoingOn | None) -> None:
        machine = self._machine
        # The light first: there is no recording without one, and a camera that hangs says so only after half a minute.
        self._face.show(Signal.RECORDING)
        machine.camera.format()  # says what is wrong before anything is written
        masked = self._settings.masks.for_lesson()
        folder = self._settings.spool / recording
        if note is None:
            self._holding.enter(
                recording,
                machine.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
                permit,
            )
        self.recording = recording
        self._times = note.times + 1 if note else 0
        if note is not None:
            self._memo.keep(replace(note, times=self._times))
        self._ends_soon = note is not None and note.warned
        self.lesson = Lesson(
            permit,
            machine.camera,
            machine.microphone,
            machine.clock,
            self._settings.lesson,
            self._new_name,
            lambda kind, sentence: tell(recording, kind, sentence),
            masked,
        )
        try:
            if note is None:
                folder.mkdir(mode=0o750)
                sync_folder(self._settings.spool)
            self.lesson.start(folder, recording, note)
        except OSError as error:
            raise Temporary(f"the card cannot take a recording: {error}") from None

    def _close(self, reason: StopReason) -> float:
        """Close the lens; returns how long it was open, in seconds by the clock."""
        lesson, recording = self.lesson, self.recording
        self.lesson = self.recording = None
        if recording is None:
            return 0.0
        # It ends on purpose: nobody goes on with it, whatever happens from here.
        self._memo.forget()
        self._health.note("sound", "", quietly=True)
        try:
            if lesson is not None:
                lesson.stop(reason)
        finally:
            # Also when the camera does not close: then this process ends, and its footage is held by then.
            self._holding.hold(recording, reason.value)
            self._face.problem = self._holding.problem or self._face.problem
            if lesson is not None and lesson.lens_open_s > 0:
                self._stopped_ns[recording] = self._machine.clock.monotonic_ns()
            self._say("idle")
            unseen = lesson is not None and lesson.zero_ns is None and lesson.picture_is_away
            if unseen:
                self._face.problem = nothing_sentence(self._settings.language)
            self._face.rest(Signal.FAULT if unseen or reason in _FAULTS else Signal.HELD)
            self.refresh_light()
        return lesson.lens_open_s if lesson is not None else 0.0

    def _say(self, state: str) -> None:
        """Tell the other processes whether a lesson is being recorded; not worth losing one for."""
        self._unsaid = state
        try:
            self._catalogue.processes.write("recorder", state, "")
        except Temporary as error:
            _log.warning("%s", error)
            self._say_again_ns = self._machine.clock.monotonic_ns() + _SAY_AGAIN_NS
        else:
            self._unsaid = ""
