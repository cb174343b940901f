"""What happens to a lesson after it was recorded: the cooling-off, the release, and the purge at the end."""

from __future__ import annotations

import contextlib
import logging
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from device.domain.errors import LeerblikError, Refused
from device.domain.lifecycle import Status, may_release
from device.footage.journal import Journal
from device.footage.packets import NS_PER_S
from device.ports import Clock
from device.storage.catalogue import Catalogue, Recording
from device.storage.retention import purge

_log = logging.getLogger(__name__)


class Aftercare:
    """Run often by the recorder's loop; every step is small and can be repeated after a crash."""

    def __init__(
        self,
        catalogue: Catalogue,
        spool: Path,
        clock: Clock,
        cooling_off_s: float,
        receipt_key: Ed25519PublicKey | None,
    ) -> None:
        self._catalogue = catalogue
        self._spool = spool
        self._clock = clock
        self._cooling_off_s = cooling_off_s
        self._receipt_key = receipt_key
        self._complained: set[str] = set()

    def run(self) -> list[tuple[str, Status]]:
        """Release and purge what is due; returns what changed."""
        changed = []
        for recording in self._catalogue.recordings.with_status(Status.HELD):
            if not self._catalogue.recordings.objects(recording.id):
                self._catalogue.recordings.move(recording.id, Status.DISCARDED, "empty")
            elif self._is_due(recording):
                self._catalogue.recordings.move(recording.id, Status.RELEASED, "the cooling-off has passed")
                changed.append((recording.id, Status.RELEASED))
        gone = self._catalogue.recordings.with_status(Status.DISCARDED, Status.DELIVERED)
        changed += [(recording.id, Status.PURGED) for recording in gone if self._purge(recording)]
        return changed

    def cooling_off_left_s(self, recording: Recording) -> float | None:
        """Return the seconds of cooling-off that are left, or None when it is not held.

        A recording that was held in an earlier boot is counted as held just now: without a clock of
        its own the device does not know how long it was off, so the teacher gets the full time.
        """
        if recording.status is not Status.HELD:
            return None
        if recording.held_boot_id != self._clock.boot_id() or recording.held_ns is None:
            return self._cooling_off_s
        passed_s = (self._clock.monotonic_ns() - recording.held_ns) / NS_PER_S
        return max(0.0, self._cooling_off_s - passed_s)

    def can_discard(self, recording_id: str) -> bool:
        """Tell whether a recording is still here, whole, and nobody else has it."""
        return self._catalogue.recordings.get(recording_id).status in (Status.HELD, Status.RELEASED)

    def discard(self, recording_id: str) -> None:
        """The teacher says no: nothing of it leaves, and the files go with the next :meth:`run`."""
        recording = self._catalogue.recordings.get(recording_id)
        if recording.status not in (Status.HELD, Status.RELEASED):
            raise Refused(
                f"recording {recording.id} is {recording.status.value}; only what has not left can be discarded"
            )
        # The journal first: a catalogue that must be rebuilt would otherwise bring the recording back.
        try:
            with contextlib.closing(Journal(self._spool / recording.id)) as journal:
                journal.write("discarded")
        except OSError as error:
            # A card that refuses must not turn the teacher's no into a yes.
            _log.warning("the journal of %s did not take the discard: %s", recording.id, error)
        self._catalogue.recordings.move(recording.id, Status.DISCARDED, "discarded by the teacher")

    def _is_due(self, recording: Recording) -> bool:
        if recording.held_boot_id != self._clock.boot_id():
            self._catalogue.recordings.restart_cooling_off(
                recording.id, boot_id=self._clock.boot_id(), at_ns=self._clock.monotonic_ns()
            )
            return False
        left_s = self.cooling_off_left_s(recording)
        return left_s is not None and may_release(
            recording.status, unclaimed=recording.unclaimed, cooling_off_left_s=left_s
        )

    def _purge(self, recording: Recording) -> bool:
        try:
            purge(self._catalogue, self._spool, recording, self._receipt_key)
        except (LeerblikError, OSError) as error:
            if recording.id not in self._complained:
                self._complained.add(recording.id)
                _log.warning("recording %s could not be purged: %s", recording.id, error)
            return False
        return True
