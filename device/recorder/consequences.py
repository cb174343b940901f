"""What follows from the register for recordings: what was taken back or is over goes, what is claimed stays.

Asked again and again, by what is the case and not by what changed: a crash in between loses nothing.
"""

from __future__ import annotations

import base64
import contextlib
import logging
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime
from itertools import chain, islice
from pathlib import Path

from device.domain.booking import claimed_agreement
from device.domain.consent import Refusal, describe_claim
from device.domain.destruction import Reason
from device.domain.errors import LeerblikError
from device.domain.lifecycle import Status
from device.domain.manifest import PermitDescription
from device.domain.register.chain import Head
from device.domain.register.decisions import GroupWithdrawn, RecordingClaimed, TeacherLeft
from device.domain.register.effects import Reached, reaches, teachers_of
from device.domain.register.state import Register, Withdrawal
from device.footage.journal import Journal, read_journal
from device.footage.packets import NS_PER_S
from device.footage.seal import seal_bytes
from device.ports import Clock
from device.recorder.aftercare import Aftercare
from device.recorder.agreements import Agreements, zone_of
from device.recorder.closing import Closing
from device.recorder.last_days import LastDays
from device.recorder.lesson import LessonSettings
from device.recorder.taking_back import ELSEWHERE, HERE, TakingBack
from device.storage.catalogue import Catalogue, Occupied, Recording, fresh_ulid
from device.storage.recovery import seal_again

_AGAIN_NS = 30 * NS_PER_S
# Each costs the card a moment, in which the loop answers no button.
_AT_ONCE = 20
_log = logging.getLogger(__name__)


class Consequences:
    """Belongs to the recorder's loop; run while no lesson is recorded."""

    def __init__(
        self,
        agreements: Agreements,
        catalogue: Catalogue,
        aftercare: Aftercare,
        spool: Path,
        clock: Clock,
        lesson: LessonSettings,
        last_days: LastDays,
        owes: Callable[[], bool],
    ) -> None:
        self._agreements = agreements
        self._catalogue = catalogue
        self._taking = TakingBack(catalogue, aftercare, spool, clock, lesson)
        self._closing = Closing(catalogue, self._taking, last_days, owes)
        self._spool = spool
        self._clock = clock
        self._lesson = lesson
        self._done = Head()
        self._due_ns = 0
        self._reach: dict[int, Reached] = {}

    def run(self) -> list[tuple[str, str]]:
        """Carry out what the register wants; returns recordings and what happened to each.

        Looks when something was decided, and every half minute for what could not be done before. What is here goes
        at once, before it can leave; of what is elsewhere, of which there may be very much, some each time.
        """
        register = self._agreements.read()
        now_ns = self._clock.monotonic_ns()
        if register is None or (register.head == self._done and now_ns < self._due_ns):
            return []
        self._due_ns = now_ns + _AGAIN_NS
        done: list[tuple[str, str]] = []
        # Not a list of steps: those before an error happened all the same.
        steps = chain(
            self._take_back(register, HERE),
            self._closing.take(register, HERE),
            islice(
                chain(
                    self._take_back(register, ELSEWHERE),
                    self._closing.take(register, ELSEWHERE),
                    self._hand_over(register),
                ),
                _AT_ONCE,
            ),
        )
        try:
            self._taking.give_owed_orders(_AT_ONCE)
            for step in steps:
                done.append(step)  # noqa: PERF402  # see above
        except Occupied as error:
            _log.warning("what follows from the register is done later: %s", error)
            return done
        if sum(what != "discarded" for _, what in done) < _AT_ONCE:
            self._done = register.head
            self._agreements.keep()
        else:
            self._due_ns = now_ns
        return done

    def _take_back(self, register: Register, statuses: Collection[Status]) -> Iterator[tuple[str, str]]:
        """Take back what has one of these statuses; what is being sent counts when it has arrived."""
        for withdrawal in register.withdrawals:
            # Who left can neither watch nor discard any more: what she did not let go does not leave without her.
            held_only = isinstance(withdrawal.decision, TeacherLeft)
            reason = Reason.GROUP if isinstance(withdrawal.decision, GroupWithdrawn) else Reason.TEACHER
            for recording in self._reached(register, withdrawal, statuses):
                if not held_only or recording.status is Status.HELD:
                    yield from self._taking.take(recording, reason)

    def _reached(
        self, register: Register, withdrawal: Withdrawal, statuses: Collection[Status]
    ) -> list[Recording]:
        reached, recordings = self._reach_of(register, withdrawal), self._catalogue.recordings
        found = [recordings.find(name) for name in sorted(reached.recordings)]
        named = [
            each
            for each in found
            if each is not None and each.status in statuses and self._is_hers(register, reached.teacher, each)
        ]
        return [*named, *recordings.under(reached.bookings, withdrawal.number, statuses)]

    def _reach_of(self, register: Register, withdrawal: Withdrawal) -> Reached:
        """Return how far a withdrawal reaches, looked up once: what is booked or claimed later it does not reach."""
        reached = self._reach.get(withdrawal.number)
        if reached is None:
            reached = self._reach[withdrawal.number] = reaches(register, withdrawal)
        return reached

    def _is_hers(self, register: Register, teacher: str, recording: Recording) -> bool:
        return teacher in ("", *teachers_of(register, recording.id, recording.booking))

    def _hand_over(self, register: Register) -> Iterator[tuple[str, str]]:
        for name, claim in register.claims.items():
            recording = self._catalogue.recordings.find(name)
            if recording is not None and recording.unclaimed and recording.status is Status.HELD:
                try:
                    yield from self._claim(register, recording, claim)
                except Occupied:
                    raise
                except (OSError, LeerblikError) as error:
                    _log.warning("recording %s cannot be handed over yet: %s", name, error)

    def _claim(
        self, register: Register, recording: Recording, claim: RecordingClaimed
    ) -> Iterator[tuple[str, str]]:
        permit = self._permit(register, recording, claim)
        if isinstance(permit, Refusal):
            return
        folder = self._spool / recording.id
        sealed = seal_bytes(permit.to_bytes(), self._lesson.recipients)
        with contextlib.closing(Journal(folder)) as journal:
            journal.write("claimed", permit_sealed=base64.b64encode(sealed).decode())
        seal_again(self._catalogue, folder, self._lesson.recipients)
        self._catalogue.recordings.claim(
            recording.id, claim.trajectory, boot_id=self._clock.boot_id(), at_ns=self._clock.monotonic_ns()
        )
        yield recording.id, "claimed"

    def _permit(
        self, register: Register, recording: Recording, claim: RecordingClaimed
    ) -> PermitDescription | Refusal:
        opened = next(
            event for event in read_journal(self._spool / recording.id) if event["event"] == "opened"
        )
        at = datetime.fromisoformat(recording.started_at).astimezone(UTC)
        agreement = claimed_agreement(register, claim, at.astimezone(zone_of(register)).date())
        return describe_claim(agreement, at, fresh_ulid(), masks_drawn=bool(opened.get("masks")))
