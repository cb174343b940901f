"""A device with very many recordings: it answers and carries out the same as with few, and never all at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from device.domain.lifecycle import Status, Writer
from device.domain.register.decisions import (
    AgreementWithdrawn,
    BookingMade,
    GroupWithdrawn,
    RecordingClaimed,
    RecordingWithdrawn,
    TeacherAdded,
)
from device.recorder.aftercare import Aftercare
from device.recorder.agreements import Agreements
from device.recorder.consequences import Consequences
from device.recorder.last_days import LastDays
from device.recorder.lesson import LessonSettings
from device.recorder.records import Records
from device.storage.catalogue import FILE_NAME, Catalogue, Send, StoredObject
from device.storage.register import RegisterBook
from tests.support.clock import HandClock
from tests.support.register import AGREEMENT, BOOKING, GROUP, NOW, SCHOOL, TRAJECTORY, ulid

TEACHERS, GROUPS = ("abc", "jkl"), ("2b", "3c")
Withdrawn = AgreementWithdrawn | GroupWithdrawn | RecordingWithdrawn
OBJECT = StoredObject("a.age", 10, "a" * 64)


@dataclass
class Recorded:
    """What a test knows of a recording by itself. ``number``: how many lines the register had."""

    booking: str
    number: int
    claimed_by: str = ""


@dataclass
class Device:
    """The recorder's records without its loop; ``recorded`` is kept beside the catalogue."""

    folder: Path
    recorded: dict[str, Recorded] = field(default_factory=dict)
    made: dict[str, BookingMade] = field(default_factory=dict)
    taken_back: list[tuple[int, Withdrawn]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.book = RegisterBook(self.folder)
        self.clock = HandClock(wall=NOW)
        self.catalogue = Catalogue(self.folder / FILE_NAME, Writer.RECORDER)
        spool = self.folder / "spool"
        spool.mkdir()
        agreements = Agreements(self.folder, self.folder, None, self.catalogue, self.clock)
        aftercare = Aftercare(self.catalogue, spool, self.clock, 60.0, None)
        self.consequences = Consequences(
            agreements, self.catalogue, aftercare, spool, self.clock, LessonSettings("d", (), 30.0, 64_000),
            LastDays(self.folder, self.clock, lambda _: None), lambda: False,
        )  # fmt: skip
        self.records = Records(agreements, self.catalogue, aftercare, spool, self.clock, ())
        for by, decision in (
            ("coach", SCHOOL),
            *(("coach", TeacherAdded(each)) for each in TEACHERS),
            *(("coach", replace(GROUP, group=each)) for each in GROUPS),
            ("coach", replace(TRAJECTORY, teachers=TEACHERS)),
            *((f"teacher:{each}", replace(AGREEMENT, teacher=each)) for each in TEACHERS),
        ):
            self.decide(by, decision)

    def decide(self, by: str, decision: Any) -> int:
        return self.book.decide(NOW, by, decision, clock_trusted=True).head.number

    def make_booking(self, teacher: str, group: str) -> None:
        made = replace(BOOKING, booking=ulid(len(self.made)), teachers=(teacher,), groups=(group,))
        self.decide("coach", made)
        self.made[made.booking] = made

    def record(self, booking: str, *, unclaimed: bool = False, held: bool = True) -> str:
        name, number = ulid(1000 + len(self.recorded)), self.book.read().head.number
        self.catalogue.recordings.add(
            name, "2026-09-01T08:00:00Z", "", untrusted_clock=False, unclaimed=unclaimed, booking=booking,
            register_number=number,
        )  # fmt: skip
        if held:
            self.catalogue.recordings.hold(
                name, boot_id=self.clock.boot, at_ns=1, duration_us=1, dropped_frames=0, interrupted=False,
                objects=[OBJECT],
            )  # fmt: skip
        self.recorded[name] = Recorded(booking, number)
        return name

    def take_back(self, by: str, decision: Withdrawn) -> None:
        self.taken_back.append((self.decide(by, decision), decision))

    def look(self) -> int:
        """Let half a minute pass and carry out what follows from the register; return how much that was."""
        self.clock.pass_s(31)
        return len(self.consequences.run())

    def should_be_gone(self, name: str) -> bool:
        """Tell by the rule in words: whoever is in view took it back after it was recorded."""
        one = self.recorded[name]
        made = self.made[one.booking]
        for number, decision in self.taken_back:
            if isinstance(decision, RecordingWithdrawn):
                if decision.recording == name and decision.teacher in made.teachers:
                    return True
            elif number > one.number and (
                decision.group in made.groups
                if isinstance(decision, GroupWithdrawn)
                else decision.teacher in made.teachers
            ):
                return True
        return False


def a_device() -> Iterator[Device]:
    with TemporaryDirectory() as folder:
        device = Device(Path(folder))
        with closing(device.catalogue):
            yield device


def listed(device: Device, **values: object) -> list[str]:
    return [row["id"] for row in device.records.list(values)["recordings"]]


step = st.one_of(
    st.tuples(st.just("book"), st.sampled_from(TEACHERS), st.sampled_from(GROUPS)),
    st.tuples(st.just("record"), st.integers(0, 9), st.just("")),
    st.tuples(st.just("teacher takes back"), st.sampled_from(TEACHERS), st.just("")),
    st.tuples(st.just("group takes back"), st.sampled_from(GROUPS), st.just("")),
    st.tuples(st.just("take one back"), st.integers(0, 9), st.sampled_from(TEACHERS)),
    st.tuples(st.just("look"), st.just(0), st.just("")),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(step, min_size=4, max_size=14))
def test_whenever_it_looks_just_what_was_taken_back_is_gone(steps: list[tuple[str, object, str]]) -> None:
    for device in a_device():
        device.make_booking("abc", "2b")
        for what, one, other in [*steps, ("look", 0, "")]:
            names, bookings = list(device.recorded), list(device.made)
            if what == "book":
                device.make_booking(str(one), other)
            elif what == "record":
                device.record(bookings[int(str(one)) % len(bookings)])
            elif what == "teacher takes back":
                device.take_back(f"teacher:{one}", AgreementWithdrawn(str(one), TRAJECTORY.trajectory))
            elif what == "group takes back":
                device.take_back("coach", GroupWithdrawn(str(one)))
            elif what == "take one back" and names:
                name = names[int(str(one)) % len(names)]
                device.take_back(f"teacher:{other}", RecordingWithdrawn(name, other))
            elif what == "look":
                device.look()
                for name in names:
                    gone = device.catalogue.recordings.get(name).status is Status.DISCARDED
                    assert gone == device.should_be_gone(name), (name, device.taken_back)


def test_what_is_being_sent_when_it_is_taken_back_is_called_back_once_it_has_arrived() -> None:
    for device in a_device():
        device.make_booking("abc", "2b")
        name = device.record(ulid(0))
        device.catalogue.recordings.move(name, Status.RELEASED)
        with Catalogue(device.folder / FILE_NAME, Writer.SYNC) as sync:
            sync.recordings.move(name, Status.UPLOADING)
            device.take_back("coach", GroupWithdrawn("2b"))
            assert device.look() == 0
            sync.recordings.move(name, Status.DELIVERED)
        assert device.look() == 1
        assert device.catalogue.recordings.get(name).status is Status.WITHDRAWN


def test_of_very_much_that_is_called_back_some_goes_at_a_time_so_that_the_button_is_answered_in_between() -> (
    None
):
    for device in a_device():
        device.make_booking("abc", "2b")
        names = [device.record(ulid(0)) for _ in range(45)]
        with Catalogue(device.folder / FILE_NAME, Writer.SYNC) as sync:
            for name in names:
                device.catalogue.recordings.move(name, Status.RELEASED)
                sync.recordings.move(name, Status.UPLOADING)
            device.take_back("coach", GroupWithdrawn("2b"))
            assert device.look() == 0
            for name in names:
                sync.recordings.move(name, Status.DELIVERED)
        device.clock.pass_s(31)
        # Then the clock stands still: nothing of it waits for another half minute.
        assert [len(device.consequences.run()) for _ in range(4)] == [20, 20, 5, 0]
        assert {device.catalogue.recordings.get(name).status for name in names} == {Status.WITHDRAWN}


def test_all_that_has_not_left_goes_at_once_however_much_it_is() -> None:
    for device in a_device():
        device.make_booking("abc", "2b")
        names = [device.record(ulid(0)) for _ in range(25)]
        device.take_back("coach", GroupWithdrawn("2b"))
        assert {name for name, _what in device.consequences.run()} == set(names)


def test_a_teachers_list_holds_what_she_is_in_what_she_claimed_and_what_is_nobodys_and_no_more() -> None:
    for device in a_device():
        for teacher in TEACHERS:
            device.make_booking(teacher, "2b")
        own, others = device.record(ulid(0)), device.record(ulid(1))
        nobodys, claimed, being_made = (
            device.record("", unclaimed=unclaimed, held=held)
            for unclaimed, held in ((True, True), (False, True), (True, False))
        )
        device.decide("teacher:abc", RecordingClaimed(claimed, "abc", TRAJECTORY.trajectory, ("2b",)))
        # Somebody claims what has its teachers already: it stays theirs.
        device.decide("teacher:abc", RecordingClaimed(others, "abc", TRAJECTORY.trajectory, ("2b",)))
        assert listed(device, teacher="abc") == [claimed, nobodys, own]
        assert listed(device, teacher="jkl") == [nobodys, others]
        assert listed(device, nobodys=True) == [nobodys]
        assert listed(device) == [being_made, claimed, nobodys, others, own]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 2), max_size=12), st.integers(1, 5))
