"""What holds whatever the camera does: a lesson ends with the press, and what is hidden stays hidden."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from device.domain.errors import Permanent, Refused, Stuck, Temporary
from device.domain.lifecycle import Status
from device.footage.durable import hash_file
from device.ports import AudioBlock
from device.recorder import going_on
from device.recorder.revival import Revival
from tests.recorder.test_going_on import again, die
from tests.recorder.test_loop import later, lose
from tests.support.clock import HandClock
from tests.support.footage import FPS
from tests.support.material import manifest_of, pictures, watch_all
from tests.support.permits import agreement, permit
from tests.support.recorder import Unit, WatchedCamera
from tests.support.waiting import wait_for

S = 1_000_000_000


def only_folder(unit: Unit) -> Path:
    (recording,) = unit.catalogue.recordings.latest(5)
    return unit.spool / recording.id


def test_nothing_is_kept_that_is_seen_or_heard_after_the_press_that_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit = Unit(tmp_path)
    unit.loop.request_start()
    late: list[bool] = []

    def close_slowly() -> None:
        """The camera takes five seconds to close, and it and the microphone deliver all the while."""
        assert unit.lens.sink is not None
        unit.clock.pass_s(5)
        late.extend(unit.lens.sink.video(packet) for packet in pictures(5)[FPS:])
        blocks = [AudioBlock(bytes(1920), pictures(1)[-1].pts_ns + n * S // 50) for n in range(1, 200)]
        late.extend(unit.ears.sink.audio(block) for block in blocks)
        WatchedCamera.stop(unit.lens)

    monkeypatch.setattr(unit.lens, "stop", close_slowly)
    unit.loop.request_stop()
    assert (len(late), set(late)) == (4 * FPS + 199, {False})
    watched = watch_all(only_folder(unit))
    assert len(watched.video_ns) == FPS
    manifest = manifest_of(only_folder(unit))
    assert manifest.duration_us <= 1_100_000
    assert (manifest.dropped_frames, manifest.interrupted) == (0, False)


def test_a_film_that_ends_by_itself_keeps_what_its_slower_track_delivers_after_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit = Unit(tmp_path)
    unit.loop.request_start()
    assert unit.lens.sink is not None
    late = pictures(2)[FPS:]

    def close() -> None:
        unit.lens.seen += sum(unit.lens.sink.video(packet) for packet in late)  # type: ignore[union-attr]
        WatchedCamera.stop(unit.lens)

    monkeypatch.setattr(unit.lens, "stop", close)
    unit.loop._tell(unit.desk.recording or "", "camera_ended", "it is over")
    later(unit, 1)
    unit.run()
    assert len(watch_all(only_folder(unit)).video_ns) == 2 * FPS


def test_a_recorder_that_dies_while_it_hides_something_has_said_so_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit = Unit(tmp_path)
    unit.loop.request_start()
    wait_for(lambda: unit.desk.lesson is not None and unit.desk.lesson.zero_ns is not None)
    unit.loop._do_chores()
    noted: list[bool] = []

    def look(blanked: bool) -> None:
        note = going_on.read(tmp_path)
        noted.append(note is not None and note.blanked)

    monkeypatch.setattr(unit.ears, "mute", look)
    unit.desk.blank(blanked=True, at_ns=unit.clock.ns)
    unit.desk.blank(blanked=False, at_ns=unit.clock.ns)
    # Until the lens shows the class again, whoever goes on with this lesson hides it.
    assert noted == [True, True]
    note = going_on.read(tmp_path)
    assert note is not None
    assert not note.blanked
    unit.loop.request_stop()


def test_a_note_that_cannot_be_renewed_does_not_stay_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit = Unit(tmp_path)
    unit.loop.request_start()
    wait_for(lambda: unit.desk.lesson is not None and unit.desk.lesson.zero_ns is not None)
    unit.loop._do_chores()

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(going_on, "write", refuse)
    unit.desk.blank(blanked=True, at_ns=unit.clock.ns)
    assert going_on.read(tmp_path) is None
    unit.loop.request_stop()


@pytest.mark.parametrize("why", ["not permitted any more", "the camera is gone"])
def test_a_lesson_that_could_not_be_gone_on_with_is_never_gone_on_with(tmp_path: Path, why: str) -> None:
    unit = Unit(tmp_path)
    note = die(unit)
    closed = replace(agreement(), closed=True) if why == "not permitted any more" else agreement()
    other = again(unit, note, agreed=closed)
    other.lens.absent = "" if closed.closed else "no camera was found"
    other.loop.go_on(note)
    other.run()
    assert going_on.read(tmp_path) is None
    # Not even by a recorder that found the note before.
    other.catalogue.close()
    third = again(other, note)
    third.loop.go_on(note)
    assert third.desk.recording is None
    third.run()
    assert third.lens.permits == []
    assert [each.status for each in third.catalogue.recordings.latest(5)] == [Status.HELD]


def test_a_camera_that_never_shows_anything_is_a_fault_and_the_end_says_that_nothing_was_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit = Unit(tmp_path, still_s=3)
    monkeypatch.setattr(unit.lens, "show", lambda *_: None)
    unit.loop.request_start()
    unit.lens.fault = Temporary("no camera was found")
    lose(unit)
    assert [line for line in unit.log if line.startswith("light")][-1] == "light fault"
    unit.loop.request_stop()
    assert unit.face.problem.startswith("Nothing was recorded, not even sound")
    assert unit.log[-1] == "light fault"


def test_that_it_ends_soon_is_shown_until_it_ends_but_never_instead_of_what_is_hidden(tmp_path: Path) -> None:
    unit = Unit(tmp_path, agreed=agreement(sound=False))
    unit.loop.request_start()
    unit.desk.warn()
    assert unit.log[-1] == "light ending_soon"
    unit.desk.blank(blanked=True, at_ns=unit.clock.ns)
    unit.desk.warn()
    assert unit.log[-1] == "light blanked"
    unit.desk.blank(blanked=False, at_ns=unit.clock.ns)
    assert unit.log[-1] == "light ending_soon"
    unit.loop.request_stop()
    unit.loop.request_start()
    assert unit.log[-1] == "light recording"
    unit.loop.request_stop()


def test_the_light_shows_it_when_nothing_reaches_the_card(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit = Unit(tmp_path, still_s=3, agreed=agreement(sound=False))
    unit.loop.request_start()
    wait_for(lambda: unit.desk.lesson is not None and unit.desk.lesson.recorded_us > 0)
    stored_us = unit.desk.lesson.recorded_us if unit.desk.lesson else 0
    monkeypatch.setattr(type(unit.desk.lesson), "recorded_us", property(lambda _: stored_us))
    for _ in range(10):
        unit.lens.seen += 30
        unit.clock.pass_s(1)
        unit.loop._do_chores()
    assert unit.log[-1] == "light impaired"
    assert "nothing reaches the card" in unit.face.problem
    stored_us += 1_000_000
    unit.lens.seen += 30
    unit.clock.pass_s(1)
    unit.loop._do_chores()
    assert (unit.log[-1], unit.face.problems) == ("light recording", [])
    unit.loop.request_stop()


class SlowToOpen(WatchedCamera):
    """It opens for as long as nobody closes it, as an absent camera can."""

    def __init__(self) -> None:
        super().__init__([])
        self.opening = threading.Event()
        self._given_up = threading.Event()
        self.was_closed = False

    def start(self, *_: object) -> None:
        self.opening.set()
        self.was_closed = self._given_up.wait(10)
        raise Temporary("it was closed while it was being opened")

    def stop(self) -> None:
        if self.opening.is_set():
            self._given_up.set()


def test_a_lesson_ends_at_once_also_while_its_camera_is_being_opened_again() -> None:
    camera, told = SlowToOpen(), []
    unit_permit = permit()
    revival = Revival(
        camera, unit_permit, lambda: None, HandClock(), lambda *words: told.append(words), pauses_s=(0.0,)  # type: ignore[arg-type, return-value]
    )  # fmt: skip
    camera.opening.wait(10)
    revival.stop()
    assert camera.was_closed


def test_a_microphone_that_is_set_up_wrongly_leaves_a_lesson_without_sound_that_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit = Unit(tmp_path)

    def refuse() -> None:
        raise Permanent("microphone.alsa.card names a card that there cannot be")

    monkeypatch.setattr(unit.ears, "format", refuse)
    unit.loop.request_start()
    unit.run()
    assert manifest_of(only_folder(unit)).audio is None
    assert "microphone_failed" in unit.kinds()
    assert unit.ears.permits == []


def test_a_lesson_that_could_not_begin_leaves_no_light_that_says_it_did(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    unit.lens.absent = "no camera was found"
    with pytest.raises(Refused):
        unit.loop.request_start()
    shown = [line for line in unit.log if line.startswith("light")]
    assert shown[-3:] == ["light recording", "light ready", "light refused"]


def test_what_is_hidden_right_after_a_lesson_was_gone_on_with_is_noted_too(tmp_path: Path) -> None:
    unit = Unit(tmp_path)
    note = die(unit)
    other = again(unit, note)
    other.loop.go_on(note)
    other.desk.blank(blanked=True, at_ns=other.clock.ns)
    fresh = going_on.read(tmp_path)
    assert fresh is not None
    assert (fresh.blanked, fresh.times) == (True, note.times + 1)
    other.run()


def test_a_lesson_whose_camera_does_not_open_again_is_held_once_as_it_lies_on_the_card(
    tmp_path: Path,
) -> None:
    unit = Unit(tmp_path)
    note = die(unit)
    other = again(unit, note)
    other.lens.fault = Temporary("the camera did not open within 30 s")
    other.loop.go_on(note)
    other.run()
    (recording,) = other.catalogue.recordings.latest(5)
    assert recording.status is Status.HELD
    for stored in other.catalogue.recordings.objects(recording.id):
        assert hash_file(other.spool / recording.id / stored.file) == (stored.size_bytes, stored.sha256)


@pytest.mark.parametrize("how", ["press", "socket"])
def test_a_camera_that_does_not_close_ends_the_recorder_and_no_answer_hides_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    unit = Unit(tmp_path)
    unit.loop.request_start()

    def hang() -> None:
        raise Stuck("the camera's process cannot be ended")

    monkeypatch.setattr(unit.lens, "stop", hang)
    with pytest.raises(Stuck):
        unit.loop.request_stop() if how == "press" else unit.loop._answer({"do": "stop"})
    assert unit.catalogue.recordings.latest(1)[0].status is Status.HELD
