"""A wipe: everything goes, whatever breaks in between, and the proof says no more than what is true."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from device.domain.errors import Refused, Temporary
from device.domain.wiping import ORDER_NAME, UNFINISHED_NAME
from device.footage.assemble import MANIFEST_NAME
from device.footage.durable import hash_file
from device.storage.catalogue import FILE_NAME
from device.wipe.places import Keeping
from tests.support.journal import plant_journal
from tests.wipe.furnished import (
    DEVICE,
    GONE,
    HELD,
    KEYFILES,
    MARK,
    ORDER,
    SENT,
    STRAY,
    Furnished,
    is_root,
    walk_into,
)


@pytest.fixture
def device(tmp_path: Path) -> Furnished:
    return Furnished(tmp_path / "device").fill()


def facts_of(path: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(path.read_text())
    return facts


def verify(proof: Path, public_line: str, folder: Path) -> subprocess.CompletedProcess[bytes]:
    (folder / "allowed").write_text(f"device {public_line}\n")
    with proof.open("rb") as message:
        return subprocess.run(
            ["ssh-keygen", "-Y", "verify", "-f", folder / "allowed", "-I", "device", "-n", "leerblik-wipe", "-s",
             f"{proof}.sig"],
            stdin=message, capture_output=True, check=False,
        )  # fmt: skip


def test_nothing_is_left_but_the_proof_and_the_file_of_it(device: Furnished) -> None:
    assert device.wipe().complete
    assert device.files() == []
    assert (device.root / "etc" / "leerblik.toml").exists()
    assert MARK not in walk_into(device.root)
    for place in device.keeping.places():
        assert place.folder.is_dir(), "its owner and its rights are those of the system"
    assert not (device.keeping.wiped / ORDER_NAME).exists()


def test_the_proof_names_what_was_here_and_nobody(device: Furnished) -> None:
    manifest = hash_file(device.keeping.spool / HELD / MANIFEST_NAME)[1]
    facts = facts_of(device.wipe().proof)
    rows = {row["recording"]: row for row in facts["recordings"]}
    assert {name: row["status"] for name, row in rows.items()} == {
        HELD: "held", SENT: "delivered", STRAY: "unknown",
    }  # fmt: skip
    assert rows[HELD]["manifest_sha256"] == manifest
    assert facts["gone_before"] == {"purged": 1}
    assert GONE not in rows
    assert (facts["not_with_the_coach"], facts["recorded_s"]) == (2, 7200.0)
    assert facts["register"] == {"lines": 3, "sha256": device.head.sha256, "whole": True}
    assert facts["asked"] == {
        "device": DEVICE, "by": "it", "confirmed": "button", "at": ORDER.at, "clock_trusted": True,
    }  # fmt: skip
    assert (facts["complete"], facts["left"], facts["left_count"]) == (True, [], 0)
    for place in facts["places"]:
        assert place["files_removed"] >= 1, place
        assert place["files_left"] == 0
    assert facts["trim"] == {str(device.keeping.wiped): "done: 0 bytes"}
    words = device.keeping.wiped.joinpath("wiped-20260901T080500Z.txt").read_text()
    assert "Dit apparaat is helemaal gewist." in words
    assert "This device was wiped completely." in words
    assert "vrij" not in words + json.dumps(facts)


def test_the_proof_is_signed_with_the_key_that_the_coachs_machine_knows(
    device: Furnished, tmp_path: Path
) -> None:
    proof = device.wipe().proof
    checked = verify(proof, device.public_line, tmp_path)
    assert b"Good" in checked.stdout, checked.stderr
    proof.write_bytes(proof.read_bytes().replace(b'"complete": true', b'"complete": TRUE'))
    assert verify(proof, device.public_line, tmp_path).returncode != 0


def test_another_key_did_not_sign_it(device: Furnished, tmp_path: Path) -> None:
    proof = device.wipe().proof
    other = Furnished(tmp_path / "other").fill()
    assert verify(proof, other.public_line, tmp_path).returncode != 0


def test_the_key_goes_after_the_proof_and_that_is_written_down(device: Furnished) -> None:
    proof = device.wipe().proof
    said = facts_of(proof.with_name("wiped-20260901T080500Z.key.json"))
    assert (said["proof"], said["ssh_key"]) == (proof.name, "destroyed")
    assert not any(file.exists() for file in device.keeping.key_files())


def test_a_network_that_was_set_on_the_page_is_forgotten_and_no_other(
    device: Furnished, tmp_path: Path
) -> None:
    device.wipe()
    assert device.asked == ["forget"]
    other = Furnished(tmp_path / "other").fill()
    shutil.rmtree(other.keeping.network)
    for name in KEYFILES:
        (other.keeping.keyfiles / name).unlink()
    other.wipe()
    assert other.asked == []


def test_everybody_on_the_device_may_read_the_proof(device: Furnished) -> None:
    before = os.umask(0o077)
    try:
        device.wipe()
    finally:
        os.umask(before)
    for path in device.keeping.wiped.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o644


@pytest.mark.parametrize("content", [None, b"no key", b""])
def test_without_a_key_the_proof_is_not_signed_and_says_so(content: bytes | None, device: Furnished) -> None:
    device.keeping.ssh_key.unlink()
    if content is not None:
        device.keeping.ssh_key.write_bytes(content)
    result = device.wipe()
    facts = facts_of(result.proof)
    assert facts["signed_with"] == ""
    assert "SSH key" in facts["unsigned_because"]
    assert result.complete
    assert not result.proof.with_name(f"{result.proof.name}.sig").exists()
    assert "Niet ondertekend" in result.proof.with_suffix(".txt").read_text()


# --- the power goes


class PowerCut(BaseException):
    """From here on nothing happens any more."""


class Power:
    """Goes before the n-th thing that would change the card."""

    CALLS = ("unlink", "rmdir", "rename", "write", "mkdir")

    def __init__(self, monkeypatch: pytest.MonkeyPatch, left: int) -> None:
        self.left = left
        self.done = 0
        for name in self.CALLS:
            monkeypatch.setattr(os, name, self._counted(getattr(os, name)))
        monkeypatch.setattr(os, "fsync", lambda _fd: None)  # only to be quick

    def _counted(self, real: Any) -> Any:
        def call(*words: Any, **more: Any) -> Any:
            if self.done >= self.left:
                raise PowerCut
            self.done += 1
            return real(*words, **more)

        return call


def boot_and_go_on(device: Furnished) -> None:
    """As the unit does at the next boot: what was in memory is gone, and an order on the card is carried out."""
    for path in device.keeping.runtime.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    begun = device.wiper().begun()
    if begun is not None:
        assert device.wiper().wipe(begun.order).complete


def test_whenever_the_power_goes_the_next_boot_finishes_it_and_the_proof_is_as_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = Furnished(tmp_path / "template").fill()
    with monkeypatch.context() as patch:
        power = Power(patch, 10**6)
        shutil.copytree(template.root, tmp_path / "whole")
        power.done = 0
        whole = Furnished(tmp_path / "whole").wipe()
    assert power.done > 60
    for moment in range(power.done):
        root = tmp_path / "cut"
        shutil.copytree(template.root, root)
        device = Furnished(root)
        with monkeypatch.context() as patch:
            Power(patch, moment)
            with pytest.raises(PowerCut):
                device.wipe()
        is_ordered = (device.keeping.wiped / ORDER_NAME).exists()
        is_over = any(path.name.endswith(".key.json") for path in device.keeping.wiped.glob("wiped-*"))
        if not is_ordered and not is_over:
            # The order was not on the card yet: nothing is lost, and the device is as it was.
            assert (device.keeping.spool / HELD / "01.age").exists()
            assert (device.keeping.register / "register.jsonl").exists()
        else:
            boot_and_go_on(device)
            assert device.files() == [], moment
            (proof,) = (
                path for path in device.keeping.wiped.glob("*.json") if not path.name.endswith(".key.json")
            )
            facts, expected = facts_of(proof), facts_of(whole.proof)
            for same in ("recordings", "register", "recorded_s", "not_with_the_coach", "complete"):
                assert facts[same] == expected[same], (moment, same)
            if moment % 10 == 0:
                assert b"Good" in verify(proof, template.public_line, tmp_path).stdout, moment
            assert not (device.keeping.wiped / ORDER_NAME).exists()
        shutil.rmtree(root)


# --- what cannot be removed


@pytest.fixture
def stubborn(device: Furnished, monkeypatch: pytest.MonkeyPatch) -> Furnished:
    """A file that the card does not give up, as one that somebody made immutable."""
    real = os.unlink

    def unlink(path: Any, **more: Any) -> None:
        if Path(path).name == "01.age":
            raise PermissionError(1, "Operation not permitted")
        real(path, **more)

    monkeypatch.setattr(os, "unlink", unlink)
    return device


def test_what_cannot_be_removed_is_named_and_the_wipe_is_not_complete(
    stubborn: Furnished, tmp_path: Path
) -> None:
    result = stubborn.wipe()
    assert not result.complete
    facts = facts_of(result.proof)
    assert facts["complete"] is False
    paths = {each["path"]: each["reason"] for each in facts["left"]}
    assert paths[str(stubborn.keeping.spool / HELD / "01.age")] == "Operation not permitted"
    words = result.proof.with_suffix(".txt").read_text()
    assert "NIET COMPLEET" in words
    assert "NOT COMPLETE" in words
    assert b"Good" in verify(result.proof, stubborn.public_line, tmp_path).stdout
    # Everything else went, but for the key: it signs the end.
    assert not (stubborn.keeping.spool / HELD / MANIFEST_NAME).exists()
    assert list(stubborn.keeping.web.iterdir()) == []
    assert stubborn.keeping.ssh_key.exists()
    assert (stubborn.keeping.wiped / UNFINISHED_NAME).exists()
    assert not (stubborn.keeping.wiped / ORDER_NAME).exists()


def test_a_second_wipe_finishes_it_and_signs_that(
    stubborn: Furnished, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stubborn.wipe()
    monkeypatch.undo()
    result = stubborn.wipe()
    assert result.complete
    assert {row["recording"] for row in facts_of(result.proof)["recordings"]} == {HELD, SENT, STRAY}
    assert b"Good" in verify(result.proof, stubborn.public_line, tmp_path).stdout
    assert stubborn.files() == []
    assert not (stubborn.keeping.wiped / UNFINISHED_NAME).exists()


def test_a_key_that_cannot_be_removed_leaves_the_wipe_unfinished(
    device: Furnished, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.unlink

    def unlink(path: Any, **more: Any) -> None:
        if Path(path).name == "ssh_key":
            raise OSError(30, "Read-only file system")
        real(path, **more)

    monkeypatch.setattr(os, "unlink", unlink)
    result = device.wipe()
    assert not result.complete
    said = facts_of(result.proof.with_name(f"{result.proof.stem}.key.json"))
    assert "Read-only" in said["ssh_key"]


# --- links and other tricks


def test_links_lead_nowhere(device: Furnished, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "theirs").write_bytes(MARK)
    for place in device.keeping.places():
        if place.only:
            continue
        (place.folder / "to-a-folder").symlink_to(outside)
        (place.folder / "to-a-file").symlink_to(outside / "theirs")
        (place.folder / "nowhere").symlink_to(tmp_path / "nothing")
        (place.folder / "second-name").hardlink_to(outside / "theirs")
        os.mkfifo(place.folder / "fifo")
    (device.keeping.spool / HELD / MANIFEST_NAME).unlink()
    (device.keeping.spool / HELD / MANIFEST_NAME).symlink_to(outside / "theirs")
    assert device.wipe().complete
    assert (outside / "theirs").read_bytes() == MARK
    assert device.files() == []


def test_a_link_in_the_place_of_a_folder_is_not_followed_and_the_wipe_is_not_complete(
    device: Furnished, tmp_path: Path
) -> None:
    device.keeping.web.rename(tmp_path / "elsewhere")
    device.keeping.web.symlink_to(tmp_path / "elsewhere")
    result = device.wipe()
    assert not result.complete
    assert (tmp_path / "elsewhere" / "accounts.json").exists()
    assert [each["path"] for each in facts_of(result.proof)["left"]] == [str(device.keeping.web)]


def test_a_name_that_is_no_text_is_removed_as_well(device: Furnished) -> None:
    with open(os.fsencode(device.keeping.spool) + b"/\xff\xfe", "wb") as file:  # noqa: PTH123  # no str
        file.write(MARK)
    assert device.wipe().complete


def test_folders_in_each_other_without_end_are_removed_as_well(device: Furnished) -> None:
    deep = device.keeping.web.joinpath(*"a" * 200)  # each round takes forty
    deep.mkdir(parents=True)
    (deep / "file").write_bytes(MARK)
    assert device.wipe().complete
    assert list(device.keeping.web.iterdir()) == []


def test_what_pretends_to_be_larger_than_every_disk_is_removed_at_once(device: Furnished) -> None:
    for number in range(20):
        with (device.keeping.web / f"{number}").open("wb") as file:
            file.truncate(1 << 40)
    with (device.keeping.register / "register.jsonl").open("ab") as file:
        file.truncate(1 << 40)
    assert device.wipe().complete


@pytest.mark.parametrize(
    "name", ["register/register.jsonl", "state/catalogue.sqlite", f"spool/{HELD}/{MANIFEST_NAME}"]
)
def test_a_pipe_in_the_place_of_a_file_keeps_nobody_waiting(name: str, device: Furnished) -> None:
    path = device.root / "var" / name
    path.unlink()
    os.mkfifo(path)
    assert device.wipe().complete


@pytest.mark.skipif(not is_root(), reason="only root has rights to lose")
@pytest.mark.parametrize(("right", "complete"), [("+dac_override,+fowner", True), ("+dac_override", False)])
def test_files_in_a_folder_with_the_sticky_bit_take_the_right_that_its_unit_has(
    right: str, complete: bool, tmp_path: Path
) -> None:
    folder = tmp_path / "web"
    folder.mkdir()
    (folder / "file").write_bytes(MARK)
    for path in (folder / "file", folder):
        os.chown(path, 12345, 12345)
    folder.chmod(0o1700)
    code = (
        "import sys; from pathlib import Path; from device.wipe.erase import empty\n"
        "print(empty(Path(sys.argv[1]), secret=True).left)"
    )
    done = subprocess.run(
        ["setpriv", f"--bounding-set=-all,{right}", sys.executable, "-c", code, folder],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert (done.stdout == "[]\n") is complete


def test_what_networkmanager_connects_with_goes_before_the_proof_and_no_other_network(
    device: Furnished,
) -> None:
    facts = facts_of(device.wipe().proof)
    (place,) = (each for each in facts["places"] if each["name"] == "wifi")
    assert (place["files_removed"], place["files_left"]) == (len(KEYFILES), 0)
    (left,) = device.keeping.keyfiles.iterdir()
    assert left.read_bytes() == b"psk=theirs"


def test_a_password_that_cannot_be_removed_leaves_the_wipe_unfinished(
    device: Furnished, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.unlink

    def unlink(path: Any, **more: Any) -> None:
        if Path(path).name == KEYFILES[0]:
            raise OSError(30, "Read-only file system")
        real(path, **more)

    monkeypatch.setattr(os, "unlink", unlink)
    result = device.wipe()
    assert not result.complete
    (left,) = facts_of(result.proof)["left"]
    assert left == {"path": str(device.keeping.keyfiles / KEYFILES[0]), "reason": "Read-only file system"}


def test_a_journal_that_somebody_laid_beside_the_catalogue_removes_nothing(
    device: Furnished, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    catalogue = device.keeping.state / FILE_NAME
    plant_journal(catalogue, victim)
    facts = facts_of(device.wipe().proof)
    assert victim.exists()
    assert facts["catalogue_read"] is True


def test_a_damaged_catalogue_and_a_damaged_register_are_destroyed_like_whole_ones(device: Furnished) -> None:
    keeping = device.keeping
    (keeping.state / "catalogue.sqlite").write_bytes(b"SQLite format 3\0" + bytes(5000))
    lines = (keeping.register / "register.jsonl").read_bytes().replace(b"vrij 1", b"vrij 9")
    (keeping.register / "register.jsonl").write_bytes(lines)
    facts = facts_of(device.wipe().proof)
    assert facts["complete"]
    assert facts["catalogue_read"] is False
    assert {row["recording"]: row["status"] for row in facts["recordings"]} == dict.fromkeys(
        (HELD, SENT, STRAY), "unknown"
    )
    assert facts["register"]["whole"] is False
    assert facts["register"]["lines"] == 3


def test_a_device_with_nothing_on_it_is_wiped_too(tmp_path: Path) -> None:
    device = Furnished(tmp_path / "empty")
    (tmp_path / "empty").mkdir()
    facts = facts_of(device.wipe().proof)
    assert facts["complete"]
    assert facts["recordings"] == []


def test_a_card_that_takes_no_order_loses_nothing(device: Furnished) -> None:
    (device.keeping.wiped / f".{ORDER_NAME}.new").mkdir(parents=True)  # no file can take its place
    with pytest.raises(Temporary, match="nothing is wiped"):
        device.wipe()
    assert (device.keeping.runtime / "review.key").exists()
    assert (device.keeping.spool / HELD / "01.age").exists()


@pytest.mark.parametrize("folder", ["/", "/var", "/etc/leerblik", "/usr/lib/leerblik", "/home/somebody"])
def test_a_slip_in_the_configuration_destroys_nothing_of_the_system(folder: str, device: Furnished) -> None:
    keeping = {name: getattr(device.keeping, name) for name in Keeping.__slots__}
    device.keeping = Keeping(**{**keeping, "spool": Path(folder)})
    with pytest.raises(Refused):
        device.wipe()
    assert (device.keeping.runtime / "review.key").exists()


def test_a_folder_that_holds_the_proof_or_its_file_is_not_emptied(device: Furnished) -> None:
    keeping = {name: getattr(device.keeping, name) for name in Keeping.__slots__}
    for place in (device.root / "etc", device.root / "var"):
        device.keeping = Keeping(**{**keeping, "state": place})
        with pytest.raises(Refused, match="lies in"):
            device.wipe()


def test_small_files_are_overwritten_before_they_go(
    device: Furnished, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = device.keeping.web / "accounts.json"
    size_bytes = watched.stat().st_size
    fd = os.open(watched, os.O_RDONLY)
    try:
        facts = facts_of(device.wipe().proof)
        assert os.pread(fd, size_bytes + 1, 0) == bytes(size_bytes)
    finally:
        os.close(fd)
    assert facts["files_overwritten"] >= 8


def test_a_ledger_that_rotted_does_not_keep_the_device_half_wiped(device: Furnished) -> None:
    device.keeping.wiped.mkdir()
    (device.keeping.wiped / ORDER_NAME).write_bytes(b"rot")
    begun = device.wiper().begun()
    assert begun is not None
    assert device.wiper().wipe(begun.order).complete
