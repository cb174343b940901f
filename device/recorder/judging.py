"""Whether a press would record, asked by whoever wants to know: the press itself, the pages, the camera at rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from device.domain import consent
from device.domain.consent import Permit, Reason, Refusal, Situation, WarmLeave
from device.domain.errors import LeerblikError
from device.domain.trajectory import Agreement
from device.footage.packets import NS_PER_S
from device.ports import Clock
from device.recorder.agreements import Agreements
from device.recorder.going_on import GoingOn
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

    def decide(self, permit_id: str, who: str) -> Permit | Refusal:
        """Decide about a press."""
        now = self._clock.now()
        asked = self._agreements.for_press(who, now)
        return consent.authorise(asked, self._situation(now), permit_id, who)

    def decide_again(self, permit_id: str, note: GoingOn) -> Permit | Refusal:
        """Decide about a lesson that goes on: by what is agreed now for its own booking, until it would have ended.

        Sound only if it began with it: nobody was told of any since.
        """
        if note.ends_ns is not None and self._clock.monotonic_ns() >= note.ends_ns:
            return Refusal((Reason.NO_BOOKING,))
        now = self._clock.now()
        asked = self._agreements.for_lesson(note.booking, now)
        if isinstance(asked, Agreement):
            asked = replace(asked, sound=asked.sound and note.sound)
        return consent.authorise(asked, self._situation(now), permit_id, note.pressed_by)

    def outlook(self) -> Outlook:
        """Return what a press would do now, by whomever."""
        now = self._clock.now()
        return _outlook(self._agreements.for_press("", now), self._situation(now))

    def outlooks(self, moments: Sequence[datetime]) -> list[Outlook]:
        """Return what a press would do at aware times, as far as that is decided now; a time that is past means now.

        What the machine lacks at this moment but a minute later not (light, space, an open cover) is not held
        against a press that comes later.
        """
        now = self._clock.now()
        present = self._situation(now)
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
        now = self._clock.now()
        asked = self._agreements.for_press("", now)
        booking = asked.booking if isinstance(asked, Agreement) else ""
        until_ns = self._monotonic_ns(self._agreements.booked_until(booking), self._clock.now())
        return consent.authorise_warm(asked, self._situation(now), until_ns)

    def end_ns(self, permit: Permit, *, by_schedule: bool) -> int | None:
        """Return when a lesson ends that was permitted just now, by the monotonic clock; None: nothing booked says so.

        Decided once, for the moment of the permit: no clock that jumps later moves it, and opening the lens may
        take until after the booking. A clock that was not trusted then cannot say it. What the schedule began ends
        with the minute; whoever pressed may run over.
        """
        overrun = _AT_ONCE if by_schedule else timedelta(seconds=self._limits.overrun_s)
        end = self._agreements.end_of(permit.agreement.booking, permit.granted_at.astimezone(UTC), overrun)
        return None if permit.untrusted_clock else self._monotonic_ns(end, permit.granted_at)

    def _monotonic_ns(self, moment: datetime | None, now: datetime) -> int | None:
        if moment is None:
            return None
        return self._clock.monotonic_ns() + round((moment - now).total_seconds() * NS_PER_S)

    def _situation(self, now: datetime) -> Situation:
        return Situation(
            now=self._agreements.local(now),
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
