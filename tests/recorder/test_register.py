"""The recorder and the register: what it permits, what it takes back, whose a recording is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from device.domain.lifecycle import Status
from device.domain.register.decisions import (
    AgreementWithdrawn,
    Decision,
    GroupWithdrawn,
    RecordingClaimed,
    RecordingWithdrawn,
    Repeat,
    TeacherAdded,
    TeacherLeft,
    Unbooked,
)
from device.footage.journal import read_journal
from device.recorder.agreements import NAME as SEEN
from device.storage.register import FILE_NAME, RegisterBook
from tests.support.clock import HandClock
from tests.support.material import COACH, manifest_of, permit_of
from tests.support.recorder import Unit
from tests.support.register import AGREEMENT, BOOKING, GROUP, NOW, TRAJECTORY, Said, everything, ulid, written

S = 1_000_000_000


def write(folder: Path, history: list[Said]) -> None:
    (folder / FILE_NAME).write_bytes(b"".join(line + b"\n" for line in written(history)))


def decide(unit: Unit, by: str, decision: Decision) -> None:
    RegisterBook(unit.root).decide(unit.clock.now(), by, decision, clock_trusted=True)


def a_unit(folder: Path, history: list[Said] | None = None, **settings: Any) -> Unit:
    write(folder, everything() if history is None else history)
    clock = settings.pop("clock", None) or HandClock(wall=NOW)
    return Unit(folder, agreed=None, clock=clock, **settings)


def reasons(unit: Unit) -> list[str]:
    return [each["reason"] for each in unit.face.refusal]


def record(unit: Unit) -> str:
    """Record a second; return the recording, which is held then."""
    unit.loop.request_start()
    (recording,) = [each.id for each in unit.catalogue.recordings.with_status(Status.RECORDING)]
    unit.loop.request_stop()
    return recording


def pass_s(unit: Unit, seconds: float) -> None:
    unit.clock.pass_s(seconds)
    unit.loop._do_chores()


def status_of(unit: Unit, recording: str) -> Status:
    return unit.catalogue.recordings.get(recording).status


def test_a_lesson_is_recorded_under_its_booking_and_its_permit_says_where_that_was_decided(
    tmp_path: Path,
) -> None:
    unit = a_unit(tmp_path)
    recording = record(unit)
    row = unit.ask("recording", recording=recording)["recording"]
    assert (row["booking"], row["trajectory"]) == (BOOKING.booking, TRAJECTORY.trajectory)
    assert (row["teachers"], row["groups"], row["register_number"]) == (["abc"], ["2b"], 6)
    permit = permit_of(manifest_of(unit.spool / recording), COACH)
    assert (permit.teachers, permit.group, permit.booking) == (("abc",), "2b", BOOKING.booking)
    assert permit.register_sha256 == RegisterBook(tmp_path).read().head.sha256
    # What is not sealed names nobody.
    (opened,) = [event for event in read_journal(unit.spool / recording) if event["event"] == "opened"]
    assert TRAJECTORY.trajectory not in str(opened)


def test_a_press_outside_every_booking_is_refused_with_its_reason(tmp_path: Path) -> None:
    unit = a_unit(tmp_path, clock=HandClock(wall=NOW + timedelta(hours=3)))
    with pytest.raises(Exception, match="No recording is booked"):
        unit.loop.request_start()
    assert unit.lens.permits == []


def test_a_decision_counts_at_the_next_press(tmp_path: Path) -> None:
    unit = a_unit(tmp_path)
    record(unit)
    decide(unit, "teacher:abc", AgreementWithdrawn("abc", TRAJECTORY.trajectory))
    with pytest.raises(Exception, match="Not every teacher"):
        unit.loop.request_start()


def test_the_next_press_counts_once(tmp_path: Path) -> None:
    once = everything(booking={"repeat": Repeat.NEXT_PRESS})
    once[-1] = replace(once[-1], at=NOW)
    unit = a_unit(tmp_path, once)
    record(unit)
    with pytest.raises(Exception, match="No recording is booked"):
        unit.loop.request_start()


@pytest.mark.parametrize(
    ("by", "decision"),
    [
        ("teacher:abc", AgreementWithdrawn("abc", TRAJECTORY.trajectory)),
        ("coach", GroupWithdrawn("2b")),
    ],
)
def test_what_was_recorded_before_a_withdrawal_is_discarded(
    tmp_path: Path, by: str, decision: Decision
) -> None:
    unit = a_unit(tmp_path)
    recording = record(unit)
    pass_s(unit, 1)
    assert status_of(unit, recording) is Status.HELD
    decide(unit, by, decision)
    pass_s(unit, 1)
    assert status_of(unit, recording) is Status.PURGED
    assert not (unit.spool / recording).exists()


def test_what_a_teacher_still_holds_when_she_leaves_does_not_leave_without_her(tmp_path: Path) -> None:
    unit = a_unit(tmp_path)
    let_go, held = record(unit), record(unit)
    assert unit.ask("release", recording=let_go)["ok"]
    decide(unit, "coach", TeacherLeft("abc"))
    pass_s(unit, 1)
    assert (status_of(unit, let_go), status_of(unit, held)) == (Status.RELEASED, Status.PURGED)


def test_what_is_recorded_after_a_new_agreement_stays(tmp_path: Path) -> None:
    unit = a_unit(tmp_path)
    decide(unit, "coach", GroupWithdrawn("2b"))
    decide(unit, "coach", GROUP)
    recording = record(unit)
    pass_s(unit, 1)
    assert status_of(unit, recording) is Status.HELD


def test_a_withdrawal_by_somebody_else_takes_nothing_back(tmp_path: Path) -> None:
    unit = a_unit(tmp_path)
    recording = record(unit)
    decide(unit, "coach", AgreementWithdrawn("abc", TRAJECTORY.trajectory))
    decide(unit, "coach", TeacherAdded("xyz"))
    decide(unit, "teacher:xyz", RecordingWithdrawn(recording, "xyz"))
    pass_s(unit, 1)
    assert status_of(unit, recording) is Status.HELD
    decide(unit, "teacher:abc", RecordingWithdrawn(recording, "abc"))
    pass_s(unit, 1)
    assert status_of(unit, recording) is Status.PURGED


def unclaimed_unit(folder: Path) -> Unit:
    history = everything(school={"unbooked": Unbooked.UNCLAIMED})[:-1]
    return a_unit(folder, history, cooling_off_s=10.0)


def test_an_unclaimed_recording_names_nobody_has_no_sound_and_never_leaves(tmp_path: Path) -> None:
    unit = unclaimed_unit(tmp_path)
    recording = record(unit)
    for _ in range(5):
        pass_s(unit, 3600)
    assert status_of(unit, recording) is Status.HELD
    manifest = manifest_of(unit.spool / recording)
    assert (manifest.unclaimed, manifest.audio) == (True, None)
    assert permit_of(manifest, COACH).teachers == ()
    assert unit.ears.permits == []
    assert unit.ask("release", recording=recording)["error"] == "refused"


def test_a_claimed_recording_gets_a_permit_and_its_whole_cooling_off(tmp_path: Path) -> None:
    unit = unclaimed_unit(tmp_path)
    recording = record(unit)
    pass_s(unit, 3600)
    assert [each["id"] for each in unit.ask("recordings", teacher="abc")["recordings"]] == [recording]
    decide(unit, "teacher:abc", RecordingClaimed(recording, "abc", TRAJECTORY.trajectory, ("2b",)))
    pass_s(unit, 1)
    manifest = manifest_of(unit.spool / recording)
    assert not manifest.unclaimed
    assert permit_of(manifest, COACH).teachers == ("abc",)
    row = unit.ask("recording", recording=recording)["recording"]
    assert (row["unclaimed"], row["teachers"], row["groups"]) == (False, ["abc"], ["2b"])
    assert row["cooling_off_left_s"] > 8
    assert unit.ask("recordings", teacher="xyz")["recordings"] == []
    pass_s(unit, 11)
    assert status_of(unit, recording) is Status.RELEASED


def test_a_claim_that_was_never_agreed_on_changes_nothing(tmp_path: Path) -> None:
    unit = unclaimed_unit(tmp_path)
    recording = record(unit)
    decide(unit, "coach", GroupWithdrawn("2b"))
    decide(unit, "teacher:abc", RecordingClaimed(recording, "abc", TRAJECTORY.trajectory, ("2b",)))
    for _ in range(3):
        pass_s(unit, 60)
    assert unit.catalogue.recordings.get(recording).unclaimed
    assert status_of(unit, recording) is Status.HELD


def test_a_register_that_was_changed_permits_nothing_any_more(tmp_path: Path) -> None:
    unit = a_unit(tmp_path)
    record(unit)
    pass_s(unit, 1)
    assert (tmp_path / SEEN).exists()
    # Written anew, whole in itself: but it is not what was agreed.
    write(tmp_path, everything(agreement={"sound": False}))
    other = Unit(tmp_path / "other", agreed=None, clock=HandClock(wall=NOW))
    for name in (FILE_NAME, SEEN):
        (tmp_path / "other" / name).write_bytes((tmp_path / name).read_bytes())
    other = Unit(tmp_path / "other", agreed=None, clock=HandClock(wall=NOW))
    with pytest.raises(Exception, match="register of agreements is damaged"):
        other.loop.request_start()
    assert other.ask("status")["register"]["problem"]


def test_the_settings_agreement_counts_only_while_the_register_is_empty(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    unit.loop.request_start()
    unit.loop.request_stop()
    write(tmp_path, everything())  # a booking in 2026; this clock stands elsewhere
    with pytest.raises(Exception, match="No recording is booked"):
        unit.loop.request_start()


def test_a_teacher_sees_her_own_recordings_page_by_page(tmp_path: Path) -> None:
    unit = a_unit(tmp_path)
    for number in range(250):
        mine = number % 50 == 0
        unit.catalogue.recordings.add(
            ulid(1000 + number), "2026-09-01T08:00:00Z", "", untrusted_clock=False,
            booking=BOOKING.booking if mine else ulid(9),
        )  # fmt: skip
    first = unit.ask("recordings", teacher="abc", limit=3)
    assert (len(first["recordings"]), first["more"]) == (3, True)
    second = unit.ask("recordings", teacher="abc", limit=3, before=first["next"])
    assert (len(second["recordings"]), second["more"]) == (2, False)
    assert [each["id"] for each in first["recordings"] + second["recordings"]] == [
        ulid(1000 + number) for number in (200, 150, 100, 50, 0)
    ]


def test_a_held_recording_can_be_released_at_once(tmp_path: Path) -> None:
    unit = a_unit(tmp_path)
    recording = record(unit)
    assert unit.ask("release", recording=recording)["ok"]
    assert status_of(unit, recording) is Status.RELEASED
    assert unit.ask("release", recording=recording)["error"] == "refused"


def test_moments_that_a_teacher_names_are_kept_until_it_has_left(tmp_path: Path) -> None:
    unit = a_unit(tmp_path)
    recording = record(unit)
    assert unit.ask("reflect", recording=recording, proud_us=[5, 3], improve_us=[])["ok"]
    row = unit.ask("recording", recording=recording)["recording"]
    assert row["reflection"] == {"proud_us": [3, 5], "improve_us": []}
    assert (row["watchable"], row["sound"]) == (True, True)
    for proud in ([1, 2, 3], [-1], ["1"], 1, None):
        assert unit.ask("reflect", recording=recording, proud_us=proud, improve_us=[])["error"] == "permanent"
    unit.ask("release", recording=recording)
    assert unit.ask("reflect", recording=recording, proud_us=[], improve_us=[])["error"] == "refused"


def test_keys_are_set_once_and_only_after_a_press_at_the_device(tmp_path: Path) -> None:
    unit = a_unit(tmp_path, coach_key_present=False)
    key = str(COACH.to_public())
    with pytest.raises(Exception, match="key is missing"):
        unit.loop.request_start()
    assert unit.ask("keys", coach=key)["error"] == "refused"
    unit.finger.press(by_hand=False)
    unit.run()
    assert unit.ask("keys", coach=key)["error"] == "refused"
    unit.finger.press()
    unit.run()
    assert unit.ask("keys", coach="age1nonsense")["error"] == "permanent"
    assert unit.ask("keys", coach=key) == {"ok": True, "coach": key, "recovery": "", "receipt": ""}
    assert unit.ask("keys", coach=str(COACH.to_public()), recovery=key)["error"] == "refused"
    assert unit.ask("status")["coach_key"]


def test_a_press_too_long_ago_sets_no_keys(tmp_path: Path) -> None:
    unit = a_unit(tmp_path, coach_key_present=False)
    unit.finger.press()
    unit.run()
    unit.clock.pass_s(301)
    assert unit.ask("keys", coach=str(COACH.to_public()))["error"] == "refused"
    assert not unit.ask("status")["coach_key"]


def test_a_teacher_without_an_agreement_for_sound_is_filmed_without(tmp_path: Path) -> None:
    unit = a_unit(tmp_path, everything(agreement={"sound": False}))
    assert AGREEMENT.sound
    recording = record(unit)
    assert manifest_of(unit.spool / recording).audio is None
    assert unit.ears.permits == []
