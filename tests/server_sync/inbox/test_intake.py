"""What arrives is verified, kept and answered; what is wrong is refused with the reason, and nothing is lost."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyrage
import pytest

from device.domain.errors import Busy, Temporary
from device.domain.identifiers import is_ulid
from device.domain.manifest import Manifest
from server_sync.inbox.disk import Disk
from server_sync.inbox.library import Library
from server_sync.inbox.outcome import Result
from tests.server_sync.inbox.conftest import Coach
from tests.support.footage import Sealed, cut, encode, seal_recording, ulid

DAY_S = 86_400


def recording(coach: Coach, number: int = 1, **options: Any) -> Sealed:
    return seal_recording(cut(encode(4), [0, 2], 4), [coach.recipient], number=number, **options)


def resealed(coach: Coach, sealed: Sealed, change: Callable[[bytes], bytes]) -> Sealed:
    """Return the recording with another manifest, sealed as the device would."""
    return replace(
        sealed, manifest_bytes=pyrage.encrypt(change(sealed.manifest.to_bytes()), [coach.recipient])
    )


def altered(coach: Coach, sealed: Sealed, **changes: Any) -> Sealed:
    manifest = replace(sealed.manifest, **changes)
    return replace(resealed(coach, sealed, lambda _: manifest.to_bytes()), manifest=manifest)


def results(coach: Coach, disk: Disk | None = None) -> list[Result]:
    return [outcome.result for outcome in coach.work(disk)]


def holds(coach: Coach, sealed: Sealed) -> bool:
    library = Library(coach.library)
    name = sealed.manifest.recording
    return library.holds(name) and library.problems(name, coach.keys) == []


def test_a_recording_is_kept_joined_answered_and_removed_from_the_drop_box(coach: Coach) -> None:
    sealed = recording(coach)
    coach.deliver(sealed)
    (outcome,) = coach.work()
    assert outcome.result is Result.ACCEPTED
    receipt = coach.receipt(sealed.manifest_object)
    assert receipt.accepted
    assert receipt.recording == sealed.manifest.recording
    assert receipt.manifest_sha256 == hashlib.sha256(sealed.manifest_bytes).hexdigest()
    assert (receipt.objects, receipt.size_bytes) == (2, sum(map(len, sealed.objects.values())))
    assert holds(coach, sealed)
    assert [film.name for film in coach.film_files()] == [f"2026-09-01_{sealed.manifest.recording}.mp4"]
    probe = subprocess.run(
        ["ffprobe", "-v", "warning", coach.film_files()[0]], capture_output=True, check=True
    )
    assert probe.stderr == b""
    assert coach.left() == []
    assert coach.work() == []


def test_nothing_of_the_footage_may_be_read_by_others(coach: Coach) -> None:
    coach.deliver(recording(coach))
    coach.work()
    (folder,) = (each for each in coach.library.iterdir() if is_ulid(each.name))
    assert folder.stat().st_mode & 0o077 == 0
    assert all(each.stat().st_mode & 0o077 == 0 for each in (*folder.iterdir(), *coach.film_files()))


def test_kept_sealed_everything_is_opened_once_to_prove_it_and_no_film_is_made(coach: Coach) -> None:
    coach.publish_films = False
    sealed, other = recording(coach), recording(coach, 2)
    coach.deliver(sealed)
    assert results(coach) == [Result.ACCEPTED]
    assert holds(coach, sealed)
    assert coach.film_files() == []
    stranger = pyrage.x25519.Identity.generate().to_public()
    locked = seal_recording(cut(encode(4), [0, 2], 4), [stranger], number=2)
    coach.deliver(
        replace(locked, manifest_bytes=pyrage.encrypt(locked.manifest.to_bytes(), [coach.recipient]))
    )
    assert results(coach) == [Result.REFUSED]
    assert "not sealed to this coach" in coach.receipt(other.manifest_object).problem


def test_objects_are_found_by_their_content_whatever_their_names(coach: Coach) -> None:
    sealed = recording(coach)
    names = list(sealed.objects)
    renamed = {ulid(70 + i): sealed.objects[name] for i, name in enumerate(reversed(names))}
    coach.put(f"{names[0]}.age", sealed.objects[names[0]][:1000])
    coach.deliver(replace(sealed, objects=renamed))
    assert results(coach) == [Result.ACCEPTED]
    assert holds(coach, sealed)
    assert coach.left() == [f"{names[0]}.age"]


def test_nothing_is_read_before_a_manifest_waits(coach: Coach) -> None:
    sealed = recording(coach)
    for name, data in sealed.objects.items():
        coach.put(f"{name}.age", data)
    assert coach.work() == []
    # Read permission is given when a file is opened for the first time.
    assert all(path.stat().st_mode & 0o777 == 0 for path in coach.inbox.iterdir())


def test_a_missing_object_is_asked_for_and_the_second_manifest_completes_it(coach: Coach) -> None:
    sealed = recording(coach)
    late = sealed.manifest.segments[1]
    coach.deliver(sealed, leave_out=(late.object,))
    assert results(coach) == [Result.REFUSED]
    receipt = coach.receipt(sealed.manifest_object)
    assert not receipt.accepted
    assert receipt.resend == (late.sha256,)
    assert not coach.library.joinpath(sealed.manifest.recording).exists()
    coach.put(f"{ulid(80)}.age", sealed.objects[late.object])
    coach.put(f"{ulid(81)}.manifest.age", sealed.manifest_bytes)
    assert results(coach) == [Result.ACCEPTED]
    assert coach.receipt(ulid(81)).accepted
    assert coach.left() == []


def test_a_swapped_a_truncated_and_a_flipped_object_are_all_asked_for_again(coach: Coach) -> None:
    sealed = recording(coach)
    first, second = sealed.manifest.segments
    other = recording(coach, 2)
    flipped = bytearray(sealed.objects[first.object])
    flipped[len(flipped) // 2] ^= 1
    for broken in (
        bytes(flipped),
        sealed.objects[first.object][:-1],
        other.objects[other.manifest.segments[0].object],
    ):
        coach.put(f"{first.object}.age", broken)
        coach.put(f"{second.object}.age", sealed.objects[second.object])
        coach.put(f"{sealed.manifest_object}.manifest.age", sealed.manifest_bytes)
        assert results(coach) == [Result.REFUSED]
        assert coach.receipt(sealed.manifest_object).resend == (first.sha256,)
        assert coach.film_files() == []
        for path in (*coach.inbox.iterdir(), *coach.receipts.iterdir()):
            path.unlink()


def test_a_lie_in_a_hash_or_a_size_never_brings_anything_into_the_library(coach: Coach) -> None:
    sealed = recording(coach)
    first, second = sealed.manifest.segments
    lies = (replace(first, sha256="0" * 64), replace(first, size_bytes=first.size_bytes + 1))
    for number, lie in enumerate(lies):
        coach.deliver(altered(coach, sealed, segments=(lie, second)), manifest=ulid(90 + number))
        assert results(coach) == [Result.REFUSED]
        assert coach.receipt(ulid(90 + number)).resend == (lie.sha256,)
    assert not holds(coach, sealed)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        (b'"version":1', b'"version":2', "update Leerblik here"),
        (b'"recording":"', b'"recording":"../../', "manifest.recording must be a ULID"),
        (b'"object":"0', b'"object":"/0', "manifest.segments[0].object must be a ULID"),
        (b'"device":"demo-1"', b'"device":"demo-1","surprise":1', "unknown key 'surprise'"),
        (b'"device":"demo-1",', b"", "lacks the key 'device'"),
        (b"{", b"", "not valid JSON"),
    ],
)
def test_a_manifest_that_is_wrong_is_refused_by_name_and_nothing_is_written(
    coach: Coach, old: bytes, new: bytes, named: str
) -> None:
    sealed = resealed(coach, recording(coach), lambda text: text.replace(old, new, 1))
    coach.deliver(sealed)
    assert results(coach) == [Result.REFUSED]
    receipt = coach.receipt(sealed.manifest_object)
    assert named in receipt.problem
    assert receipt.recording == sealed.manifest_object
    assert [each for each in coach.library.iterdir() if each.name != ".lock"] == []
    assert sorted(each.name for each in coach.root.iterdir()) == ["box", "library"]


def test_a_manifest_that_does_not_open_waits_while_it_may_still_be_arriving(coach: Coach) -> None:
    coach.quiet_s = 60
    sealed = recording(coach)
    path = coach.put(f"{sealed.manifest_object}.manifest.age", sealed.manifest_bytes[:200])
    coach.now_s = path.stat().st_mtime + 59
    assert results(coach) == [Result.WAITING]
    coach.now_s += 2
    assert results(coach) == [Result.REFUSED]
    assert "does not open" in coach.receipt(sealed.manifest_object).problem


def test_a_manifest_as_large_as_a_film_is_refused_without_being_read_whole(coach: Coach) -> None:
    path = coach.inbox / f"{ulid(5)}.manifest.age"
    with path.open("wb") as file:
        file.truncate(1 << 33)
    assert results(coach) == [Result.REFUSED]
    assert "larger than" in coach.receipt(ulid(5)).problem


def test_other_names_symbolic_links_and_folders_are_reported_and_left_alone(coach: Coach) -> None:
    sealed = recording(coach)
    name = sealed.manifest.segments[0].object
    secret = coach.root / "secret"
    secret.write_bytes(sealed.objects[name])
    (coach.inbox / f"{name}.age").symlink_to(secret)
    (coach.inbox / f"{ulid(31)}.age").mkdir()
    os.mkfifo(coach.inbox / f"{ulid(32)}.age")
    for odd in ("notes.txt", ".hidden", f"{name.lower()}.age", f"{name}.age.tmp", "..age"):
        coach.put(odd, b"x")
    coach.deliver(sealed, leave_out=(name,))
    outcomes = coach.work()
    assert [o.result for o in outcomes].count(Result.IGNORED) == 8
    assert coach.receipt(sealed.manifest_object).resend == (sealed.manifest.segments[0].sha256,)
    assert secret.read_bytes() == sealed.objects[name]
    assert (coach.inbox / "notes.txt").stat().st_mode & 0o777 == 0
    assert len(coach.left()) == 9


def test_a_link_put_in_the_place_of_an_object_is_not_followed(coach: Coach) -> None:
    sealed = recording(coach)
    first, second = (f"{segment.object}.age" for segment in sealed.manifest.segments)
    secret = coach.root / "secret"
    secret.write_bytes(sealed.objects[second.removesuffix(".age")])

    class Swap(Disk):
        def step(self, name: str) -> None:
            if name == f"copy {first}":
                (coach.inbox / second).unlink()
                (coach.inbox / second).symlink_to(secret)

    coach.deliver(sealed)
    assert results(coach, Swap()) == [Result.WAITING]
    assert not holds(coach, sealed)


def test_a_receipt_can_be_read_by_the_device_under_any_umask(coach: Coach) -> None:
    sealed = recording(coach)
    coach.deliver(sealed)
    before = os.umask(0o077)
    try:
        coach.work()
    finally:
        os.umask(before)
    assert coach.receipt(sealed.manifest_object).accepted


def test_what_a_power_cut_left_half_done_is_swept_away_and_nothing_else(coach: Coach) -> None:
    (coach.library / f".{ulid(1)}.part").mkdir(parents=True)
    (coach.library / f".{ulid(1)}.part" / "half").write_bytes(b"x")
    coach.films.mkdir()
    for name in (f".{ulid(1)}.part", ".mine.part"):
        (coach.films / name).write_bytes(b"x")
    (coach.receipts / f".{ulid(1)}.receipt.part").write_bytes(b"x")
    assert coach.work() == []
    assert [path.name for path in coach.library.iterdir()] == [".lock"]
    assert [path.name for path in coach.film_files()] == [".mine.part"]
    assert list(coach.receipts.iterdir()) == []


def test_an_object_that_changes_between_hash_and_copy_is_not_published(coach: Coach) -> None:
    sealed = recording(coach)
    name = sealed.manifest.segments[0].object
    path = coach.inbox / f"{name}.age"

    class Tamper(Disk):
        def step(self, step: str) -> None:
            if step == f"copy {name}.age":
                before = path.stat()
                path.chmod(0o600)
                path.write_bytes(bytes(len(sealed.objects[name])))
                os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    coach.deliver(sealed)
    intake = coach.intake(Tamper())
    assert [o.result for o in intake.pass_once()] == [Result.WAITING]
    assert not coach.library.joinpath(sealed.manifest.recording).exists()
    assert [o.result for o in intake.pass_once()] == [Result.REFUSED]
    assert coach.receipt(sealed.manifest_object).resend == (sealed.manifest.segments[0].sha256,)


def test_delivered_twice_there_are_two_receipts_and_one_film(coach: Coach) -> None:
    sealed = recording(coach)
    coach.deliver(sealed)
    assert results(coach) == [Result.ACCEPTED]
    (film,) = coach.film_files()
    before = film.stat()
    coach.deliver(sealed, manifest=ulid(44))
    coach.put(f"{ulid(45)}.manifest.age", sealed.manifest_bytes)
    assert results(coach) == [Result.ACCEPTED, Result.ACCEPTED]
    assert coach.receipt(ulid(44)).accepted
    assert coach.receipt(ulid(45)).accepted
    assert coach.film_files() == [film]
    assert film.stat().st_ino == before.st_ino
    assert coach.left() == []


def test_other_footage_under_a_known_recordings_name_is_refused_and_replaces_nothing(coach: Coach) -> None:
    sealed = recording(coach)
    coach.deliver(sealed)
    coach.work()
    imposter = altered(coach, recording(coach, 2), recording=sealed.manifest.recording)
    coach.deliver(imposter)
    assert results(coach) == [Result.REFUSED]
    assert "other footage" in coach.receipt(imposter.manifest_object).problem
    assert holds(coach, sealed)
    assert len(coach.film_files()) == 1


@pytest.mark.parametrize("complete", [True, False])
def test_a_reused_manifest_name_gets_no_second_receipt(coach: Coach, complete: bool) -> None:
    first, second = recording(coach), recording(coach, 2)
    coach.deliver(first, leave_out=() if complete else tuple(first.objects))
    coach.work()
    receipt = coach.receipt(first.manifest_object)
    assert receipt.accepted == complete
    coach.deliver(second, manifest=first.manifest_object)
    (outcome,) = coach.work()
    assert (outcome.result, "used before" in outcome.problem) == (Result.IGNORED, True)
    assert coach.receipt(first.manifest_object) == receipt
    assert not holds(coach, second)
    assert len(coach.left()) == 3


def test_a_killed_recorders_footage_is_accepted_as_far_as_it_goes(coach: Coach) -> None:
    for number, cut_bytes in ((1, {1: 80_000}), (2, {1: 300}), (3, {0: 300, 1: 80_000})):
        sealed = recording(coach, number, cut_bytes=cut_bytes)
        coach.deliver(sealed)
        assert results(coach) == [Result.ACCEPTED]
        assert holds(coach, sealed)
    assert len(coach.film_files()) == 3


def test_a_recording_without_any_picture_is_kept_and_answered_without_a_film(coach: Coach) -> None:
    sealed = seal_recording(cut(encode(2), [0], 2), [coach.recipient], cut_bytes={0: 350})
    coach.deliver(sealed)
    assert results(coach) == [Result.ACCEPTED]
    assert holds(coach, sealed)
    assert coach.film_files() == []


def test_a_segment_that_is_no_film_is_refused_and_nothing_is_published(coach: Coach) -> None:
    segments = [replace(segment, plain=b"no film" * 999) for segment in cut(encode(2), [0], 2)]
    sealed = seal_recording(segments, [coach.recipient])
    coach.deliver(sealed)
    assert results(coach) == [Result.REFUSED]
    assert "holds no film" in coach.receipt(sealed.manifest_object).problem
    assert [path.name for path in coach.library.iterdir()] == [".lock"]
    assert coach.film_files() == []


def test_one_bad_manifest_does_not_stop_the_others(coach: Coach) -> None:
    bad, good = recording(coach, 1), recording(coach, 2)
    coach.deliver(replace(bad, manifest_bytes=b"garbage"))
    coach.deliver(good)
    assert sorted(r.value for r in results(coach)) == ["accepted", "refused"]
    assert holds(coach, good)


def test_a_film_that_stands_in_the_way_is_never_replaced(coach: Coach) -> None:
    sealed = recording(coach)
    coach.films.mkdir()
    foreign = coach.films / f"2026-09-01_{sealed.manifest.recording}.mp4"
    foreign.write_bytes(b"somebody else's")
    coach.deliver(sealed)
    (outcome,) = coach.work()
    assert outcome.result is Result.WAITING
    assert "move it away" in outcome.problem
    assert foreign.read_bytes() == b"somebody else's"


def test_a_full_disk_loses_nothing_and_is_tried_again(coach: Coach) -> None:
    class Full(Disk):
        full = True

        def copy_new(self, source_fd: int, target: Path) -> tuple[int, str]:
            if self.full and len(list(target.parent.iterdir())) > 0:
                raise OSError(28, "No space left on device", str(target))
            return super().copy_new(source_fd, target)

    sealed = recording(coach)
    coach.deliver(sealed)
    before = coach.left()
    disk = Full()
    intake = coach.intake(disk)
    (outcome,) = intake.pass_once()
    assert (outcome.result, "disk of this machine is full" in outcome.problem) == (Result.WAITING, True)
    assert coach.left() == before
    assert list(coach.receipts.iterdir()) == []
    disk.full = False
    assert [o.result for o in intake.pass_once()] == [Result.ACCEPTED]
    assert holds(coach, sealed)


def test_two_inboxes_do_not_work_at_once(coach: Coach) -> None:
    coach.deliver(recording(coach))
    with Library(coach.library).lock(), pytest.raises(Busy):
        coach.work()
    assert results(coach) == [Result.ACCEPTED]


def test_a_drop_box_that_is_not_there_is_temporary(coach: Coach) -> None:
    coach.inbox.rmdir()
    with pytest.raises(Temporary, match="looking into"):
        coach.work()


def test_a_receipt_of_another_key_keeps_its_manifest_waiting(coach: Coach) -> None:
    sealed = recording(coach)
    coach.deliver(sealed)
    (coach.receipts / f"{sealed.manifest_object}.receipt.json").write_bytes(b"{}")
    (outcome,) = coach.work()
    assert outcome.result is Result.WAITING
    assert "not signed with this coach's key" in outcome.problem


def aged(coach: Coach, path: Path, days: float) -> None:
    when = coach.now_s - days * DAY_S
    os.utime(path, (when, when))


def test_an_abandoned_half_is_removed_only_when_it_is_old_and_nothing_waits(coach: Coach) -> None:
    coach.now_s = coach.root.stat().st_mtime + DAY_S
    half = coach.put(f"{ulid(60)}.age", b"half")
    aged(coach, half, 6.9)
    assert coach.work() == []
    aged(coach, half, 7.1)
    coach.quiet_s = 3600
    waiting = coach.put(f"{ulid(61)}.manifest.age", b"still arriving")
    aged(coach, waiting, 0)
    assert results(coach) == [Result.WAITING]
    assert half.exists()
    waiting.unlink()
    assert results(coach) == [Result.REMOVED]
    assert coach.left() == []


def test_the_beginning_of_a_recording_that_takes_weeks_to_arrive_is_not_abandoned(coach: Coach) -> None:
    coach.now_s = coach.root.stat().st_mtime + DAY_S
    old, new = coach.put(f"{ulid(60)}.age", b"first"), coach.put(f"{ulid(61)}.age", b"last")
    aged(coach, old, 20)
    aged(coach, new, 1)
    assert coach.work() == []
    coach.deliver(recording(coach))
    assert results(coach) == [Result.ACCEPTED, Result.REMOVED]
    assert coach.left() == [new.name]


def test_the_manifest_in_the_library_is_the_one_that_was_sent(coach: Coach) -> None:
    sealed = recording(coach)
    coach.deliver(sealed)
    coach.work()
    kept: Manifest = Library(coach.library).manifest(sealed.manifest.recording, coach.keys)
    assert kept == sealed.manifest
