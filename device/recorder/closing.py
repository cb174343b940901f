"""Destroys what was recorded under a trajectory that is over: closed by the coach, or past its last day."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from device.domain.destruction import Reason
from device.domain.lifecycle import Status
from device.domain.register.chain import Head
from device.domain.register.closing import recorded_under
from device.domain.register.effects import Reached
from device.domain.register.state import Register
from device.recorder.last_days import LastDays
from device.recorder.taking_back import TakingBack
from device.storage.catalogue import Catalogue


class Closing:
    """Belongs to the recorder's loop. A trajectory under which nothing is left is not looked at again.

    Unless its end reaches further by then: nothing is recorded under a trajectory that is over, and nothing claimed
    for it without a line in the register. ``owes``: the catalogue must still hear of a recording, so that nobody
    knows yet whether nothing is left.
    """

    def __init__(
        self, catalogue: Catalogue, taking: TakingBack, last_days: LastDays, owes: Callable[[], bool]
    ) -> None:
        self._catalogue = catalogue
        self._taking = taking
        self._last_days = last_days
        self._owes = owes
        self._known = Head()
        self._settled: dict[str, Reached] = {}

    def take(self, register: Register, statuses: Collection[Status]) -> Iterator[tuple[str, str]]:
        """Take back what has one of these statuses under trajectories that are over."""
        ended = self._last_days.ended(register)
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
            if not left and not self._owes():
                self._settled[name] = reached
            for recording in left:
                # Also what was claimed and not handed over yet: whoever claims first has it, so it stays this one's.
                if recording.status in statuses:
                    yield from self._taking.take(recording, Reason.CLOSED)
