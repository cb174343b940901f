"""Small files that are replaced: whole at any moment, and nothing changes when the card refuses."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from device.footage.durable import replace_file


def test_what_was_there_is_replaced_and_nothing_lies_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "small.json"
    replace_file(path, b"one")
    replace_file(path, b"two")
    assert path.read_bytes() == b"two"
    assert [each.name for each in tmp_path.iterdir()] == ["small.json"]


def test_it_is_readable_as_asked_for_whatever_the_one_before_was(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.touch(0o644)
    replace_file(path, b"hidden", 0o600)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_half_a_file_of_a_power_cut_is_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / ".small.new").write_bytes(b"ha")
    replace_file(tmp_path / "small", b"whole")
    assert (tmp_path / "small").read_bytes() == b"whole"


def test_a_card_that_refuses_leaves_the_old_file_and_no_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "small"
    replace_file(path, b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space"):
        replace_file(path, b"new")
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["small"]


def test_its_bytes_are_on_the_card_before_it_gets_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, order = tmp_path / "small", []
    fsync, rename = os.fsync, Path.rename

    def noted_fsync(fd: int) -> None:
        order.append("folder" if stat.S_ISDIR(os.fstat(fd).st_mode) else "file")
        fsync(fd)

    def noted_rename(self: Path, target: Path) -> Path:
        order.append("name")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(Path, "rename", noted_rename)
    replace_file(path, b"new")
    named = order.index("name")
    assert "file" in order[:named]
    assert order[named + 1 :] == ["folder"]
