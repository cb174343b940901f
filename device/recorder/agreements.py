"""What was agreed, as the recorder knows it: the register that the page writes, read here and never trusted blindly.

The last line that was seen is kept in the recorder's own folder. A register that lacks it, or in which a line was
changed, counts for nothing: the page may add decisions and cannot take one back.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from device.domain.booking import NEXT_PRESS_S, agreement_to_go_on, covers, find_agreement
from device.domain.consent import Reason, Refusal
from device.domain.errors import LeerblikError, Permanent
from device.domain.occurrences import lesson_end, occurrence_now, only_near
from device.domain.register.chain import Head
from device.domain.register.decisions import Repeat
from device.domain.register.state import Booking, Register
from device.domain.strict import Fields, parse_object
from device.domain.trajectory import Agreement
from device.footage.durable import replace_file, sync_file
from device.ports import Clock
from device.storage.catalogue import Catalogue
from device.storage.register import FILE_NAME, RegisterReader

NAME = "register-seen.json"
_log = logging.getLogger(__name__)


class Agreements:
    """Belongs to the recorder's loop. ``settled`` is the agreement of the settings, for a device without a register."""

    def __init__(
        self, folder: Path, own: Path, settled: Agreement | None, catalogue: Catalogue, clock: Clock
    ) -> None:
        self._folder = folder
        self._own = own
        self._settled = settled
        self._catalogue = catalogue
        self._clock = clock
        self.problem = ""
        self._seen = Head()
        try:
            self._seen = _read_seen(own / NAME)
        except LeerblikError as error:
            self.problem = str(error)
        self._reader = RegisterReader(folder, self._seen)
        self._register = Register()

    def read(self) -> Register | None:
        """Return the register as it stands; None, with ``problem``, when it cannot be trusted or read."""
        try:
            self._register = self._reader.read()
        except LeerblikError as error:
            if self.problem != str(error):
                _log.error("%s", error)
            self.problem = str(error)
        return None if self.problem else self._register

    @property
    def register(self) -> Register:
        """The register as it stands; one that cannot be trusted any more: as it was before."""
        self.read()
        return self._register

    def for_press(self, pressed_by: str, now: datetime) -> Agreement | Refusal | None:
        """Return what was agreed for a press at ``now``, which is this very moment."""
        register = self.read()
        if register is None:
            return Refusal((Reason.REGISTER_DAMAGED,))
        if register.is_empty:
            return self._settled
        return find_agreement(
            register,
            now,
            zone_of(register),
            clock_trusted=self._clock.trusted(),
            used=self._used(register, now),
            pressed_by=pressed_by,
        )

    def for_lesson(self, booking: str, now: datetime) -> Agreement | Refusal | None:
        """Return what is agreed by now for a lesson that began under a booking ("": under none) and goes on."""
        register = self.read()
        if register is None:
            return Refusal((Reason.REGISTER_DAMAGED,))
        if register.is_empty and not booking:
            return self._settled
        return agreement_to_go_on(register, booking, self.local(now).date())

    def for_moments(self, moments: Sequence[datetime]) -> list[Agreement | Refusal | None]:
        """Return what is agreed now for a press at each of these aware times, on a clock that is right by then."""
        register = self.read()
        if register is None:
            return [Refusal((Reason.REGISTER_DAMAGED,))] * len(moments)
        if register.is_empty or not moments:
            return [self._settled] * len(moments)
        zone, used = zone_of(register), self._used(register, self._clock.now())
        near = only_near(register, min(moments), max(moments), zone)
        return [find_agreement(near, each, zone, clock_trusted=True, used=used) for each in moments]

    def end_of(self, booking: str, began: datetime, overrun: timedelta) -> datetime | None:
        """Return when a lesson ends that began at an aware time under a booking; None: nothing booked says so."""
        register = self._register
        return lesson_end(register, booking, began, zone_of(register), overrun)

    def booked_until(self, booking: str) -> datetime | None:
        """Return until when a press now counts for a booking; None: it does not."""
        found = occurrence_now(self._register, booking, self._clock.now(), zone_of(self._register))
        return found.end if found else None

    def next_presses(self) -> list[Booking]:
        """Return the bookings for "the next press" that count now."""
        register, now = self.register, self._clock.now()
        used, zone = self._used(register, now), zone_of(register)
        return [each for each in _once(register, now) if covers(register, each, now, zone, used)]

    def _used(self, register: Register, now: datetime) -> frozenset[str]:
        """Return the bookings for "the next press" that have had theirs."""
        names = [each.made.booking for each in _once(register, now)]
        return self._catalogue.recordings.used_bookings(names) if names else frozenset()

    def local(self, now: datetime) -> datetime:
        """Return a time on the school's clock: agreements count in the school's days."""
        return now.astimezone(zone_of(self._register))

    def hears(self) -> bool:
        """Tell whether sound may be agreed on, so that a microphone is needed."""
        register = self._register
        if register.is_empty:
            return self._settled is not None and self._settled.sound
        return any(each.made.sound and not each.cancelled for each in register.bookings.values())

    def keep(self) -> None:
        """Note the last line that was seen; when nothing was added since, nothing is written."""
        head = self._register.head
        if self.problem or head == self._seen:
            return
        try:
            # Or the note could outlive a line that a power cut takes: the register would seem to lack it.
            sync_file(self._folder / FILE_NAME)
            _write_seen(self._own, head)
        except OSError as error:
            _log.warning("how far the register was read could not be stored: %s", error)
        else:
            self._seen = head


def zone_of(register: Register) -> ZoneInfo:
    """Return the school's time zone; the Netherlands' when it names none that exists."""
    try:
        return ZoneInfo(register.school.zone if register.school else "")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("Europe/Amsterdam")


def _once(register: Register, now: datetime) -> list[Booking]:
    """Return the bookings for "the next press" of the last hour; those before it count no more."""
    since = now - timedelta(seconds=NEXT_PRESS_S)
    return [
        each
        for each in register.bookings.values()
        if each.made.repeat is Repeat.NEXT_PRESS and each.at > since
    ]


def _read_seen(path: Path) -> Head:
    try:
        fields = Fields(parse_object(path.read_bytes(), "the file"), "the file")
        head = Head(fields.take("number", int), fields.take("sha256", str))
        fields.done()
    except FileNotFoundError:
        return Head()
    except (OSError, Permanent) as error:
        raise Permanent(f"{path} cannot be read ({error}), so the register cannot be trusted") from None
    return head


def _write_seen(folder: Path, head: Head) -> None:
    replace_file(folder / NAME, json.dumps({"number": head.number, "sha256": head.sha256}).encode())
