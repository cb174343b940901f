"""An order destroys all that the coach's machine has of a recording, once and for good, and a certificate says so."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import pyrage
import pytest

from device.domain.destruction import Reason
from device.domain.errors import Temporary
from device.domain.withdrawal import Certificate, Order, read_certificate, write_order
from server_sync.inbox.disk import Disk
from server_sync.inbox.library import Library
from server_sync.inbox.outcome import Result
from server_sync.inbox.taken_in import FOLDER as TAKEN_IN
from server_sync.inbox.tombs import FOLDER, Tombs
from tests.server_sync.inbox.conftest import Coach
from tests.server_sync.inbox.plug import Plug, died
from tests.support.footage import Sealed, cut, encode, seal_recording, ulid

ORDER = ulid(500)


@dataclass
class Sent:
    """A recording at the coach, and the orders for it."""

    coach: Coach
    sealed: Sealed

    @property
    def recording(self) -> str:
        return self.sealed.manifest.recording

    def order(self, name: str = ORDER, **changes: object) -> bytes:
        """Put an order into the drop box as the device would; returns its sealed bytes."""
        order = Order(
            self.recording, hashlib.sha256(self.sealed.manifest_bytes).hexdigest(), Reason.TEACHER,
            "2026-09-02T12:00:00Z",
        )  # fmt: skip
        data: bytes = pyrage.encrypt(write_order(replace(order, **changes)), [self.coach.recipient])  # type: ignore[arg-type]
        self.coach.put(f"{name}.order.age", data)
        return data

    def certificate(self, name: str = ORDER) -> Certificate:
        path = self.coach.receipts / f"{name}.certificate.json"
        assert path.stat().st_mode & 0o777 == 0o444
        return read_certificate(path.read_bytes(), self.coach.keys.signing_key.public_key())

    def left(self) -> list[str]:
        """Return every file on the coach's machine that has to do with its footage."""
        pieces = {f"{name}.age" for name in self.sealed.objects}
        return [
            str(path.relative_to(self.coach.root))
            for path in sorted(self.coach.root.rglob("*"))
            if FOLDER not in path.parts
            and (self.recording in path.name or path.name in pieces or ".part" in path.name)
        ]


@pytest.fixture
def sent(coach: Coach) -> Sent:
    return deliver(coach)


def deliver(coach: Coach) -> Sent:
    """Let a recording arrive and be joined."""
    sealed = seal_recording(cut(encode(2), [0, 1], 2), [coach.recipient])
    coach.deliver(sealed)
    (outcome,) = coach.work()
    assert outcome.result is Result.ACCEPTED
    return Sent(coach, sealed)


def test_library_film_and_leftovers_go_and_the_certificate_says_what_they_were(sent: Sent) -> None:
    coach, name = sent.coach, sent.sealed.manifest.segments[0].object
    sizes = [path.stat().st_size for path in (coach.library / sent.recording).glob("*.age")]
    again = sent.sealed.objects[name]
    coach.put(f"{ulid(77)}.age", again)  # sent twice: the first time its name was lost with the line
    data = sent.order()
    (outcome,) = coach.work()
    assert (outcome.result, outcome.recording) == (Result.DESTROYED, sent.recording)
    assert sent.left() == []
    assert coach.left() == []
    found = sent.certificate()
    assert (found.recording, found.order_object) == (sent.recording, ORDER)
    assert found.order_sha256 == hashlib.sha256(data).hexdigest()
    assert (found.objects, found.size_bytes, found.film) == (4, sum(sizes) + len(again), True)
    assert found.reason is Reason.TEACHER
    assert coach.work() == []


def test_another_recording_is_not_touched(sent: Sent) -> None:
    other = seal_recording(cut(encode(2), [0, 1], 2), [sent.coach.recipient], number=2)
    sent.coach.deliver(other)
    sent.coach.work()
    sent.order()
    sent.coach.work()
    library = Library(sent.coach.library)
    assert library.recordings() == [other.manifest.recording]
    assert library.problems(other.manifest.recording, sent.coach.keys) == []
    assert len(sent.coach.film_files()) == 1


def test_a_film_that_a_player_holds_open_is_emptied_and_gone(sent: Sent) -> None:
    (film,) = sent.coach.film_files()
    with film.open("rb", buffering=0) as player:
        assert player.read(8)
        sent.order()
        sent.coach.work()
        assert player.read() == b""
    assert sent.coach.film_files() == []