def test_page_after_page_gives_each_recording_once_and_ends_when_there_is_no_more(
    whose: list[int], limit: int
) -> None:
    for device in a_device():
        for teacher in TEACHERS:
            device.make_booking(teacher, "2b")
        names = [device.record(ulid(each) if each < 2 else "", unclaimed=each == 2) for each in whose]
        expected = [name for name, each in zip(names, whose, strict=True) if each != 1]
        found, before, more, asked = list[str](), "", True, 0
        while more:
            asked += 1
            answer = device.records.list({"teacher": "abc", "limit": limit, "before": before})
            found += [row["id"] for row in answer["recordings"]]
            more, before = answer["more"], answer["next"]
            assert answer["recordings"] or not more
            assert bool(before) == more
        assert found == expected[::-1]
        assert asked == max(1, -(-len(expected) // limit))


def test_many_recordings_are_described_as_each_of_them_alone() -> None:
    for device in a_device():
        device.make_booking("abc", "2b")
        names = [device.record(ulid(0)) for _ in range(3)]
        device.catalogue.recordings.move(names[1], Status.RELEASED)
        for number, sent_bytes in enumerate((3, 7)):
            # The second try of the same object counts, not both.
            send = Send(f"{number}", names[1], "a" * 64, 10, 0, confirmed=False, is_manifest=False)
            device.catalogue.sends.begin(send)
            device.catalogue.sends.progress(f"{number}", sent_bytes)
        rows = device.records.list({})["recordings"]
        assert [row["sent_bytes"] for row in rows] == [0, 7, 0]
        assert [[step["status"] for step in row["history"]] for row in rows] == [
            ["recording", "held"], ["recording", "held", "released"], ["recording", "held"],
        ]  # fmt: skip
        for row in rows:
            one = device.records.one({"recording": row["id"]})["recording"]
            assert {name: one[name] for name in row} == row
