"""What was taken back, or belongs to a trajectory that is over, goes from here and gets an order for its copy."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyrage
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device.domain.destruction import Reason
from device.domain.lifecycle import Status, Writer
from device.domain.register.decisions import (
    GroupWithdrawn,
    RecordingClaimed,
    RecordingWithdrawn,
    TrajectoryClosed,
)
from device.domain.register.effects import Reached
from device.domain.withdrawal import Certificate, Order, read_order, sign_certificate
from device.recorder.last_days import NAME as SEEN
from device.storage.catalogue import FILE_NAME, Catalogue, Recording
from device.storage.register import FILE_NAME as REGISTER
from tests.recorder.test_register import a_unit, decide, pass_s, record, status_of, unclaimed_unit
from tests.support.clock import HandClock
from tests.support.material import COACH
from tests.support.recorder import Unit
from tests.support.register import BOOKING, NOW, TRAJECTORY, ulid

NAME = TRAJECTORY.trajectory
KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
AFTER = datetime(2026, 12, 18, 23, 0, tzinfo=UTC)  # midnight at school, in winter


def deliver(unit: Unit, recording: str, *, purged: bool = True) -> None:
    """Let a recording arrive, as the sync would write it."""
    if status_of(unit, recording) is Status.HELD:
        unit.ask("release", recording=recording)
    with Catalogue(unit.root / FILE_NAME, Writer.SYNC) as sync:
        for status in (Status.UPLOADING, Status.DELIVERED):
            sync.recordings.move(recording, status)
    if purged:
        unit.catalogue.recordings.move(recording, Status.PURGED)


def pass_a_day(unit: Unit) -> None:
    """Let a date be seen for the second time, on another day."""
    pass_s(unit, 60)
    pass_s(unit, 86_400)


def order_of(unit: Unit, recording: str) -> Order:
    stored = unit.catalogue.endings.order(recording)
    assert stored is not None
    assert stored.sha256 == hashlib.sha256(stored.data).hexdigest()
    return read_order(pyrage.decrypt(stored.data, [COACH]))


@pytest.mark.parametrize("purged", [True, False])
def test_what_was_taken_back_gets_an_order_that_names_the_manifest_that_was_delivered(
    tmp_path: Path, purged: bool
) -> None:
    unit = a_unit(tmp_path)
    recording = record(unit)
    manifest = (unit.spool / recording / "manifest.age").read_bytes()
    deliver(unit, recording, purged=purged)
    decide(unit, "teacher:abc", RecordingWithdrawn(recording, "abc"))
    pass_s(unit, 1)
    assert status_of(unit, recording) is Status.WITHDRAWN
    found = order_of(unit, recording)
    assert (found.recording, found.reason) == (recording, Reason.TEACHER)
    assert found.manifest_sha256 == hashlib.sha256(manifest).hexdigest()
    # Also when it had arrived a moment ago, and was not purged yet.
    if not purged:
        assert not (unit.spool / recording).exists()


def test_an_order_is_given_once_and_sealed(tmp_path: Path) -> None:
    unit = a_unit(tmp_path)
    recording = record(unit)
    deliver(unit, recording)
    decide(unit, "coach", GroupWithdrawn("2b"))
    pass_s(unit, 1)
    stored = unit.catalogue.endings.order(recording)
    assert stored is not None
    assert recording.encode() not in stored.data
    for _ in range(3):
        pass_s(unit, 60)
    assert unit.catalogue.endings.order(recording) == stored
    assert order_of(unit, recording).reason is Reason.GROUP


def test_what_cannot_be_sealed_is_withdrawn_and_gets_its_order_when_there_is_a_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit = a_unit(tmp_path)
    recording = record(unit)
    deliver(unit, recording)
    recipients = list(unit.keys.recipients)
    lesson = unit.recorder.desk._settings.lesson
    kept = list(lesson.recipients)
    assert isinstance(lesson.recipients, list)
    lesson.recipients.clear()
    decide(unit, "coach", GroupWithdrawn("2b"))
    pass_s(unit, 1)
    assert status_of(unit, recording) is Status.WITHDRAWN
    assert unit.catalogue.endings.order(recording) is None
    lesson.recipients.extend(kept or recipients)
    pass_s(unit, 60)
    assert order_of(unit, recording).reason is Reason.GROUP


def test_closing_a_trajectory_reaches_all_that_was_recorded_under_it(tmp_path: Path) -> None:
    unit = a_unit(tmp_path, cooling_off_s=3600.0)
    here, let_go, arrived, kept = (record(unit) for _ in range(4))
    unit.ask("release", recording=let_go)
    for each in (arrived, kept):
        deliver(unit, each, purged=each == arrived)
    decide(unit, "coach", TrajectoryClosed(NAME))
    pass_s(unit, 1)
    assert [status_of(unit, each) for each in (here, let_go)] == [Status.PURGED] * 2
    assert [status_of(unit, each) for each in (arrived, kept)] == [Status.WITHDRAWN] * 2
    assert {order_of(unit, each).reason for each in (arrived, kept)} == {Reason.CLOSED}
    assert list(unit.spool.iterdir()) == []


def test_nobodys_and_other_trajectories_recordings_stay(tmp_path: Path) -> None:
    unit = unclaimed_unit(tmp_path)
    nobodys = record(unit)
    decide(unit, "coach", replace(TRAJECTORY, trajectory="van later"))
    decide(unit, "coach", TrajectoryClosed("van later"))
    pass_s(unit, 60)
    assert status_of(unit, nobodys) is Status.HELD
    decide(unit, "teacher:abc", RecordingClaimed(nobodys, "abc", NAME, ("2b",)))
    pass_s(unit, 1)
    assert not unit.catalogue.recordings.get(nobodys).unclaimed
    assert status_of(unit, nobodys) is Status.HELD
    decide(unit, "coach", TrajectoryClosed(NAME))
    pass_s(unit, 1)
    assert status_of(unit, nobodys) is Status.PURGED


def test_a_claim_that_is_carried_out_after_the_last_day_goes_as_well(tmp_path: Path) -> None:
    unit = unclaimed_unit(tmp_path)
    recording = record(unit)
    decide(unit, "coach", GroupWithdrawn("2b"))
    decide(unit, "teacher:abc", RecordingClaimed(recording, "abc", NAME, ("2b",)))
    pass_s(unit, 60)
    assert status_of(unit, recording) is Status.HELD  # it is still nobody's
    assert unit.ask("reach", trajectory=NAME)["here"] == 1
    unit.clock.wall = AFTER
    pass_a_day(unit)
    assert status_of(unit, recording) is Status.PURGED


def test_a_claim_for_what_was_closed_before_the_hand_over_goes_as_well(tmp_path: Path) -> None:
    unit = unclaimed_unit(tmp_path)
    recording, nobodys = record(unit), record(unit)
    decide(unit, "teacher:abc", RecordingClaimed(recording, "abc", NAME, ("2b",)))
    decide(unit, "coach", TrajectoryClosed(NAME))
    pass_s(unit, 60)
    assert (status_of(unit, recording), status_of(unit, nobodys)) == (Status.PURGED, Status.HELD)


def test_what_was_recorded_by_the_settings_alone_is_reached_by_the_name_of_its_trajectory(
    tmp_path: Path,
) -> None:
    unit = Unit(tmp_path, cooling_off_s=1e9)
    recording = record(unit)
    name = unit.catalogue.recordings.get(recording).trajectory
    assert (name != "", unit.catalogue.recordings.get(recording).booking) == (True, "")
    decide(unit, "coach", replace(TRAJECTORY, trajectory=name))
    pass_s(unit, 60)
    assert status_of(unit, recording) is Status.HELD
    decide(unit, "coach", TrajectoryClosed(name))
    pass_s(unit, 60)
    assert status_of(unit, recording) is Status.PURGED


def test_nothing_is_released_while_the_register_cannot_be_read(tmp_path: Path) -> None:
    unit = a_unit(tmp_path, cooling_off_s=60.0)
    held, no = record(unit), record(unit)
    with (tmp_path / REGISTER).open("ab") as file:
        file.write(b"not a line\n")
    unit.ask("discard", recording=no)
    assert unit.ask("release", recording=held)["error"] == "refused"
    for _ in range(3):
        pass_s(unit, 600)
    assert status_of(unit, held) is Status.HELD
    assert status_of(unit, no) is Status.PURGED


def test_what_the_catalogue_has_not_heard_of_keeps_a_closing_from_being_settled(tmp_path: Path) -> None:
    unit = a_unit(tmp_path, cooling_off_s=1e9)
    decide(unit, "coach", TrajectoryClosed(NAME))
    holding = unit.desk._holding
    holding._owed.add(ulid(9))
    pass_s(unit, 60)
    unit.catalogue.recordings.add(ulid(9), "", "", untrusted_clock=False, booking=BOOKING.booking)
    unit.catalogue.recordings.hold(
        ulid(9), boot_id="boot-1", at_ns=0, duration_us=0, dropped_frames=0, interrupted=True, objects=(), note="",
    )  # fmt: skip
    pass_s(unit, 60)
    assert "its trajectory is over" in [each.note for each in unit.catalogue.recordings.history(ulid(9))]


def test_a_trajectory_that_goes_on_because_the_clock_was_put_back_ends_again(tmp_path: Path) -> None:
    unit = a_unit(tmp_path, cooling_off_s=1e9)
    for _ in range(2):
        unit.clock.wall = AFTER
        pass_a_day(unit)
        unit.clock.wall = NOW
        recording = record(unit)
        pass_s(unit, 60)
        assert status_of(unit, recording) is Status.HELD
    unit.clock.wall = AFTER
    pass_a_day(unit)
    assert status_of(unit, recording) is Status.PURGED


def test_one_wrong_answer_about_the_date_destroys_nothing(tmp_path: Path) -> None:
    unit = a_unit(tmp_path, cooling_off_s=1e9)
    recording = record(unit)
    unit.clock.wall = AFTER + timedelta(days=90)
    for _ in range(3):
        pass_s(unit, 3600)
    unit.clock.wall = NOW + timedelta(days=1)
    pass_s(unit, 60)
    assert (tmp_path / SEEN).read_bytes() == b"{}"
    # Another wrong answer, another year: it is seen for the first time again.
    unit.clock.wall = AFTER + timedelta(days=200)
    pass_s(unit, 60)
    unit.clock.wall += timedelta(days=30)
    pass_s(unit, 60)
    assert status_of(unit, recording) is Status.HELD
    assert unit.ask("status")["missing"] == []


@pytest.mark.parametrize("hours", [1, 30])
def test_a_date_is_seen_again_after_another_start(tmp_path: Path, hours: int) -> None:
    unit = a_unit(tmp_path, cooling_off_s=1e9)
    recording = record(unit)
    unit.clock.wall = AFTER + timedelta(hours=22)
    pass_s(unit, 60)
    unit.catalogue.close()
    clock = HandClock(wall=AFTER + timedelta(hours=22 + hours))
    clock.boot, clock.ns = "boot-2", 1
    unit = Unit(tmp_path, agreed=None, clock=clock, cooling_off_s=1e9)
    pass_s(unit, 1800)
    assert status_of(unit, recording) is (Status.PURGED if hours > 20 else Status.HELD)


def test_a_date_far_behind_the_last_decision_is_not_believed_and_said_to_be_a_problem(tmp_path: Path) -> None:
    unit = a_unit(tmp_path, cooling_off_s=1e9)
    recording = record(unit)
    unit.clock.wall = NOW + timedelta(days=500)
    pass_a_day(unit)
    pass_a_day(unit)
    assert status_of(unit, recording) is Status.HELD
    (said,) = unit.ask("status")["missing"]
    assert (said["part"], "check the time server" in said["message"]) == ("clock", True)
    # What the coach closes goes all the same.
    decide(unit, "coach", TrajectoryClosed(NAME))
    pass_s(unit, 60)
    assert status_of(unit, recording) is Status.PURGED
    assert unit.ask("status")["missing"] == []


def test_what_a_wrong_clock_noted_for_later_does_not_delay_the_end(tmp_path: Path) -> None:
    unit = a_unit(tmp_path, cooling_off_s=1e9)
    recording = record(unit)
    unit.clock.wall = AFTER + timedelta(days=200)
    pass_s(unit, 60)
    unit.clock.wall, unit.clock.boot = AFTER, "boot-2"
    pass_a_day(unit)
    assert status_of(unit, recording) is Status.PURGED


@pytest.mark.parametrize("noted", ["[]", '{"a": 1}', '{"a": {"at": "soon", "boot_id": "", "ns": 0}}'])
def test_a_damaged_note_of_what_was_seen_counts_for_nothing(tmp_path: Path, noted: str) -> None:
    (tmp_path / SEEN).write_text(noted)
    unit = a_unit(tmp_path, cooling_off_s=1e9)
    recording = record(unit)
    unit.clock.wall = AFTER
    pass_s(unit, 60)
    assert status_of(unit, recording) is Status.HELD
    pass_s(unit, 86_400)
    assert status_of(unit, recording) is Status.PURGED


def test_within_two_days_after_its_last_day_at_school_everything_goes(tmp_path: Path) -> None:
    unit = a_unit(tmp_path, cooling_off_s=1e9)
    here, arrived = record(unit), record(unit)
    deliver(unit, arrived)
    unit.clock.wall = AFTER - timedelta(seconds=1)
    pass_s(unit, 0)
    unit.clock.pass_s(31)
    unit.clock.wall = AFTER - timedelta(seconds=1)
    unit.loop._do_chores()
    assert (status_of(unit, here), status_of(unit, arrived)) == (Status.HELD, Status.PURGED)
    unit.clock.pass_s(31)
    unit.clock.wall = AFTER
    unit.loop._do_chores()
    assert (status_of(unit, here), status_of(unit, arrived)) == (Status.HELD, Status.PURGED)
    pass_s(unit, 86_400)
    assert (status_of(unit, here), status_of(unit, arrived)) == (Status.PURGED, Status.WITHDRAWN)
    assert order_of(unit, arrived).reason is Reason.CLOSED


def test_a_clock_that_nobody_is_sure_of_destroys_nothing(tmp_path: Path) -> None:
    unit = a_unit(tmp_path, clock=HandClock(wall=NOW), cooling_off_s=1e9)
    here = record(unit)
    unit.clock.wall, unit.clock.is_trusted = AFTER, False
    for _ in range(3):
        pass_s(unit, 60)
    assert status_of(unit, here) is Status.HELD
    unit.clock.is_trusted = True
    pass_a_day(unit)
    assert status_of(unit, here) is Status.PURGED


def test_what_is_on_its_way_when_it_closes_is_called_back_once_it_has_arrived(tmp_path: Path) -> None:
    unit = a_unit(tmp_path)
    recording = record(unit)
    unit.ask("release", recording=recording)
    with Catalogue(tmp_path / FILE_NAME, Writer.SYNC) as sync:
        sync.recordings.move(recording, Status.UPLOADING)
        decide(unit, "coach", TrajectoryClosed(NAME))
        pass_s(unit, 60)
        assert status_of(unit, recording) is Status.UPLOADING
        sync.recordings.move(recording, Status.DELIVERED)
    pass_s(unit, 60)
    assert status_of(unit, recording) is Status.WITHDRAWN


def test_a_trajectory_under_which_nothing_is_left_is_not_looked_at_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit = a_unit(tmp_path)
    deliver(unit, record(unit))
    decide(unit, "coach", TrajectoryClosed(NAME))
    asked: list[Reached] = []
    left = unit.catalogue.endings.left

    def watched(reached: Reached) -> list[Recording]:
        asked.append(reached)
        return left(reached)

    monkeypatch.setattr(unit.catalogue.endings, "left", watched)
    for _ in range(3):
        pass_s(unit, 60)
    looked = len(asked)
    assert looked > 0
    for _ in range(20):
        pass_s(unit, 60)
    assert len(asked) == looked
    # Nor when something else is decided; but when its end reaches further.
    decide(unit, "coach", replace(BOOKING, booking=ulid(5), trajectory="another"))
    pass_s(unit, 1)
    assert len(asked) == looked
    decide(unit, "coach", replace(BOOKING, booking=ulid(6)))
    pass_s(unit, 1)
    assert len(asked) > looked


def test_how_far_the_end_of_a_trajectory_reaches_is_known_before(tmp_path: Path) -> None:
    unit = a_unit(tmp_path)
    record(unit), record(unit)
    deliver(unit, record(unit))
    assert unit.ask("reach", trajectory=NAME) == {"ok": True, "here": 2, "elsewhere": 1, "on_the_way": 0}
    assert unit.ask("reach", trajectory="nothing") == {"ok": True, "here": 0, "elsewhere": 0, "on_the_way": 0}
    assert unit.ask("reach")["error"] == "permanent"
    decide(unit, "coach", TrajectoryClosed(NAME))
    pass_s(unit, 1)
    assert unit.ask("reach", trajectory=NAME)["elsewhere"] == 0


def test_the_proof_stands_beside_the_recording_and_is_verified_again(tmp_path: Path) -> None:
    unit = a_unit(tmp_path)
    recording, other = record(unit), record(unit)
    for each in (recording, other):
        deliver(unit, each)
        decide(unit, "teacher:abc", RecordingWithdrawn(each, "abc"))
    pass_s(unit, 1)
    row = unit.ask("recording", recording=recording)["recording"]
    assert (row["withdrawn"], row["reason"], row["certificate"]) == (True, "teacher", None)
    order = unit.catalogue.endings.order(recording)
    assert order is not None
    manifest = unit.catalogue.recordings.get(recording).manifest_sha256 or ""
    text = sign_certificate(
        Certificate(
            recording, ulid(5), order.sha256, manifest, Reason.TEACHER, objects=2, size_bytes=7, film=True,
            destroyed_at="2026-09-01T09:00:00Z",
        ),
        KEY,
    )  # fmt: skip
    with Catalogue(tmp_path / FILE_NAME, Writer.SYNC) as sync:
        for each in (recording, other):
            sync.endings.destroy(each, text)
    shown = {"destroyed_at": "2026-09-01T09:00:00Z", "objects": 2, "size_bytes": 7, "film": True}
    unit.aftercare.trust(KEY.public_key())
    rows = {
        each["id"]: each["certificate"] for each in unit.ask("recordings", status="destroyed")["recordings"]
    }
    # The other one's is whole, and about something else.
    assert rows == {recording: {**shown, "valid": True}, other: {**shown, "valid": False}}
    assert unit.ask("recording", recording=recording)["recording"]["certificate_text"] == text.decode()
    unit.aftercare.trust(None)
    rows = unit.ask("recordings", teacher="abc")["recordings"]
    assert [each["certificate"]["valid"] for each in rows] == [False, False]
    assert unit.ask("recordings", status="held")["recordings"] == []
    assert unit.ask("recordings", status="lost")["error"] == "permanent"
