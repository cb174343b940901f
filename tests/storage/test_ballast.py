"""What is kept back for a card that somebody else has filled."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from device.storage import ballast
from tests.support.dropbox_profile import may_mount

ROOM = {"free_bytes": 1 << 40, "reserve_bytes": 0}


@pytest.fixture
def limit() -> Iterator[int]:
    """Files cannot become larger than a quarter of the ballast."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    size_bytes = ballast.SIZE_BYTES // 4
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    yield size_bytes
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_it_is_taken_when_there_is_room_and_given_up_when_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ballast.take_when_roomy(tmp_path, **ROOM)
    assert (tmp_path / ballast.NAME).stat().st_size == ballast.SIZE_BYTES
    assert not ballast.drop_when_full(tmp_path)
    monkeypatch.setattr(ballast, "SIZE_BYTES", 1 << 60)
    assert ballast.drop_when_full(tmp_path)
    assert not (tmp_path / ballast.NAME).exists()


def test_it_never_takes_what_must_stay_free(tmp_path: Path) -> None:
    ballast.take_when_roomy(tmp_path, free_bytes=10**9, reserve_bytes=2 * 10**9)
    assert not (tmp_path / ballast.NAME).exists()


def test_what_could_not_be_had_does_not_count_and_is_had_later(tmp_path: Path, limit: int) -> None:
    path = tmp_path / ballast.NAME
    ballast.take_when_roomy(tmp_path, **ROOM)
    assert not path.exists() or path.stat().st_size <= limit
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    ballast.take_when_roomy(tmp_path, **ROOM)
    assert path.stat().st_blocks * 512 >= ballast.SIZE_BYTES


def test_one_of_which_only_a_part_is_there_is_filled_up(tmp_path: Path) -> None:
    path = tmp_path / ballast.NAME
    path.write_bytes(bytes(4096))
    ballast.take_when_roomy(tmp_path, **ROOM)
    assert path.stat().st_blocks * 512 >= ballast.SIZE_BYTES


_PROGRAM = """
import sys
from pathlib import Path
from device.storage import ballast

state, room = Path(sys.argv[1]), 1 << 40
ballast.take_when_roomy(state, room, 0)
assert not (state / ballast.NAME).exists()
(state / "rubbish").unlink()
ballast.take_when_roomy(state, room, 0)
assert (state / ballast.NAME).stat().st_size == ballast.SIZE_BYTES
"""


@pytest.mark.skipif(not may_mount(), reason="only root may mount a small disk")
def test_a_card_that_takes_no_file_any_more_does_not_end_the_recorder(tmp_path: Path) -> None:
    # Two files at most: the folder itself, and the rubbish.
    script = (
        f'mount -t tmpfs -o size=16m,nr_inodes=2 card {tmp_path} && touch {tmp_path}/rubbish && exec "$@"'
    )
    command = ["unshare", "--mount", "sh", "-c", script, "sh", sys.executable, "-c", _PROGRAM, str(tmp_path)]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 0, done.stderr