def test_copies_with_its_name_in_the_folder_of_films_go_too(sent: Sent) -> None:
    (film,) = sent.coach.film_files()
    copy = film.with_name(f"copy of {film.name}")
    copy.write_bytes(film.read_bytes())
    link = film.with_name(f"{film.stem}-link.mp4")
    elsewhere = sent.coach.root / "elsewhere"
    elsewhere.write_bytes(b"something else")
    link.symlink_to(elsewhere)
    (sent.coach.films / "notes.txt").write_text("mine")
    sent.order()
    sent.coach.work()
    assert [path.name for path in sent.coach.film_files()] == ["notes.txt"]
    assert elsewhere.read_bytes() == b"something else"


def test_without_published_films_one_that_was_opened_later_goes_all_the_same(coach: Coach) -> None:
    coach.publish_films = False
    sent = deliver(coach)
    coach.films.mkdir()
    (coach.films / f"2026-09-01_{sent.recording}.mp4").write_bytes(b"film")
    sent.order()
    coach.work()
    assert sent.certificate().film
    assert coach.film_files() == []


def test_a_folder_of_films_that_is_not_mounted_is_waited_for(sent: Sent) -> None:
    away = sent.coach.films.rename(sent.coach.root / "unplugged")
    sent.order()
    (outcome,) = sent.coach.work()
    assert outcome.result is Result.WAITING
    assert "is its disk mounted?" in outcome.problem
    assert Library(sent.coach.library).holds(sent.recording)
    away.rename(sent.coach.films)
    (outcome,) = sent.coach.work()
    assert outcome.result is Result.DESTROYED
    assert sent.certificate().film
    assert sent.left() == []


class FullDisk(Disk):
    """A disk without any room for as long as there are films on it."""

    def __init__(self, films: Path, error: int = errno.ENOSPC) -> None:
        self._films = films
        self._error = error

    def write_new(self, path: Path, data: bytes, mode: int) -> None:
        if any(self._films.glob("*.mp4")):
            raise OSError(self._error, os.strerror(self._error), str(path))
        super().write_new(path, data, mode)


def test_a_full_disk_does_not_keep_what_was_taken_back(sent: Sent) -> None:
    sent.order()
    (outcome,) = sent.coach.work(FullDisk(sent.coach.films))
    assert outcome.result is Result.DESTROYED
    assert sent.left() == []
    assert sent.certificate().film


def test_what_was_destroyed_is_never_taken_in_again(sent: Sent) -> None:
    sent.order()
    sent.coach.work()
    sent.coach.deliver(sent.sealed, manifest=ulid(78))
    (outcome,) = sent.coach.work()
    assert outcome.result is Result.REFUSED
    assert "was destroyed here" in outcome.problem
    assert not sent.coach.receipt(ulid(78)).accepted
    assert sent.coach.left() == []
    assert sent.left() == []


def test_a_manifest_that_was_answered_and_lies_there_still_goes_with_its_objects(sent: Sent) -> None:
    sent.order()
    sent.coach.work()
    sent.coach.deliver(sent.sealed)  # under the name that was accepted: a power cut before it was tidied away
    assert sent.coach.work() == []
    assert sent.coach.left() == []


def test_an_order_that_comes_twice_gets_the_same_certificate_twice(sent: Sent) -> None:
    sent.order()
    sent.coach.work()
    second = sent.order(ulid(501))
    sent.coach.work()
    first = sent.certificate()
    again = replace(first, order_object=ulid(501), order_sha256=hashlib.sha256(second).hexdigest())
    assert sent.certificate(ulid(501)) == again


def test_a_backup_that_was_put_back_goes_with_the_next_order(sent: Sent) -> None:
    backup = {p.name: p.read_bytes() for p in (sent.coach.library / sent.recording).iterdir()}
    sent.order()
    sent.coach.work()
    (sent.coach.library / sent.recording).mkdir()
    for name, data in backup.items():
        (sent.coach.library / sent.recording / name).write_bytes(data)
    sent.order(ulid(501))
    sent.coach.work()
    assert sent.left() == []


