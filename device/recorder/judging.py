"""Whether a press would record, asked by whoever wants to know: the press itself, the pages, the camera at rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from device.domain import consent
from device.domain.consent import Permit, Reason, Refusal, Situation, WarmLeave
from device.domain.errors import LeerblikError
from device.domain.trajectory import Agreement
from device.footage.packets import NS_PER_S
from device.ports import Clock
from device.recorder.agreements import Agreements
from device.recorder.keys import Keys
from device.recorder.masks import Masks

_AT_ONCE = timedelta()


@dataclass(frozen=True, slots=True)
class Limits:
    """The space that is never filled, and how long a lesson that somebody began may run over its booking."""

    reserve_bytes: int
    overrun_s: int


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a press would do: every reason against it (none: it records), and what was agreed for it (None: nothing)."""

    reasons: tuple[Reason, ...]
    agreement: Agreement | None


class Judge:
    """Belongs to the recorder's loop. ``lens_covered``: by its cover, as its switch said last."""

    def __init__(
        self,
        agreements: Agreements,
        masks: Masks,
        keys: Keys,
        clock: Clock,
        limits: Limits,
        free_bytes: Callable[[], int],
        light_works: Callable[[], bool],
    ) -> None:
        self._agreements = agreements
        self._masks = masks
        self._keys = keys
        self._clock = clock
        self._limits = limits
        self._free_bytes = free_bytes
        self._light_works = light_works
        self.lens_covered = False

    def decide(self, permit_id: str, who: str, going_on: str = "") -> Permit | Refusal:
        """Decide about a press; ``going_on``: the lesson that is gone on with, "" for a new one."""
        asked = self._agreements.for_press(who, going_on)
        return consent.authorise(asked, self._situation(), permit_id, who)

    def outlook(self) -> Outlook:
        """Return what a press would do now, by whomever."""
        return _outlook(self._agreements.for_press(""), self._situation())

    def outlooks(self, moments: Sequence[datetime]) -> list[Outlook]:
        """Return what a press would do at aware times, as far as that is decided now; a time that is past means now.

        What the machine lacks at this moment but a minute later not (light, space, an open cover) is not held
        against a press that comes later.
        """
        now, present = self._clock.now(), self._situation()
        later = replace(
            present, clock_trusted=True, free_bytes=present.needed_bytes, light_works=True, lens_covered=False
        )
        asked = self._agreements.for_moments([max(now, each) for each in moments])
        return [
            _outlook(each, present if at <= now else replace(later, now=self._agreements.local(at)))
            for at, each in zip(moments, asked, strict=True)
        ]

    def warm(self) -> WarmLeave | Refusal:
        """Decide whether the camera may be held ready now, and until when."""
        asked = self._agreements.for_press("")
        booking = asked.booking if isinstance(asked, Agreement) else ""
        until_ns = self._monotonic_ns(self._agreements.booked_until(booking))
        return consent.authorise_warm(asked, self._situation(), until_ns)

    def end_ns(self, agreement: Agreement, *, by_schedule: bool) -> int | None:
        """Return when a lesson ends that begins now, by the monotonic clock; None: nothing booked says so.

        Decided once: no clock that jumps later moves it. A clock that is not trusted now cannot say it. What the
        schedule began ends with the minute; whoever pressed may run over.
        """
        overrun = _AT_ONCE if by_schedule else timedelta(seconds=self._limits.overrun_s)
        end = self._agreements.end_of(agreement.booking, overrun)
        return self._monotonic_ns(end) if self._clock.trusted() else None

    def _monotonic_ns(self, moment: datetime | None) -> int | None:
        if moment is None:
            return None
        return self._clock.monotonic_ns() + round((moment - self._clock.now()).total_seconds() * NS_PER_S)

    def _situation(self) -> Situation:
        return Situation(
            now=self._agreements.local(self._clock.now()),
            clock_trusted=self._clock.trusted(),
            coach_key_present=self._keys.coach_present,
            free_bytes=self._free_bytes(),
            needed_bytes=self._limits.reserve_bytes,
            light_works=self._light_works(),
            lens_covered=self.lens_covered,
            masks_drawn=self._masks.are_drawn(),
            masks_fit=self._masks_fit(),
        )

    def _masks_fit(self) -> bool:
        try:
            return self._masks.fits()
        except LeerblikError:
            return False


def _outlook(asked: Agreement | Refusal | None, situation: Situation) -> Outlook:
    agreement = asked if isinstance(asked, Agreement) else None
    return Outlook(consent.reasons_against(asked, situation), agreement)
