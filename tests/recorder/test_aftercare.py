"""The cooling-off: counted on a clock that cannot be set, and begun anew when that clock is gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from device.domain.errors import Permanent, Refused
from device.domain.lifecycle import Status, Writer
from device.footage.journal import read_journal
from device.recorder.aftercare import Aftercare
from device.storage.catalogue import FILE_NAME, Catalogue, StoredObject, utc_now
from tests.support.clock import HandClock

ID = "01J00000000000000000000001"
COOLING_OFF_S = 100.0


class House:
    """A catalogue with one held recording, and its aftercare."""

    def __init__(self, root: Path) -> None:
        self.clock = HandClock()
        self.spool = root / "spool"
        (self.spool / ID).mkdir(parents=True)
        self.catalogue = Catalogue(root / FILE_NAME, Writer.RECORDER)
        self.catalogue.recordings.add(ID, utc_now(), "T-1", untrusted_clock=False)
        self.catalogue.recordings.hold(
            ID, boot_id=self.clock.boot, at_ns=self.clock.ns, duration_us=1, dropped_frames=0,
            interrupted=False, objects=[StoredObject("manifest.age", 5, "b" * 64)],
        )  # fmt: skip
        self.aftercare = Aftercare(self.catalogue, self.spool, self.clock, COOLING_OFF_S, None)

    def status(self) -> Status:
        return self.catalogue.recordings.get(ID).status

    def left_s(self) -> float | None:
        return self.aftercare.cooling_off_left_s(self.catalogue.recordings.get(ID))


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_a_recording_leaves_after_the_cooling_off_and_not_before(house: House) -> None:
    house.clock.pass_s(COOLING_OFF_S - 0.5)
    assert (house.aftercare.run(), house.left_s()) == ([], 0.5)
    house.clock.pass_s(0.5)
    assert house.aftercare.run() == [(ID, Status.RELEASED)]
    assert (house.aftercare.run(), house.left_s()) == ([], None)


def test_a_wall_clock_that_jumps_releases_nothing(house: House) -> None:
    house.clock.wall = house.clock.wall.replace(year=2100)
    assert house.aftercare.run() == []
    assert house.left_s() == COOLING_OFF_S


def test_after_a_reboot_the_teacher_gets_the_whole_time_again(house: House) -> None:
    house.clock.pass_s(COOLING_OFF_S - 1)
    house.clock.boot, house.clock.ns = "boot-2", 10**15  # whatever the new clock says
    assert house.left_s() == COOLING_OFF_S
    assert house.aftercare.run() == []
    house.clock.pass_s(COOLING_OFF_S - 1)
    assert house.aftercare.run() == []
    house.clock.pass_s(1)
    assert house.aftercare.run() == [(ID, Status.RELEASED)]


@pytest.mark.parametrize("released", [False, True])
def test_a_no_reaches_the_journal_and_then_the_files(house: House, released: bool) -> None:
    if released:
        house.catalogue.recordings.move(ID, Status.RELEASED)
    house.aftercare.discard(ID)
    assert read_journal(house.spool / ID) == [{"event": "discarded"}]
    assert house.aftercare.run() == [(ID, Status.PURGED)]
    assert list(house.spool.iterdir()) == []


def test_what_has_left_cannot_be_discarded_and_what_is_unknown_is_named(house: House) -> None:
    house.catalogue.recordings.move(ID, Status.DISCARDED)
    with pytest.raises(Refused, match="only what has not left can be discarded"):
        house.aftercare.discard(ID)
    for name in ("../../etc", "", "01J0000000000000000000000X"):
        with pytest.raises(Permanent, match="there is no recording"):
            house.aftercare.discard(name)
    assert [path.name for path in house.spool.iterdir()] == [ID]


def test_a_purge_that_fails_is_told_once_and_tried_again(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    house.aftercare.discard(ID)
    with monkeypatch.context() as patch:

        def broken(_folder: Path) -> None:
            raise OSError(30, "Read-only file system")

        patch.setattr("shutil.rmtree", broken)
        assert [house.aftercare.run(), house.aftercare.run()] == [[], []]
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert house.aftercare.run() == [(ID, Status.PURGED)]
