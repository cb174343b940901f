"""Takes one recording back: here it is discarded, and what has arrived elsewhere gets an order to destroy it there."""

from __future__ import annotations

import contextlib
import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

from device.domain.destruction import Reason
from device.domain.errors import LeerblikError, Permanent
from device.domain.lifecycle import Status, may_withdraw
from device.domain.withdrawal import Order, write_order
from device.footage.durable import sync_folder
from device.footage.seal import seal_bytes
from device.ports import Clock
from device.recorder.aftercare import Aftercare
from device.recorder.lesson import LessonSettings
from device.storage.catalogue import Catalogue, Occupied, Recording, StoredOrder, new_order

HERE = (Status.HELD, Status.RELEASED)
ELSEWHERE = (Status.DELIVERED, Status.PURGED)
_NOTES = {
    Reason.TEACHER: "taken back in the register",
    Reason.GROUP: "its group was withdrawn",
    Reason.CLOSED: "its trajectory is over",
}
_REASONS = {note: reason for reason, note in _NOTES.items()}
_log = logging.getLogger(__name__)


class TakingBack:
    """Belongs to the recorder's loop; every step can be repeated after a crash."""

    def __init__(
        self, catalogue: Catalogue, aftercare: Aftercare, spool: Path, clock: Clock, lesson: LessonSettings
    ) -> None:
        self._catalogue = catalogue
        self._aftercare = aftercare
        self._spool = spool
        self._clock = clock
        self._lesson = lesson
        self._complained = ""

    def take(self, recording: Recording, reason: Reason) -> Iterator[tuple[str, str]]:
        """Take a recording back from where it is now; what is being sent is left until it has arrived."""
        status = self._catalogue.recordings.get(recording.id).status
        if status in HERE:
            with contextlib.suppress(LeerblikError):
                self._aftercare.discard(recording.id, _NOTES[reason])
                yield recording.id, "discarded"
        elif may_withdraw(status, receipt_accepted=self._arrived(recording.id)):
            try:
                self._withdraw(recording, reason)
            except Occupied:
                raise
            except (OSError, LeerblikError) as error:
                _log.warning("recording %s cannot be taken back yet: %s", recording.id, error)
            else:
                yield recording.id, "withdrawn"

    def give_owed_orders(self, limit: int) -> None:
        """Give orders for what was withdrawn without one: there was no key to seal it to, or nobody knew of orders."""
        for recording in self._catalogue.endings.owed(limit):
            try:
                order = self._order(recording, self._reason_of(recording))
            except Permanent as error:
                self._complain(recording, error)
                return
            self._catalogue.endings.add(recording.id, order)

    def _reason_of(self, recording: Recording) -> Reason:
        (*_, last) = self._catalogue.recordings.history(recording.id)
        return _REASONS.get(last.note, Reason.TEACHER)

    def _withdraw(self, recording: Recording, reason: Reason) -> None:
        # What arrived a moment ago is still here, and nobody purges what was withdrawn.
        folder = self._spool / recording.id
        if folder.exists():
            shutil.rmtree(folder)
            sync_folder(self._spool)
        try:
            order = self._order(recording, reason)
        except Permanent as error:
            self._complain(recording, error)
            self._catalogue.recordings.move(recording.id, Status.WITHDRAWN, _NOTES[reason])
        else:
            self._catalogue.endings.withdraw(recording.id, order, _NOTES[reason])

    def _complain(self, recording: Recording, error: Permanent) -> None:
        sentence = f"the order to destroy recording {recording.id} cannot be sealed yet: {error}"
        if sentence != self._complained:
            self._complained = sentence
            _log.warning("%s", sentence)

    def _order(self, recording: Recording, reason: Reason) -> StoredOrder:
        at = self._clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        order = Order(recording.id, recording.manifest_sha256 or "", reason, at)
        return new_order(seal_bytes(write_order(order), self._lesson.recipients), reason.value, at)

    def _arrived(self, recording: str) -> bool:
        return any(step.status is Status.DELIVERED for step in self._catalogue.recordings.history(recording))
