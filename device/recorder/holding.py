"""What happens to a lesson once its lens is closed: it is made whole and held, at once or when the card allows it."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

from device.domain.consent import Permit
from device.domain.errors import LeerblikError
from device.domain.lifecycle import Status
from device.footage.packets import NS_PER_S
from device.ports import Clock
from device.recorder.lesson import LessonSettings
from device.recorder.wall_time import correct_start
from device.storage.catalogue import Catalogue, Occupied
from device.storage.recovery import finish, seal_again

_RETRY_NS = 10 * NS_PER_S
_log = logging.getLogger(__name__)


class Holding:
    """Belongs to the recorder's loop. ``problem`` is why the last lesson could not be made whole yet, or "".

    ``owed`` are recordings of before this start that the catalogue must still hear of.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        spool: Path,
        clock: Clock,
        lesson: LessonSettings,
        owed: Iterable[str] = (),
    ) -> None:
        self._catalogue = catalogue
        self._spool = spool
        self._clock = clock
        self._lesson = lesson
        self._retry_due_ns = 0
        self._owed = set(owed)
        self.problem = ""

    @property
    def owes(self) -> bool:
        """Whether the catalogue must still hear of a recording that lies on the card."""
        return bool(self._owed)

    def enter(self, recording: str, started_at: str, permit: Permit) -> None:
        """Tell the catalogue of a lesson that begins; when another process writes it now, at the lesson's end."""
        agreement = permit.agreement
        try:
            self._catalogue.recordings.add(
                recording, started_at, agreement.trajectory, untrusted_clock=permit.untrusted_clock,
                unclaimed=agreement.unclaimed, booking=agreement.booking,
                register_number=agreement.register_number,
            )  # fmt: skip
        except Occupied as error:
            _log.warning("recording %s is entered when it ends: %s", recording, error)

    def hold(self, recording: str, note: str) -> None:
        """Make a recording whole and hold it; what is prevented now is tried again by :meth:`catch_up`."""
        try:
            self._hold(recording, note)
        except Occupied as error:
            # Nothing that a person must know: all of it is on the card.
            _log.warning("recording %s is entered later: %s", recording, error)

    def catch_up(self, recorded_now: str | None) -> list[str]:
        """Finish what could not be finished, and put right the times that were written by an untrusted clock.

        Looks every ten seconds; returns the recordings whose time was corrected.
        """
        now_ns = self._clock.monotonic_ns()
        if now_ns < self._retry_due_ns:
            return []
        self._retry_due_ns = now_ns + _RETRY_NS
        corrected: list[str] = []
        try:
            for recording in sorted(self._unfinished() - {recorded_now}):
                self._hold(recording, "finished late")
            if self._clock.trusted():
                self._correct_times(corrected)
        except Occupied as error:
            _log.warning("recordings are entered later: %s", error)
        return corrected

    def _unfinished(self) -> set[str]:
        recordings = self._catalogue.recordings
        known = {recording: recordings.find(recording) for recording in self._owed}
        self._owed = {name for name, row in known.items() if row is None or row.status is Status.RECORDING}
        return self._owed | {row.id for row in recordings.with_status(Status.RECORDING)}

    def _hold(self, recording: str, note: str) -> None:
        clock, folder = self._clock, self._spool / recording
        self._owed.add(recording)
        try:
            correct_start(folder, clock)
            finish(
                self._catalogue, folder, self._lesson.recipients,
                boot_id=clock.boot_id(), now_ns=clock.monotonic_ns(), note=note,
            )  # fmt: skip
        except Occupied:
            raise
        except (OSError, LeerblikError) as error:
            if self.problem != str(error):
                _log.warning("recording %s cannot be finished yet: %s", recording, error)
            self.problem = str(error)
        else:
            self._owed.discard(recording)
            self.problem = ""

    def _correct_times(self, corrected: list[str]) -> None:
        for recording in self._catalogue.recordings.with_status(Status.HELD):
            folder = self._spool / recording.id
            if not recording.untrusted_clock or not self._catalogue.recordings.objects(recording.id):
                continue
            try:
                if correct_start(folder, self._clock):
                    seal_again(self._catalogue, folder, self._lesson.recipients)
                    corrected.append(recording.id)
            except Occupied:
                raise
            except (OSError, LeerblikError) as error:
                _log.warning("the time of recording %s cannot be corrected: %s", recording.id, error)
