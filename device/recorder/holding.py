"""What happens to a lesson once its lens is closed: it is made whole and held, at once or when the card allows it."""

from __future__ import annotations

import logging
from pathlib import Path

from device.domain.errors import LeerblikError
from device.domain.lifecycle import Status
from device.footage.packets import NS_PER_S
from device.ports import Clock
from device.recorder.lesson import LessonSettings
from device.recorder.wall_time import correct_start
from device.storage.catalogue import Catalogue
from device.storage.recovery import finish, seal_again

_RETRY_NS = 10 * NS_PER_S
_log = logging.getLogger(__name__)


class Holding:
    """Belongs to the recorder's loop. ``problem`` is why the last lesson could not be made whole yet, or ""."""

    def __init__(self, catalogue: Catalogue, spool: Path, clock: Clock, lesson: LessonSettings) -> None:
        self._catalogue = catalogue
        self._spool = spool
        self._clock = clock
        self._lesson = lesson
        self._retry_due_ns = 0
        self.problem = ""

    def hold(self, recording: str, note: str) -> None:
        """Make a recording whole and hold it; what a full card prevents is tried again by :meth:`catch_up`."""
        clock, folder = self._clock, self._spool / recording
        try:
            correct_start(folder, clock)
            finish(
                self._catalogue, folder, self._lesson.recipients,
                boot_id=clock.boot_id(), now_ns=clock.monotonic_ns(), note=note,
            )  # fmt: skip
        except (OSError, LeerblikError) as error:
            if self.problem != str(error):
                _log.warning("recording %s cannot be finished yet: %s", recording, error)
            self.problem = str(error)
        else:
            self.problem = ""

    def catch_up(self, recorded_now: str | None) -> list[str]:
        """Finish what could not be finished, and put right the times that were written by an untrusted clock.

        Looks every ten seconds; returns the recordings whose time was corrected.
        """
        now_ns = self._clock.monotonic_ns()
        if now_ns < self._retry_due_ns:
            return []
        self._retry_due_ns = now_ns + _RETRY_NS
        for unfinished in self._catalogue.recordings.with_status(Status.RECORDING):
            if unfinished.id != recorded_now:
                self.hold(unfinished.id, "finished late")
        return self._correct_times() if self._clock.trusted() else []

    def _correct_times(self) -> list[str]:
        corrected = []
        for recording in self._catalogue.recordings.with_status(Status.HELD):
            folder = self._spool / recording.id
            if not recording.untrusted_clock or not self._catalogue.recordings.objects(recording.id):
                continue
            try:
                if correct_start(folder, self._clock):
                    seal_again(self._catalogue, folder, self._lesson.recipients)
                    corrected.append(recording.id)
            except (OSError, LeerblikError) as error:
                _log.warning("the time of recording %s cannot be corrected: %s", recording.id, error)
        return corrected