def test_an_order_that_names_another_manifest_destroys_nothing(sent: Sent) -> None:
    sent.order(manifest_sha256="f" * 64)
    (outcome,) = sent.coach.work()
    assert outcome.result is Result.REFUSED
    answer = sent.coach.receipt(ORDER)
    assert not answer.accepted
    assert "names another manifest" in answer.problem
    assert not (sent.coach.receipts / f"{ORDER}.certificate.json").exists()
    library = Library(sent.coach.library)
    assert library.problems(sent.recording, sent.coach.keys) == []
    assert len(sent.coach.film_files()) == 1
    assert Tombs(sent.coach.library).all() == []


def test_what_was_never_taken_in_gets_no_certificate_and_may_still_arrive(sent: Sent) -> None:
    stranger = seal_recording(cut(encode(2), [0, 1], 2), [sent.coach.recipient], number=9)
    recording = stranger.manifest.recording
    sent.order(recording=recording)
    (outcome,) = sent.coach.work()
    assert outcome.result is Result.REFUSED
    assert "never took it in" in sent.coach.receipt(ORDER).problem
    sent.coach.deliver(stranger)
    (outcome,) = sent.coach.work()
    assert outcome.result is Result.ACCEPTED


def test_what_somebody_removed_by_hand_is_certified_with_nothing_left(sent: Sent) -> None:
    for path in [*(sent.coach.library / sent.recording).iterdir(), *sent.coach.film_files()]:
        path.unlink()
    (sent.coach.library / sent.recording).rmdir()
    sent.order()
    sent.coach.work()
    found = sent.certificate()
    assert (found.objects, found.size_bytes, found.film) == (0, 0, False)


def test_a_library_whose_manifest_rotted_is_destroyed_because_its_receipt_says_what_it_was(
    sent: Sent,
) -> None:
    path = sent.coach.library / sent.recording / "manifest.age"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    sent.order()
    (outcome,) = sent.coach.work()
    assert outcome.result is Result.DESTROYED
    assert sent.left() == []


@pytest.mark.parametrize("data", [b"", b"rubbish", os.urandom(5000)])
def test_what_does_not_open_is_refused_once_it_is_quiet(sent: Sent, data: bytes) -> None:
    sent.coach.put(f"{ORDER}.order.age", data)
    sent.coach.quiet_s = 60.0
    assert [each.result for each in sent.coach.work()] == [Result.WAITING]
    sent.coach.quiet_s = 0.0
    assert [each.result for each in sent.coach.work()] == [Result.REFUSED]
    assert not sent.coach.receipt(ORDER).accepted
    assert sent.coach.left() == []
    assert Library(sent.coach.library).holds(sent.recording)


def test_a_name_that_was_used_before_gets_no_second_answer(sent: Sent) -> None:
    sent.order()
    sent.coach.work()
    before = sent.certificate()
    sent.order()  # sealed anew, so other bytes under the same name
    (outcome,) = sent.coach.work()
    assert (outcome.result, outcome.problem) == (
        Result.IGNORED,
        "its name was used before, for another order",
    )
    assert sent.certificate() == before


def test_killed_at_any_step_the_next_pass_ends_the_same(tmp_path: Path, coach: Coach) -> None:
    template = deliver(coach)
    name = template.sealed.manifest.segments[0].object

    def another(folder: str) -> Sent:
        other = Coach(tmp_path / "others" / folder, coach.keys)
        for part in ("box", "library", "films"):
            shutil.copytree(coach.root / part, other.root / part)
        sent = Sent(other, template.sealed)
        other.put(f"{ulid(77)}.age", template.sealed.objects[name])
        sent.order()
        return sent

    whole = another("whole")
    plug = Plug()
    whole.coach.work(plug)
    facts = whole.certificate()
    assert len(plug.steps) > 20
    for at in range(len(plug.steps)):
        sent = another(f"at-{at}")
        assert died(sent.coach, at)
        sent.coach.work()
        found = sent.certificate()
        assert (found.objects, found.size_bytes, found.film) == (facts.objects, facts.size_bytes, True), at
        assert sent.left() == [], plug.steps[at]
        assert sent.coach.left() == [], plug.steps[at]
        assert sent.coach.work() == []


