"""The sync's loop: every trouble becomes a state that people can read, and it tries again for ever."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from device.domain.errors import Refused, Temporary
from device.domain.lifecycle import Status, Writer
from device.storage.catalogue import FILE_NAME, Catalogue
from server_sync.push.transport.contract import Progress
from tests.server_sync.push.house import STRANGER, PushHouse

OTHER = "01J00000000000000000000001"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[PushHouse]:
    made = PushHouse(tmp_path)
    yield made
    made.close()


def test_from_released_to_delivered_with_a_word_for_every_moment(house: PushHouse) -> None:
    house.loop.run_once()
    assert house.state() == ("waiting", "waiting for the receipt of 1 recording(s) from the coach's machine")
    house.answer(house.receipt())
    assert house.loop.run_once() == 5.0
    assert house.recording.status is Status.DELIVERED
    assert house.state() == ("ok", "nothing to send")


def test_a_server_that_is_gone_is_waited_for(house: PushHouse) -> None:
    shutil.move(house.box, house.root / "elsewhere")
    house.loop.run_once()
    state, message = house.state()
    assert state == "waiting"
    assert "plugged in" in message
    shutil.move(house.root / "elsewhere", house.box)
    house.loop.run_once()
    assert len(house.inbox()) == 4


def test_a_login_that_is_refused_asks_for_a_person(house: PushHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise Refused("the server's host key is not the one that is pinned")

    with monkeypatch.context() as patch:
        patch.setattr(house.transport, "put", refuse)
        house.loop.run_once()
    assert house.state() == ("refused", "the server's host key is not the one that is pinned")
    house.loop.run_once()
    assert house.state()[0] == "waiting"


def test_a_receipt_with_a_wrong_signature_is_a_problem_and_the_other_recordings_go_on(
    house: PushHouse,
) -> None:
    house.loop.run_once()
    house.answer(house.receipt(), STRANGER)
    other = house.add(1)
    house.loop.run_once()
    assert house.state()[0] == "problem"
    assert "signature" in house.state()[1]
    assert house.recording.status is Status.UPLOADING
    assert [send.confirmed for send in house.sync.sends.of(other)] == [True, True]


def test_a_recording_with_a_rotten_object_does_not_hold_up_the_others(house: PushHouse) -> None:
    shutil.rmtree(house.spool / house.recordings[0])
    other = house.add(1)
    house.loop.run_once()
    assert house.state()[0] == "problem"
    assert [send.confirmed for send in house.sync.sends.of(other)] == [True, True]


def test_while_a_lesson_is_recorded_nothing_is_sent(house: PushHouse) -> None:
    house.film(OTHER)
    house.loop.run_once()
    assert house.inbox() == {}
    assert house.state() == ("waiting", "a lesson is being recorded; sending waits until it is over")
    house.film(None)  # also when that lesson still waits for a person to look at it
    house.loop.run_once()
    assert len(house.inbox()) == 4


def test_a_lesson_that_begins_during_an_upload_stops_it_before_the_next_object(
    house: PushHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = house.transport.put

    def begin_a_lesson(name: str, source: object, size_bytes: int, progress: Progress) -> None:
        real(name, source, size_bytes, progress)  # type: ignore[arg-type]  # passed on as it came
        if house.recorder.recordings.find(OTHER) is None:
            house.film(OTHER)

    monkeypatch.setattr(house.transport, "put", begin_a_lesson)
    house.loop.run_once()
    assert len(house.transport.puts) == 1
    assert house.sync.sends.of(house.recordings[0])[0].confirmed


def test_told_to_stop_it_ends_between_two_objects_and_says_so(house: PushHouse) -> None:
    house.stopping.set()
    house.loop.run()
    assert house.state() == ("stopped", "the sync is not running")
    assert house.inbox() == {}


def test_it_runs_until_told_to_stop(house: PushHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    worked: list[str] = []

    def wait(_timeout_s: float) -> bool:
        worked.append(house.state()[0])
        if len(worked) == 2:
            house.stopping.set()
        elif len(worked) == 1:
            house.answer(house.receipt())
        return house.stopping.is_set()

    monkeypatch.setattr(house.stopping, "wait", wait)
    house.loop.run()
    assert worked == ["waiting", "ok"]
    assert house.recording.status is Status.DELIVERED


def test_a_catalogue_that_was_rebuilt_ends_this_process_so_that_a_new_one_sees_it(house: PushHouse) -> None:
    path = house.root / FILE_NAME
    path.rename(path.with_suffix(".damaged"))
    Catalogue(path, Writer.RECORDER).close()
    with pytest.raises(Temporary, match="was rebuilt; this process must be started anew"):
        house.loop.run_once()
    assert house.inbox() == {}


def test_only_what_was_released_is_sent(house: PushHouse) -> None:
    held = house.add(1)
    discarded = house.add(1)
    house.recorder.recordings.move(discarded, Status.DISCARDED)
    with house.recorder._connection:
        house.recorder._connection.execute("UPDATE recordings SET status = 'held' WHERE id = ?", (held,))
    house.loop.run_once()
    for recording in (held, discarded):
        assert house.sync.sends.of(recording) == []
