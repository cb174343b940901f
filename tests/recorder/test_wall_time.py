"""When a lesson began, put right once the clock is trusted; on the monotonic clock nothing ever moves."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from device.domain.lifecycle import Status
from device.footage.journal import read_journal
from tests.support.material import ORIGIN_NS, manifest_of
from tests.support.permits import NOW
from tests.support.recorder import Unit


def record(unit: Unit) -> None:
    """Record a second; the clock is where the first picture is stamped."""
    unit.clock.ns = ORIGIN_NS
    unit.clock.is_trusted = False
    unit.loop.request_start()
    unit.clock.pass_s(1)


def started(unit: Unit) -> tuple[str, bool]:
    (recording,) = unit.catalogue.recordings.latest(5)
    manifest = manifest_of(unit.spool / recording.id)
    objects = unit.catalogue.recordings.objects(recording.id)
    assert recording.manifest_sha256 == objects[-1].sha256
    assert (unit.spool / recording.id / objects[-1].file).stat().st_size == objects[-1].size_bytes
    assert recording.untrusted_clock is not manifest.clock_trusted
    return manifest.started_at, manifest.clock_trusted


def test_a_clock_that_is_set_during_the_lesson_puts_its_beginning_right(tmp_path: Path) -> None:
    unit = Unit(tmp_path, cooling_off_s=1e6)
    record(unit)
    unit.clock.wall = NOW + timedelta(days=400, seconds=1)
    unit.clock.is_trusted = True
    unit.run()
    unit.clock.pass_s(20)
    unit.loop._do_chores()
    assert started(unit) == ((NOW + timedelta(days=400)).strftime("%Y-%m-%dT%H:%M:%S.%fZ"), True)


def test_a_clock_that_is_set_in_the_cooling_off_puts_the_beginning_right_too(tmp_path: Path) -> None:
    unit = Unit(tmp_path, cooling_off_s=1e6)
    record(unit)
    unit.run()
    assert started(unit)[1] is False
    unit.clock.pass_s(99)
    unit.clock.wall = NOW + timedelta(days=400, seconds=100)
    unit.clock.is_trusted = True
    for _ in range(3):
        unit.clock.pass_s(20)
        unit.loop._do_chores()
    assert started(unit) == ((NOW + timedelta(days=400)).strftime("%Y-%m-%dT%H:%M:%S.%fZ"), True)
    assert unit.kinds().count("clock_corrected") == 1
    assert unit.catalogue.recordings.latest(1)[0].status is Status.HELD


def test_after_another_boot_nobody_knows_and_nothing_is_made_up(tmp_path: Path) -> None:
    unit = Unit(tmp_path, cooling_off_s=1e6)
    record(unit)
    unit.run()
    before = started(unit)
    unit.clock.boot, unit.clock.is_trusted = "boot-2", True
    unit.clock.pass_s(20)
    unit.loop._do_chores()
    assert started(unit) == before
    (recording,) = unit.catalogue.recordings.latest(1)
    assert "clock_corrected" not in [e["event"] for e in read_journal(unit.spool / recording.id)]


def test_a_step_of_the_wall_clock_moves_neither_cooling_off_nor_length(tmp_path: Path) -> None:
    unit = Unit(tmp_path, cooling_off_s=60)
    unit.clock.ns = ORIGIN_NS
    unit.loop.request_start()
    unit.clock.pass_s(1)
    unit.clock.wall += timedelta(hours=1)
    unit.loop.request_stop()
    (recording,) = unit.catalogue.recordings.latest(1)
    assert recording.duration_us == 1_000_000
    unit.clock.wall -= timedelta(hours=2)
    unit.clock.pass_s(59)
    unit.loop._do_chores()
    assert unit.catalogue.recordings.get(recording.id).status is Status.HELD
    unit.clock.pass_s(2)
    unit.loop._do_chores()
    assert unit.catalogue.recordings.get(recording.id).status is Status.RELEASED
    unit.run()
