"""A folder that is missing, closed or full."""

from __future__ import annotations

import io
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from device.domain.errors import Permanent, Refused, Temporary
from server_sync.push.transport.local import LocalTransport


def _put(root: Path) -> None:
    LocalTransport(root).put("OBJECT", io.BytesIO(bytes(5000)), 5000, lambda _: None)


def test_a_disk_that_is_not_plugged_in_is_temporary_and_nothing_is_made_in_its_place(tmp_path: Path) -> None:
    with pytest.raises(Temporary, match="plugged in"):
        _put(tmp_path / "disk")
    with pytest.raises(Temporary, match="plugged in"):
        LocalTransport(tmp_path / "disk").read_receipt("R", 10)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_needs_a_person(tmp_path: Path) -> None:
    (tmp_path / "inbox").mkdir(mode=0o500)
    with pytest.raises(Refused, match="permission"):
        _put(tmp_path)


def test_a_link_under_the_name_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "OBJECT").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Permanent, match="exists already"):
        _put(tmp_path)
    assert not (tmp_path / "elsewhere").exists()


def test_a_disk_without_room_is_temporary_and_says_so(tmp_path: Path) -> None:
    # A limit on the size of files, in a process of its own, fails a write as a full disk does.
    (tmp_path / "inbox").mkdir()
    program = (
        "import io, pathlib, sys\n"
        "from device.domain.errors import Temporary\n"
        "from server_sync.push.transport.local import LocalTransport\n"
        "try:\n"
        "    LocalTransport(pathlib.Path(sys.argv[1])).put('O', io.BytesIO(bytes(5000)), 5000, lambda _: None)\n"
        "except Temporary as error:\n"
        "    print(error)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, tmp_path],
        cwd=Path(__file__).parents[4],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000)),
        capture_output=True,
        text=True,
        check=True,
    )
    assert "no room left" in run.stdout
