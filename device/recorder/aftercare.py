"""What happens to a lesson after it was recorded: the cooling-off, the release, and the purge at the end."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from device.domain.errors import LeerblikError, Refused, Temporary
from device.domain.identifiers import is_ulid
from device.domain.lifecycle import Status, may_release
from device.footage.journal import Journal, read_journal
from device.footage.packets import NS_PER_S
from device.ports import Clock
from device.storage.catalogue import Catalogue, Occupied, Recording
from device.storage.retention import purge

_HERE = (Status.HELD, Status.RELEASED)
_NO = "discarded by the teacher"
_PAUSE_NS = 5 * NS_PER_S
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
        self._refused: set[str] = set()
        self._due_ns = 0
        # False while nobody knows what was taken back: what is held stays then, and all else goes on.
        self.may_release: Callable[[], bool] = lambda: True

    def trust(self, receipt_key: Ed25519PublicKey | None) -> None:
        """From now on, take the receipts that this key signed, and no others."""
        self._receipt_key = receipt_key

    @property
    def receipt_key(self) -> Ed25519PublicKey | None:
        """The key with which the coach's machine signs; None while this device was not told it."""
        return self._receipt_key

    def run(self) -> list[tuple[str, Status]]:
        """Release and purge what is due; returns what changed.

        While another process writes the catalogue, everything waits some seconds for the next time.
        """
        now_ns = self._clock.monotonic_ns()
        changed: list[tuple[str, Status]] = []
        if now_ns >= self._due_ns:
            try:
                for step in self._steps():
                    changed.append(step)  # noqa: PERF402  # those before an error happened all the same
            except Occupied as error:
                self._due_ns = now_ns + _PAUSE_NS
                _log.warning("recordings are released later: %s", error)
        return changed

    def _steps(self) -> Iterator[tuple[str, Status]]:
        self._catch_up_discards()
        for recording in self._catalogue.recordings.with_status(Status.HELD):
            if not self._catalogue.recordings.objects(recording.id):
                self._catalogue.recordings.move(recording.id, Status.DISCARDED, "empty")
            elif self._is_due(recording) and self.may_release():
                self._catalogue.recordings.move(recording.id, Status.RELEASED, "the cooling-off has passed")
                yield recording.id, Status.RELEASED
        gone = self._catalogue.recordings.with_status(Status.DISCARDED, Status.DELIVERED)
        for recording in gone:
            if self._purge(recording):
                yield recording.id, Status.PURGED

    def _catch_up_discards(self) -> None:
        """Write into the catalogue what reached only the journal; before anything is released."""
        for recording_id in sorted(self._refused):
            if self._catalogue.recordings.get(recording_id).status in _HERE:
                self._catalogue.recordings.move(recording_id, Status.DISCARDED, _NO)
            self._refused.discard(recording_id)

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
        """Tell whether a recording has ended, is still here, and nobody else has it or has said no to it."""
        if self._has_only_ended(recording_id):
            return True
        return recording_id not in self._refused and self._status(recording_id) in _HERE

    def _status(self, recording_id: str) -> Status | None:
        found = self._catalogue.recordings.find(recording_id)
        return None if found is None else found.status

    def _has_only_ended(self, recording_id: str) -> bool:
        """Tell whether the files know that it ended, and the catalogue does not yet."""
        if not is_ulid(recording_id) or self._status(recording_id) not in (None, Status.RECORDING):
            return False
        try:
            events = {event["event"] for event in read_journal(self._spool / recording_id)}
        except (OSError, LeerblikError):
            return False
        return "stopped" in events and "discarded" not in events

    def discard(self, recording_id: str, note: str = _NO) -> None:
        """The teacher says no: nothing of it leaves, and the files go with the next :meth:`run`.

        ``note`` says why when it was not that. Temporary when neither card nor catalogue take it, or when another
        process may be faster.
        """
        if self._has_only_ended(recording_id):
            # Whoever holds it reads the journal.
            if not self._note_no(recording_id):
                raise Temporary("the card refuses to store that this recording is discarded; try again")
            return
        recording = self._catalogue.recordings.get(recording_id)
        if recording.status not in _HERE:
            raise Refused(
                f"recording {recording.id} is {recording.status.value}; only what has not left can be discarded"
            )
        # The journal first: a catalogue that must be rebuilt would otherwise bring the recording back.
        noted = self._note_no(recording.id)
        try:
            self._catalogue.recordings.move(recording.id, Status.DISCARDED, note)
        except Occupied:
            self._refused.add(recording.id)
            # Nobody but us moves what is held; what was released may leave before we can write.
            if not noted or recording.status is not Status.HELD:
                raise

    def _note_no(self, recording_id: str) -> bool:
        try:
            with contextlib.closing(Journal(self._spool / recording_id)) as journal:
                journal.write("discarded")
        except OSError as error:
            # A card that refuses must not turn the teacher's no into a yes.
            _log.warning("the journal of %s did not take the discard: %s", recording_id, error)
            return False
        return True

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
        except Occupied:
            raise
        except (LeerblikError, OSError) as error:
            if recording.id not in self._complained:
                self._complained.add(recording.id)
                _log.warning("recording %s could not be purged: %s", recording.id, error)
            return False
        return True
