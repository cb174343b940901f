"""Destroys what was recorded under a trajectory that is over: closed by the coach, or past its last day."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date

from device.domain.destruction import Reason
from device.domain.lifecycle import Status
from device.domain.register.chain import Head
from device.domain.register.closing import over, recorded_under
from device.domain.register.effects import Reached
from device.domain.register.state import Register
from device.ports import Clock
from device.recorder.agreements import zone_of
from device.recorder.taking_back import TakingBack
from device.storage.catalogue import Catalogue


class Closing:
    """Belongs to the recorder's loop. A trajectory under which nothing is left is not looked at again.

    Unless its end reaches further by then: nothing is recorded under a trajectory that is over, and nothing claimed
    for it without a line in the register.
    """

    def __init__(self, catalogue: Catalogue, taking: TakingBack, clock: Clock) -> None:
        self._catalogue = catalogue
        self._taking = taking
        self._clock = clock
        self._known = Head()
        self._settled: dict[str, Reached] = {}

    def take(self, register: Register, statuses: Collection[Status]) -> Iterator[tuple[str, str]]:
        """Take back what has one of these statuses under trajectories that are over."""
        ended = over(register, self._today(register))
        # Clocks are put back, too: what goes on again may end again.
        self._settled = {name: self._settled[name] for name in ended if name in self._settled}
        if register.head == self._known:
            ended = [name for name in ended if name not in self._settled]
        self._known = register.head
        if not ended:
            return
        for name, reached in recorded_under(register, ended).items():
            if self._settled.get(name) == reached:
                continue
            left = self._catalogue.endings.left(reached)
            if not left:
                self._settled[name] = reached
            for recording in left:
                # A claim that was not carried out yet has not made it this trajectory's.
                if recording.status in statuses and not recording.unclaimed:
                    yield from self._taking.take(recording, Reason.CLOSED)

    def _today(self, register: Register) -> date | None:
        """Return the day at school; None while the clock is not sure of it: a wrong day would destroy too early."""
        if not self._clock.trusted():
            return None
        return self._clock.now().astimezone(zone_of(register)).date()