def test_killed_again_and_again_it_still_ends(sent: Sent) -> None:
    sent.order()
    for at in range(0, 100, 2):
        if not died(sent.coach, at):
            break
    else:
        pytest.fail("it never came to an end")
    sent.coach.work()
    assert sent.left() == []
    assert sent.certificate().objects == 3


def test_a_library_whose_disk_is_not_mounted_proves_nothing_and_is_not_made(sent: Sent) -> None:
    away = sent.coach.library.rename(sent.coach.root / "unplugged")
    sent.order()
    with pytest.raises(Temporary, match="is its disk mounted"):
        sent.coach.work()
    assert not sent.coach.library.exists()
    away.rename(sent.coach.library)
    sent.coach.work()
    assert sent.certificate().objects == 3
    assert sent.left() == []


def test_an_empty_folder_where_the_disk_of_the_library_was_proves_nothing(sent: Sent) -> None:
    away = sent.coach.library.rename(sent.coach.root / "unplugged")
    sent.coach.library.mkdir()
    sent.order()
    (outcome,) = sent.coach.work()
    assert outcome.result is Result.WAITING
    assert "is its disk mounted, and is library_dir right?" in outcome.problem
    assert not list(sent.coach.receipts.glob(f"{ORDER}.*"))
    (sent.coach.library / ".lock").unlink()
    sent.coach.library.rmdir()
    away.rename(sent.coach.library)
    sent.coach.work()
    assert sent.certificate().objects == 3
    assert sent.left() == []


def test_what_another_library_took_in_is_not_certified_by_the_one_of_now(sent: Sent) -> None:
    away = sent.coach.library.rename(sent.coach.root / "earlier")
    sent.coach.library.mkdir()
    other = seal_recording(cut(encode(2), [0, 1], 2), [sent.coach.recipient], number=2)
    sent.coach.deliver(other)
    sent.coach.work()
    sent.order()
    assert [each.result for each in sent.coach.work()] == [Result.WAITING]
    assert Library(away).holds(sent.recording)


def test_an_empty_folder_where_the_disk_of_the_films_was_is_waited_for(sent: Sent) -> None:
    away = sent.coach.films.rename(sent.coach.root / "unplugged")
    sent.coach.films.mkdir()
    sent.order()
    (outcome,) = sent.coach.work()
    assert outcome.result is Result.WAITING
    assert "is its disk mounted, and is film_dir right?" in outcome.problem
    assert Library(sent.coach.library).holds(sent.recording)
    sent.coach.films.rmdir()
    away.rename(sent.coach.films)
    sent.coach.work()
    assert sent.certificate().film
    assert sent.left() == []


def test_a_folder_of_films_that_is_gone_for_good_is_let_go_by_the_line_that_the_log_names(sent: Sent) -> None:
    shutil.rmtree(sent.coach.films)
    sent.coach.films.mkdir()
    sent.order()
    (outcome,) = sent.coach.work()
    found = re.search(r"add the line (\S+) to (\S+)$", outcome.problem)
    assert found
    Path(found[2]).write_text(f"{found[1]}\n")
    sent.coach.work()
    assert not sent.certificate().film


def test_a_disk_that_fails_for_another_reason_keeps_the_film_until_there_is_a_tomb(sent: Sent) -> None:
    (film,) = sent.coach.film_files()
    before = film.read_bytes()
    sent.order()
    (outcome,) = sent.coach.work(FullDisk(sent.coach.films, errno.EIO))
    assert outcome.result is Result.WAITING
    assert film.read_bytes() == before
    sent.coach.work()
    assert sent.certificate().film


def test_while_a_second_order_is_answered_the_films_may_be_away(sent: Sent) -> None:
    sent.order()
    sent.coach.work()
    shutil.rmtree(sent.coach.films)
    sent.order(ulid(501))
    sent.coach.work()
    assert sent.certificate(ulid(501)).film


def test_without_its_note_as_after_a_backup_an_empty_folder_of_films_is_waited_for_too(sent: Sent) -> None:
    shutil.rmtree(sent.coach.library / TAKEN_IN)
    away = sent.coach.films.rename(sent.coach.root / "unplugged")
    sent.coach.films.mkdir()
    sent.order()
    assert [each.result for each in sent.coach.work()] == [Result.WAITING]
    sent.coach.films.rmdir()
    away.rename(sent.coach.films)
    sent.coach.work()
    assert sent.certificate().film
    assert sent.left() == []
