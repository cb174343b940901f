"""The note about the lesson that is being recorded, and a lesson that goes on after its recorder died."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.domain.lifecycle import Status
from device.footage.journal import read_journal
from device.recorder import going_on
from device.recorder.going_on import LATEST_NS, MOST_TIMES, GoingOn
from device.storage.recovery import adopt_all
from tests.support.footage import FPS
from tests.support.material import manifest_of, recipients, watch_all
from tests.support.permits import agreement
from tests.support.recorder import Unit
from tests.support.register import ulid
from tests.support.waiting import wait_for

S = 1_000_000_000
LONG_S = 20
NOTE = GoingOn("01J00000000000000000000000", "boot-1", 5, 6, 6, 7 * S, False, False, "", 0, "", False)


def test_the_note_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    for note in (replace(NOTE, ends_ns=9 * S, booking=ulid(1), sound=True), NOTE):
        going_on.write(tmp_path, note)
        assert going_on.read(tmp_path) == note
    going_on.remove(tmp_path)
    going_on.remove(tmp_path)
    assert going_on.read(tmp_path) is None


def test_the_note_is_for_the_recorder_alone(tmp_path: Path) -> None:
    (tmp_path / f".{going_on.NAME}").touch(0o666)  # a recorder that was killed may have left one behind
    for _ in range(2):
        going_on.write(tmp_path, NOTE)
        assert (tmp_path / going_on.NAME).stat().st_mode & 0o777 == 0o600


@given(cut=st.integers(0, 250))
def test_a_note_that_was_cut_off_is_no_note(cut: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("note")
    going_on.write(folder, NOTE)
    path = folder / going_on.NAME
    whole = path.read_bytes()
    path.write_bytes(whole[: min(cut, len(whole) - 1)])
    assert going_on.read(folder) is None


@pytest.mark.parametrize("value", ["../../etc/passwd", 5, "01J"])
def test_a_note_about_something_that_is_no_recording_is_no_note(tmp_path: Path, value: object) -> None:
    going_on.write(tmp_path, replace(NOTE, recording=value))  # type: ignore[arg-type]
    assert going_on.read(tmp_path) is None


@pytest.mark.parametrize(
    ("note", "boot", "later_ns", "may"),
    [
        (NOTE, "boot-1", 0, True),
        (NOTE, "boot-1", LATEST_NS - 1, True),
        (NOTE, "boot-1", LATEST_NS, False),
        (NOTE, "boot-1", -1, False),
        (NOTE, "boot-2", 0, False),
        (replace(NOTE, times=MOST_TIMES), "boot-1", 0, False),
    ],
)
def test_only_a_fresh_lesson_of_this_boot_is_gone_on_with(
    note: GoingOn, boot: str, later_ns: int, may: bool
) -> None:
    assert note.may_go_on(boot, note.alive_ns + later_ns) is may


def die(unit: Unit, *, blank: bool = False, still_s: int = 0) -> GoingOn:
    """Record a while and leave the recorder as SIGKILL does: nothing is closed, nothing is said.

    Before that it stands still for ``still_s``, and wakes up once more.
    """
    unit.loop.request_start()
    lesson = unit.desk.lesson
    assert lesson is not None
    # Enough for more than one sealed chunk: what is smaller leaves nothing that can be read.
    for second in range(1, LONG_S):
        unit.lens.show(1, after_s=second)
        wait_for(lambda second=second: lesson.recorded_us > (second - 2) * 1_000_000)  # type: ignore[misc]
    unit.clock.pass_s(LONG_S)
    if blank:
        unit.desk.blank(blanked=True, at_ns=unit.clock.ns)
    unit.events.wait_for(lambda: lesson.zero_ns is not None)
    unit.clock.pass_s(still_s)
    unit.loop._do_chores()
    note = going_on.read(unit.root)
    assert note is not None
    writer, journal = lesson._writer, lesson._journal
    assert writer is not None
    assert journal is not None
    # The thread ends, so that the test can; the open segment stays without its end, as a kill leaves it.
    writer._queue.close()
    writer._thread.join()
    writer._syncing.stop()
    journal.close()
    (folder,) = unit.spool.iterdir()
    path = folder / "journal.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(line for line in lines if b"segment_closed" not in line))
    unit.catalogue.close()
    return note


def again(unit: Unit, note: GoingOn, **settings: object) -> Unit:
    """Start another recorder in the same folders and boot, three seconds later."""
    clock = unit.clock
    clock.pass_s(3)
    other = Unit(unit.root, clock=clock, **settings)  # type: ignore[arg-type]
    adopt_all(
        other.catalogue, other.spool, recipients(), boot_id=clock.boot_id(), now_ns=clock.ns,
        except_for=note.recording,
    )  # fmt: skip
    return other


def test_a_lesson_goes_on_in_the_same_recording_after_its_recorder_died(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    note = die(unit)
    other = again(unit, note)
    other.lens.after_s = LONG_S + 3
    other.loop.go_on(note)
    other.run()
    (recording,) = other.catalogue.recordings.latest(5)
    assert (recording.id, recording.status) == (note.recording, Status.HELD)
    manifest = manifest_of(other.spool / recording.id)
    assert [segment.complete for segment in manifest.segments] == [False, True]
    gap = next(each for each in manifest.intervals if each.reason in ("recorder", "camera"))
    assert gap.to_us == manifest.segments[1].offset_us == (LONG_S + 3) * 1_000_000
    assert len(watch_all(other.spool / recording.id).video_ns) == (LONG_S + 1) * FPS
    assert "resumed" in [event["event"] for event in read_journal(other.spool / recording.id)]
    assert going_on.read(tmp_path) is None


def test_a_recorder_that_stood_still_before_it_died_lacks_its_pictures_from_then_on(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    note = die(unit, still_s=10)
    other = again(unit, note)
    other.lens.after_s = LONG_S + 13
    other.loop.go_on(note)
    other.run()
    manifest = manifest_of(other.spool / note.recording)
    gap = next(each for each in manifest.intervals if each.reason in ("recorder", "camera"))
    assert (LONG_S - 3) * 1_000_000 < gap.from_us <= LONG_S * 1_000_000
    assert gap.to_us == (LONG_S + 13) * 1_000_000


def test_a_recorder_that_dies_again_before_it_filmed_lacks_its_pictures_from_the_first_time_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit = Unit(tmp_path)
    note = die(unit)
    other = again(unit, note)
    monkeypatch.setattr(other.lens, "show", lambda *_: None)
    other.loop.go_on(note)
    other.loop._do_chores()
    second = going_on.read(tmp_path)
    assert second is not None
    assert (second.times, second.filmed_ns) == (1, note.filmed_ns)
    other.run()


def test_a_lesson_that_was_blanked_goes_on_blanked(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    note = die(unit, blank=True)
    other = again(unit, note)
    other.loop.go_on(note)
    after = other.log[: other.log.index("lens opens")]
    assert ("lens blanked True" in after, "microphone muted True" in after) == (True, True)
    assert other.log[-1] == "light blanked"
    other.run()


def test_a_lesson_that_is_not_permitted_any_more_ends_there(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    note = die(unit)
    other = again(unit, note, agreed=replace(agreement(), closed=True))
    other.loop.go_on(note)
    other.run()
    (recording,) = other.catalogue.recordings.latest(5)
    assert (recording.status, recording.interrupted) == (Status.HELD, True)
    assert other.lens.permits == []


def test_a_lesson_that_was_stopped_leaves_no_note(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    unit.loop.request_start()
    unit.clock.pass_s(1)
    unit.loop._do_chores()
    unit.loop.request_stop()
    unit.loop._do_chores()
    assert going_on.read(tmp_path) is None
    unit.run()
