"""One recording to the server: killed anywhere it goes on, nothing twice, the manifest last."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.domain.errors import LeerblikError, Permanent, Refused
from device.domain.identifiers import is_ulid
from device.domain.lifecycle import Status
from device.domain.receipt import Receipt
from server_sync.push.names import MANIFEST_SUFFIX, SEGMENT_SUFFIX, manifest_ulid, object_name, receipt_name
from tests.server_sync.push.house import MANIFEST, STRANGER, PlugPulled, PushHouse

ULID = "01J00000000000000000000001"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[PushHouse]:
    made = PushHouse(tmp_path)
    yield made
    made.close()


def test_everything_arrives_under_neutral_names_the_manifest_last(house: PushHouse) -> None:
    house.uploader.send(house.recording)
    names = house.transport.puts
    assert [name.endswith(MANIFEST_SUFFIX) for name in names] == [False, False, False, True]
    assert all(is_ulid(name.split(".")[0]) for name in names)
    assert not any(house.recordings[0] in name for name in names)
    sent = sorted(stored.sha256 for stored in house.recorder.recordings.objects(house.recordings[0]))
    assert sorted(house.whole().values()) == sent
    assert house.recording.status is Status.UPLOADING


def test_sending_again_sends_nothing(house: PushHouse) -> None:
    house.uploader.send(house.recording)
    house.uploader.send(house.recording)
    assert len(house.transport.puts) == 4


def test_a_valid_receipt_makes_it_delivered(house: PushHouse) -> None:
    house.uploader.send(house.recording)
    assert house.uploader.fetch_receipt(house.recording) is None
    house.answer(house.receipt())
    data = house.uploader.fetch_receipt(house.recording)
    assert data is not None
    assert house.uploader.judge(house.recording, data)
    assert house.recording.status is Status.DELIVERED
    assert [stored.accepted for stored in house.recorder.sends.receipts(house.recordings[0])] == [True]


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(deaths=st.lists(st.integers(0, 20), min_size=1, max_size=6))
def test_killed_anywhere_it_goes_on_without_sending_a_confirmed_object_again(
    deaths: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    house = PushHouse(tmp_path_factory.mktemp("house"))
    for death in [*deaths, None]:
        confirmed = {send.sha256 for send in house.sync.sends.of(house.recordings[0]) if send.confirmed}
        before = {send.remote_name for send in house.sync.sends.of(house.recordings[0])}
        house.transport.left = death
        try:
            house.loop.run_once()
        except PlugPulled:
            house.restart()
        fresh = [send for send in house.sync.sends.of(house.recordings[0]) if send.remote_name not in before]
        assert not confirmed & {send.sha256 for send in fresh}
        _answer_once(house)
    house.transport.left = None
    house.loop.run_once()
    assert house.recording.status is Status.DELIVERED
    sends = house.sync.sends.of(house.recordings[0])
    assert len({send.remote_name for send in sends}) == len(sends) == len(house.transport.puts)
    # Every object is there whole, and the manifest came after all of them.
    wanted = {stored.sha256 for stored in house.recorder.recordings.objects(house.recordings[0])}
    assert wanted <= set(house.whole().values())
    first_manifest = next(n for n, name in enumerate(house.transport.puts) if name.endswith(MANIFEST_SUFFIX))
    segments_before = {house.whole().get(name) for name in house.transport.puts[:first_manifest]}
    assert wanted - segments_before == {house.recording.manifest_sha256}
    house.close()


def _answer_once(house: PushHouse) -> None:
    """The coach answers as soon as a whole manifest is there."""
    if any(send.is_manifest and send.confirmed for send in house.sync.sends.of(house.recordings[0])):
        house.answer(house.receipt())


def test_what_the_coach_refuses_goes_again_under_new_names_and_only_that(house: PushHouse) -> None:
    house.uploader.send(house.recording)
    damaged = house.recorder.recordings.objects(house.recordings[0])[1].sha256
    first = dict(house.whole())
    house.answer(house.receipt(resend=(damaged,), problem="damaged"))
    data = house.uploader.fetch_receipt(house.recording)
    assert data is not None
    assert not house.uploader.judge(house.recording, data)
    assert house.recording.status is Status.UPLOADING
    assert house.uploader.fetch_receipt(house.recording) is None  # the old answer is for the old manifest
    house.uploader.send(house.recording)
    again = {name: sha256 for name, sha256 in house.whole().items() if name not in first}
    assert sorted(again.values()) == sorted([damaged, house.recording.manifest_sha256 or ""])
    assert house.transport.puts[-1].endswith(MANIFEST_SUFFIX)
    assert {name: first[name] for name in first} == {name: house.whole()[name] for name in first}


WRONG: dict[str, Callable[[Receipt], Receipt]] = {
    "another recording": lambda receipt: replace(receipt, recording=ULID),
    "another manifest's bytes": lambda receipt: replace(receipt, manifest_sha256="f" * 64),
    "another manifest's name": lambda receipt: replace(receipt, manifest_object=ULID),
    "a refusal of another manifest": lambda receipt: replace(
        receipt, manifest_object=ULID, accepted=False, problem="x"
    ),
}


@pytest.mark.parametrize("lie", WRONG)
def test_a_receipt_for_something_else_changes_nothing(house: PushHouse, lie: str) -> None:
    house.uploader.send(house.recording)
    house.answer(WRONG[lie](house.receipt()))
    _check_not_counted(house, Refused)


def test_a_receipt_of_a_stranger_changes_nothing(house: PushHouse) -> None:
    house.uploader.send(house.recording)
    house.answer(house.receipt(), STRANGER)
    _check_not_counted(house, Refused)


@pytest.mark.parametrize("data", [b"", b"rubbish", b"{}", b"[]", b"\xff" * 100])
def test_what_is_no_receipt_changes_nothing(house: PushHouse, data: bytes) -> None:
    house.uploader.send(house.recording)
    (house.box / "receipts" / receipt_name(house.manifest_name())).write_bytes(data)
    _check_not_counted(house, LeerblikError)


def _check_not_counted(house: PushHouse, error: type[LeerblikError]) -> None:
    before = house.sync.sends.of(house.recordings[0])
    data = house.uploader.fetch_receipt(house.recording)
    assert data is not None
    with pytest.raises(error):
        house.uploader.judge(house.recording, data)
    assert house.recording.status is Status.UPLOADING
    assert house.sync.sends.of(house.recordings[0]) == before
    assert house.sync.sends.receipts(house.recordings[0]) == []


def test_an_object_that_is_gone_or_cut_off_is_named_and_no_manifest_is_sent(house: PushHouse) -> None:
    stored = house.recorder.recordings.objects(house.recordings[0])[1]
    path = house.spool / house.recordings[0] / stored.file
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    with pytest.raises(Permanent, match="ended after 999 of 1000 bytes"):
        house.uploader.send(house.recording)
    path.unlink()
    with pytest.raises(Permanent, match=f"{stored.file} cannot be read"):
        house.uploader.send(house.recording)
    assert not any(name.endswith(MANIFEST_SUFFIX) for name in house.transport.puts)
    path.write_bytes(whole)
    house.uploader.send(house.recording)
    assert house.transport.puts[-1].endswith(MANIFEST_SUFFIX)


def test_an_object_that_rots_between_two_attempts_is_not_sent_as_if_it_were_whole(house: PushHouse) -> None:
    house.transport.left = 1
    with pytest.raises(PlugPulled):
        house.uploader.send(house.recording)
    path = house.spool / house.recordings[0] / house.recorder.recordings.objects(house.recordings[0])[0].file
    whole = path.read_bytes()
    path.write_bytes(whole[:500] + b"?" + whole[501:])
    with pytest.raises(Permanent, match="the card has damaged"):
        house.uploader.send(house.recording)
    assert not any(name.endswith(MANIFEST_SUFFIX) for name in house.transport.puts)


def test_the_three_names_belong_together() -> None:
    manifest = object_name(ULID, is_manifest=True)
    assert object_name(ULID, is_manifest=False) == ULID + SEGMENT_SUFFIX
    assert (manifest_ulid(manifest), receipt_name(manifest)) == (ULID, f"{ULID}.receipt.json")
    for wrong in (f"../{MANIFEST}", "x.manifest.age", f"../{ULID}", ""):
        with pytest.raises(ValueError, match="is not the name of a manifest"):
            manifest_ulid(wrong)
