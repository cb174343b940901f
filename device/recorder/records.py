"""What may be asked about recordings over the control socket, and what a teacher may have done with one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from device.domain.errors import LeerblikError, Permanent, Refused
from device.domain.identifiers import is_ulid
from device.domain.lifecycle import Status
from device.domain.manifest import MAX_DURATION_US
from device.domain.register.closing import recorded_under
from device.domain.register.effects import teachers_of
from device.domain.register.state import Register
from device.footage.journal import Journal, read_journal
from device.ports import Clock
from device.recorder.aftercare import Aftercare
from device.recorder.agreements import Agreements
from device.recorder.proofs import certificate_text, endings_of
from device.recorder.report import Row, rows
from device.recorder.taking_back import ELSEWHERE, HERE
from device.storage.catalogue import Catalogue, Recording
from device.storage.recovery import seal_again

MAX_ROWS = 100
_HERE = (Status.HELD, Status.RELEASED, Status.UPLOADING, Status.DELIVERED)
Answer = dict[str, Any]
Found = list[Recording]


class Records:
    """Belongs to the recorder's loop: every answer is short work."""

    def __init__(
        self,
        agreements: Agreements,
        catalogue: Catalogue,
        aftercare: Aftercare,
        spool: Path,
        clock: Clock,
        recipients: Sequence[X25519PublicKey],
    ) -> None:
        self._agreements = agreements
        self._catalogue = catalogue
        self._aftercare = aftercare
        self._spool = spool
        self._clock = clock
        self._recipients = recipients

    def list(self, values: Answer) -> Answer:
        """Return recordings, newest first: all, or a teacher's and those that nobody has claimed yet.

        ``nobodys``: only those that nobody has claimed yet; ``status``: of everybody's only those that have it.
        ``next`` is where the next request goes on (its ``before``), "" when there is no more.
        """
        limit, nobodys = values.get("limit", 50), values.get("nobodys", False) is True
        before, teacher = values.get("before", ""), "" if nobodys else values.get("teacher", "")
        if not isinstance(limit, int) or not 1 <= limit <= MAX_ROWS:
            raise Permanent(f"limit is a number from 1 to {MAX_ROWS}")
        if (
            not isinstance(teacher, str)
            or not isinstance(before, str)
            or not (before == "" or is_ulid(before))
        ):
            raise Permanent("teacher is a code, and before the name of a recording")
        register, status = self._agreements.register, _status(values.get("status"))
        found, more = self._page(register, limit, before, teacher, status, nobodys=nobodys)
        rows = self._described(register, found)
        return {"recordings": rows, "more": more, "next": found[-1].id if more else ""}

    def _page(
        self,
        register: Register,
        limit: int,
        before: str,
        teacher: str,
        status: Status | None,
        *,
        nobodys: bool,
    ) -> tuple[Sequence[Recording], bool]:
        """Return a page of recordings, and whether there are more."""
        recordings = self._catalogue.recordings
        if not (teacher or nobodys):
            latest = recordings.page(limit + 1, before, status)
            return latest[:limit], len(latest) > limit
        found: Found = []
        bookings = [name for name, each in register.bookings.items() if teacher in each.made.teachers]
        names = [name for name, claim in register.claims.items() if claim.teacher == teacher]
        more = True
        while more and len(found) <= limit:
            page = recordings.page_of(MAX_ROWS, before, bookings=bookings, names=names)
            more = len(page) == MAX_ROWS
            before = page[-1].id if page else ""
            found += [each for each in page if self._is_for(register, teacher, each)]
        return found[:limit], len(found) > limit

    def one(self, values: Answer) -> Answer:
        """Return one recording with everything that is known of it."""
        found = self._find(values)
        (row,) = self._described(self._agreements.register, [found])
        proof = {"certificate_text": certificate_text(found, self._catalogue)}
        return {"recording": {**row, **self._from_journal(found), **proof}}

    def reach(self, values: Answer) -> Answer:
        """Return how many recordings the end of a trajectory would destroy: here, elsewhere, and on their way."""
        name = values.get("trajectory")
        if not isinstance(name, str):
            raise Permanent("trajectory is the name of one")
        reached = recorded_under(self._agreements.register, [name])[name]
        statuses = [each.status for each in self._catalogue.endings.left(reached)]
        here, elsewhere = (sum(each in kinds for each in statuses) for kinds in (HERE, ELSEWHERE))
        return {"here": here, "elsewhere": elsewhere, "on_the_way": len(statuses) - here - elsewhere}

    def release(self, values: Answer) -> Answer:
        """Let a held recording go to the coach now; Refused when it is nobody's yet, or not held any more."""
        recording = self._find(values)
        if recording.unclaimed:
            raise Refused("nobody has claimed this recording yet, and until then it does not leave")
        if self._agreements.read() is None:
            raise Refused(
                "the register cannot be read, so nobody knows what was taken back: nothing leaves now"
            )
        self._catalogue.recordings.move(recording.id, Status.RELEASED, "released by the teacher")
        return {}

    def reflect(self, values: Answer) -> Answer:
        """Keep the moments that the teacher named, two to be proud of and one to improve, for the coach to see."""
        recording = self._find(values)
        proud = _moments(values.get("proud_us"), "proud_us", 2)
        improve = _moments(values.get("improve_us"), "improve_us", 1)
        if recording.status is not Status.HELD:
            raise Refused(f"this recording is {recording.status.value}; moments are named before it leaves")
        with contextlib.closing(Journal(self._spool / recording.id)) as journal:
            journal.write("reflected", proud_us=proud, improve_us=improve)
        seal_again(self._catalogue, self._spool / recording.id, self._recipients)
        return {}

    def _find(self, values: Answer) -> Recording:
        name = values.get("recording")
        found = self._catalogue.recordings.find(name) if isinstance(name, str) and is_ulid(name) else None
        if found is None:
            raise Permanent("there is no such recording")
        return found

    def _is_for(self, register: Register, teacher: str, recording: Recording) -> bool:
        if recording.unclaimed:
            return recording.status is Status.HELD
        return teacher in teachers_of(register, recording.id, recording.booking)

    def _described(self, register: Register, recordings: Sequence[Recording]) -> Sequence[Answer]:
        ends = endings_of(recordings, self._catalogue, self._aftercare.receipt_key)
        found = rows(recordings, self._catalogue, self._aftercare)
        return [{**self._row(register, each), **ends[each.recording.id]} for each in found]

    def _row(self, register: Register, row: Row) -> Answer:
        recording = row.recording
        booking = register.bookings.get(recording.booking)
        claim = register.claims.get(recording.id) if not recording.unclaimed else None
        return {
            **row.values,
            "booking": recording.booking,
            "teachers": list(teachers_of(register, recording.id, recording.booking))
            if not recording.unclaimed
            else [],
            "groups": list(booking.made.groups if booking else claim.groups if claim else ()),
            "stage": int(booking.made.stage) if booking else None,
            "register_number": recording.register_number,
            "history": [{"status": s.status.value, "at": s.at, "note": s.note} for s in row.steps],
        }

    def _from_journal(self, recording: Recording) -> Answer:
        events: list[dict[str, Any]] = []
        if recording.status in _HERE:
            with contextlib.suppress(OSError, LeerblikError):
                events = read_journal(self._spool / recording.id)
        opened = next((event for event in events if event["event"] == "opened"), {})
        reflected = next((event for event in reversed(events) if event["event"] == "reflected"), None)
        return {
            "sound": opened.get("audio") is not None,
            # The key to it is forgotten with the power.
            "watchable": opened.get("boot_id") == self._clock.boot_id(),
            "bookmarks_us": sorted(_times(events)),
            "reflection": reflected and {key: reflected[key] for key in ("proud_us", "improve_us")},
        }


def _status(word: object) -> Status | None:
    try:
        return None if word is None else Status(word)
    except ValueError:
        raise Permanent("status is one of " + ", ".join(each.value for each in Status)) from None


def _times(events: Sequence[dict[str, Any]]) -> Iterator[int]:
    return (event["at_us"] for event in events if event["event"] == "bookmark")


def _moments(value: object, name: str, most: int) -> list[int]:
    right = isinstance(value, list) and len(value) <= most
    if not right or not all(type(each) is int and 0 <= each <= MAX_DURATION_US for each in value):  # type: ignore[attr-defined]
        raise Permanent(f"{name} is a list of at most {most} times in microseconds from the beginning")
    return sorted(value)  # type: ignore[call-overload, no-any-return]
